//! CLOG: see `clog.h`.

use super::slru;
use crate::wal::Record;
use crate::wal::fields::walk::Walk;

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    if !matches!(record.info(), 0x00 | 0x10) {
        return Some(());
    }
    slru::page(walk)?;
    if record.info() == 0x10 {
        walk.u32("oldestXid")?;
        walk.oid("oldestDatabase")?;
    }
    Some(())
}
