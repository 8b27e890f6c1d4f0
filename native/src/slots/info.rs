//! What `pg_replication_slots` says of slots, with what it means for the server's disk.

use walscope_core::{Lsn, Timestamp, Xid};

use crate::client::Client;
use crate::error::Result;
use crate::result_row::ResultRow;
use crate::sql::quote_literal;

/// A row of `pg_replication_slots`. What the server's version does not know is `None` or false.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotInfo {
    /// Its name.
    pub name: String,
    /// The output plugin of a logical slot.
    pub plugin: Option<String>,
    /// `logical` or `physical`.
    pub slot_type: String,
    /// The database of a logical slot.
    pub database: Option<String>,
    /// Whether it ends with the connection that made it.
    pub temporary: bool,
    /// Whether somebody streams from it now.
    pub active: bool,
    /// Who does.
    pub active_pid: Option<i32>,
    /// The oldest transaction whose rows it keeps from being vacuumed away, in all tables.
    pub xmin: Option<Xid>,
    /// The same in the catalogs only.
    pub catalog_xmin: Option<Xid>,
    /// The oldest log that it holds back.
    pub restart_lsn: Option<Lsn>,
    /// Up to where its consumer has confirmed changes.
    pub confirmed_flush_lsn: Option<Lsn>,
    /// How many bytes of log the consumer is behind the server: from `confirmed_flush_lsn`, of a
    /// physical slot from `restart_lsn`, to the end of the log that is flushed, or on a standby
    /// received.
    pub lag_bytes: Option<u64>,
    /// How many bytes of log are kept for it: from `restart_lsn` to the same end.
    pub retained_bytes: Option<u64>,
    /// `reserved`, `extended`, `unreserved` or `lost`.
    pub wal_status: Option<String>,
    /// How many more bytes of log can be written before it may be lost; `None`: any number.
    pub safe_wal_size: Option<i64>,
    /// Whether it decodes prepared transactions.
    pub two_phase: bool,
    /// From where on it decodes prepared transactions when they are prepared (18 and later).
    pub two_phase_at: Option<Lsn>,
    /// Since when nobody streams from it (17 and later).
    pub inactive_since: Option<Timestamp>,
    /// Whether it was invalidated, from 17 on by a conflict with recovery only (16 and later).
    pub conflicting: bool,
    /// Why it can be used no more (17 and later).
    pub invalidation_reason: Option<String>,
    /// Whether it is copied to standby servers (17 and later).
    pub failover: bool,
    /// Whether it is such a copy (17 and later).
    pub synced: bool,
}

/// The columns that all servers have. On a standby, what was received is kept, and what came from
/// an archive counts when it is replayed.
const COLUMNS: &str = "slot_name, plugin, slot_type, database, temporary, active, active_pid, xmin, \
     catalog_xmin, restart_lsn, confirmed_flush_lsn, wal_status, safe_wal_size, two_phase, \
     CASE WHEN pg_catalog.pg_is_in_recovery() \
     THEN greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()) \
     ELSE pg_catalog.pg_current_wal_flush_lsn() END AS log_end";
/// The columns that later ones have beside them.
const LATER: [(u32, &str); 3] = [
    (16, "conflicting"),
    (
        17,
        "failover, synced, invalidation_reason, \
         (EXTRACT(epoch FROM inactive_since) * 1000000)::pg_catalog.int8 AS inactive_since",
    ),
    (18, "two_phase_at"),
];

impl SlotInfo {
    /// Why the slot can be used no more, in words; `None`: it can.
    pub fn why_lost(&self) -> Option<String> {
        match (&self.invalidation_reason, self.wal_status.as_deref()) {
            (Some(reason), _) => Some(format!("it was invalidated ({reason})")),
            // PostgreSQL 16 calls both so, but has a position left only after a conflict.
            _ if self.conflicting && self.restart_lsn.is_some() => {
                Some("it conflicts with recovery".to_string())
            }
            (None, Some("lost")) => {
                Some("the log that it needs was removed (max_slot_wal_keep_size)".to_string())
            }
            _ => None,
        }
    }
}

impl Client {
    /// All slots of the server, by name.
    pub async fn slots(&mut self) -> Result<Vec<SlotInfo>> {
        let sql = format!("{} ORDER BY slot_name", select(self.server_major()));
        let result = self.one_result(&sql).await?;
        (0..result.rows.len()).map(|row| slot_info(&ResultRow { result: &result, row })).collect()
    }

    /// What the server knows about a slot; `None`: there is none of this name.
    pub async fn slot_info(&mut self, name: &str) -> Result<Option<SlotInfo>> {
        // As text, or the server would cut a long name and find another.
        let sql = format!(
            "{} WHERE slot_name::pg_catalog.text = {}",
            select(self.server_major()),
            quote_literal(name)
        );
        let result = self.one_result(&sql).await?;
        if result.rows.is_empty() {
            return Ok(None);
        }
        slot_info(&ResultRow { result: &result, row: 0 }).map(Some)
    }
}

fn select(major: u32) -> String {
    let mut columns = COLUMNS.to_string();
    for (_, later) in LATER.iter().filter(|(since, _)| major >= *since) {
        columns.push_str(", ");
        columns.push_str(later);
    }
    format!("SELECT {columns} FROM pg_catalog.pg_replication_slots")
}

fn slot_info(row: &ResultRow<'_>) -> Result<SlotInfo> {
    let log_end: Option<Lsn> = row.optional("log_end")?;
    let behind = |lsn: Option<Lsn>| Some(log_end?.0.saturating_sub(lsn?.0));
    let restart_lsn = row.optional("restart_lsn")?;
    let confirmed_flush_lsn: Option<Lsn> = row.optional("confirmed_flush_lsn")?;
    Ok(SlotInfo {
        name: row.parsed("slot_name")?,
        plugin: row.text("plugin"),
        slot_type: row.parsed("slot_type")?,
        database: row.text("database"),
        temporary: row.flag("temporary"),
        active: row.flag("active"),
        active_pid: row.optional("active_pid")?,
        xmin: row.optional("xmin")?.map(Xid),
        catalog_xmin: row.optional("catalog_xmin")?.map(Xid),
        restart_lsn,
        confirmed_flush_lsn,
        lag_bytes: behind(confirmed_flush_lsn.or(restart_lsn)),
        retained_bytes: behind(restart_lsn),
        wal_status: row.text("wal_status"),
        safe_wal_size: row.optional("safe_wal_size")?,
        two_phase: row.flag("two_phase"),
        two_phase_at: row.optional("two_phase_at")?,
        inactive_since: row.optional("inactive_since")?.map(Timestamp::from_unix_micros),
        conflicting: row.flag("conflicting"),
        invalidation_reason: row.text("invalidation_reason"),
        failover: row.flag("failover"),
        synced: row.flag("synced"),
    })
}
