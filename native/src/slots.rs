//! What a stream needs to know and have before it starts: system, slots, publications, timeout.

use std::str::FromStr;
use std::time::Duration;

use walscope_core::{Lsn, TimelineId};

use crate::client::{Client, QueryResult};
use crate::error::{Error, Result};
use crate::sql::{create_slot_sql, drop_slot_sql, quote_literal};

/// The answer to `IDENTIFY_SYSTEM`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct System {
    /// What identifies the cluster and all its copies.
    pub system_id: u64,
    /// The timeline that the server writes.
    pub timeline: TimelineId,
    /// How far the server has flushed its log.
    pub flushed: Lsn,
    /// The connection's database.
    pub dbname: Option<String>,
}

/// A logical slot that was just created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedSlot {
    /// Its name.
    pub name: String,
    /// From where on it has every change.
    pub consistent_point: Lsn,
    /// Its output plugin.
    pub plugin: String,
}

/// A row of `pg_replication_slots`. What the server's version does not know is `None` or false.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The oldest log that it holds back.
    pub restart_lsn: Option<Lsn>,
    /// Up to where its consumer has confirmed changes.
    pub confirmed_flush_lsn: Option<Lsn>,
    /// `reserved`, `extended`, `unreserved` or `lost`.
    pub wal_status: Option<String>,
    /// How many more bytes of log can be written before it may be lost; `None`: any number.
    pub safe_wal_size: Option<i64>,
    /// Whether it decodes prepared transactions.
    pub two_phase: bool,
    /// Whether it was invalidated by a conflict with recovery (16 and later).
    pub conflicting: bool,
    /// Whether it is copied to standby servers (17 and later).
    pub failover: bool,
    /// Whether it is such a copy (17 and later).
    pub synced: bool,
    /// Why it can be used no more (17 and later).
    pub invalidation_reason: Option<String>,
}

/// A line of a timeline's history file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// An earlier timeline.
    pub timeline: TimelineId,
    /// Where it was left.
    pub switch: Lsn,
}

impl SlotInfo {
    /// Why the slot can be used no more, in words; `None`: it can.
    pub fn why_lost(&self) -> Option<String> {
        match (&self.invalidation_reason, self.wal_status.as_deref()) {
            (Some(reason), _) => Some(format!("it was invalidated ({reason})")),
            (None, Some("lost")) => {
                Some("the log that it needs was removed (max_slot_wal_keep_size)".to_string())
            }
            _ if self.conflicting => Some("it conflicts with recovery".to_string()),
            _ => None,
        }
    }
}

impl Client {
    /// `TIMELINE_HISTORY`: the earlier timelines that a timeline comes from, the oldest first. Needs
    /// a connection for replication.
    ///
    /// # Errors
    ///
    /// A timeline without a history file, such as the first; a file that is none.
    pub async fn timeline_history(&mut self, timeline: TimelineId) -> Result<Vec<TimelineEntry>> {
        let result = self.one_result(&format!("TIMELINE_HISTORY {}", timeline.0)).await?;
        let content = Row { result: &result, row: 0 }.parsed::<String>("content")?;
        history_entries(&content).ok_or_else(|| {
            Error::protocol(format!("the history file of timeline {timeline} is malformed"))
        })
    }

    /// `IDENTIFY_SYSTEM`. Needs a connection for replication.
    pub async fn identify_system(&mut self) -> Result<System> {
        let result = self.one_result("IDENTIFY_SYSTEM").await?;
        let row = Row { result: &result, row: 0 };
        Ok(System {
            system_id: row.parsed("systemid")?,
            timeline: TimelineId(row.parsed("timeline")?),
            flushed: row.parsed("xlogpos")?,
            dbname: row.text("dbname"),
        })
    }

    /// Creates a logical slot that exports no snapshot. Needs a connection for replication.
    pub async fn create_logical_slot(
        &mut self,
        name: &str,
        plugin: &str,
        temporary: bool,
    ) -> Result<CreatedSlot> {
        let sql = create_slot_sql(self.server_major(), name, plugin, temporary);
        let result = self.one_result(&sql).await?;
        let row = Row { result: &result, row: 0 };
        Ok(CreatedSlot {
            name: row.parsed("slot_name")?,
            consistent_point: row.parsed("consistent_point")?,
            plugin: row.parsed("output_plugin")?,
        })
    }

    /// Drops a slot, with `wait` as soon as nobody uses it. Needs a connection for replication.
    pub async fn drop_slot(&mut self, name: &str, wait: bool) -> Result<()> {
        self.simple_query(&drop_slot_sql(name, wait)).await.map(|_| ())
    }

