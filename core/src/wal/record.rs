//! Records: the header, and what the parts behind it say.

use core::ops::Range;

use super::block::{self, Block, BlockTable, Entry};
use super::crc;
use super::cursor::Cursor;
use super::error::{Error, ErrorKind, Place};
use super::image::Page;
use super::page::{LONG_HEADER, PAGE_SIZE, SHORT_HEADER};
use super::rmgr::RmgrId;
use super::segment::SegmentSize;
use super::version::Version;
use crate::types::{Lsn, TimelineId, Xid};

/// Bytes of a record's header.
pub const RECORD_HEADER: usize = 24;

/// The longest record that is written: `XLogRecordMaxSize`, since PostgreSQL 16.
pub const MAX_RECORD: u32 = 1020 * 1024 * 1024;

/// The bits of a record's info that are the resource manager's own.
pub const RMGR_INFO: u8 = 0xF0;

/// The header of a record: `XLogRecord`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordHeader {
    /// `xl_tot_len`: the length of the whole record.
    pub total_length: u32,
    /// `xl_xid`: the transaction; 0 without one.
    pub xid: Xid,
    /// `xl_prev`: where the record before begins.
    pub prev: Lsn,
    /// `xl_info`: what kind of record it is, and flags.
    pub info: u8,
    /// `xl_rmid`: whose record it is.
    pub rmgr: RmgrId,
    /// `xl_crc`.
    pub crc: u32,
}

impl RecordHeader {
    /// The header at the front of `bytes`; `None`: there are too few of them.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(bytes.get(..RECORD_HEADER)?);
        let total_length = fields.u32()?;
        let (xid, prev) = (fields.xid()?, fields.lsn()?);
        let (info, rmgr) = (fields.u8()?, RmgrId(fields.u8()?));
        let _padding = fields.u16()?;
        Some(Self { total_length, xid, prev, info, rmgr, crc: fields.u32()? })
    }

    /// The bits of the info that are the resource manager's own: the kind of record.
    pub const fn rmgr_info(&self) -> u8 {
        self.info & RMGR_INFO
    }
}

/// Whether the CRC in a whole record is that of its bytes.
pub fn crc_is_right(record: &[u8]) -> bool {
    RecordHeader::decode(record).is_some_and(|header| crc_is(header.crc, record))
}

/// Whether that is the CRC of a whole record.
#[inline]
pub(super) fn crc_is(crc: u32, record: &[u8]) -> bool {
    crc == crc::of_record(record)
}

/// Where a record lies and who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordPlace {
    /// Where it begins.
    pub lsn: Lsn,
    /// Where the next one begins, but for a page's header (`EndRecPtr`).
    pub end: Lsn,
    /// The timeline of the page that it ends on.
    pub timeline: TimelineId,
    /// The version that wrote it.
    pub version: Version,
    /// The size of the segments that it lies in.
    pub segment_size: SegmentSize,
}

/// A record of the log. It borrows everything.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    header: RecordHeader,
    place: RecordPlace,
    bytes: &'a [u8],
    parts: &'a BlockTable,
}

impl<'a> Record<'a> {
    /// Takes a whole record apart, whose block references go to `blocks`. Its CRC
    /// ([`crc_is_right`]), and whether it follows another, are not looked at: that is the reader's
    /// work.
    ///
    /// # Errors
    ///
    /// When the parts are not what they say.
    pub fn decode(
        bytes: &'a [u8],
        place: RecordPlace,
        blocks: &'a mut BlockTable,
    ) -> Result<Self, Error> {
        let RecordPlace { version, timeline, segment_size: size, .. } = place;
        let error = |kind| Error::new(kind, place.lsn, Place { version, timeline, size });
        let header = RecordHeader::decode(bytes).ok_or_else(|| error(ErrorKind::PartLengths))?;
        if usize::try_from(header.total_length) != Ok(bytes.len()) {
            return Err(error(ErrorKind::PartLengths));
        }
        block::decode(bytes, version, blocks).map_err(error)?;
        Ok(Self::new(header, place, bytes, blocks))
    }

    /// A record that was taken apart already.
    #[inline]
    pub(super) fn new(
        header: RecordHeader,
        place: RecordPlace,
        bytes: &'a [u8],
        parts: &'a BlockTable,
    ) -> Self {
        Self { header, place, bytes, parts }
    }

