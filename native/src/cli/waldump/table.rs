//! What is counted, and how tables of it are printed: as text, or as a line of JSON a row.

use std::fmt::Display;
use std::io::Write;

use walscope_core::wal::stats::{
    CheckpointStats, Checkpoints, Count, Groups, Statistics, StatisticsBy, TransactionStats,
    Transactions,
};
use walscope_core::wal::{Record, Version, Zone};
use walscope_core::{Lsn, Timestamp};

use super::options::Output;
use crate::json::Object;

/// What is counted.
#[derive(Debug)]
enum Counts {
    Statistics(StatisticsBy, Statistics),
    Groups(Groups),
    Transactions(Transactions),
    Checkpoints(Checkpoints),
}

/// A table that is being made. Transactions and checkpoints are printed as soon as they are complete,
/// everything else at the end.
#[derive(Debug)]
pub(super) struct Table {
    counts: Counts,
    is_json: bool,
    /// Whether the columns' names were printed.
    has_header: bool,
}

impl Table {
    /// The table that is asked for; `None`: records are.
    pub(super) fn new(output: Output, is_json: bool) -> Option<Self> {
        let counts = match output {
            Output::Records => return None,
            Output::Statistics(by) => Counts::Statistics(by, Statistics::new()),
            Output::Groups(by) => Counts::Groups(Groups::new(by)),
            Output::Transactions => Counts::Transactions(Transactions::new()),
            Output::Checkpoints => Counts::Checkpoints(Checkpoints::new()),
        };
        Some(Self { counts, is_json, has_header: false })
    }

    /// The first record that was read begins here.
    pub(super) fn start_at(&mut self, start: Lsn) {
        if let Some(statistics) = self.statistics() {
            statistics.start_at(start);
        }
    }

    /// Statistics, if it is these.
    pub(super) fn statistics(&mut self) -> Option<&mut Statistics> {
        match &mut self.counts {
            Counts::Statistics(_, statistics) => Some(statistics),
            _ => None,
        }
    }

    /// Adds what was counted of the records that follow: statistics only.
    pub(super) fn merge(&mut self, later: &Self) {
        if let (Counts::Statistics(_, statistics), Counts::Statistics(_, later)) =
            (&mut self.counts, &later.counts)
        {
            statistics.merge(later);
        }
    }

    /// Takes a record, which is counted if it is wanted. What is complete is appended to `out`.
    pub(super) fn take(&mut self, record: &Record<'_>, is_wanted: bool, out: &mut Vec<u8>) {
        match &mut self.counts {
            Counts::Statistics(_, statistics) if is_wanted => statistics.count(record),
            Counts::Groups(groups) if is_wanted => groups.count(record),
            Counts::Statistics(..) | Counts::Groups(_) => {}
            Counts::Transactions(transactions) => {
                transactions.take(record, is_wanted);
                while let Some(ended) = transactions.next_ended() {
                    self.has_header = transaction(&ended, self.is_json, self.has_header, out);
                }
            }
            Counts::Checkpoints(checkpoints) => {
                if let Some(whole) = checkpoints.take(record, is_wanted) {
                    self.has_header = checkpoint(&whole, self.is_json, self.has_header, out);
                }
            }
        }
    }

    /// Appends the rest.
    pub(super) fn finish(self, version: Version, zone: &dyn Zone, out: &mut Vec<u8>) {
        let mut has_header = self.has_header;
        match self.counts {
            Counts::Statistics(by, statistics) if self.is_json => {
                for row in statistics.rows(by, version) {
                    group(&row.name, &row.count, out);
                }
            }
            Counts::Groups(groups) if self.is_json => {
                groups.rows(zone).iter().for_each(|(name, count)| group(name, count, out));
            }
            Counts::Statistics(by, statistics) => put(out, statistics.table(by, version)),
            Counts::Groups(groups) => put(out, groups.table(zone)),
            Counts::Transactions(transactions) => {
                for open in transactions.into_open() {
                    has_header = transaction(&open, self.is_json, has_header, out);
                }
            }
            Counts::Checkpoints(checkpoints) => {
                let last = checkpoints.last();
                if last.lsn.is_valid() || last.following.records > 0 {
                    checkpoint(&last, self.is_json, has_header, out);
                }
            }
        }
    }
}

/// A row of a table as JSON.
fn group(name: &str, of: &Count, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text("name", name);
    count(of, &mut object);
    object.end();
    out.push(b'\n');
}

fn count(count: &Count, object: &mut Object<'_>) {
    object.display("records", count.records);
    object.display("recordBytes", count.bytes);
    object.display("imageBytes", count.images);
}

