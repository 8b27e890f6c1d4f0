//! From settings to a running stream: every check that can be made is made before it starts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tracing::{debug, info};
use walscope_core::capture::write_head;
use walscope_core::session::{Micros, Session, SessionOptions};
use walscope_core::{Lsn, TimelineId, Timestamp};

use super::Stream;
use super::assembly::Assembly;
use super::options::{Acknowledge, StreamOptions, Streaming};
use super::plugin::Plugin;
use super::resumption;
use super::shared::Shared;
use super::supervisor::Supervisor;
use crate::client::{Client, Replication};
use crate::config::Config;
use crate::connect::ConnectionKind;
use crate::error::{Error, Result};
use crate::slots::{LogicalSlot, SlotInfo};
use crate::spill::SpillFiles;
use crate::sql::start_replication_sql;
use crate::system::System;

/// What was found when a stream started.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamInfo {
    /// The slot.
    pub slot: String,
    /// Its output plugin.
    pub plugin: String,
    /// What identifies the cluster and all its copies.
    pub system_id: u64,
    /// The timeline that the server writes.
    pub timeline: TimelineId,
    /// How far the server had flushed its log.
    pub server_flushed: Lsn,
    /// From where on the stream has every change.
    pub start: Lsn,
    /// Whether the slot was created.
    pub created_slot: bool,
    /// Things that a user should know, in words.
    pub remarks: Vec<String>,
    /// What the server reports about itself, `server_version` among it.
    pub parameters: BTreeMap<String, String>,
    /// The options that the server was given.
    pub options: Vec<(String, String)>,
}

/// The server and the slot, checked: what is left is to start.
pub(super) struct Checked {
    client: Client,
    system: System,
    confirmed: Lsn,
    start: Lsn,
    pub(super) created_slot: bool,
    pub(super) remarks: Vec<String>,
    pub(super) wal_sender_timeout: Duration,
}

pub(super) async fn check(config: &Config, options: &StreamOptions) -> Result<Checked> {
    let mut client = Client::connect(config, ConnectionKind::Replication).await?;
    options.check(client.server_major())?;
    let system = client.identify_system().await?;
    check_publications(&mut client, options, &system).await?;
    let mut remarks = Vec::new();
    let (confirmed, created_slot) =
        slot(&mut client, options, system.dbname.as_deref(), &mut remarks).await?;
    let start = start_position(options, confirmed, system.flushed, &mut remarks)?;
    let wal_sender_timeout = client.wal_sender_timeout().await?.unwrap_or_default();
    Ok(Checked { client, system, confirmed, start, created_slot, remarks, wal_sender_timeout })
}

/// Starts, and leaves the stream to a task of its own.
pub(super) async fn start(
    config: &Config,
    options: &StreamOptions,
    checked: Checked,
) -> Result<Stream> {
    let options = options.clone();
    let Checked { client, system, confirmed, start, created_slot, remarks, wal_sender_timeout } =
        checked;
    let mut replication =
        start_replication(client, &options, options.start.unwrap_or_default()).await?;

    let started = Instant::now();
    let session = Session::new(
        SessionOptions {
            start,
            confirmed,
            wal_sender_timeout: micros(wal_sender_timeout),
            idle_advance: options.idle_advance,
            stall_timeout: micros(options.stall_timeout),
            confirms: options.acknowledge != Acknowledge::Never,
            items: options.plugin.items(),
        },
        0,
    );
    let shared = Arc::new(Shared::new(session, replication.buffered.split(), started));
    shared.lock().notices.append(&mut replication.notices);
    let info = StreamInfo {
        plugin: options.plugin.name().to_string(),
        slot: options.slot.clone(),
        system_id: system.system_id,
        timeline: system.timeline,
        server_flushed: system.flushed,
        start,
        created_slot,
        remarks,
        parameters: replication.parameters.clone(),
        options: options.for_server(),
    };
    for remark in &info.remarks {
        info!(slot = info.slot, "{remark}");
    }
    info!(slot = info.slot, start = %info.start, options = ?info.options, "streaming");
    let assembles = options.streaming != Streaming::Off && !options.raw;
    let assembly = assembles
        .then(|| Assembly::new(SpillFiles::new(options.spill_directory.clone()), options.memory));
    let stream = Stream::new(Arc::clone(&shared), &options, assembly, info.clone());
    let supervisor = Supervisor { config: config.clone(), options, info, shared };
    tokio::spawn(supervisor.run(replication));
    Ok(stream)
}

/// Another connection for a stream that goes on from `from`. What it finds has to be what the first
/// one found.
pub(super) async fn resume(
    config: &Config,
    options: &StreamOptions,
    first: &StreamInfo,
    from: Lsn,
) -> Result<(StreamInfo, Replication)> {
    let mut client = Client::connect(config, ConnectionKind::Replication).await?;
    options.check(client.server_major())?;
    let system = client.identify_system().await?;
    resumption::check_system(&mut client, &system, first, from).await?;
    check_publications(&mut client, options, &system).await?;
    let slot = client.slot_info(&options.slot).await?;
    let slot = slot.ok_or_else(|| resumption::slot_gone(&options.slot, from))?;
    check_slot(&slot, options.plugin.name(), system.dbname.as_deref())?;
    resumption::check_position(&slot, from)?;
    let replication = start_replication(client, options, from).await?;
    let info = StreamInfo {
        timeline: system.timeline,
        server_flushed: system.flushed,
        start: from,
        parameters: replication.parameters.clone(),
        ..first.clone()
    };
    Ok((info, replication))
}

