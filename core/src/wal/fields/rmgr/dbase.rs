//! Database: see `dbcommands_xlog.h`.

use crate::wal::fields::walk::Walk;
use crate::wal::{Record, Version};

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    let newer = walk.version >= Version::V15;
    match record.info() {
        0x00 => {
            walk.oid("database")?;
            walk.oid("tablespace")?;
            walk.oid("sourceDatabase")?;
            walk.oid("sourceTablespace").map(|_| ())
        }
        0x10 if newer => {
            walk.oid("database")?;
            walk.oid("tablespace").map(|_| ())
        }
        0x10 => dropped(walk),
        0x20 if newer => dropped(walk),
        _ => Some(()),
    }
}

fn dropped(walk: &mut Walk<'_>) -> Option<()> {
    walk.oid("database")?;
    let count = walk.count("tablespaceCount")?;
    walk.numbers32("tablespaces", count)
}
