//! Heap2: see `heapam_xlog.h`.

use super::heap::{self, INFOMASK, INSERT_FLAGS, LOCK_FLAGS};
use crate::wal::fields::walk::Walk;
use crate::wal::rmgr::heap::KIND;
use crate::wal::{Record, Version};

/// `XLHP_*`
const PRUNE_FLAGS: &[(u32, &str)] = &[
    (0x02, "IS_CATALOG_REL"),
    (0x04, "CLEANUP_LOCK"),
    (0x08, "HAS_CONFLICT_HORIZON"),
    (0x10, "HAS_FREEZE_PLANS"),
    (0x20, "HAS_REDIRECTIONS"),
    (0x40, "HAS_DEAD_ITEMS"),
    (0x80, "HAS_NOW_UNUSED_ITEMS"),
];

const HAS_CONFLICT_HORIZON: u8 = 0x08;
const HAS_FREEZE_PLANS: u8 = 0x10;
const HAS_REDIRECTIONS: u8 = 0x20;
const HAS_DEAD_ITEMS: u8 = 0x40;
const HAS_NOW_UNUSED_ITEMS: u8 = 0x80;

/// `VISIBILITYMAP_*`
const VISIBLE_FLAGS: &[(u32, &str)] =
    &[(0x01, "ALL_VISIBLE"), (0x02, "ALL_FROZEN"), (0x04, "CATALOG_REL")];

/// `PruneReason`
const fn reason(reason: u8) -> Option<&'static str> {
    match reason {
        0 => Some("ON_ACCESS"),
        1 => Some("VACUUM_SCAN"),
        2 => Some("VACUUM_CLEANUP"),
        _ => None,
    }
}

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    let newer = walk.version >= Version::V17;
    let knows_catalogs = walk.version >= Version::V16;
    match record.info() & KIND {
        0x00 => rewrite(walk),
        0x10..=0x30 if newer => {
            walk.named8("reason", reason)?;
            let flags = walk.flags8("flags", PRUNE_FLAGS)?;
            if flags & HAS_CONFLICT_HORIZON != 0 {
                walk.u32("snapshotConflictHorizon")?;
            }
            Some(())
        }
        0x10 => {
            walk.u32("snapshotConflictHorizon")?;
            walk.u16("redirectedCount")?;
            walk.u16("deadCount")?;
            if knows_catalogs {
                walk.bool("isCatalogRel")?;
            }
            Some(())
        }
        0x20 => walk.u16("unusedCount").map(|_| ()),
        0x30 => {
            walk.u32("snapshotConflictHorizon")?;
            walk.u16(if knows_catalogs { "planCount" } else { "count" })?;
            if knows_catalogs {
                walk.bool("isCatalogRel")?;
            }
            Some(())
        }
        0x40 => {
            walk.u32("snapshotConflictHorizon")?;
            walk.flags8("flags", VISIBLE_FLAGS).map(|_| ())
        }
        0x50 => {
            walk.flags8("flags", INSERT_FLAGS)?;
            walk.to(2)?;
            let count = usize::from(walk.u16("count")?);
            // A page that is new has them in order.
            if heap::is_init(record) { Some(()) } else { walk.numbers16("offsets", count) }
        }
        0x60 => heap::row_lock(walk, LOCK_FLAGS).map(|_| ()),
        _ => {
            walk.u32("topXid")?;
            walk.u32("cmin")?;
            walk.u32("cmax")?;
            walk.u32("combo")?;
            walk.locator("relation")?;
            walk.tid("tid")
        }
    }
}

/// `xl_heap_rewrite_mapping`; the mappings follow it.
fn rewrite(walk: &mut Walk<'_>) -> Option<()> {
    walk.u32("mappedXid")?;
    walk.oid("database")?;
    walk.oid("relation")?;
    walk.to(16)?;
    walk.i64("offset")?;
    walk.u32("mappingCount")?;
    walk.to(32)?;
    walk.lsn("startLsn")?;
    walk.opaque_rest("mappings")
}

pub(super) fn block(walk: &mut Walk<'_>, record: &Record<'_>, block: u8) -> Option<()> {
    let newer = walk.version >= Version::V17;
    let data = record.main_data();
    let number = |at: usize| {
        Some(usize::from(u16::from_le_bytes([*data.get(at)?, *data.get(at.checked_add(1)?)?])))
    };
    match (record.info() & KIND, block) {
        (0x10..=0x30, 0) if newer => pruned(walk, *data.get(1)?),
        (0x10, 0) => {
            let (redirected, dead) = (number(4)?, number(6)?);
            redirections(walk, redirected)?;
            walk.numbers16("dead", dead)?;
            rest(walk, "unused")
        }
        (0x20, 0) => walk.numbers16("unused", number(0)?),
        (0x30, 0) if walk.version >= Version::V16 => {
            plans(walk, number(4)?)?;
            rest(walk, "offsets")
        }
        (0x30, 0) => walk.list("tuples", number(4)?, old_freeze),
        (0x50, 0) => walk.list("tuples", number(2)?, multi_insert),
        _ => Some(()),
    }
}

/// `xl_multi_insert_tuple`, at even places.
fn multi_insert(walk: &mut Walk<'_>) -> Option<()> {
    walk.align(2)?;
    let length = walk.u16("length")?;
    heap::row(walk, length.into())
}

/// `xl_heap_freeze_tuple`, up to PostgreSQL 15.
fn old_freeze(walk: &mut Walk<'_>) -> Option<()> {
    walk.u32("xmax")?;
    walk.u16("offset")?;
    walk.u16("infomask2")?;
    walk.flags16("infomask", INFOMASK)?;
    walk.u8("flags")?;
    walk.align(4)
}

/// What each of the flags announces, in their order; the freeze plans' offsets come last.
fn pruned(walk: &mut Walk<'_>, flags: u8) -> Option<()> {
    if flags & HAS_FREEZE_PLANS != 0 {
        let count = walk.u16("planCount")?;
        walk.to(4)?;
        plans(walk, count.into())?;
    }
    if flags & HAS_REDIRECTIONS != 0 {
        let count = walk.u16("redirectedCount")?;
        redirections(walk, count.into())?;
    }
    for (flag, count, name) in
        [(HAS_DEAD_ITEMS, "deadCount", "dead"), (HAS_NOW_UNUSED_ITEMS, "unusedCount", "unused")]
    {
        if flags & flag != 0 {
            let count = walk.u16(count)?;
            walk.numbers16(name, count.into())?;
        }
    }
    if flags & HAS_FREEZE_PLANS != 0 { rest(walk, "offsets") } else { Some(()) }
}

fn redirections(walk: &mut Walk<'_>, count: usize) -> Option<()> {
    walk.list("redirected", count, |walk| {
        walk.u16("from")?;
        walk.u16("to").map(|_| ())
    })
}

/// `xlhp_freeze_plan`: how so many of the offsets behind all plans are frozen.
fn plans(walk: &mut Walk<'_>, count: usize) -> Option<()> {
    walk.list("plans", count, |walk| {
        walk.u32("xmax")?;
        walk.u16("infomask2")?;
        walk.u16("infomask")?;
        walk.u8("flags")?;
        walk.align(2)?;
        walk.u16("count").map(|_| ())
    })
}

/// All numbers that are left.
fn rest(walk: &mut Walk<'_>, name: &'static str) -> Option<()> {
    let count = walk.rest().len() / 2;
    walk.numbers16(name, count)
}
