//! The parts that a record is made of: references to blocks, with page images and data, and what the
//! record says besides (`DecodeXLogRecord`).

use core::fmt;
use core::ops::Range;

use super::cursor::Cursor;
use super::error::ErrorKind;
use super::image::{self, Image};
use super::record::RECORD_HEADER;
use super::version::Version;
use crate::types::{RelFileLocator, Xid};

/// The highest number of a block reference.
pub const MAX_BLOCK_ID: u8 = 32;

/// The most block references that a record has.
const MAX_BLOCKS: usize = 33;

/// The size of a table's page.
pub const BLOCK_SIZE: u16 = 8192;

/// What follows a part's number.
pub(super) mod part {
    pub(in crate::wal) const TOPLEVEL_XID: u8 = 252;
    pub(in crate::wal) const ORIGIN: u8 = 253;
    pub(in crate::wal) const LONG_DATA: u8 = 254;
    pub(in crate::wal) const SHORT_DATA: u8 = 255;
}

/// Flags of a block reference: `fork_flags`, of which the low four bits are the fork.
pub mod flag {
    /// It has a page image.
    pub const HAS_IMAGE: u8 = 0x10;
    /// It has data.
    pub const HAS_DATA: u8 = 0x20;
    /// Redo makes the page anew.
    pub const WILL_INIT: u8 = 0x40;
    /// The relation is that of the reference before, and is not written again.
    pub const SAME_REL: u8 = 0x80;
    /// The bits that are the fork.
    pub(in crate::wal) const FORK: u8 = 0x0F;
}

/// A fork of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fork(pub u8);

impl Fork {
    /// The data itself.
    pub const MAIN: Self = Self(0);
    /// The free space map.
    pub const FSM: Self = Self(1);
    /// The visibility map.
    pub const VM: Self = Self(2);
    /// What an unlogged relation is reset to.
    pub const INIT: Self = Self(3);

    /// PostgreSQL's name for it.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::MAIN => Some("main"),
            Self::FSM => Some("fsm"),
            Self::VM => Some("vm"),
            Self::INIT => Some("init"),
            _ => None,
        }
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}

/// A block reference as it is kept: positions are those of the record's bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) id: u8,
    pub(super) flags: u8,
    pub(super) locator: RelFileLocator,
    pub(super) number: u32,
    pub(super) image: Option<image::Header>,
    pub(super) image_at: usize,
    pub(super) data_at: usize,
    pub(super) data_length: u16,
}

impl Entry {
    const EMPTY: Self = Self {
        id: 0,
        flags: 0,
        locator: RelFileLocator {
            tablespace: crate::types::Oid(0),
            database: crate::types::Oid(0),
            relation: crate::types::Oid(0),
        },
        number: 0,
        image: None,
        image_at: 0,
        data_at: 0,
        data_length: 0,
    };

    /// Where the page image lies in the record.
    pub(super) fn image_range(&self) -> Range<usize> {
        let length = self.image.map_or(0, |image| usize::from(image.length));
        self.image_at..self.image_at.saturating_add(length)
    }

    /// Where the data lies in the record.
    pub(super) fn data_range(&self) -> Range<usize> {
        self.data_at..self.data_at.saturating_add(usize::from(self.data_length))
    }
}

/// Room for what a record is taken apart into, its block references above all, which is used for one
/// record after the other.
#[derive(Clone, Debug)]
pub struct BlockTable {
    entries: [Entry; MAX_BLOCKS],
    length: usize,
    parts: Parts,
}

impl Default for BlockTable {
    fn default() -> Self {
        Self { entries: [Entry::EMPTY; MAX_BLOCKS], length: 0, parts: Parts::default() }
    }
}

impl BlockTable {
    pub(super) fn entries(&self) -> &[Entry] {
        self.entries.get(..self.length).unwrap_or_default()
    }

    pub(super) const fn parts(&self) -> &Parts {
        &self.parts
    }
}

/// What a record says besides its block references.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) origin: u16,
    pub(super) toplevel_xid: Xid,
    pub(super) main_at: usize,
    pub(super) main_length: usize,
    /// Bytes of page images.
    pub(super) image_length: u32,
}

