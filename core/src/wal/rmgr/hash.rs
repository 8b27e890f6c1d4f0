//! Hash: hash indexes (`hashdesc.c`).

use super::float;
use super::text::Text;
use crate::types::Xid;
use crate::wal::cursor::Cursor;
use crate::wal::{Record, Version};

/// What a record of Hash says.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Hash {
    /// A metapage was made.
    InitMetaPage {
        /// How many entries are expected.
        tuples: f64,
        /// The hash function.
        function: u32,
        /// How many entries a bucket should have.
        fill_factor: u16,
    },
    /// The first page of the bitmap was made.
    InitBitmapPage {
        /// The bitmap's size in bytes.
        size: u16,
    },
    /// An entry came.
    Insert {
        /// Its line pointer.
        offset: u16,
    },
    /// A bucket has a page more.
    AddOverflowPage {
        /// The bitmap's size in bytes.
        bitmap_size: u16,
        /// Whether a free page was found.
        is_found: bool,
    },
    /// A split has begun.
    SplitAllocatePage {
        /// The new bucket.
        bucket: u32,
        /// The flags of the old bucket's page.
        old_flags: u16,
        /// The flags of the new bucket's page.
        new_flags: u16,
        /// 1: the metapage's masks changed, 2: its split point changed.
        flags: u8,
    },
    /// A page of the new bucket was filled.
    SplitPage,
    /// A split is complete.
    SplitComplete {
        /// The flags of the old bucket's page.
        old_flags: u16,
        /// The flags of the new bucket's page.
        new_flags: u16,
    },
    /// Entries went to a page further to the front of their bucket.
    MovePageContents {
        /// How many.
        tuples: u16,
        /// Whether that is the bucket's first page.
        is_primary: bool,
    },
    /// A bucket has a page less.
    SqueezePage {
        /// The page before it.
        previous: u32,
        /// The page behind it.
        next: u32,
        /// How many entries went.
        tuples: u16,
        /// Whether they went to the bucket's first page.
        is_primary: bool,
    },
    /// `VACUUM` removed entries.
    Delete {
        /// Whether the page has no dead entries from now on.
        clears_dead_marking: bool,
        /// Whether it is its bucket's first page.
        is_primary: bool,
    },
    /// What a split left behind in the old bucket is gone.
    SplitCleanup,
    /// `VACUUM` counted the entries.
    UpdateMetaPage {
        /// How many there are.
        tuples: f64,
    },
    /// Dead entries of a page went.
    VacuumOnePage {
        /// Snapshots of standbys up to this transaction are in the way.
        snapshot_conflict_horizon: Xid,
        /// How many.
        tuples: i32,
        /// Whether the table is a catalog; known since PostgreSQL 16.
        is_catalog: bool,
    },
}

/// Flags of [`Hash::SplitAllocatePage`].
mod flag {
    pub(super) const MASKS: u8 = 1;
    pub(super) const SPLIT_POINT: u8 = 2;
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    Some(match info & 0xF0 {
        0x00 => "INIT_META_PAGE",
        0x10 => "INIT_BITMAP_PAGE",
        0x20 => "INSERT",
        0x30 => "ADD_OVFL_PAGE",
        0x40 => "SPLIT_ALLOCATE_PAGE",
        0x50 => "SPLIT_PAGE",
        0x60 => "SPLIT_COMPLETE",
        0x70 => "MOVE_PAGE_CONTENTS",
        0x80 => "SQUEEZE_PAGE",
        0x90 => "DELETE",
        0xA0 => "SPLIT_CLEANUP",
        0xB0 => "UPDATE_META_PAGE",
        0xC0 => "VACUUM_ONE_PAGE",
        _ => return None,
    })
}