async fn check_publications(
    client: &mut Client,
    options: &StreamOptions,
    system: &System,
) -> Result<()> {
    let missing = client.publications_missing(&options.publications).await?;
    debug!(publications = ?options.publications, ?missing, "publications checked");
    let Some(name) = missing.first() else { return Ok(()) };
    let database = system.dbname.clone().unwrap_or_default();
    Err(Error::PublicationMissing { publication: name.clone(), database })
}

async fn start_replication(
    client: Client,
    options: &StreamOptions,
    from: Lsn,
) -> Result<Replication> {
    let for_server = options.for_server();
    let pairs: Vec<_> =
        for_server.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    client.start_replication(&start_replication_sql(&options.slot, from, &pairs)).await
}

impl StreamInfo {
    /// The frame that begins this connection's part of a capture; the bytes of the batches follow.
    /// It never holds a password.
    pub fn capture_head(&self) -> Vec<u8> {
        self.head(false)
    }

    /// The same for a connection that goes on with what the last one did not bring to its end.
    pub(super) fn resume_head(&self) -> Vec<u8> {
        self.head(true)
    }

    fn head(&self, resumes: bool) -> Vec<u8> {
        let object = |pairs: Vec<(&str, &str)>| {
            Value::Object(
                pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            )
        };
        let options =
            self.options.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let parameters =
            self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time =
            Timestamp::from_unix_micros(i64::try_from(clock.as_micros()).unwrap_or_default());
        let mut json = json!({
            "version": 1,
            "kind": "logical",
            "systemId": self.system_id.to_string(),
            "timeline": self.timeline.0,
            "serverVersion": self.parameters.get("server_version"),
            "slot": self.slot,
            "plugin": self.plugin,
            "options": object(options),
            "parameters": object(parameters),
            "startLsn": self.start.to_string(),
            "time": time.to_string(),
        });
        if resumes {
            json["resumes"] = Value::Bool(true);
        }
        let mut frame = Vec::new();
        write_head(&mut frame, &json.to_string());
        frame
    }
}

/// Finds the slot, or creates it. Returns up to where its consumer has confirmed.
async fn slot(
    client: &mut Client,
    options: &StreamOptions,
    database: Option<&str>,
    remarks: &mut Vec<String>,
) -> Result<(Lsn, bool)> {
    let (name, plugin) = (&options.slot, options.plugin.name());
    if let Some(slot) = client.slot_info(name).await? {
        check_slot(&slot, plugin, database)?;
        // Another plugin shows by itself what it does about these.
        let pgoutput = options.plugin == Plugin::Pgoutput;
        if slot.two_phase && !options.two_phase && pgoutput {
            remarks.push(format!("slot \"{name}\" sends prepared transactions when prepared"));
        }
        if !slot.two_phase && options.two_phase {
            remarks.push(format!("slot \"{name}\" is marked for two-phase, for good"));
        }
        return Ok((slot.confirmed_flush_lsn.unwrap_or_default(), false));
    }
    if !options.create_slot {
        return Err(Error::SlotMissing { slot: name.clone() });
    }
    let slot = LogicalSlot { temporary: options.temporary, ..LogicalSlot::new(name, plugin) };
    let created = client.create_logical_slot(&slot).await?;
    let kind = if options.temporary { "temporary slot" } else { "slot" };
    remarks.push(format!("created {kind} \"{name}\" at {}", created.consistent_point));
    Ok((created.consistent_point, true))
}

fn check_slot(slot: &SlotInfo, plugin: &str, database: Option<&str>) -> Result<()> {
    let name = &slot.name;
    let problem = match slot.plugin.as_deref() {
        Some(found) if found != plugin => {
            format!("slot \"{name}\" uses the plugin {found}, not {plugin}")
        }
        Some(_) if slot.database.as_deref() == database => return Ok(()),
        Some(_) => {
            let other = slot.database.as_deref().unwrap_or_default();
            format!("slot \"{name}\" belongs to the database \"{other}\"")
        }
        None => format!("slot \"{name}\" is a physical one"),
    };
    Err(Error::config_hint(problem, "use another slot, or drop it and let it be created again"))
}

/// A start beyond the end of the log would make the server drop rows without a word.
fn start_position(
    options: &StreamOptions,
    confirmed: Lsn,
    flushed: Lsn,
    remarks: &mut Vec<String>,
) -> Result<Lsn> {
    let Some(start) = options.start else { return Ok(confirmed) };
    if start > flushed {
        return Err(Error::config_hint(
            format!("checkpoint {start} is ahead of the server ({flushed})"),
            "It belongs to another server, or to one that was restored to an earlier time",
        ));
    }
    if start < confirmed {
        remarks.push(format!(
            "the slot is confirmed up to {confirmed}: the stream starts there, not at {start}"
        ));
    }
    Ok(start.max(confirmed))
}

fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