    /// The header.
    pub const fn header(&self) -> &RecordHeader {
        &self.header
    }

    /// Where it begins.
    pub const fn lsn(&self) -> Lsn {
        self.place.lsn
    }

    /// Where the next record begins, but for a page's header (`EndRecPtr`).
    pub const fn end(&self) -> Lsn {
        self.place.end
    }

    /// Where it lies and who wrote it.
    pub const fn place(&self) -> &RecordPlace {
        &self.place
    }

    /// The version that wrote it.
    pub const fn version(&self) -> Version {
        self.place.version
    }

    /// The transaction; 0 without one.
    pub const fn xid(&self) -> Xid {
        self.header.xid
    }

    /// Whose record it is.
    pub const fn rmgr(&self) -> RmgrId {
        self.header.rmgr
    }

    /// What kind of record it is: the bits of the info that are the resource manager's own.
    pub const fn info(&self) -> u8 {
        self.header.rmgr_info()
    }

    /// All its bytes, without the headers of the pages that it lies on.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What the resource manager has written for the whole record.
    pub fn main_data(&self) -> &'a [u8] {
        self.bytes.get(self.main_range()).unwrap_or_default()
    }

    /// Where the main data lies in the bytes.
    pub(super) fn main_range(&self) -> Range<usize> {
        let parts = self.parts.parts();
        parts.main_at..parts.main_at.saturating_add(parts.main_length)
    }

    /// The replication origin; 0 without one.
    pub const fn origin(&self) -> u16 {
        self.parts.parts().origin
    }

    /// The transaction that the record's own one belongs to; 0 where it is not said.
    pub const fn toplevel_xid(&self) -> Xid {
        self.parts.parts().toplevel_xid
    }

    /// The block references, in the order of their numbers.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = Block<'a>> + use<'a> {
        let (record, version) = (self.bytes, self.place.version);
        self.entries().iter().map(move |entry| Block { entry, record, version })
    }

    /// The block reference of a number.
    pub fn block(&self, id: u8) -> Option<Block<'a>> {
        let (record, version) = (self.bytes, self.place.version);
        let entry = self.entries().iter().find(|entry| entry.id == id)?;
        Some(Block { entry, record, version })
    }

    /// The data of a block reference; `None`: there is no such reference, or it has none.
    pub fn block_data(&self, id: u8) -> Option<&'a [u8]> {
        self.block(id)?.data()
    }

    pub(super) fn entries(&self) -> &'a [Entry] {
        self.parts.entries()
    }

    /// Bytes of page images.
    pub const fn image_length(&self) -> u32 {
        self.parts.parts().image_length
    }

    /// The length without page images, as `pg_waldump` prints it before the whole one.
    pub const fn length_without_images(&self) -> u32 {
        self.header.total_length.saturating_sub(self.image_length())
    }

    /// Makes a page from the image of a block reference.
    ///
    /// # Errors
    ///
    /// When there is no such reference or image, when the image cannot be decompressed, or when this
    /// build does not read its compression (feature `lz4`).
    pub fn restore_image(&self, id: u8, page: &mut Page) -> Result<(), Error> {
        let RecordPlace { version, timeline, segment_size: size, .. } = self.place;
        let error = |kind| Error::new(kind, self.place.lsn, Place { version, timeline, size });
        let block = self.block(id).ok_or_else(|| error(ErrorKind::ImageBlock(id)))?;
        let image = block.image().ok_or_else(|| error(ErrorKind::ImageState(id)))?;
        image.restore(id, page).map_err(error)
    }

    /// Where in the log a byte of the record lies: pages' headers are in between.
    pub fn position(&self, offset: usize) -> Lsn {
        let page_size = u64::from(PAGE_SIZE);
        let (mut at, mut left) = (self.place.lsn.0, offset as u64);
        loop {
            let room = page_size.saturating_sub(at & page_size.wrapping_sub(1));
            if left < room {
                return Lsn(at.saturating_add(left));
            }
            left = left.saturating_sub(room);
            at = at.saturating_add(room);
            let is_first = self.place.segment_size.offset(Lsn(at)) == 0;
            let header = if is_first { LONG_HEADER } else { SHORT_HEADER };
            at = at.saturating_add(header as u64);
        }
    }
}
