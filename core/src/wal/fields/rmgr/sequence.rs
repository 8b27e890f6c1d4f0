//! Sequence: see `sequence.h`.

use super::heap::INFOMASK;
use crate::wal::Record;
use crate::wal::fields::walk::Walk;

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    if record.info() != 0x00 {
        return Some(());
    }
    walk.locator("relation")?;
    walk.group("tuple", |walk| {
        let begin = walk.offset();
        walk.u32("xmin")?;
        walk.u32("xmax")?;
        walk.u32("command")?;
        walk.tid("tid")?;
        walk.u16("infomask2")?;
        walk.flags16("infomask", INFOMASK)?;
        let header = walk.u8("hoff")?;
        walk.to(begin.checked_add(header.into())?)?;
        walk.i64("lastValue")?;
        walk.i64("logCount")?;
        walk.bool("isCalled").map(|_| ())
    })
}