impl Hash {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'_>) -> Option<Self> {
        let newer = record.version() >= Version::V16;
        let mut fields = Cursor::new(record.main_data());
        Some(match record.info() {
            0x00 => Self::InitMetaPage {
                tuples: f64::from_bits(fields.u64()?),
                function: fields.u32()?,
                fill_factor: fields.u16()?,
            },
            0x10 => Self::InitBitmapPage { size: fields.u16()? },
            0x20 => Self::Insert { offset: fields.u16()? },
            0x30 => Self::AddOverflowPage { bitmap_size: fields.u16()?, is_found: fields.bool()? },
            0x40 => Self::SplitAllocatePage {
                bucket: fields.u32()?,
                old_flags: fields.u16()?,
                new_flags: fields.u16()?,
                flags: fields.u8()?,
            },
            0x50 => Self::SplitPage,
            0x60 => Self::SplitComplete { old_flags: fields.u16()?, new_flags: fields.u16()? },
            0x70 => Self::MovePageContents { tuples: fields.u16()?, is_primary: fields.bool()? },
            0x80 => Self::SqueezePage {
                previous: fields.u32()?,
                next: fields.u32()?,
                tuples: fields.u16()?,
                is_primary: fields.bool()?,
            },
            0x90 => {
                Self::Delete { clears_dead_marking: fields.bool()?, is_primary: fields.bool()? }
            }
            0xA0 => Self::SplitCleanup,
            0xB0 => Self::UpdateMetaPage { tuples: f64::from_bits(fields.u64()?) },
            0xC0 => Self::VacuumOnePage {
                snapshot_conflict_horizon: fields.xid()?,
                tuples: if newer { fields.u16()?.into() } else { fields.i32()? },
                is_catalog: newer && fields.bool()?,
            },
            _ => return None,
        })
    }

    /// `hash_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match *self {
            Self::InitMetaPage { tuples, fill_factor, .. } => {
                float::write(text.str("num_tuples "), tuples);
                text.str(", fillfactor ").number(fill_factor);
            }
            Self::InitBitmapPage { size } => _ = text.str("bmsize ").number(size),
            Self::Insert { offset } => _ = text.str("off ").number(offset),
            Self::AddOverflowPage { bitmap_size, is_found } => {
                text.str("bmsize ").number(bitmap_size).str(", bmpage_found ").truth(is_found);
            }
            Self::SplitAllocatePage { bucket, flags, .. } => {
                text.str("new_bucket ").number(bucket);
                text.str(", meta_page_masks_updated ").truth(flags & flag::MASKS != 0);
                text.str(", issplitpoint_changed ").truth(flags & flag::SPLIT_POINT != 0);
            }
            Self::SplitPage | Self::SplitCleanup => {}
            Self::SplitComplete { old_flags, new_flags } => {
                text.str("old_bucket_flag ").number(old_flags);
                text.str(", new_bucket_flag ").number(new_flags);
            }
            Self::MovePageContents { tuples, is_primary } => {
                text.str("ntups ").number(tuples).str(", is_primary ").truth(is_primary);
            }
            Self::SqueezePage { previous, next, tuples, is_primary } => {
                text.str("prevblkno ").number(previous).str(", nextblkno ").number(next);
                text.str(", ntups ").number(tuples).str(", is_primary ").truth(is_primary);
            }
            Self::Delete { clears_dead_marking, is_primary } => {
                text.str("clear_dead_marking ").truth(clears_dead_marking);
                text.str(", is_primary ").truth(is_primary);
            }
            Self::UpdateMetaPage { tuples } => float::write(text.str("ntuples "), tuples),
            Self::VacuumOnePage { snapshot_conflict_horizon, tuples, is_catalog } => {
                text.str("ntuples ").signed(tuples);
                text.str(if text.since(Version::V16) {
                    ", snapshotConflictHorizon "
                } else {
                    ", latestRemovedXid "
                });
                text.number(snapshot_conflict_horizon.0);
                if text.since(Version::V17) {
                    text.str(", isCatalogRel ").truth(is_catalog);
                }
            }
        }
    }
}