    /// What the server knows about a slot; `None`: there is none of this name.
    pub async fn slot_info(&mut self, name: &str) -> Result<Option<SlotInfo>> {
        let result = self.one_result(&slot_info_sql(self.server_major(), name)).await?;
        if result.rows.is_empty() {
            return Ok(None);
        }
        slot_info(&Row { result: &result, row: 0 }).map(Some)
    }

    /// Those of the names that no publication of this database has.
    pub async fn publications_missing<S: AsRef<str>>(
        &mut self,
        names: &[S],
    ) -> Result<Vec<String>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let quoted: Vec<_> = names.iter().map(|name| quote_literal(name.as_ref())).collect();
        // As text, or the server would cut long names and find others.
        let sql = format!(
            "SELECT pubname FROM pg_catalog.pg_publication WHERE pubname::pg_catalog.text IN ({})",
            quoted.join(", ")
        );
        let found = self.one_result(&sql).await?;
        let exists = |name: &&S| {
            let name = Some(name.as_ref());
            found.rows.iter().any(|row| row.first().is_some_and(|found| found.as_deref() == name))
        };
        let missing = names.iter().filter(|name| !exists(name));
        Ok(missing.map(|name| name.as_ref().to_string()).collect())
    }

    /// After which silence of its client the server ends this connection's replication; `None`:
    /// never.
    pub async fn wal_sender_timeout(&mut self) -> Result<Option<Duration>> {
        let result = self
            .one_result(
                "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'",
            )
            .await?;
        let milliseconds: u64 = Row { result: &result, row: 0 }.parsed("setting")?;
        Ok((milliseconds > 0).then(|| Duration::from_millis(milliseconds)))
    }

    /// Runs one statement.
    async fn one_result(&mut self, sql: &str) -> Result<QueryResult> {
        let result = self.simple_query(sql).await?.into_iter().next();
        result.ok_or_else(|| Error::protocol("a query has no result"))
    }
}

/// One row of a result, by column name.
struct Row<'a> {
    result: &'a QueryResult,
    row: usize,
}

impl Row<'_> {
    fn text(&self, column: &str) -> Option<String> {
        self.result.get(self.row, column).map(str::to_string)
    }

    fn parsed<T: FromStr>(&self, column: &str) -> Result<T> {
        self.optional(column)?
            .ok_or_else(|| Error::protocol(format!("the server sent no value of {column}")))
    }

    /// `None` for NULL and for a column that the server's version does not have.
    fn optional<T: FromStr>(&self, column: &str) -> Result<Option<T>> {
        let Some(text) = self.result.get(self.row, column) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            Error::protocol(format!("the server sent \"{text}\" as the value of {column}"))
        })
    }

    fn flag(&self, column: &str) -> bool {
        self.result.get(self.row, column) == Some("t")
    }
}

fn slot_info_sql(major: u32, name: &str) -> String {
    let mut columns = "slot_name, plugin, slot_type, database, temporary, active, active_pid, \
         restart_lsn, confirmed_flush_lsn, wal_status, safe_wal_size, two_phase"
        .to_string();
    if major >= 16 {
        columns.push_str(", conflicting");
    }
    if major >= 17 {
        columns.push_str(", failover, synced, invalidation_reason");
    }
    format!(
        "SELECT {columns} FROM pg_catalog.pg_replication_slots \
         WHERE slot_name::pg_catalog.text = {}",
        quote_literal(name)
    )
}

fn slot_info(row: &Row<'_>) -> Result<SlotInfo> {
    Ok(SlotInfo {
        name: row.parsed("slot_name")?,
        plugin: row.text("plugin"),
        slot_type: row.parsed("slot_type")?,
        database: row.text("database"),
        temporary: row.flag("temporary"),
        active: row.flag("active"),
        active_pid: row.optional("active_pid")?,
        restart_lsn: row.optional("restart_lsn")?,
        confirmed_flush_lsn: row.optional("confirmed_flush_lsn")?,
        wal_status: row.text("wal_status"),
        safe_wal_size: row.optional("safe_wal_size")?,
        two_phase: row.flag("two_phase"),
        conflicting: row.flag("conflicting"),
        failover: row.flag("failover"),
        synced: row.flag("synced"),
        invalidation_reason: row.text("invalidation_reason"),
    })
}

/// The lines of a history file: timeline, switch point and a remark, parted by tabs
/// (`src/backend/access/transam/timeline.c`).
fn history_entries(content: &str) -> Option<Vec<TimelineEntry>> {
    let lines = content.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut fields = line.split_whitespace();
            let timeline = fields.next()?.parse().ok()?;
            Some(TimelineEntry {
                timeline: TimelineId(timeline),
                switch: fields.next()?.parse().ok()?,
            })
        })
        .collect()
}
