//! What can be wrong with the log, in PostgreSQL's own words.

use core::fmt;

use super::segment::{SegmentName, SegmentSize};
use super::version::Version;
use crate::types::{Lsn, TimelineId};

/// An error in the log. Displayed, it is what the `xlogreader` of the version that wrote the log
/// says:
///
/// ```text
/// invalid record length at 0/38020D8: expected at least 24, got 0
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    lsn: Lsn,
    place: Place,
}

/// What an error's text takes from the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) version: Version,
    pub(super) timeline: TimelineId,
    pub(super) size: SegmentSize,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The page begins with a number that its version does not begin pages with.
    Magic(u16),
    /// The page has flags that there are not, or lacks the long header of a segment's first page.
    InfoBits(u16),
    /// The page is of another database system.
    SystemIdentifier {
        /// What the page says.
        found: u64,
        /// What it should say.
        expected: u64,
    },
    /// The page says another segment size, or one that cannot be.
    SegmentSize(u32),
    /// The page says another size of pages than 8 kB.
    BlockSize(u32),
    /// The page is of another position: the file was recycled and not written again.
    PageAddress(Lsn),
    /// The page is of an older timeline than the one before.
    Timeline {
        /// What the page says.
        found: TimelineId,
        /// What the page before said.
        last: TimelineId,
    },
    /// A record should begin where the page says that another goes on.
    ContrecordRequested,
    /// The record's length is less than that of its header. Behind the end of the log it is 0.
    RecordLength(u32),
    /// No resource manager has this number.
    ResourceManager(u8),
    /// The record does not follow the one before it.
    PrevLink(Lsn),
    /// The record should go on on a page that does not say so.
    ContrecordMissing,
    /// The record goes on on a page that says another length.
    ContrecordLength {
        /// What the page says.
        found: u32,
        /// What is missing of the record.
        expected: u32,
    },
    /// The record is longer than the reader may hold.
    RecordTooLong(u32),
    /// The record's CRC is wrong.
    Checksum,
    /// Block references are not in the order of their numbers.
    BlockOrder(u8),
    /// A block reference has the flag for data, but none.
    BlockDataMissing,
    /// A block reference has data, but not the flag for it.
    BlockDataUnexpected(u16),
    /// A page image has a hole that cannot be.
    ImageHole {
        /// Where it begins.
        offset: u16,
        /// Its length.
        length: u16,
        /// The length of the image.
        image: u16,
    },
    /// A page image has a hole, but not the flag for it.
    ImageHoleUnexpected {
        /// Where it begins.
        offset: u16,
        /// Its length.
        length: u16,
    },
    /// A compressed page image is as long as a page.
    ImageCompressed(u16),
    /// A page image is not as long as a page. PostgreSQL prints the length of the block's data.
    ImageLength(u16),
    /// The first block reference says that it has the relation of the one before.
    NoPreviousRelation,
    /// No part of a record has this number.
    BlockId(u8),
    /// The lengths of the record's parts are not its own.
    PartLengths,
    /// The record has no reference of this number.
    ImageBlock(u8),
    /// The block reference has no page image.
    ImageState(u8),
    /// The page image is compressed in a way that this build does not read.
    ImageUnsupported {
        /// The block reference.
        block: u8,
        /// The compression.
        method: &'static str,
    },
    /// The page image cannot be decompressed.
    ImageDecompression(u8),
}

impl ErrorKind {
    /// A number for the kind that stays the same over releases.
    pub const fn code(self) -> u8 {
        match self {
            Self::Magic(_) => 1,
            Self::InfoBits(_) => 2,
            Self::SystemIdentifier { .. } => 3,
            Self::SegmentSize(_) => 4,
            Self::BlockSize(_) => 5,
            Self::PageAddress(_) => 6,
            Self::Timeline { .. } => 7,
            Self::ContrecordRequested => 8,
            Self::RecordLength(_) => 9,
            Self::ResourceManager(_) => 10,
            Self::PrevLink(_) => 11,
            Self::ContrecordMissing => 12,
            Self::ContrecordLength { .. } => 13,
            Self::RecordTooLong(_) => 14,
            Self::Checksum => 15,
            Self::BlockOrder(_) => 16,
            Self::BlockDataMissing => 17,
            Self::BlockDataUnexpected(_) => 18,
            Self::ImageHole { .. } => 19,
            Self::ImageHoleUnexpected { .. } => 20,
            Self::ImageCompressed(_) => 21,
            Self::ImageLength(_) => 22,
            Self::NoPreviousRelation => 23,
            Self::BlockId(_) => 24,
            Self::PartLengths => 25,
            Self::ImageBlock(_) => 26,
            Self::ImageState(_) => 27,
            Self::ImageUnsupported { .. } => 28,
            Self::ImageDecompression(_) => 29,
        }
    }
}

