//! Connections: settings, and one ordinary SQL connection that proves them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use napi_derive::napi;
use serde::Deserialize;
use tokio::sync::Notify;
use walscope::{
    Acknowledge, Client, Config, ConnectionKind, Error, OriginFilter, Reconnect, Stream,
    StreamOptions, Streaming,
};

use crate::decoder::type_table;
use crate::error::{own, to_napi};
use crate::stream::RawStream;

/// What `connect` is given, as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConnectOptions {
    conninfo: String,
    password: Option<String>,
}

/// What `RawClient.stream` is given, as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawStreamOptions {
    slot: String,
    publications: Vec<String>,
    #[serde(default)]
    create_slot: bool,
    #[serde(default)]
    temporary: bool,
    start: Option<String>,
    protocol: Option<u8>,
    streaming: Option<String>,
    #[serde(default)]
    binary: bool,
    #[serde(default)]
    two_phase: bool,
    #[serde(default)]
    messages: bool,
    origin: Option<String>,
    idle_advance: Option<bool>,
    #[serde(default)]
    raw: bool,
    memory: Option<usize>,
    spill_directory: Option<PathBuf>,
    reconnect: Option<Reconnecting>,
    stall_timeout: Option<f64>,
    max_message: Option<u32>,
    password: Option<String>,
    type_table: Option<String>,
}

/// Whether and how a stream comes back; times are seconds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reconnecting {
    Whether(bool),
    #[serde(rename_all = "camelCase")]
    How {
        longest_delay: Option<f64>,
        give_up_after: Option<f64>,
    },
}

/// A client: settings and an SQL connection.
#[napi]
pub struct RawClient {
    config: Config,
    client: Mutex<Option<Client>>,
    /// Streams that are being opened, by the number that JavaScript gave them.
    openings: Mutex<HashMap<u32, Arc<Notify>>>,
}

/// Connects and logs in.
#[napi]
pub async fn connect(options: String) -> napi::Result<RawClient> {
    let options: ConnectOptions = parse(&options)?;
    let config: Config = options.conninfo.parse().map_err(|error| to_napi(&error))?;
    let config = with_password(config, options.password);
    let client =
        Client::connect(&config, ConnectionKind::Sql).await.map_err(|error| to_napi(&error))?;
    Ok(RawClient { config, client: Mutex::new(Some(client)), openings: Mutex::default() })
}

#[napi]
impl RawClient {
    /// Opens a stream on a connection of its own.
    #[napi]
    pub async fn stream(&self, options: String, opening: u32) -> napi::Result<RawStream> {
        let cancelled = self.begin(opening);
        let stream = tokio::select! {
            stream = self.open(options) => stream,
            () = cancelled.notified() => Err(to_napi(&Error::StreamClosed)),
        };
        if let Ok(mut openings) = self.openings.lock() {
            openings.remove(&opening);
        }
        stream
    }

    /// Gives up opening the stream of that number, which may wait for its slot.
    #[napi]
    pub fn cancel(&self, opening: u32) {
        if let Ok(openings) = self.openings.lock()
            && let Some(cancelled) = openings.get(&opening)
        {
            cancelled.notify_one();
        }
    }

    fn begin(&self, opening: u32) -> Arc<Notify> {
        let cancelled = Arc::new(Notify::new());
        if let Ok(mut openings) = self.openings.lock() {
            openings.insert(opening, Arc::clone(&cancelled));
        }
        cancelled
    }

    async fn open(&self, options: String) -> napi::Result<RawStream> {
        let options: RawStreamOptions = parse(&options)?;
        let config = with_password(self.config.clone(), options.password.clone());
        let raw = options.raw;
        let types = type_table(options.type_table.as_deref())?;
        let stream =
            Stream::open(&config, options.build()?).await.map_err(|error| to_napi(&error))?;
        Ok(RawStream::new(stream, raw, types))
    }

    /// Closes the SQL connection. Streams go on.
    #[napi]
    pub async fn close(&self) {
        let client = self.client.lock().ok().and_then(|mut client| client.take());
        if let Some(client) = client {
            client.close().await;
        }
    }
}

impl RawStreamOptions {
    fn build(self) -> napi::Result<StreamOptions> {
        let start = match self.start.as_deref().map(str::parse) {
            None => None,
            Some(Ok(lsn)) => Some(lsn),
            Some(Err(error)) => return Err(config_error(&format!("option start: {error}"))),
        };
        let streaming = match self.streaming.as_deref() {
            None | Some("off") => Streaming::Off,
            Some("on") => Streaming::On,
            Some("parallel") => Streaming::Parallel,
            Some(other) => {
                return Err(config_error(&format!(
                    "option streaming: '{other}' is none of off, on, parallel"
                )));
            }
        };
        let origin = match self.origin.as_deref() {
            None => None,
            Some("any") => Some(OriginFilter::Any),
            Some("none") => Some(OriginFilter::None),
            Some(other) => {
                return Err(config_error(&format!(
                    "option origin: '{other}' is none of any, none"
                )));
            }
        };
        let defaults = StreamOptions::new(self.slot, self.publications);
        let stall_timeout = seconds("stallTimeout", self.stall_timeout)?;
        let reconnect = match self.reconnect {
            None => defaults.reconnect,
            Some(reconnect) => reconnect.build()?,
        };
        Ok(StreamOptions {
            create_slot: self.create_slot,
            temporary: self.temporary,
            start,
            protocol: self.protocol,
            streaming,
            binary: self.binary,
            two_phase: self.two_phase,
            messages: self.messages,
            origin,
            idle_advance: self.idle_advance.unwrap_or(true),
            acknowledge: Acknowledge::Manual,
            raw: self.raw,
            memory: self.memory.unwrap_or(defaults.memory),
            spill_directory: self.spill_directory,
            reconnect,
            stall_timeout: stall_timeout.unwrap_or(defaults.stall_timeout),
            max_message: self.max_message.unwrap_or(defaults.max_message).min(defaults.max_message),
            ..defaults
        })
    }
}

impl Reconnecting {
    fn build(self) -> napi::Result<Option<Reconnect>> {
        match self {
            Self::Whether(whether) => Ok(whether.then(Reconnect::default)),
            Self::How { longest_delay, give_up_after } => {
                let defaults = Reconnect::default();
                let longest = seconds("reconnect.longestDelay", longest_delay)?;
                Ok(Some(Reconnect {
                    longest_delay: longest.unwrap_or(defaults.longest_delay),
                    give_up_after: seconds("reconnect.giveUpAfter", give_up_after)?,
                    ..defaults
                }))
            }
        }
    }
}

fn seconds(name: &str, value: Option<f64>) -> napi::Result<Option<Duration>> {
    let duration = value.map(Duration::try_from_secs_f64).transpose();
    duration.map_err(|error| config_error(&format!("option {name}: {error}")))
}

fn parse<T: for<'de> Deserialize<'de>>(json: &str) -> napi::Result<T> {
    serde_json::from_str(json).map_err(|error| config_error(&format!("options: {error}")))
}

fn config_error(message: &str) -> napi::Error {
    own("WALSCOPE_CONFIG", message)
}

fn with_password(config: Config, password: Option<String>) -> Config {
    match password {
        Some(password) => config.with_password(password),
        None => config,
    }
}
