//! How a stream comes to its place: the system, the slot, the timeline, and the server's word on what
//! comes after a timeline.

use std::time::Duration;

use tracing::info;
use walscope_core::session::Micros;
use walscope_core::wal::SegmentSize;
use walscope_core::{Lsn, TimelineId};

use super::event::TimelineSwitch;
use super::options::PhysicalOptions;
use crate::client::{Client, QueryResult, Replication, Started};
use crate::error::{Error, Result};
use crate::result_row::ResultRow;
use crate::server_error::ServerError;

/// The first server with `READ_REPLICATION_SLOT`.
const READ_SLOT: u32 = 15;
/// The longest time between two status updates, unless the options say otherwise.
const MAX_STATUS_INTERVAL: Duration = Duration::from_secs(10);

/// Where a stream is, and what it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhysicalInfo {
    /// What identifies the cluster and all its copies.
    pub system_id: u64,
    /// The timeline that the stream begins on.
    pub timeline: TimelineId,
    /// Where it begins.
    pub start: Lsn,
    /// The size of the server's segments.
    pub segment_size: SegmentSize,
    /// The longest time between two status updates.
    pub status_interval: Duration,
}

/// Looks at the server, and finds out where to start.
pub(super) async fn look(client: &mut Client, options: &PhysicalOptions) -> Result<PhysicalInfo> {
    options.check()?;
    client.needs_replication("START_REPLICATION")?;
    let system = client.identify_system().await?;
    let segment_size = client.wal_segment_size().await?;
    let timeout = client.wal_sender_timeout().await?;
    let third = timeout.map_or(MAX_STATUS_INTERVAL, |timeout| timeout / 3);
    let (start, timeline) = match options.start {
        Some(start) => (start, options.timeline.unwrap_or(system.timeline)),
        None => {
            let (position, timeline) =
                slot_position(client, options).await?.unwrap_or((system.flushed, system.timeline));
            (segment_size.start(segment_size.number(position)), timeline)
        }
    };
    if timeline > system.timeline {
        return Err(Error::config_hint(
            format!(
                "timeline {timeline} is not present in the server, which is on {}",
                system.timeline
            ),
            "Connect to the server that was promoted last",
        ));
    }
    Ok(PhysicalInfo {
        system_id: system.system_id,
        timeline,
        start,
        segment_size,
        status_interval: options.status_interval.unwrap_or(third.min(MAX_STATUS_INTERVAL)),
    })
}

/// Where the slot holds the log back, if it does.
async fn slot_position(
    client: &mut Client,
    options: &PhysicalOptions,
) -> Result<Option<(Lsn, TimelineId)>> {
    let Some(slot) = options.slot.as_deref().filter(|_| client.server_major() >= READ_SLOT) else {
        return Ok(None);
    };
    let position = client.read_slot(slot).await?;
    let position = position.ok_or_else(|| Error::SlotMissing { slot: slot.to_owned() })?;
    Ok(position.restart_lsn.zip(position.restart_timeline))
}

/// What a try to stream from a place comes to.
pub(super) enum Begun {
    Streaming(Box<Replication>),
    /// The timeline ends there.
    Over(Box<Client>, TimelineSwitch),
}

pub(super) async fn start(
    client: Client,
    options: &PhysicalOptions,
    start: Lsn,
    timeline: TimelineId,
    size: SegmentSize,
) -> Result<Begun> {
    let sql = options.sql(start, timeline);
    let started = client.start_or_end(&sql).await;
    match started.map_err(|error| explained(error, options, start))? {
        Started::Streaming(replication) => {
            info!(%start, %timeline, slot = options.slot, "streaming");
            Ok(Begun::Streaming(replication))
        }
        Started::Nothing(mut client, results) => {
            let switch = next_timeline(&mut client, &results, timeline, start, size).await?;
            Ok(Begun::Over(client, switch))
        }
    }
}

/// Reads what the server says after the end of a timeline that was streamed up to `end`, and the new
/// timeline's history.
pub(super) async fn after_timeline(
    replication: Box<Replication>,
    timeline: TimelineId,
    end: Lsn,
    size: SegmentSize,
) -> Result<(Box<Client>, TimelineSwitch)> {
    let mut client = Box::new(replication.into_client());
    let results = client.answer().await?;
    let switch = next_timeline(&mut client, &results, timeline, end, size).await?;
    Ok((client, switch))
}

/// A row of `next_tli` and `next_tli_startpos`.
async fn next_timeline(
    client: &mut Client,
    results: &[QueryResult],
    ended: TimelineId,
    end: Lsn,
    size: SegmentSize,
) -> Result<TimelineSwitch> {
    let Some(result) = results.first().filter(|result| result.rows.len() == 1) else {
        return Err(Error::protocol("the server does not say what comes after a timeline's end"));
    };
    let row = ResultRow { result, row: 0 };
    let timeline = TimelineId(row.parsed("next_tli")?);
    let switch: Lsn = row.parsed("next_tli_startpos")?;
    if timeline <= ended {
        return Err(Error::protocol(format!(
            "the server says that timeline {timeline} follows timeline {ended}"
        )));
    }
    if switch > end {
        return Err(Error::protocol(format!(
            "the server ended timeline {ended} at {end}, but says that {timeline} begins at {switch}"
        )));
    }
    let history = client.history_file(timeline).await?;
    let start = size.start(size.number(switch));
    info!(%ended, %timeline, %switch, "the timeline has ended");
    Ok(TimelineSwitch { ended, timeline, switch, start, history })
}

/// Says what it means that the server has no log from there any more.
pub(super) fn explained(error: Error, options: &PhysicalOptions, since: Lsn) -> Error {
    match error {
        Error::Server(server) if is_removed(&server) => {
            let reason = match &server.detail {
                Some(detail) => format!("{} ({detail})", server.message),
                None => server.message.clone(),
            };
            Error::WalRemoved { slot: options.slot.clone(), reason, since }
        }
        error => error,
    }
}

/// Since 18 the server says so of the slot, before of the segment.
fn is_removed(error: &ServerError) -> bool {
    match error.code.as_str() {
        "58P01" => error.message.contains("has already been removed"),
        "55000" => {
            let detail = error.detail.as_deref().unwrap_or_default();
            detail.contains("invalidated") || error.message.contains("invalidated")
        }
        _ => false,
    }
}

pub(super) fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