impl Error {
    #[cold]
    pub(super) const fn new(kind: ErrorKind, lsn: Lsn, place: Place) -> Self {
        Self { kind, lsn, place }
    }

    /// What is wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The position that PostgreSQL names: of the page or of the record; of what is wrong inside a
    /// record, from PostgreSQL 15 on, that of the record before.
    pub const fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// Whether this is what the log looks like behind its end: nothing, or pages of an older time.
    pub const fn is_end(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::RecordLength(0)
                | ErrorKind::Magic(0)
                | ErrorKind::PageAddress(_)
                | ErrorKind::Timeline { .. }
        )
    }

    /// The ending of what is said of a page.
    fn page(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { version, timeline, size } = self.place;
        let name = SegmentName { timeline, number: size.number(self.lsn), size };
        let (lsn, offset) = (self.lsn, size.offset(self.lsn));
        if version >= Version::V16 {
            write!(f, " in WAL segment {name}, LSN {lsn}, offset {offset}")
        } else {
            write!(f, " in log segment {name}, offset {offset}")
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lsn, version) = (self.lsn, self.place.version);
        let compressed =
            if version >= Version::V15 { "BKPIMAGE_COMPRESSED" } else { "BKPIMAGE_IS_COMPRESSED" };
        match self.kind {
            ErrorKind::Magic(magic) => write!(f, "invalid magic number {magic:04X}")?,
            ErrorKind::InfoBits(bits) => write!(f, "invalid info bits {bits:04X}")?,
            ErrorKind::PageAddress(address) => write!(f, "unexpected pageaddr {address}")?,
            ErrorKind::Timeline { found, last } => {
                write!(f, "out-of-sequence timeline ID {found} (after {last})")?;
            }
            kind => return in_record(f, kind, lsn, version, compressed),
        }
        self.page(f)
    }
}

