//! Generic: see `generic_xlog.c`.

use crate::wal::fields::walk::Walk;

/// Parts of a page that are overwritten, up to the end.
pub(super) fn regions(walk: &mut Walk<'_>) -> Option<()> {
    walk.nested("regions", crate::dump::Content::List, |walk| {
        while !walk.rest().is_empty() {
            walk.group("", |walk| {
                walk.u16("offset")?;
                let length = walk.u16("length")?;
                walk.opaque("bytes", length.into())
            })?;
        }
        Some(())
    })
}
