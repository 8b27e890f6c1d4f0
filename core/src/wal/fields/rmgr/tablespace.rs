//! Tablespace: see `tablespace.h`.

use crate::wal::Record;
use crate::wal::fields::walk::Walk;

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.info() {
        0x00 => {
            walk.oid("tablespace")?;
            walk.string("path").map(|_| ())
        }
        0x10 => walk.oid("tablespace").map(|_| ()),
        _ => Some(()),
    }
}
