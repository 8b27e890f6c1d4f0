//! Connects, finds the place to go on at, receives, and does that again when the connection broke.

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use walscope_core::wal::SegmentSize;
use walscope_core::{Lsn, TimelineId};

use super::messages::Voice;
use super::options::Settings;
use super::receiver::{Receiver, Verdict};
use crate::cli::pg_tool::Stop;
use crate::cli::signals::Signals;
use crate::stream::reconnect::Tries;
use crate::{
    Client, Config, ConnectionKind, Error, PhysicalOptions, PhysicalSlot, Reconnect,
    SegmentOptions, SegmentWriter, System, archive_end,
};

/// SQLSTATE duplicate_object.
const EXISTS: &str = "42710";
/// The first server with `READ_REPLICATION_SLOT`.
const READ_SLOT: u32 = 15;
/// `pg_receivewal` always waits so long; here the waits grow up to that.
const RECONNECT: Reconnect = Reconnect {
    first_delay: Duration::from_millis(250),
    longest_delay: Duration::from_secs(5),
    give_up_after: None,
};

pub(super) async fn run(settings: &Settings, voice: Voice) -> Result<(), Stop> {
    let (config, client) = settings.server.connect().await?;
    if settings.create_slot || settings.drop_slot {
        return slot(client, settings, voice).await;
    }
    let Some(directory) = settings.directory.as_deref() else {
        return Err(Stop::usage("no target directory specified"));
    };
    let signals = Signals::catch();
    let mut signals = signals.map_err(|error| Stop::new(format!("cannot start: {error}")))?;
    let mut receiver = Receiver::new(settings, voice);
    let mut client = Some(client);
    let mut tries = Tries::default();
    let mut broken = Instant::now();
    loop {
        let (before, began) = (receiver.received(), Instant::now());
        let ended = tokio::select! {
            // A signal within is seen there, where the file in hand is closed.
            ended = receive(settings, &config, directory, client.take(), &mut receiver) => ended,
            () = signals.wait() => Ok(receiver.interrupted()),
        };
        receiver.finish().await?;
        let error = match ended {
            Ok(Verdict::Stopped) => return Ok(()),
            Err(error) => error,
        };
        let brought = receiver.received() != before;
        tries.connection_ended(brought, began.elapsed());
        if brought {
            broken = Instant::now();
        }
        if settings.no_loop {
            voice.error(&error);
            return Err(Stop::new("disconnected"));
        }
        let Some(delay) = tries.next(&RECONNECT, &error, broken.elapsed()) else {
            return Err(error.into());
        };
        voice.error(&error);
        let seconds = delay.as_secs_f64();
        voice.info(format_args!("disconnected; waiting {seconds:.1} seconds to try again"));
        tokio::select! {
            () = sleep(delay) => {}
            () = signals.wait() => return Ok(()),
        }
    }
}

/// Creates or drops the slot.
async fn slot(mut client: Client, settings: &Settings, voice: Voice) -> Result<(), Stop> {
    let name = settings.slot.as_deref().unwrap_or_default();
    let done = if settings.drop_slot {
        if settings.verbose {
            voice.info(format_args!("dropping replication slot \"{name}\""));
        }
        client.drop_slot(name, false).await
    } else {
        if settings.verbose {
            voice.info(format_args!("creating replication slot \"{name}\""));
        }
        let slot = PhysicalSlot { reserve_wal: settings.reserve_wal, ..PhysicalSlot::new(name) };
        match client.create_physical_slot(&slot).await {
            Err(Error::Server(error)) if error.code == EXISTS && settings.if_not_exists => Ok(()),
            created => created,
        }
    };
    client.close().await;
    Ok(done?)
}

/// Receives on one connection.
async fn receive(
    settings: &Settings,
    config: &Config,
    directory: &Path,
    client: Option<Client>,
    receiver: &mut Receiver<'_>,
) -> Result<Verdict, Error> {
    let mut client = match client {
        Some(client) => client,
        None => Client::connect(config, ConnectionKind::Physical).await?,
    };
    let system = client.identify_system().await?;
    let size = client.wal_segment_size().await?;
    let mode = client.data_file_mode().await?;
    let (timeline, start) =
        place(&mut client, settings, directory, &system, size, receiver.voice()).await?;
    if settings.verbose {
        let voice = receiver.voice();
        voice.info(format_args!("starting log streaming at {start} (timeline {timeline})"));
    }
    if timeline > system.timeline {
        return Err(Error::config(format!(
            "starting timeline {timeline} is not present in the server"
        )));
    }
    let options = SegmentOptions {
        sync: settings.sync,
        compression: settings.compression,
        mode,
        ..SegmentOptions::new(size)
    };
    let writer = SegmentWriter::new(directory, options, timeline, start)?;
    if !writer.has_history(timeline) {
        writer.write_history(&client.history_file(timeline).await?)?;
    }
    if let Some(verdict) = receiver.begin(writer, size, system.system_id) {
        client.close().await;
        return Ok(verdict);
    }
    let options = PhysicalOptions {
        slot: settings.slot.clone(),
        start: Some(start),
        timeline: Some(timeline),
        status_interval: Some(settings.status_interval),
        reconnect: None,
        ..PhysicalOptions::default()
    };
    let stream = client.physical(options).await?;
    receiver.receive(stream).await
}

/// Where to go on: behind what the directory has, or else where the slot is, or else where the server
/// is; at the beginning of a segment.
async fn place(
    client: &mut Client,
    settings: &Settings,
    directory: &Path,
    system: &System,
    size: SegmentSize,
    voice: Voice,
) -> Result<(TimelineId, Lsn), Error> {
    let end = archive_end(directory, size)?;
    for (name, length) in &end.skipped {
        let (kind, what) = match name.contains('.') {
            true => ("compressed segment file", "uncompressed size"),
            false => ("segment file", "size"),
        };
        voice.warning(format_args!("{kind} \"{name}\" has incorrect {what} {length}, skipping"));
    }
    end.check_system(directory, system.system_id)?;
    if let Some(place) = end.place {
        return Ok(place);
    }
    let mut position = None;
    if let Some(slot) = settings.slot.as_deref().filter(|_| client.server_major() >= READ_SLOT) {
        let missing = || Error::SlotMissing { slot: slot.to_owned() };
        let slot = client.read_slot(slot).await?.ok_or_else(missing)?;
        position = slot.restart_timeline.zip(slot.restart_lsn);
    }
    let (timeline, position) = position.unwrap_or((system.timeline, system.flushed));
    Ok((timeline, size.start(size.number(position))))
}