/// Takes a whole record apart into `blocks`.
#[inline]
pub(super) fn decode(
    record: &[u8],
    version: Version,
    blocks: &mut BlockTable,
) -> Result<(), ErrorKind> {
    walk(record, version, blocks)?;
    let mut at = blocks.parts.main_at;
    for entry in blocks.entries.iter_mut().take(blocks.length) {
        entry.image_at = at;
        entry.data_at = entry.image_range().end;
        at = entry.data_range().end;
    }
    blocks.parts.main_at = at;
    Ok(())
}

/// Goes through the headers of a record's parts, and keeps all but where images and data are; the main
/// data is said to be where the headers end.
///
/// All is written to where it stays, field by field: whoever copies what was just written in smaller
/// pieces has the processor wait for it.
#[inline]
fn walk(record: &[u8], version: Version, blocks: &mut BlockTable) -> Result<(), ErrorKind> {
    let mut fields = Cursor::at(record, RECORD_HEADER);
    let BlockTable { entries, length, parts } = blocks;
    *length = 0;
    *parts = Parts::default();
    let mut images = 0_u32;
    // The sum of what the headers promise: when the rest is no longer than it, they are at their end.
    let mut data = 0_u64;
    while fields.rest().len() as u64 > data {
        let id = fields.u8().ok_or(ErrorKind::PartLengths)?;
        match id {
            0..=MAX_BLOCK_ID => {
                let (before, free) = entries.split_at_mut_checked(*length).unwrap_or_default();
                let entry = free.first_mut().ok_or(ErrorKind::BlockId(id))?;
                let lengths = reference(id, &mut fields, version, before.last(), entry)?;
                *length = length.saturating_add(1);
                data = data.saturating_add(lengths.all());
                images = images.saturating_add(lengths.image.into());
            }
            part::SHORT_DATA | part::LONG_DATA => {
                let length = main_length(id, &mut fields).ok_or(ErrorKind::PartLengths)?;
                parts.main_length = length as usize;
                data = data.saturating_add(length.into());
                // The main data is always the last part.
                break;
            }
            part::ORIGIN => parts.origin = fields.u16().ok_or(ErrorKind::PartLengths)?,
            part::TOPLEVEL_XID => {
                parts.toplevel_xid = fields.xid().ok_or(ErrorKind::PartLengths)?;
            }
            _ => return Err(ErrorKind::BlockId(id)),
        }
    }
    if fields.rest().len() as u64 != data {
        return Err(ErrorKind::PartLengths);
    }
    parts.main_at = record.len().saturating_sub(fields.rest().len());
    parts.image_length = images;
    Ok(())
}

/// The bytes of a record's page images, of which no more is kept. `None`: [`decode`] says what is wrong
/// with the record.
#[cfg(feature = "alloc")]
#[inline]
pub(super) fn image_length(record: &[u8], version: Version) -> Option<u32> {
    let mut fields = Cursor::at(record, RECORD_HEADER);
    let mut images = 0_u32;
    let mut data = 0_u64;
    // One more than the last reference's number; 0 before the first.
    let mut next = 0;
    while fields.rest().len() as u64 > data {
        let id = fields.u8()?;
        match id {
            0..=MAX_BLOCK_ID => {
                let lengths = if id < next {
                    None
                } else {
                    reference_lengths(&mut fields, version, next > 0)
                }?;
                next = id.saturating_add(1);
                data = data.saturating_add(lengths.all());
                images = images.saturating_add(lengths.image.into());
            }
            part::SHORT_DATA | part::LONG_DATA => {
                data = data.saturating_add(main_length(id, &mut fields)?.into());
                break;
            }
            part::ORIGIN => _ = fields.u16()?,
            part::TOPLEVEL_XID => _ = fields.xid()?,
            _ => return None,
        }
    }
    (fields.rest().len() as u64 == data).then_some(images)
}

#[inline]
fn main_length(id: u8, fields: &mut Cursor<'_>) -> Option<u32> {
    if id == part::SHORT_DATA { fields.u8().map(u32::from) } else { fields.u32() }
}

/// How long the parts of a block reference are.
struct Lengths {
    data: u16,
    image: u16,
}

impl Lengths {
    fn all(&self) -> u64 {
        u64::from(self.data).wrapping_add(self.image.into())
    }
}

/// The size of a block reference that has no image and names its relation, behind its number.
const PLAIN: usize = 19;

