//! RelMap: see `relmapper.h`; the map is the file `pg_filenode.map` (`RelMapFile`).

use crate::wal::Record;
use crate::wal::fields::walk::Walk;

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    if record.info() != 0x00 {
        return Some(());
    }
    walk.oid("database")?;
    walk.oid("tablespace")?;
    walk.i32("size")?;
    walk.group("map", |walk| {
        walk.i32("magic")?;
        let count = walk.count("mappingCount")?;
        walk.list("mappings", count, |walk| {
            walk.oid("relation")?;
            walk.u32("file").map(|_| ())
        })?;
        // Room for more mappings, and the file's own CRC at its end.
        walk.opaque_rest("end")
    })
}
