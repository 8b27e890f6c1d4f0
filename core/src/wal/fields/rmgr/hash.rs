//! Hash: see `hash_xlog.h`.

use super::index_tuple;
use crate::wal::fields::walk::Walk;
use crate::wal::{Record, Version};

/// What a split has changed besides.
const SPLIT_FLAGS: &[(u32, &str)] =
    &[(0x01, "META_UPDATE_MASKS"), (0x02, "META_UPDATE_SPLITPOINT")];

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.info() {
        0x00 => {
            walk.f64("tupleCount")?;
            walk.oid("function")?;
            walk.u16("fillFactor")?;
        }
        0x10 => _ = walk.u16("bitmapSize")?,
        0x20 => _ = walk.u16("offset")?,
        0x30 => {
            walk.u16("bitmapSize")?;
            walk.bool("bitmapPageFound")?;
        }
        0x40 => {
            walk.u32("newBucket")?;
            walk.u16("oldBucketFlag")?;
            walk.u16("newBucketFlag")?;
            walk.flags8("flags", SPLIT_FLAGS)?;
        }
        0x60 => {
            walk.u16("oldBucketFlag")?;
            walk.u16("newBucketFlag")?;
        }
        0x70 => {
            walk.u16("tupleCount")?;
            walk.bool("isPrimary")?;
        }
        0x80 => {
            walk.u32("previousBlock")?;
            walk.u32("nextBlock")?;
            walk.u16("tupleCount")?;
            walk.bool("isPrimary")?;
            walk.bool("isPreviousSame")?;
        }
        0x90 => {
            walk.bool("clearDeadMarking")?;
            walk.bool("isPrimary")?;
        }
        0xB0 => _ = walk.f64("tupleCount")?,
        0xC0 => vacuum_one_page(walk)?,
        _ => {}
    }
    Some(())
}

fn vacuum_one_page(walk: &mut Walk<'_>) -> Option<()> {
    walk.u32("snapshotConflictHorizon")?;
    let count = if walk.version >= Version::V16 {
        let count = walk.u16("tupleCount")?;
        walk.bool("isCatalogRel")?;
        usize::from(count)
    } else {
        walk.count("tupleCount")?
    };
    walk.to(8)?;
    walk.numbers16("offsets", count)
}

pub(super) fn block(walk: &mut Walk<'_>, record: &Record<'_>, block: u8) -> Option<()> {
    match (record.info(), block) {
        (0x20, 0) => index_tuple(walk),
        (0x90, 1) => {
            let count = walk.rest().len() / 2;
            walk.numbers16("offsets", count)
        }
        _ => Some(()),
    }
}