/// The header of a block reference, behind its number, is written to `entry`.
#[inline]
fn reference(
    id: u8,
    fields: &mut Cursor<'_>,
    version: Version,
    before: Option<&Entry>,
    entry: &mut Entry,
) -> Result<Lengths, ErrorKind> {
    match fields.rest().first_chunk::<PLAIN>() {
        // Nearly all. That the length is known leaves no more to be checked.
        Some(plain @ [flags, ..]) if flags & (flag::HAS_IMAGE | flag::SAME_REL) == 0 => {
            fields.bytes(PLAIN);
            read_reference(id, &mut Cursor::new(plain), version, before, entry)
        }
        _ => read_reference(id, fields, version, before, entry),
    }
}

#[inline(always)]
fn read_reference(
    id: u8,
    fields: &mut Cursor<'_>,
    version: Version,
    before: Option<&Entry>,
    entry: &mut Entry,
) -> Result<Lengths, ErrorKind> {
    const SHORT: ErrorKind = ErrorKind::PartLengths;
    if before.is_some_and(|before| id <= before.id) {
        return Err(ErrorKind::BlockOrder(id));
    }
    let (flags, data, image) = read_lead(fields, version)?;
    entry.id = id;
    entry.flags = flags;
    entry.locator = if flags & flag::SAME_REL == 0 {
        fields.locator().ok_or(SHORT)?
    } else {
        before.ok_or(ErrorKind::NoPreviousRelation)?.locator
    };
    entry.number = fields.u32().ok_or(SHORT)?;
    entry.image = image;
    entry.data_length = data;
    Ok(Lengths { data, image: image.map_or(0, |image| image.length) })
}

/// The same, but of no more than the lengths. `known` says whether a reference has named its relation.
#[cfg(feature = "alloc")]
#[inline]
fn reference_lengths(fields: &mut Cursor<'_>, version: Version, known: bool) -> Option<Lengths> {
    match fields.rest().first_chunk::<PLAIN>() {
        Some([flags, low, high, ..]) if flags & (flag::HAS_IMAGE | flag::SAME_REL) == 0 => {
            let data = u16::from_le_bytes([*low, *high]);
            fields.bytes(PLAIN);
            ((flags & flag::HAS_DATA != 0) == (data != 0)).then_some(Lengths { data, image: 0 })
        }
        _ => read_lengths(fields, version, known),
    }
}

#[cfg(feature = "alloc")]
#[inline(never)]
fn read_lengths(fields: &mut Cursor<'_>, version: Version, known: bool) -> Option<Lengths> {
    let (flags, data, image) = read_lead(fields, version).ok()?;
    if flags & flag::SAME_REL == 0 {
        fields.locator()?;
    } else if !known {
        return None;
    }
    fields.u32()?;
    Some(Lengths { data, image: image.map_or(0, |image| image.length) })
}

/// What a block reference begins with: flags, the length of its data, and what it says of its image.
#[inline(always)]
fn read_lead(
    fields: &mut Cursor<'_>,
    version: Version,
) -> Result<(u8, u16, Option<image::Header>), ErrorKind> {
    let [flags, low, high] = fields.array().ok_or(ErrorKind::PartLengths)?;
    let data_length = u16::from_le_bytes([low, high]);
    match (flags & flag::HAS_DATA != 0, data_length) {
        (true, 0) => return Err(ErrorKind::BlockDataMissing),
        (false, 1..) => return Err(ErrorKind::BlockDataUnexpected(data_length)),
        _ => {}
    }
    if flags & flag::HAS_IMAGE == 0 {
        return Ok((flags, data_length, None));
    }
    let image = image::Header::decode(fields, version).ok_or(ErrorKind::PartLengths)?;
    image.check(version, data_length)?;
    Ok((flags, data_length, Some(image)))
}

/// A block that a record is about, borrowed from the record.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    pub(super) entry: &'a Entry,
    pub(super) record: &'a [u8],
    pub(super) version: Version,
}

impl<'a> Block<'a> {
    /// The number of the reference in its record, 0 to [`MAX_BLOCK_ID`].
    pub const fn id(&self) -> u8 {
        self.entry.id
    }

    /// The fork.
    pub const fn fork(&self) -> Fork {
        Fork(self.entry.flags & flag::FORK)
    }

    /// The flags: see [`flag`].
    pub const fn flags(&self) -> u8 {
        self.entry.flags & !flag::FORK
    }

    /// The relation's files.
    pub const fn locator(&self) -> RelFileLocator {
        self.entry.locator
    }

    /// The number of the block in the fork.
    pub const fn number(&self) -> u32 {
        self.entry.number
    }

