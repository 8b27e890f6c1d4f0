//! The words of one batch, and the bytes that core adds to it.

use alloc::vec::Vec;
use core::fmt::{Display, Write};
use core::ops::Range;

use super::words::{Side, halves, int};
use super::{HEADER_WORDS, LAYOUT_VERSION, RECORD_WORDS, kind};
use crate::pgoutput::tag;
use crate::reader::range_in;
use crate::types::{Lsn, Xid};

/// Set in a record's first word: what it means depends on the kind.
const FLAG: i32 = 1 << 8;
/// A text that is not there.
pub(super) const ABSENT: [i32; 2] = [0, -1];
/// Less the length: a column's text with other than ASCII bytes.
pub(super) const NOT_ASCII: i32 = -3;

/// Words of the header.
const TOTAL: usize = 1;
const RECORDS: usize = 2;
const RECEIVED: usize = 3;
const ITEMS: usize = 4;
const POSITION: usize = 6;
const TOLD: usize = 8;

/// What every record begins with.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) kind: u8,
    pub(super) flag: bool,
    pub(super) message: Range<usize>,
    pub(super) lsn: Lsn,
    pub(super) xid: Option<Xid>,
    pub(super) items: u64,
}

impl Record {
    /// What a record of so many words begins with.
    #[inline]
    pub(super) fn words(&self, length: usize) -> [i32; RECORD_WORDS] {
        let [lsn_low, lsn_high] = halves(self.lsn.0);
        let flag = if self.flag { FLAG } else { 0 };
        [
            i32::from(self.kind) | flag,
            int(length),
            int(self.message.start),
            int(self.message.len()),
            lsn_low,
            lsn_high,
            self.xid.map_or(0, |xid| xid.0.cast_signed()),
            int(usize::try_from(self.items).unwrap_or(usize::MAX)),
        ]
    }
}

#[derive(Debug, Default)]
pub(super) struct Table {
    /// The first `used` are the table; those behind are there to be written, which spares clearing them.
    words: Vec<i32>,
    used: usize,
    side: Vec<u8>,
    /// Words that hold an offset into `side`, to be moved behind the received bytes.
    side_offsets: Vec<usize>,
    record: usize,
    /// What `side` and `side_offsets` were before the record that was begun.
    before: (usize, usize),
    records: u32,
    /// Where the first record begins that is to be taken in before any other is read; 0: there is none.
    told: usize,
}

impl Table {
    pub(super) fn words(&self) -> &[i32] {
        self.words.get(..self.used).unwrap_or_default()
    }

    pub(super) fn side(&self) -> &[u8] {
        &self.side
    }

    /// Begins a batch.
    pub(super) fn start(&mut self) {
        self.used = 0;
        self.put([0; HEADER_WORDS]);
        self.side.clear();
        self.side_offsets.clear();
        self.records = 0;
        self.told = 0;
    }

    /// Ends a batch of so many received bytes.
    pub(super) fn finish(&mut self, received: usize, items: u64, position: u64) {
        for &at in &self.side_offsets {
            if let Some(word) = self.words.get_mut(at) {
                *word = word.saturating_add(int(received));
            }
        }
        self.set(0, LAYOUT_VERSION);
        self.set(TOTAL, int(self.used));
        self.set(RECORDS, self.records.cast_signed());
        self.set(RECEIVED, int(received));
        self.set_halves(ITEMS, items);
        self.set_halves(POSITION, position);
        self.set(TOLD, int(self.told));
    }

    /// Begins a record.
    #[inline]
    pub(super) fn begin(&mut self, record: &Record) {
        self.record = self.used;
        if self.told == 0 && matches!(record.kind, kind::HEAD | kind::ERROR | tag::RELATION) {
            self.told = self.record;
        }
        self.before = (self.side.len(), self.side_offsets.len());
        self.put(record.words(0));
    }

    /// Takes back the record that was begun.
    #[cold]
    pub(super) fn abandon(&mut self) {
        let (side, offsets) = self.before;
        self.used = self.record;
        self.side.truncate(side);
        self.side_offsets.truncate(offsets);
    }

    /// Takes back the record that was ended.
    #[cold]
    pub(super) fn take_back(&mut self) {
        self.abandon();
        self.records = self.records.saturating_sub(1);
    }

    /// Sets the flag of the record that was begun.
    fn flag(&mut self) {
        if let Some(word) = self.words.get_mut(self.record) {
            *word |= FLAG;
        }
    }

    /// Ends the record that was begun.
    #[inline]
    pub(super) fn end(&mut self) {
        let length = int(self.used.saturating_sub(self.record));
        self.set(self.record.saturating_add(1), length);
        self.records = self.records.saturating_add(1);
    }

    /// A whole record of so many words, which `fill` writes; nothing of one that it gives up.
    #[inline]
    pub(super) fn whole(
        &mut self,
        length: usize,
        fill: impl FnOnce(&mut [i32]) -> Option<()>,
    ) -> Option<()> {
        let end = self.used.saturating_add(length);
        self.reserve(length);
        let filled = self.words.get_mut(self.used..end).and_then(fill);
        if filled.is_some() {
            self.used = end;
            self.records = self.records.saturating_add(1);
        }
        filled
    }

    #[inline]
    pub(super) fn put<const N: usize>(&mut self, words: [i32; N]) {
        self.reserve(N);
        let free = self.words.get_mut(self.used..).and_then(<[i32]>::first_chunk_mut);
        if let Some(free) = free {
            *free = words;
            self.used = self.used.saturating_add(N);
        }
    }

    /// A text that was received.
    pub(super) fn text(&mut self, input: &[u8], text: &[u8]) {
        let place = range_in(input, text).unwrap_or_default();
        self.put([int(place.start), int(place.len())]);
    }

    /// A text that core has made or kept.
    pub(super) fn own_text(&mut self, text: Option<&str>) {
        let Some(text) = text else { return self.put(ABSENT) };
        self.side_offsets.push(self.used);
        self.put([int(self.side.len()), int(text.len())]);
        self.side.extend_from_slice(text.as_bytes());
    }

    /// The text of a column's value that core makes; the row's flag says that it has one.
    pub(super) fn own_column(&mut self, text: impl Display) {
        let start = self.side.len();
        // Writing to memory cannot fail.
        let _ = write!(Side(&mut self.side), "{text}");
        let made = self.side.get(start..).unwrap_or_default();
        let length = column_length(made);
        self.flag();
        self.side_offsets.push(self.used);
        self.put([int(start), length]);
    }

    /// Makes room for so many words.
    #[inline]
    pub(super) fn reserve(&mut self, words: usize) {
        let needed = self.used.saturating_add(words);
        if needed > self.words.len() {
            self.words.resize(needed.max(self.words.len().saturating_mul(2)), 0);
        }
    }

    fn set(&mut self, at: usize, value: i32) {
        if let Some(word) = self.words.get_mut(at) {
            *word = value;
        }
    }

    fn set_halves(&mut self, at: usize, value: u64) {
        let [low, high] = halves(value);
        self.set(at, low);
        self.set(at.saturating_add(1), high);
    }
}

/// The second word of a column that is text.
#[inline]
pub(super) fn column_length(text: &[u8]) -> i32 {
    let length = int(text.len());
    if text.is_ascii() { length } else { NOT_ASCII.saturating_sub(length) }
}
