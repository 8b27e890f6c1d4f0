//! Gist: GiST indexes (`gistdesc.c`).

use super::list::List;
use super::text::Text;
use crate::types::{Lsn, RelFileLocator, Xid};
use crate::wal::cursor::Cursor;
use crate::wal::{Record, Version};

/// What a record of Gist says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Gist<'a> {
    /// Entries of a page came and went.
    PageUpdate {
        /// How many went.
        deleted: u16,
        /// How many came.
        inserted: u16,
    },
    /// Dead entries went.
    Delete {
        /// Snapshots of standbys up to this transaction are in the way.
        snapshot_conflict_horizon: Xid,
        /// How many.
        count: u16,
        /// Whether the table is a catalog; known since PostgreSQL 16.
        is_catalog: bool,
        /// Their line pointers.
        offsets: List<'a, u16>,
    },
    /// A deleted page is used again.
    PageReuse {
        /// The index.
        locator: RelFileLocator,
        /// The page.
        block: u32,
        /// Snapshots of standbys up to this transaction are in the way; of 64 bits.
        snapshot_conflict_horizon: u64,
        /// Whether the table is a catalog; known since PostgreSQL 16.
        is_catalog: bool,
    },
    /// A page was split.
    PageSplit {
        /// The page to its right before.
        right: u32,
        /// Its sequence number before.
        sequence_number: Lsn,
        /// Whether it was a leaf.
        is_leaf: bool,
        /// How many pages it is now.
        pages: u16,
    },
    /// An empty page went.
    PageDelete {
        /// When no transaction before this one runs, the page may be used again; of 64 bits.
        delete_xid: u64,
        /// The line pointer in the page above.
        downlink: u16,
    },
    /// A place in the log, for an index that is not logged.
    AssignLsn,
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    Some(match info & 0xF0 {
        0x00 => "PAGE_UPDATE",
        0x10 => "DELETE",
        0x20 => "PAGE_REUSE",
        0x30 => "PAGE_SPLIT",
        0x60 => "PAGE_DELETE",
        0x70 => "ASSIGN_LSN",
        _ => return None,
    })
}

impl<'a> Gist<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let data = record.main_data();
        let newer = record.version() >= Version::V16;
        let mut fields = Cursor::new(data);
        Some(match record.info() {
            0x00 => Self::PageUpdate { deleted: fields.u16()?, inserted: fields.u16()? },
            0x10 => {
                let (snapshot_conflict_horizon, count) = (fields.xid()?, fields.u16()?);
                let is_catalog = newer && fields.bool()?;
                let mut fields = Cursor::at(data, if newer { 8 } else { 6 });
                let offsets = List::take(&mut fields, count.into())?;
                Self::Delete { snapshot_conflict_horizon, count, is_catalog, offsets }
            }
            0x20 => Self::PageReuse {
                locator: fields.locator()?,
                block: fields.u32()?,
                snapshot_conflict_horizon: fields.u64()?,
                is_catalog: newer && fields.bool()?,
            },
            0x30 => {
                let right = fields.u32()?;
                let mut fields = Cursor::at(data, 8);
                let (sequence_number, is_leaf) = (fields.lsn()?, fields.bool()?);
                let pages = Cursor::at(data, 18).u16()?;
                Self::PageSplit { right, sequence_number, is_leaf, pages }
            }
            0x60 => Self::PageDelete { delete_xid: fields.u64()?, downlink: fields.u16()? },
            0x70 => Self::AssignLsn,
            _ => return None,
        })
    }

    /// `gist_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        let horizon =
            if text.since(Version::V16) { "snapshotConflictHorizon " } else { "latestRemovedXid " };
        match *self {
            Self::PageUpdate { .. } | Self::AssignLsn => {}
            Self::Delete { snapshot_conflict_horizon: xid, count, is_catalog, .. } => {
                text.str("delete: ").str(horizon).number(xid.0).str(", nitems: ").number(count);
                write_is_catalog(text, is_catalog);
            }
            Self::PageReuse { locator, block, snapshot_conflict_horizon: xid, is_catalog } => {
                text.str("rel ").locator(locator).str("; blk ").number(block);
                text.str("; ").str(horizon).full_xid(xid);
                write_is_catalog(text, is_catalog);
            }
            Self::PageSplit { pages, .. } => {
                text.str("page_split: splits to ").number(pages).str(" pages");
            }
            Self::PageDelete { delete_xid, downlink } => {
                text.str("deleteXid ").full_xid(delete_xid).str("; downlink ").number(downlink);
            }
        }
    }
}

/// What the last part of a record's text is, since PostgreSQL 17.
fn write_is_catalog(text: &mut Text<'_>, is_catalog: bool) {
    if text.since(Version::V17) {
        text.str(", isCatalogRel ").truth(is_catalog);
    }
}