    /// The page image.
    pub fn image(&self) -> Option<Image<'a>> {
        let header = self.entry.image?;
        let bytes = self.record.get(self.entry.image_range())?;
        Some(Image { header, bytes, version: self.version })
    }

    /// The data; `None`: there is none, as when a page image stands for it.
    pub fn data(&self) -> Option<&'a [u8]> {
        if self.entry.flags & flag::HAS_DATA == 0 {
            return None;
        }
        self.record.get(self.entry.data_range())
    }

    /// Where the page image lies in the record's bytes; `None`: there is none.
    pub fn image_range(&self) -> Option<Range<usize>> {
        self.entry.image.map(|_| self.entry.image_range())
    }

    /// Where the data lies in the record's bytes; `None`: there is none.
    pub fn data_range(&self) -> Option<Range<usize>> {
        (self.entry.flags & flag::HAS_DATA != 0).then(|| self.entry.data_range())
    }

    /// Whether redo makes the page anew.
    pub const fn will_init(&self) -> bool {
        self.entry.flags & flag::WILL_INIT != 0
    }
}

#[cfg(all(test, feature = "alloc"))]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// Numbers that look like chance, always the same.
    struct Chance(u32);

    impl Chance {
        fn below(&mut self, limit: u32) -> u32 {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 8) % limit
        }

        fn of<T: Copy>(&mut self, choices: &[T]) -> T {
            choices[self.below(choices.len() as u32) as usize]
        }

        /// A record whose parts are right as often as not.
        fn record(&mut self) -> Vec<u8> {
            let mut record = alloc::vec![0; RECORD_HEADER];
            let mut data = 0;
            let mut id = self.of(&[0, 0, 0, 1, 32]);
            for reference in 0..self.below(4) {
                let (length, image) =
                    (self.of(&[0, 0, 1, 7]), self.of(&[0, 0, 0, flag::HAS_IMAGE]));
                let mut flags = image | if length > 0 { flag::HAS_DATA } else { 0 };
                if reference > 0 || self.below(9) == 0 {
                    flags |= self.of(&[0, flag::SAME_REL]);
                }
                if self.below(20) == 0 {
                    flags ^= flag::HAS_DATA;
                }
                record.extend([id, flags, length, 0]);
                if image > 0 {
                    // No hole, a hole, one that is compressed and one that has no length.
                    let (bytes, hole, info) =
                        self.of(&[(8192_u16, 0_u16, 0_u8), (8000, 64, 1), (100, 64, 7), (9, 0, 4)]);
                    record.extend(bytes.to_le_bytes());
                    record.extend(hole.to_le_bytes());
                    record.push(info);
                    if info == 7 {
                        record.extend(99_u16.to_le_bytes());
                    }
                    data += usize::from(bytes);
                }
                if flags & flag::SAME_REL == 0 {
                    record.extend([1; 12]);
                }
                record.extend([2; 4]);
                data += usize::from(length);
                id = id.wrapping_add(self.of(&[1, 1, 1, 1, 1, 0, 3]));
            }
            match self.below(8) {
                0 => record.extend([part::ORIGIN, 1, 0]),
                1 => record.extend([part::TOPLEVEL_XID, 1, 0, 0, 0]),
                2 => record.push(self.of(&[33, 200, 251])),
                _ => {}
            }
            match self.below(4) {
                0 => {}
                1 => {
                    record.extend([part::LONG_DATA, 5, 0, 0, 0]);
                    data += 5;
                }
                _ => {
                    record.extend([part::SHORT_DATA, 5]);
                    data += 5;
                }
            }
            record.resize(record.len() + data, 3);
            match self.below(8) {
                0 => record.truncate(record.len() - self.below(20) as usize),
                1 => record.push(0),
                _ => {}
            }
            record
        }
    }

    #[test]
    fn images_are_as_long_as_those_that_are_taken_apart() {
        let mut chance = Chance(1);
        let mut blocks = BlockTable::default();
        let (mut right, mut wrong) = (0, 0);
        for _ in 0..50_000 {
            let record = chance.record();
            let version = chance.of(&[Version::V14, Version::V15, Version::V18]);
            let expected =
                decode(&record, version, &mut blocks).map(|()| blocks.parts.image_length);
            assert_eq!(image_length(&record, version), expected.ok(), "{expected:?} of {record:?}");
            if expected.is_ok() { right += 1 } else { wrong += 1 }
        }
        assert!(right > 10_000 && wrong > 10_000, "{right} are right, {wrong} wrong");
    }
}
