//! LogicalMessage: see `message.h`.

use crate::wal::Record;
use crate::wal::fields::walk::Walk;

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    if record.info() != 0x00 {
        return Some(());
    }
    walk.oid("database")?;
    walk.bool("isTransactional")?;
    walk.to(8)?;
    let prefix = usize::try_from(walk.u64("prefixLength")?).ok()?;
    let content = usize::try_from(walk.u64("contentLength")?).ok()?;
    // The prefix has a zero byte at its end.
    walk.padded_string("prefix", prefix)?;
    walk.text("content", content).map(|_| ())
}
