//! What a server says of itself before a stream starts: system, timelines, timeout.

use std::time::Duration;

use walscope_core::{Lsn, TimelineId};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::result_row::ResultRow;

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

/// A line of a timeline's history file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// An earlier timeline.
    pub timeline: TimelineId,
    /// Where it was left.
    pub switch: Lsn,
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
        let content = ResultRow { result: &result, row: 0 }.parsed::<String>("content")?;
        history_entries(&content).ok_or_else(|| {
            Error::protocol(format!("the history file of timeline {timeline} is malformed"))
        })
    }

    /// `IDENTIFY_SYSTEM`. Needs a connection for replication.
    pub async fn identify_system(&mut self) -> Result<System> {
        let result = self.one_result("IDENTIFY_SYSTEM").await?;
        let row = ResultRow { result: &result, row: 0 };
        Ok(System {
            system_id: row.parsed("systemid")?,
            timeline: TimelineId(row.parsed("timeline")?),
            flushed: row.parsed("xlogpos")?,
            dbname: row.text("dbname"),
        })
    }

    /// After which silence of its client the server ends this connection's replication; `None`:
    /// never.
    pub async fn wal_sender_timeout(&mut self) -> Result<Option<Duration>> {
        let result = self
            .one_result(
                "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'",
            )
            .await?;
        let milliseconds: u64 = ResultRow { result: &result, row: 0 }.parsed("setting")?;
        Ok((milliseconds > 0).then(|| Duration::from_millis(milliseconds)))
    }
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
