//! Standby: see `standbydefs.h`.

use super::invalidation;
use crate::wal::Record;
use crate::wal::fields::walk::Walk;

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.info() {
        0x00 => {
            let count = walk.count("lockCount")?;
            walk.list("locks", count, |walk| {
                walk.u32("xid")?;
                walk.oid("database")?;
                walk.oid("relation").map(|_| ())
            })
        }
        0x10 => {
            let (count, subxids) = (walk.count("xidCount")?, walk.count("subxidCount")?);
            walk.bool("subxidOverflow")?;
            walk.to(12)?;
            walk.u32("nextXid")?;
            walk.u32("oldestRunningXid")?;
            walk.u32("latestCompletedXid")?;
            walk.numbers32("xids", count)?;
            walk.numbers32("subxids", subxids)
        }
        0x20 => {
            walk.oid("database")?;
            walk.oid("tablespace")?;
            walk.bool("relcacheInitFileInvalid")?;
            walk.to(12)?;
            invalidation::messages(walk)
        }
        _ => Some(()),
    }
}
