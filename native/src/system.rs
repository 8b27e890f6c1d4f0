//! What a server says of itself before a stream starts: system, timelines, timeout.

use std::time::Duration;

use walscope_core::wal::SegmentSize;
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

/// A timeline's history file: which timelines it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryFile {
    /// The timeline.
    pub timeline: TimelineId,
    /// The file's name, such as `00000002.history`.
    pub name: String,
    /// What is in it.
    pub content: String,
}

impl Client {
    /// `TIMELINE_HISTORY`: the earlier timelines that a timeline comes from, the oldest first. Needs
    /// a connection for replication.
    ///
    /// # Errors
    ///
    /// A timeline without a history file, such as the first; a file that is none.
    pub async fn timeline_history(&mut self, timeline: TimelineId) -> Result<Vec<TimelineEntry>> {
        let content = self.history_file(timeline).await?.content;
        history_entries(&content).ok_or_else(|| {
            Error::protocol(format!("the history file of timeline {timeline} is malformed"))
        })
    }

    /// `TIMELINE_HISTORY`: the file as the server has it. Needs a connection for replication.
    ///
    /// # Errors
    ///
    /// A timeline without a history file, such as the first.
    pub async fn history_file(&mut self, timeline: TimelineId) -> Result<HistoryFile> {
        let result = self.one_result(&format!("TIMELINE_HISTORY {}", timeline.0)).await?;
        let row = ResultRow { result: &result, row: 0 };
        Ok(HistoryFile { timeline, name: row.parsed("filename")?, content: row.parsed("content")? })
    }

    /// The size of the segments that the server keeps its log in.
    pub async fn wal_segment_size(&mut self) -> Result<SegmentSize> {
        let shown = self.show("wal_segment_size").await?;
        bytes(&shown)
            .and_then(SegmentSize::new)
            .ok_or_else(|| Error::protocol(format!("the server has segments of \"{shown}\"")))
    }

    /// The permissions of the server's files: `0o600`, or `0o640` where a group may read them.
    pub async fn data_file_mode(&mut self) -> Result<u32> {
        let shown = self.show("data_directory_mode").await?;
        let mode = u32::from_str_radix(&shown, 8).map_err(|_| {
            Error::protocol(format!("the server has a data_directory_mode of \"{shown}\""))
        })?;
        Ok(0o600 | mode & 0o040)
    }

    /// A setting as the server shows it, with its unit.
    async fn show(&mut self, setting: &str) -> Result<String> {
        let result = self.one_result(&format!("SHOW {setting}")).await?;
        ResultRow { result: &result, row: 0 }.parsed(setting)
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
        let shown = self.show("wal_sender_timeout").await?;
        let timeout = duration(&shown).ok_or_else(|| {
            Error::protocol(format!("the server has a wal_sender_timeout of \"{shown}\""))
        })?;
        Ok((!timeout.is_zero()).then_some(timeout))
    }
}

/// A size as `SHOW` has it: `16MB`.
fn bytes(text: &str) -> Option<u32> {
    let (number, unit) = number_and_unit(text)?;
    let unit: u64 = match unit {
        "" | "B" => 1,
        "kB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)?.try_into().ok()
}

/// A time as `SHOW` has it: `1min`, `0`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(text)?;
    let milliseconds: u64 = match unit {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(milliseconds)?))
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_are_shown() {
        for (text, size) in
            [("16MB", Some(16 << 20)), ("1GB", Some(1 << 30)), ("64kB", Some(65536)), ("1TB", None)]
        {
            assert_eq!(bytes(text), size, "{text}");
        }
        for (text, seconds) in [("1min", Some(60.0)), ("0", Some(0.0)), ("2500ms", Some(2.5))] {
            assert_eq!(duration(text).map(|time| time.as_secs_f64()), seconds, "{text}");
        }
        assert_eq!((duration(""), duration("1 week"), bytes("-1")), (None, None, None));
    }
}
