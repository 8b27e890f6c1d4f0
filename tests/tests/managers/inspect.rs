//! The server's own words about its log.

use walscope_core::Lsn;
use walscope_tests::Server;

use crate::Said;

/// The records between two positions.
pub(crate) fn records(server: &Server, start: Lsn, end: Lsn) -> Vec<Said> {
    let rows = server.sql(&format!(
        "SELECT start_lsn, resource_manager, record_type, description, block_ref
         FROM pg_get_wal_records_info('{start}', '{end}')"
    ));
    let said = rows.into_iter().map(|row| {
        // Since version 16 nothing is NULL.
        let mut columns = row.into_iter().map(Option::unwrap_or_default);
        let mut column = || columns.next().expect("a column");
        Said {
            lsn: column(),
            manager: column(),
            kind: column(),
            text: column(),
            blocks: column().trim().to_owned(),
        }
    });
    said.collect()
}
