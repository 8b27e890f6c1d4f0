//! Whether a server is still the one that a stream began on, and its slot what it was.

use tracing::debug;
use walscope_core::{Lsn, TimelineId};

use super::start::StreamInfo;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::slots::SlotInfo;
use crate::system::System;

/// The same system, on the same timeline or on one that left ours behind what is confirmed.
pub(super) async fn check_system(
    client: &mut Client,
    system: &System,
    first: &StreamInfo,
    from: Lsn,
) -> Result<()> {
    debug!(system_id = system.system_id, timeline = %system.timeline, flushed = %system.flushed, "the server");
    if system.system_id != first.system_id {
        return Err(refused(format!(
            "the server is another system ({}) than the one that the stream began on ({})",
            system.system_id, first.system_id
        )));
    }
    if system.timeline < first.timeline {
        return Err(refused(format!(
            "the server is on timeline {}, before {}, on which the stream began",
            system.timeline, first.timeline
        )));
    }
    if system.timeline > first.timeline {
        let switch = switch_point(client, system.timeline, first.timeline).await?;
        if from > switch {
            return Err(refused(format!(
                "{from} is confirmed, but timeline {} left timeline {} at {switch}",
                system.timeline, first.timeline
            )));
        }
    }
    if from > system.flushed {
        return Err(refused(format!(
            "{from} is confirmed, which is ahead of the server ({})",
            system.flushed
        )));
    }
    Ok(())
}

/// Where the history of `timeline` leaves `ours`.
async fn switch_point(client: &mut Client, timeline: TimelineId, ours: TimelineId) -> Result<Lsn> {
    let history = client.timeline_history(timeline).await?;
    history.iter().find(|entry| entry.timeline == ours).map(|entry| entry.switch).ok_or_else(|| {
        refused(format!("timeline {timeline} does not come from {ours}, on which the stream began"))
    })
}

/// A slot that is not there any more.
pub(super) fn slot_gone(slot: &str, from: Lsn) -> Error {
    Error::SlotLost { slot: slot.to_string(), reason: "it was dropped".to_string(), since: from }
}

/// A slot that still has everything from where the stream goes on.
pub(super) fn check_position(slot: &SlotInfo, from: Lsn) -> Result<()> {
    let lost =
        |reason: String| Err(Error::SlotLost { slot: slot.name.clone(), reason, since: from });
    if let Some(reason) = slot.why_lost() {
        return lost(reason);
    }
    match slot.confirmed_flush_lsn {
        Some(confirmed) if confirmed > from => {
            lost(format!("somebody else has confirmed changes up to {confirmed}"))
        }
        _ => Ok(()),
    }
}

fn refused(problem: String) -> Error {
    Error::config_hint(
        problem,
        "It was restored, or promoted before it had everything: compare the data, then begin anew",
    )
}
