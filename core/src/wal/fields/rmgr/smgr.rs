//! Storage: see `storage_xlog.h`.

use crate::wal::fields::walk::Walk;
use crate::wal::{Fork, Record};

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.info() {
        0x10 => {
            walk.locator("relation")?;
            let name = |number| Fork(u8::try_from(number).unwrap_or(u8::MAX)).name();
            walk.named32("fork", name).map(|_| ())
        }
        0x20 => {
            walk.u32("blocks")?;
            walk.locator("relation")?;
            walk.i32("flags").map(|_| ())
        }
        _ => Some(()),
    }
}
