//! Btree: see `nbtxlog.h`.

use super::index_tuple;
use crate::wal::fields::walk::Walk;
use crate::wal::{Record, Version};

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    let knows_catalogs = walk.version >= Version::V16;
    match record.info() {
        0x00..=0x20 | 0x50 => _ = walk.u16("offset")?,
        0x30 | 0x40 => {
            walk.u32("level")?;
            walk.u16("firstRightOffset")?;
            walk.u16("newItemOffset")?;
            walk.u16("postingOffset")?;
        }
        0x60 => _ = walk.u16("intervalCount")?,
        0x70 => {
            walk.u32("snapshotConflictHorizon")?;
            walk.u16("deletedCount")?;
            walk.u16("updatedCount")?;
            if knows_catalogs {
                walk.bool("isCatalogRel")?;
            }
        }
        0x80 | 0x90 => unlink_page(walk)?,
        0xA0 => {
            walk.u32("root")?;
            walk.u32("level")?;
        }
        0xB0 => {
            walk.u16("parentOffset")?;
            walk.to(4)?;
            walk.u32("leaf")?;
            walk.u32("left")?;
            walk.u32("right")?;
            walk.u32("topParent")?;
        }
        0xC0 => {
            walk.u16("deletedCount")?;
            walk.u16("updatedCount")?;
        }
        0xD0 => {
            walk.locator("relation")?;
            walk.u32("block")?;
            full_xid(walk, "snapshotConflictHorizon", "snapshotConflictHorizonEpoch")?;
            if knows_catalogs {
                walk.bool("isCatalogRel")?;
            }
        }
        _ => {}
    }
    Some(())
}

/// A transaction id of 64 bits; the high half is its epoch.
pub(super) fn full_xid(walk: &mut Walk<'_>, xid: &'static str, epoch: &'static str) -> Option<()> {
    walk.u32(xid)?;
    walk.u32(epoch).map(|_| ())
}

/// `xl_btree_unlink_page`
fn unlink_page(walk: &mut Walk<'_>) -> Option<()> {
    walk.u32("left")?;
    walk.u32("right")?;
    walk.u32("level")?;
    walk.to(16)?;
    full_xid(walk, "safeXid", "safeXidEpoch")?;
    walk.u32("leafLeft")?;
    walk.u32("leafRight")?;
    walk.u32("leafTopParent").map(|_| ())
}

pub(super) fn block(walk: &mut Walk<'_>, record: &Record<'_>, block: u8) -> Option<()> {
    match (record.info(), block) {
        (0x00..=0x20, 0) => index_tuple(walk),
        (0x50, 0) => {
            walk.u16("postingOffset")?;
            index_tuple(walk)
        }
        (0x60, 0) => {
            let count = walk.rest().len() / 4;
            walk.list("intervals", count, |walk| {
                walk.u16("baseOffset")?;
                walk.u16("itemCount").map(|_| ())
            })
        }
        (0x70, 0) => removed(walk, record.main_data().get(4..)?),
        (0xC0, 0) => removed(walk, record.main_data()),
        (0x20, 2) | (0xA0, 2) | (0x90, 4) | (0xE0, 0) => metadata(walk),
        _ => Some(()),
    }
}

/// Which entries go, wholly or in part; `counts` begins with how many of each.
fn removed(walk: &mut Walk<'_>, counts: &[u8]) -> Option<()> {
    let [deleted_low, deleted_high, updated_low, updated_high, ..] = *counts else { return None };
    let deleted = u16::from_le_bytes([deleted_low, deleted_high]);
    let updated = u16::from_le_bytes([updated_low, updated_high]);
    walk.numbers16("deleted", deleted.into())?;
    walk.numbers16("updated", updated.into())?;
    walk.list("updates", updated.into(), |walk| {
        let count = walk.u16("deletedCount")?;
        walk.numbers16("deleted", count.into())
    })
}

/// `xl_btree_metadata`
fn metadata(walk: &mut Walk<'_>) -> Option<()> {
    walk.u32("version")?;
    walk.u32("root")?;
    walk.u32("level")?;
    walk.u32("fastRoot")?;
    walk.u32("fastLevel")?;
    walk.u32("lastCleanupDeletedPages")?;
    walk.bool("allEqualImage")?;
    walk.align(4)
}
