//! Invalidation messages: see `sinval.h`.

use crate::wal::fields::walk::Walk;

/// How many messages, and they.
pub(super) fn messages(walk: &mut Walk<'_>) -> Option<()> {
    let count = walk.count("invalidationCount")?;
    list(walk, count)
}

/// So many messages: `SharedInvalidationMessage`.
pub(super) fn list(walk: &mut Walk<'_>, count: usize) -> Option<()> {
    walk.list("invalidations", count, |walk| {
        let begin = walk.offset();
        match walk.i8("id")? {
            // The others have nothing here.
            -3 => smgr(walk)?,
            id => {
                walk.to(begin.checked_add(4)?)?;
                walk.oid("database")?;
                match id {
                    0.. => _ = walk.u32("hash")?,
                    -1 => _ = walk.oid("catalog")?,
                    -4 => {}
                    _ => _ = walk.oid("relation")?,
                }
            }
        }
        walk.to(begin.checked_add(16)?)
    })
}

/// `SharedInvalSmgrMsg`: the rest of a backend's number lies before the relation.
fn smgr(walk: &mut Walk<'_>) -> Option<()> {
    walk.i8("backendHigh")?;
    walk.u16("backendLow")?;
    walk.locator("relation").map(|_| ())
}
