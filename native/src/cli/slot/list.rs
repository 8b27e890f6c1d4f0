//! `walscope slot list`: a table for people, or JSON Lines.

use clap::Args;
use serde::Serialize;

use super::{ServerArgument, missing, print, print_json};
use crate::cli::Failure;
use crate::cli::size::size;
use crate::{ConnectionKind, SlotInfo};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    server: ServerArgument,
    /// Only this slot
    #[arg(long)]
    slot: Option<String>,
    /// Print a line of JSON for each
    #[arg(long)]
    json: bool,
}

const HEADINGS: [&str; 10] = [
    "NAME", "TYPE", "PLUGIN", "DATABASE", "ACTIVE", "STATUS", "LAG", "RETAINED", "SAFE", "REMARKS",
];
/// What stands where there is nothing.
const NOTHING: &str = "-";

pub(super) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut client = arguments.server.connect(ConnectionKind::Sql).await?;
    let slots = match &arguments.slot {
        None => client.slots().await,
        Some(name) => client.slot_info(name).await.map(|slot| slot.into_iter().collect()),
    };
    client.close().await;
    let slots = slots?;
    if let (Some(name), []) = (&arguments.slot, slots.as_slice()) {
        return Err(missing(name));
    }
    if arguments.json {
        return slots.iter().try_for_each(|slot| print_json(&Line::of(slot)));
    }
    let rows: Vec<_> = slots.iter().map(cells).collect();
    print(&table(&rows))
}

/// A slot as JSON. What is NULL, and what the server's version does not have, is null or false.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    slot: &'a str,
    r#type: &'a str,
    plugin: Option<&'a str>,
    database: Option<&'a str>,
    temporary: bool,
    active: bool,
    active_pid: Option<i32>,
    inactive_since: Option<String>,
    wal_status: Option<&'a str>,
    lost: Option<String>,
    invalidation_reason: Option<&'a str>,
    conflicting: bool,
    lag_bytes: Option<u64>,
    retained_bytes: Option<u64>,
    safe_wal_size: Option<i64>,
    restart_lsn: Option<String>,
    confirmed_flush_lsn: Option<String>,
    xmin: Option<u32>,
    catalog_xmin: Option<u32>,
    two_phase: bool,
    two_phase_at: Option<String>,
    failover: bool,
    synced: bool,
}

impl<'a> Line<'a> {
    fn of(slot: &'a SlotInfo) -> Self {
        Self {
            slot: &slot.name,
            r#type: &slot.slot_type,
            plugin: slot.plugin.as_deref(),
            database: slot.database.as_deref(),
            temporary: slot.temporary,
            active: slot.active,
            active_pid: slot.active_pid,
            inactive_since: slot.inactive_since.map(|time| time.to_string()),
            wal_status: slot.wal_status.as_deref(),
            lost: slot.why_lost(),
            invalidation_reason: slot.invalidation_reason.as_deref(),
            conflicting: slot.conflicting,
            lag_bytes: slot.lag_bytes,
            retained_bytes: slot.retained_bytes,
            safe_wal_size: slot.safe_wal_size,
            restart_lsn: slot.restart_lsn.map(|lsn| lsn.to_string()),
            confirmed_flush_lsn: slot.confirmed_flush_lsn.map(|lsn| lsn.to_string()),
            xmin: slot.xmin.map(|xid| xid.0),
            catalog_xmin: slot.catalog_xmin.map(|xid| xid.0),
            two_phase: slot.two_phase,
            two_phase_at: slot.two_phase_at.map(|lsn| lsn.to_string()),
            failover: slot.failover,
            synced: slot.synced,
        }
    }
}

fn cells(slot: &SlotInfo) -> [String; HEADINGS.len()] {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| NOTHING.to_string());
    let bytes = |bytes: Option<u64>| bytes.map_or_else(|| NOTHING.to_string(), size);
    let active = match slot.active_pid {
        Some(pid) => format!("pid {pid}"),
        None => String::from(if slot.active { "yes" } else { "no" }),
    };
    [
        slot.name.clone(),
        slot.slot_type.clone(),
        text(&slot.plugin),
        text(&slot.database),
        active,
        text(&slot.wal_status),
        bytes(slot.lag_bytes),
        bytes(slot.retained_bytes),
        // Beyond its safe size the server says how much too much there is.
        bytes(slot.safe_wal_size.map(|size| u64::try_from(size).unwrap_or_default())),
        remarks(slot),
    ]
}

fn remarks(slot: &SlotInfo) -> String {
    let mut remarks: Vec<_> = [
        (slot.temporary, "temporary"),
        (slot.two_phase, "two-phase"),
        (slot.failover, "failover"),
        (slot.synced, "synced"),
    ]
    .into_iter()
    .filter(|(has, _)| *has)
    .map(|(_, what)| what.to_string())
    .collect();
    remarks.extend(slot.why_lost());
    remarks.extend(slot.inactive_since.map(|time| format!("inactive since {time}")));
    remarks.join(", ")
}

/// Columns as wide as their widest cell; the last one ends where it ends.
fn table(rows: &[[String; HEADINGS.len()]]) -> String {
    let headings = HEADINGS.map(String::from);
    let lines: Vec<_> = std::iter::once(&headings).chain(rows).collect();
    let width = |column: usize| {
        lines.iter().filter_map(|line| Some(line.get(column)?.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..HEADINGS.len()).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let mut row = [const { String::new() }; HEADINGS.len()];
        row[0] = "a_long_name".into();
        row[1] = "logical".into();
        let text = table(&[row]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0].find("TYPE"), Some(13));
        assert_eq!(lines[1], "a_long_name  logical");
    }
}
