//! What a reader is in the midst of.

use super::error::Error;
use super::page::PAGE_SIZE;
use super::record::{RecordHeader, RecordPlace};

/// A page's size as a length in the log.
pub(super) const PAGE: u64 = PAGE_SIZE as u64;

/// What is being read.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// Bytes up to a position that nobody needs.
    Skip { until: u64, then: Purpose },
    /// The header of a page.
    Header(Purpose),
    /// A record that begins on this page.
    Record,
    /// The part on this page of a record that began before.
    Rest,
    /// Nothing any more.
    Failed(Error, Resume),
}

/// What a page is entered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A record begins on it.
    Record,
    /// A record goes on on it.
    Rest,
    /// The first record on it is looked for.
    Find,
}

/// Where to go on after an error.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resume {
    NextPage,
    /// The page whose header was just read.
    ThisPage,
    /// The error is inside a record whose end is known.
    Record(u64),
}

/// The page that the position is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) start: u64,
    pub(super) header: u32,
    pub(super) remaining: u32,
    pub(super) contrecord: bool,
}

impl Page {
    pub(super) const fn end(&self) -> u64 {
        self.start.saturating_add(PAGE)
    }
}

/// The record that is being read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pending {
    pub(super) start: u64,
    /// Its length; 0: not known yet.
    pub(super) total: u32,
    /// Whether the whole header was looked at.
    pub(super) checked: bool,
    /// How much of it will have come when its part on this page has.
    pub(super) until: usize,
}

/// A record that was read.
pub(super) struct Found<'i> {
    pub(super) header: RecordHeader,
    pub(super) place: RecordPlace,
    /// `None`: it is in the buffer.
    pub(super) bytes: Option<&'i [u8]>,
}

/// What reading has led to.
pub(super) enum Progress<'i> {
    NeedMore,
    Page,
    Found(Found<'i>),
}

/// Looks for a record from the first page that begins at a position or behind it.
pub(super) const fn find_from(position: u64) -> State {
    match position % PAGE {
        0 => State::Header(Purpose::Find),
        into => {
            let until = position.saturating_add(PAGE.saturating_sub(into));
            State::Skip { until, then: Purpose::Find }
        }
    }
}
