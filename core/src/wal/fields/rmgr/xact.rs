//! Transaction: see `xact.h`.

use super::invalidation;
use crate::wal::fields::walk::Walk;
use crate::wal::rmgr::xact::xinfo;
use crate::wal::{Record, Version};

/// The bits of the info that are the kind of record.
const KIND: u8 = 0x70;

/// The bit of the info that says that `xinfo` is there.
const HAS_INFO: u8 = 0x80;

/// Bits of `xinfo`.
const XINFO: &[(u32, &str)] = &[
    (xinfo::HAS_DBINFO, "HAS_DBINFO"),
    (xinfo::HAS_SUBXACTS, "HAS_SUBXACTS"),
    (xinfo::HAS_RELFILELOCATORS, "HAS_RELFILELOCATORS"),
    (xinfo::HAS_INVALS, "HAS_INVALS"),
    (xinfo::HAS_TWOPHASE, "HAS_TWOPHASE"),
    (xinfo::HAS_ORIGIN, "HAS_ORIGIN"),
    (xinfo::HAS_AE_LOCKS, "HAS_AE_LOCKS"),
    (xinfo::HAS_GID, "HAS_GID"),
    (xinfo::HAS_DROPPED_STATS, "HAS_DROPPED_STATS"),
    (xinfo::APPLY_FEEDBACK, "APPLY_FEEDBACK"),
    (xinfo::UPDATE_RELCACHE_FILE, "UPDATE_RELCACHE_FILE"),
    (xinfo::FORCE_SYNC_COMMIT, "FORCE_SYNC_COMMIT"),
];

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    let kind = record.info() & KIND;
    match kind {
        0x00 | 0x20 | 0x30 | 0x40 => completion(walk, record, matches!(kind, 0x00 | 0x30)),
        0x10 => prepare(walk),
        0x50 => {
            walk.u32("toplevelXid")?;
            let count = walk.count("subxidCount")?;
            walk.numbers32("subxids", count)
        }
        0x60 => invalidation::messages(walk),
        _ => Some(()),
    }
}

/// `xl_xact_commit` or `xl_xact_abort`, and what `xinfo` announces, at any place.
fn completion(walk: &mut Walk<'_>, record: &Record<'_>, is_commit: bool) -> Option<()> {
    walk.time("time")?;
    let mut info = 0;
    if record.info() & HAS_INFO != 0 {
        info = walk.flags32("xinfo", XINFO)?;
    }
    let has = |bit| info & bit != 0;
    if has(xinfo::HAS_DBINFO) {
        walk.oid("database")?;
        walk.oid("tablespace")?;
    }
    if has(xinfo::HAS_SUBXACTS) {
        let count = walk.count("subxidCount")?;
        walk.numbers32("subxids", count)?;
    }
    if has(xinfo::HAS_RELFILELOCATORS) {
        let count = walk.count("relationCount")?;
        relations(walk, "relations", count)?;
    }
    if has(xinfo::HAS_DROPPED_STATS) {
        let count = walk.count("droppedStatCount")?;
        stats(walk, "droppedStats", count)?;
    }
    if is_commit && has(xinfo::HAS_INVALS) {
        invalidation::messages(walk)?;
    }
    if has(xinfo::HAS_TWOPHASE) {
        walk.u32("preparedXid")?;
        if has(xinfo::HAS_GID) {
            walk.string("gid")?;
        }
    }
    if has(xinfo::HAS_ORIGIN) {
        origin(walk)?;
    }
    Some(())
}

fn relations(walk: &mut Walk<'_>, name: &'static str, count: usize) -> Option<()> {
    walk.list(name, count, |walk| {
        walk.oid("tablespace")?;
        walk.oid("database")?;
        walk.oid("relation").map(|_| ())
    })
}

/// An object has 64 bits since PostgreSQL 18, in two halves.
fn stats(walk: &mut Walk<'_>, name: &'static str, count: usize) -> Option<()> {
    walk.list(name, count, |walk| {
        walk.i32("kind")?;
        walk.oid("database")?;
        if walk.version >= Version::V18 {
            walk.u64("object").map(|_| ())
        } else {
            walk.oid("object").map(|_| ())
        }
    })
}

fn origin(walk: &mut Walk<'_>) -> Option<()> {
    walk.lsn("originLsn")?;
    walk.time("originTime").map(|_| ())
}

/// `xl_xact_prepare`, which the file of a prepared transaction's state begins with, and that file.
/// Each of its parts has a place that is a multiple of 8.
fn prepare(walk: &mut Walk<'_>) -> Option<()> {
    const ALIGNMENT: usize = 8;
    let has_stats = walk.version >= Version::V15;
    walk.u32("magic")?;
    walk.u32("totalLength")?;
    walk.u32("xid")?;
    walk.oid("database")?;
    walk.time("time")?;
    walk.oid("owner")?;
    let subxids = walk.count("subxidCount")?;
    let (commit, abort) = (walk.count("commitRelationCount")?, walk.count("abortRelationCount")?);
    let (mut commit_stats, mut abort_stats) = (0, 0);
    if has_stats {
        commit_stats = walk.count("commitStatCount")?;
        abort_stats = walk.count("abortStatCount")?;
    }
    let messages = walk.count("invalidationCount")?;
    walk.bool("relcacheInitFileInvalid")?;
    walk.align(2)?;
    let gid = usize::from(walk.u16("gidLength")?);
    walk.align(ALIGNMENT)?;
    origin(walk)?;
    walk.padded_string("gid", gid)?;
    walk.align(ALIGNMENT)?;
    if subxids > 0 {
        walk.numbers32("subxids", subxids)?;
        walk.align(ALIGNMENT)?;
    }
    for (name, count) in [("commitRelations", commit), ("abortRelations", abort)] {
        if count > 0 {
            relations(walk, name, count)?;
            walk.align(ALIGNMENT)?;
        }
    }
    for (name, count) in [("commitStats", commit_stats), ("abortStats", abort_stats)] {
        if count > 0 {
            stats(walk, name, count)?;
            walk.align(ALIGNMENT)?;
        }
    }
    if messages > 0 {
        invalidation::list(walk, messages)?;
        walk.align(ALIGNMENT)?;
    }
    // Locks and the like, which each resource of the server has its own form for.
    walk.opaque_rest("state")
}
