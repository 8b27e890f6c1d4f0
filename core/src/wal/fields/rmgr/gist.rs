//! Gist: see `gistxlog.h`.

use super::btree::full_xid;
use crate::wal::fields::walk::Walk;
use crate::wal::{Record, Version};

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    let newer = walk.version >= Version::V16;
    match record.info() {
        0x00 => {
            walk.u16("deletedCount")?;
            walk.u16("insertedCount")?;
        }
        0x10 => {
            walk.u32("snapshotConflictHorizon")?;
            let count = walk.u16("deletedCount")?;
            if newer {
                walk.bool("isCatalogRel")?;
                walk.to(8)?;
            }
            walk.numbers16("offsets", count.into())?;
        }
        0x20 => {
            walk.locator("relation")?;
            walk.u32("block")?;
            full_xid(walk, "snapshotConflictHorizon", "snapshotConflictHorizonEpoch")?;
            if newer {
                walk.bool("isCatalogRel")?;
            }
        }
        0x30 => {
            walk.u32("rightLink")?;
            walk.to(8)?;
            walk.lsn("sequenceNumber")?;
            walk.bool("isLeaf")?;
            walk.to(18)?;
            walk.u16("pageCount")?;
            walk.bool("markFollowRight")?;
            walk.align(8)?;
        }
        0x60 => {
            full_xid(walk, "deleteXid", "deleteXidEpoch")?;
            walk.u16("downlinkOffset")?;
        }
        _ => {}
    }
    Some(())
}

pub(super) fn block(walk: &mut Walk<'_>, record: &Record<'_>, block: u8) -> Option<()> {
    match (record.info(), block) {
        (0x00, 0) => {
            let [low, high, ..] = *record.main_data() else { return None };
            walk.numbers16("deleted", u16::from_le_bytes([low, high]).into())?;
            walk.opaque_rest("tuples")
        }
        _ => Some(()),
    }
}
