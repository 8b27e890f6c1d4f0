//! Where each field of a record lies in its bytes.

use core::ops::Range;

use crate::wal::block::{Entry, flag, part};
use crate::wal::image;
use crate::wal::record::Record;

/// A field of a record. Those of block references come with the reference's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// `xl_tot_len`.
    TotalLength,
    /// `xl_xid`.
    Xid,
    /// `xl_prev`.
    Prev,
    /// `xl_info`.
    Info,
    /// `xl_rmid`.
    Rmgr,
    /// Two bytes that mean nothing.
    Padding,
    /// `xl_crc`.
    Crc,
    /// The number of a block reference.
    BlockId(u8),
    /// `fork_flags`.
    ForkFlags(u8),
    /// The length of a block's data.
    DataLength(u8),
    /// The length of a page image.
    ImageLength(u8),
    /// Where a page image's hole begins.
    HoleOffset(u8),
    /// `bimg_info`.
    ImageInfo(u8),
    /// The length of a page image's hole.
    HoleLength(u8),
    /// Tablespace, database and file number of a block's relation.
    Locator(u8),
    /// The number of a block in its fork.
    BlockNumber(u8),
    /// The replication origin, with the byte that announces it.
    Origin,
    /// The transaction that the record's own one belongs to, with the byte that announces it.
    ToplevelXid,
    /// The length of the main data, with the byte that announces it.
    MainDataLength,
    /// A page image.
    Image(u8),
    /// The data of a block.
    Data(u8),
    /// The main data.
    MainData,
}

impl Record<'_> {
    /// Tells each field and its range in [`bytes`](Self::bytes), from the first to the last. Together
    /// they are all of the bytes.
    pub fn visit_fields(&self, mut visit: impl FnMut(Field, Range<usize>)) {
        let mut at = 0;
        for (field, length) in [
            (Field::TotalLength, 4),
            (Field::Xid, 4),
            (Field::Prev, 8),
            (Field::Info, 1),
            (Field::Rmgr, 1),
            (Field::Padding, 2),
            (Field::Crc, 4),
        ] {
            step(&mut at, field, length, &mut visit);
        }
        let mut blocks = self.entries().iter();
        let data = self.entries().first().map_or(self.main_range().start, |entry| entry.image_at);
        while at < data {
            match self.bytes().get(at) {
                Some(&part::TOPLEVEL_XID) => step(&mut at, Field::ToplevelXid, 5, &mut visit),
                Some(&part::ORIGIN) => step(&mut at, Field::Origin, 3, &mut visit),
                Some(&part::LONG_DATA) => step(&mut at, Field::MainDataLength, 5, &mut visit),
                Some(&part::SHORT_DATA) => step(&mut at, Field::MainDataLength, 2, &mut visit),
                _ => match blocks.next() {
                    Some(entry) => self.visit_reference(entry, &mut at, &mut visit),
                    None => break,
                },
            }
        }
        for entry in self.entries() {
            for (field, range) in [
                (Field::Image(entry.id), entry.image_range()),
                (Field::Data(entry.id), entry.data_range()),
            ] {
                if !range.is_empty() {
                    visit(field, range);
                }
            }
        }
        if !self.main_range().is_empty() {
            visit(Field::MainData, self.main_range());
        }
    }

    fn visit_reference(
        &self,
        entry: &Entry,
        at: &mut usize,
        visit: &mut impl FnMut(Field, Range<usize>),
    ) {
        let id = entry.id;
        let has_hole_length = |image: image::Header| image.has_hole_length(self.version());
        for (field, length, present) in [
            (Field::BlockId(id), 1, true),
            (Field::ForkFlags(id), 1, true),
            (Field::DataLength(id), 2, true),
            (Field::ImageLength(id), 2, entry.image.is_some()),
            (Field::HoleOffset(id), 2, entry.image.is_some()),
            (Field::ImageInfo(id), 1, entry.image.is_some()),
            (Field::HoleLength(id), 2, entry.image.is_some_and(has_hole_length)),
            (Field::Locator(id), 12, entry.flags & flag::SAME_REL == 0),
            (Field::BlockNumber(id), 4, true),
        ] {
            if present {
                step(at, field, length, visit);
            }
        }
    }
}

fn step(at: &mut usize, field: Field, length: usize, visit: &mut impl FnMut(Field, Range<usize>)) {
    let end = at.saturating_add(length);
    visit(field, *at..end);
    *at = end;
}
