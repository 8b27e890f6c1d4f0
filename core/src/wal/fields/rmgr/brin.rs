//! BRIN: see `brin_xlog.h`.

use crate::wal::Record;
use crate::wal::fields::walk::Walk;

/// The bits of the info that are the kind of record.
const KIND: u8 = 0x70;

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.info() & KIND {
        0x00 => {
            walk.u32("pagesPerRange")?;
            walk.u16("version")?;
        }
        0x10 => insert(walk)?,
        0x20 => {
            walk.u16("oldOffset")?;
            walk.to(4)?;
            insert(walk)?;
        }
        0x30 => _ = walk.u16("offset")?,
        0x40 => _ = walk.u32("targetBlock")?,
        0x50 => {
            walk.u32("pagesPerRange")?;
            walk.u32("heapBlock")?;
            walk.u16("offset")?;
        }
        _ => {}
    }
    Some(())
}

/// `xl_brin_insert`
fn insert(walk: &mut Walk<'_>) -> Option<()> {
    walk.u32("heapBlock")?;
    walk.u32("pagesPerRange")?;
    walk.u16("offset").map(|_| ())
}
