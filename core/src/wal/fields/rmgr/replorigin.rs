//! ReplicationOrigin: see `origin.h`.

use crate::wal::Record;
use crate::wal::fields::walk::Walk;

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.info() {
        0x00 => {
            walk.lsn("remoteLsn")?;
            walk.u16("origin")?;
            walk.bool("force")?;
            walk.align(8)
        }
        0x10 => walk.u16("origin").map(|_| ()),
        _ => Some(()),
    }
}
