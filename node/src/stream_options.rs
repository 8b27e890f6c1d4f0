//! The options of a stream, from JSON.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use walscope::{Acknowledge, OriginFilter, Plugin, Reconnect, StreamOptions, Streaming};

use crate::error::config_error;

/// What `RawClient.stream` is given, as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawStreamOptions {
    slot: String,
    #[serde(default)]
    publications: Vec<String>,
    plugin: Option<String>,
    #[serde(default)]
    plugin_options: Vec<(String, String)>,
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
    pub(crate) raw: bool,
    memory: Option<usize>,
    spill_directory: Option<PathBuf>,
    reconnect: Option<Reconnecting>,
    stall_timeout: Option<f64>,
    max_message: Option<u32>,
    pub(crate) password: Option<String>,
    pub(crate) type_table: Option<String>,
}

/// Whether and how a stream comes back; times are seconds.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Reconnecting {
    Whether(bool),
    #[serde(rename_all = "camelCase")]
    How {
        longest_delay: Option<f64>,
        give_up_after: Option<f64>,
    },
}

impl RawStreamOptions {
    pub(crate) fn build(self) -> napi::Result<StreamOptions> {
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
        let plugin = match self.plugin {
            None => Plugin::Pgoutput,
            Some(name) => Plugin::Other { name, options: self.plugin_options },
        };
        let stall_timeout = seconds("stallTimeout", self.stall_timeout)?;
        let reconnect = match self.reconnect {
            None => defaults.reconnect,
            Some(reconnect) => reconnect.build()?,
        };
        Ok(StreamOptions {
            plugin,
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
    pub(crate) fn build(self) -> napi::Result<Option<Reconnect>> {
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

pub(crate) fn seconds(name: &str, value: Option<f64>) -> napi::Result<Option<Duration>> {
    let duration = value.map(Duration::try_from_secs_f64).transpose();
    duration.map_err(|error| config_error(&format!("option {name}: {error}")))
}
