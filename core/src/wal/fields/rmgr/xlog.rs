//! XLOG: see `pg_control.h` and `xlog_internal.h`.

use crate::wal::fields::walk::Walk;
use crate::wal::rmgr::xlog::WalLevel;
use crate::wal::{Record, Version};

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.info() {
        0x00 | 0x10 => checkpoint(walk),
        0x30 => walk.oid("nextOid").map(|_| ()),
        0x50 => walk.lsn("startLsn").map(|_| ()),
        0x60 => parameters(walk),
        0x70 => {
            const NAME: usize = 64;
            walk.time("time")?;
            walk.padded_string("name", NAME).map(|_| ())
        }
        0x80 => walk.bool("fullPageWrites").map(|_| ()),
        0x90 => {
            walk.time("time")?;
            walk.u32("timeline")?;
            walk.u32("previousTimeline")?;
            if walk.version >= Version::V17 {
                wal_level(walk)?;
            }
            walk.align(8)
        }
        0xD0 => {
            walk.lsn("overwrittenLsn")?;
            walk.time("time").map(|_| ())
        }
        0xE0 => wal_level(walk),
        _ => Some(()),
    }
}

fn wal_level(walk: &mut Walk<'_>) -> Option<()> {
    let name = |number| Some(WalLevel(number).name()).filter(|name| *name != "?");
    walk.named32("walLevel", name).map(|_| ())
}

/// `CheckPoint`
fn checkpoint(walk: &mut Walk<'_>) -> Option<()> {
    walk.lsn("redo")?;
    walk.u32("timeline")?;
    walk.u32("previousTimeline")?;
    walk.bool("fullPageWrites")?;
    if walk.version >= Version::V17 {
        walk.to(20)?;
        wal_level(walk)?;
    }
    walk.to(24)?;
    walk.u32("nextXid")?;
    walk.u32("nextXidEpoch")?;
    walk.oid("nextOid")?;
    walk.u32("nextMulti")?;
    walk.u32("nextMultiOffset")?;
    walk.u32("oldestXid")?;
    walk.oid("oldestXidDatabase")?;
    walk.u32("oldestMulti")?;
    walk.oid("oldestMultiDatabase")?;
    walk.to(64)?;
    walk.i64("time")?;
    walk.u32("oldestCommitTsXid")?;
    walk.u32("newestCommitTsXid")?;
    walk.u32("oldestActiveXid")?;
    walk.align(8)
}

/// `xl_parameter_change`
fn parameters(walk: &mut Walk<'_>) -> Option<()> {
    walk.i32("maxConnections")?;
    walk.i32("maxWorkerProcesses")?;
    walk.i32("maxWalSenders")?;
    walk.i32("maxPreparedXacts")?;
    walk.i32("maxLocksPerXact")?;
    wal_level(walk)?;
    walk.bool("walLogHints")?;
    walk.bool("trackCommitTimestamp")?;
    walk.align(4)
}
