//! Page headers: `XLogPageHeaderData` and `XLogLongPageHeaderData`.

use super::cursor::Cursor;
use crate::types::{Lsn, TimelineId};

/// The size of a page of the log: `XLOG_BLCKSZ`. No build with another has been seen.
pub const PAGE_SIZE: u32 = 8192;

/// Bytes of the header that all pages have.
pub const SHORT_HEADER: usize = 24;

/// Bytes of the header of a segment's first page.
pub const LONG_HEADER: usize = 40;

/// Flags of a page: `xlp_info`.
pub mod flag {
    /// The page begins with the rest of a record.
    pub const FIRST_IS_CONTRECORD: u16 = 1;
    /// The header is a long one.
    pub const LONG_HEADER: u16 = 2;
    /// Page images of the records here may be left out when they are archived.
    pub const BKP_REMOVABLE: u16 = 4;
    /// The page begins with a record that replaces the rest of one that was never written.
    pub const FIRST_IS_OVERWRITE_CONTRECORD: u16 = 8;
    /// All of them.
    pub const ALL: u16 = 15;
}

/// The header of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageHeader {
    /// `xlp_magic`: tells the version.
    pub magic: u16,
    /// `xlp_info`: see [`flag`].
    pub info: u16,
    /// `xlp_tli`: the timeline of the first record.
    pub timeline: TimelineId,
    /// `xlp_pageaddr`: where the page belongs.
    pub address: Lsn,
    /// `xlp_rem_len`: how much of the record that goes on here was still missing at the page's begin.
    pub remaining: u32,
    /// What the first page of a segment says.
    pub long: Option<LongHeader>,
}

/// What the header of a segment's first page says above that of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongHeader {
    /// `xlp_sysid`: the database system.
    pub system_identifier: u64,
    /// `xlp_seg_size`.
    pub segment_size: u32,
    /// `xlp_xlog_blcksz`.
    pub block_size: u32,
}

impl PageHeader {
    /// The header at the front of `bytes`; `None`: there are too few of them.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(bytes.get(..SHORT_HEADER)?);
        let mut header = Self {
            magic: fields.u16()?,
            info: fields.u16()?,
            timeline: TimelineId(fields.u32()?),
            address: fields.lsn()?,
            remaining: fields.u32()?,
            long: None,
        };
        if header.has(flag::LONG_HEADER) {
            let mut fields = Cursor::at(bytes.get(..LONG_HEADER)?, SHORT_HEADER);
            header.long = Some(LongHeader {
                system_identifier: fields.u64()?,
                segment_size: fields.u32()?,
                block_size: fields.u32()?,
            });
        }
        Some(header)
    }

    /// Whether it has a [`flag`].
    pub const fn has(&self, flag: u16) -> bool {
        self.info & flag != 0
    }

    /// Bytes of the header.
    pub const fn length(&self) -> usize {
        if self.has(flag::LONG_HEADER) { LONG_HEADER } else { SHORT_HEADER }
    }
}