/// Appends a transaction if any of its records is counted, and returns whether there is a header now.
fn transaction(
    transaction: &TransactionStats,
    is_json: bool,
    has_header: bool,
    out: &mut Vec<u8>,
) -> bool {
    if transaction.count.records == 0 {
        return has_header;
    }
    if is_json {
        transaction_object(transaction, out);
        return has_header;
    }
    if !has_header {
        put(
            out,
            format_args!(
                "{:>10} {:<18} {:<27} {:>10} {:>12} {:>12} {:>17} {:>17} {:>8} {:>9} GID\n",
                "Xid",
                "Outcome",
                "Ended",
                "N",
                "Record size",
                "FPI size",
                "First LSN",
                "Last LSN",
                "Subxacts",
                "Relations"
            ),
        );
    }
    let TransactionStats { count, .. } = transaction;
    let ended = transaction.end_time.or(transaction.prepare_time);
    put(
        out,
        format_args!(
            "{:>10} {:<18} {:<27} {:>10} {:>12} {:>12} {:>17} {:>17} {:>8} {:>9} {}",
            transaction.xid.0,
            transaction.outcome.name(),
            or_dash(ended),
            count.records,
            count.bytes,
            count.images,
            transaction.first.to_string(),
            transaction.last.to_string(),
            transaction.subxids.len() + transaction.aborted_subxids.len(),
            transaction.relations.len(),
            String::from_utf8_lossy(&transaction.gid),
        ),
    );
    trim_line(out);
    true
}

fn transaction_object(transaction: &TransactionStats, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    let time = |name, time: Option<Timestamp>, object: &mut Object<'_>| {
        if let Some(time) = time {
            object.display_text(name, time);
        }
    };
    object.display("xid", transaction.xid);
    object.text("outcome", transaction.outcome.name());
    object.display_text("firstLsn", transaction.first);
    object.display_text("lastLsn", transaction.last);
    object.display_text("endLsn", transaction.end);
    time("prepareTime", transaction.prepare_time, &mut object);
    time("endTime", transaction.end_time, &mut object);
    if !transaction.gid.is_empty() {
        object.bytes("gid", &transaction.gid);
    }
    count(&transaction.count, &mut object);
    let number = |out: &mut Vec<u8>, xid| put(out, xid);
    object.array("subxids", transaction.subxids.iter(), number);
    object.array("abortedSubxids", transaction.aborted_subxids.iter(), number);
    object.array("relations", transaction.relations.iter(), |out, relation| {
        put(out, format_args!("\"{relation}\""));
    });
    object.end();
    out.push(b'\n');
}

/// Appends a checkpoint and returns whether there is a header now.
fn checkpoint(of: &CheckpointStats, is_json: bool, has_header: bool, out: &mut Vec<u8>) -> bool {
    if is_json {
        checkpoint_object(of, out);
        return has_header;
    }
    if !has_header {
        put(
            out,
            format_args!(
                "{:>17} {:>17} {:<20} {:<8} {:>14} {:>14} {:>12} {:>14} {:>14} {:>7}\n",
                "Redo LSN",
                "Checkpoint LSN",
                "Begun",
                "Kind",
                "Distance",
                "Estimate",
                "N",
                "Record size",
                "FPI size",
                "(FPI %)"
            ),
        );
    }
    let is_known = of.lsn.is_valid();
    let known = |lsn: Lsn| or_dash(is_known.then_some(lsn));
    let count = &of.following;
    #[expect(clippy::cast_precision_loss, reason = "two digits behind the point are printed")]
    let share = 100.0 * count.images as f64 / count.all().max(1) as f64;
    put(
        out,
        format_args!(
            "{:>17} {:>17} {:<20} {:<8} {:>14} {:>14} {:>12} {:>14} {:>14} ({share:5.2})\n",
            known(of.redo),
            known(of.lsn),
            or_dash(begun(of)),
            or_dash(kind(of)),
            or_dash(of.distance),
            or_dash(of.estimate),
            count.records,
            count.bytes,
            count.images,
        ),
    );
    true
}

fn checkpoint_object(checkpoint: &CheckpointStats, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    if checkpoint.lsn.is_valid() {
        object.display_text("redoLsn", checkpoint.redo);
        object.display_text("lsn", checkpoint.lsn);
    }
    if let Some(time) = begun(checkpoint) {
        object.text("time", &time);
    }
    if let Some(kind) = kind(checkpoint) {
        object.text("kind", kind);
    }
    for (name, value) in [("distance", checkpoint.distance), ("estimate", checkpoint.estimate)] {
        if let Some(value) = value {
            object.display(name, value);
        }
    }
    count(&checkpoint.following, &mut object);
    object.end();
    out.push(b'\n');
}

fn kind(checkpoint: &CheckpointStats) -> Option<&'static str> {
    let kind = if checkpoint.is_shutdown { "shutdown" } else { "online" };
    checkpoint.lsn.is_valid().then_some(kind)
}

/// When the checkpoint was begun, in whole seconds.
fn begun(checkpoint: &CheckpointStats) -> Option<String> {
    const UNIX_TO_2000: i64 = 946_684_800;
    const MICROS: i64 = 1_000_000;
    if !checkpoint.lsn.is_valid() {
        return None;
    }
    let since_2000 = checkpoint.time.saturating_sub(UNIX_TO_2000);
    let text = Timestamp(since_2000.saturating_mul(MICROS)).to_string();
    Some(text.replace(".000000Z", "Z"))
}

fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Ends the line without spaces before its end.
fn trim_line(out: &mut Vec<u8>) {
    out.truncate(out.trim_ascii_end().len());
    out.push(b'\n');
}

fn put(out: &mut Vec<u8>, text: impl Display) {
    // Memory takes all that is written to it.
    let _ = write!(out, "{text}");
}
