//! Numbers of pages of files that have grown too long for 32 bits in PostgreSQL 17.

use crate::wal::Version;
use crate::wal::fields::walk::Walk;

pub(super) fn page(walk: &mut Walk<'_>) -> Option<()> {
    if walk.version >= Version::V17 {
        walk.i64("page").map(|_| ())
    } else {
        walk.i32("page").map(|_| ())
    }
}
