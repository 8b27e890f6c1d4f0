//! MultiXact: see `multixact.h`.

use super::slru;
use crate::wal::Record;
use crate::wal::fields::walk::Walk;
use crate::wal::rmgr::multixact::MultiXactStatus;

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.info() {
        0x00 | 0x10 => slru::page(walk),
        0x20 => {
            walk.u32("multi")?;
            walk.u32("offset")?;
            let count = walk.count("memberCount")?;
            walk.list("members", count, |walk| {
                walk.u32("xid")?;
                walk.named32("status", status).map(|_| ())
            })
        }
        0x30 => {
            walk.oid("oldestDatabase")?;
            walk.u32("startOffset")?;
            walk.u32("endOffset")?;
            walk.u32("startMember")?;
            walk.u32("endMember").map(|_| ())
        }
        _ => Some(()),
    }
}

fn status(number: i32) -> Option<&'static str> {
    Some(MultiXactStatus(number.cast_unsigned()).name()).filter(|name| *name != "unk")
}
