//! Slots: which of them are lost, which will be, which fill the disk.

use super::Finding;
use crate::cli::size::size;
use crate::{Client, Result, SlotInfo};

/// So much log kept for a slot that nobody reads is worth a word.
const MUCH: u64 = 1 << 30;
/// So much more may be written before a slot may be lost.
const LITTLE: u64 = 1 << 30;

pub(super) async fn examine(client: &mut Client) -> Result<Vec<Finding>> {
    Ok(client.slots().await?.iter().map(of).collect())
}

fn of(slot: &SlotInfo) -> Finding {
    let kept = size(slot.retained_bytes.unwrap_or_default());
    let name = format!("slot {}", slot.name);
    let drop = format!("drop it: walscope slot drop CONNINFO --slot {}", slot.name);
    if let Some(why) = slot.why_lost() {
        let hint = format!("{drop}; a new one begins now, and what was not read is lost");
        return Finding::error(format!("{name} can be used no more: {why}"), hint);
    }
    let read = if slot.active {
        "let its consumer catch up: walscope slot list says how far it is behind"
    } else {
        "start its consumer, or drop it"
    };
    let left = slot.safe_wal_size.map(|left| u64::try_from(left).unwrap_or_default());
    if slot.wal_status.as_deref() == Some("unreserved") {
        return Finding::error(
            format!("{name} is lost at the next checkpoint, {kept} behind"),
            read,
        );
    }
    if let Some(left) = left.filter(|left| *left < LITTLE) {
        let message = format!("{name} is lost after {} more of log", size(left));
        return Finding::warning(message, format!("{read}, or raise max_slot_wal_keep_size"));
    }
    if !slot.active && slot.retained_bytes.is_some_and(|bytes| bytes >= MUCH) {
        let since = slot.inactive_since.map(|time| format!(" since {time}")).unwrap_or_default();
        return Finding::error(
            format!("{name} keeps {kept} of log and nobody reads it{since}"),
            drop,
        );
    }
    let state = if slot.active { "is read" } else { "is not read now" };
    Finding::ok(format!("{name} {state}, and keeps {kept} of log"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn slot() -> SlotInfo {
        SlotInfo {
            name: "s".into(),
            slot_type: "logical".into(),
            wal_status: Some("reserved".into()),
            retained_bytes: Some(MUCH),
            active: true,
            ..SlotInfo::default()
        }
    }

    #[test]
    fn the_worst_is_said() {
        let lost = SlotInfo { wal_status: Some("lost".into()), ..slot() };
        let going = SlotInfo { wal_status: Some("unreserved".into()), ..slot() };
        let near = SlotInfo { safe_wal_size: Some(5 << 20), ..slot() };
        let unread = SlotInfo { active: false, ..slot() };
        for (slot, severity, part) in [
            (slot(), Severity::Ok, "slot s is read, and keeps 1.0 GiB of log"),
            (lost, Severity::Error, "slot s can be used no more: the log"),
            (going, Severity::Error, "slot s is lost at the next checkpoint, 1.0 GiB behind"),
            (near, Severity::Warning, "slot s is lost after 5.0 MiB more of log"),
            (unread, Severity::Error, "slot s keeps 1.0 GiB of log and nobody reads it"),
        ] {
            let finding = of(&slot);
            assert_eq!(finding.severity, severity, "{}", finding.message);
            assert!(finding.message.starts_with(part), "{}", finding.message);
        }
    }
}