/// What is not said of a page.
fn in_record(
    f: &mut fmt::Formatter<'_>,
    kind: ErrorKind,
    lsn: Lsn,
    version: Version,
    compressed: &str,
) -> fmt::Result {
    const OTHER_SYSTEM: &str = "WAL file is from different database system";
    match kind {
        ErrorKind::Magic(_)
        | ErrorKind::InfoBits(_)
        | ErrorKind::PageAddress(_)
        | ErrorKind::Timeline { .. } => return Ok(()),
        ErrorKind::SystemIdentifier { found, expected } => {
            return write!(
                f,
                "{OTHER_SYSTEM}: WAL file database system identifier is {found}, pg_control \
                 database system identifier is {expected}"
            );
        }
        ErrorKind::SegmentSize(_) => {
            return write!(f, "{OTHER_SYSTEM}: incorrect segment size in page header");
        }
        ErrorKind::BlockSize(_) => {
            return write!(f, "{OTHER_SYSTEM}: incorrect XLOG_BLCKSZ in page header");
        }
        ErrorKind::ContrecordRequested => return write!(f, "contrecord is requested by {lsn}"),
        ErrorKind::RecordLength(length) => {
            let wanted = if version >= Version::V16 { "expected at least" } else { "wanted" };
            return write!(f, "invalid record length at {lsn}: {wanted} 24, got {length}");
        }
        ErrorKind::ResourceManager(id) => write!(f, "invalid resource manager ID {id}")?,
        ErrorKind::PrevLink(prev) => write!(f, "record with incorrect prev-link {prev}")?,
        ErrorKind::ContrecordMissing => f.write_str("there is no contrecord flag")?,
        ErrorKind::ContrecordLength { found, expected } => {
            write!(f, "invalid contrecord length {found} (expected {expected})")?;
        }
        ErrorKind::RecordTooLong(length) => {
            return write!(f, "record length {length} at {lsn} too long");
        }
        ErrorKind::Checksum => {
            f.write_str("incorrect resource manager data checksum in record")?;
        }
        ErrorKind::BlockOrder(id) => write!(f, "out-of-order block_id {id}")?,
        ErrorKind::BlockDataMissing => {
            f.write_str("BKPBLOCK_HAS_DATA set, but no data included")?;
        }
        ErrorKind::BlockDataUnexpected(length) => {
            write!(f, "BKPBLOCK_HAS_DATA not set, but data length is {length}")?;
        }
        ErrorKind::ImageHole { offset, length, image } => write!(
            f,
            "BKPIMAGE_HAS_HOLE set, but hole offset {offset} length {length} block image length \
             {image}"
        )?,
        ErrorKind::ImageHoleUnexpected { offset, length } => {
            write!(f, "BKPIMAGE_HAS_HOLE not set, but hole offset {offset} length {length}")?;
        }
        ErrorKind::ImageCompressed(length) => {
            write!(f, "{compressed} set, but block image length {length}")?;
        }
        ErrorKind::ImageLength(length) => write!(
            f,
            "neither BKPIMAGE_HAS_HOLE nor {compressed} set, but block image length is {length}"
        )?,
        ErrorKind::NoPreviousRelation => {
            f.write_str("BKPBLOCK_SAME_REL set but no previous rel")?;
        }
        ErrorKind::BlockId(id) => write!(f, "invalid block_id {id}")?,
        ErrorKind::PartLengths => f.write_str("record with invalid length")?,
        ErrorKind::ImageBlock(block) => {
            return write!(
                f,
                "could not restore image at {lsn} with invalid block {block} specified"
            );
        }
        ErrorKind::ImageState(block) => {
            return write!(f, "could not restore image at {lsn} with invalid state, block {block}");
        }
        ErrorKind::ImageUnsupported { block, method } => {
            return write!(
                f,
                "could not restore image at {lsn} compressed with {method} not supported by \
                 build, block {block}"
            );
        }
        ErrorKind::ImageDecompression(block) => {
            let what = match version {
                Version::V14 => "invalid compressed",
                _ => "could not decompress",
            };
            return write!(f, "{what} image at {lsn}, block {block}");
        }
    }
    write!(f, " at {lsn}")
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    extern crate alloc;
    use super::*;
    use alloc::string::ToString;

    fn text(kind: ErrorKind, version: Version) -> alloc::string::String {
        let size = SegmentSize::new(1 << 20).unwrap();
        let place = Place { version, timeline: TimelineId(1), size };
        Error::new(kind, Lsn(0x0380_2000), place).to_string()
    }

    #[test]
    fn texts_are_those_of_the_version() {
        let kind = ErrorKind::RecordLength(0);
        assert_eq!(
            text(kind, Version::V15),
            "invalid record length at 0/3802000: wanted 24, got 0"
        );
        assert_eq!(
            text(kind, Version::V16),
            "invalid record length at 0/3802000: expected at least 24, got 0"
        );
        let kind = ErrorKind::Magic(0);
        assert_eq!(
            text(kind, Version::V14),
            "invalid magic number 0000 in log segment 000000010000000000000038, offset 8192"
        );
        assert_eq!(
            text(kind, Version::V18),
            "invalid magic number 0000 in WAL segment 000000010000000000000038, LSN 0/3802000, \
             offset 8192"
        );
        let kind = ErrorKind::ImageCompressed(8192);
        let words = "set, but block image length 8192 at 0/3802000";
        assert_eq!(text(kind, Version::V14), alloc::format!("BKPIMAGE_IS_COMPRESSED {words}"));
        assert_eq!(text(kind, Version::V15), alloc::format!("BKPIMAGE_COMPRESSED {words}"));
    }
}
