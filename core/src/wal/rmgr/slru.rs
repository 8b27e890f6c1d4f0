//! Page numbers of the small caches (`slru.c`), which several resource managers have.

use crate::wal::Version;
use crate::wal::cursor::Cursor;

/// The number of a page: eight bytes since PostgreSQL 17, four before.
pub(super) fn page_number(fields: &mut Cursor<'_>, version: Version) -> Option<i64> {
    if version >= Version::V17 { fields.i64() } else { fields.i32().map(i64::from) }
}
