//! The options of a stream of the log itself, from JSON, and how it is opened.

use serde::Deserialize;
use walscope::{
    Client, Config, ConnectionKind, Error, PhysicalOptions, PhysicalSlot, PhysicalStream,
};
use walscope_core::{Lsn, TimelineId};

use crate::error::{config_error, to_napi};
use crate::physical::RawPhysical;
use crate::stream_options::{Reconnecting, seconds};

/// SQLSTATE "duplicate object".
const EXISTS: &str = "42710";

/// What `RawClient.physical` is given, as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawPhysicalOptions {
    slot: Option<String>,
    #[serde(default)]
    create_slot: bool,
    start: Option<String>,
    timeline: Option<u32>,
    until: Option<String>,
    status_interval: Option<f64>,
    stall_timeout: Option<f64>,
    buffer: Option<usize>,
    reconnect: Option<Reconnecting>,
    password: Option<String>,
}

impl RawPhysicalOptions {
    pub(crate) fn password(&self) -> Option<String> {
        self.password.clone()
    }

    /// Opens the stream, whose slot is created first if that is wanted.
    pub(crate) async fn open(self, config: &Config) -> napi::Result<RawPhysical> {
        let until = lsn("until", self.until.as_deref())?;
        let to_create = self.slot.clone().filter(|_| self.create_slot);
        let options = self.build()?;
        let opened = async {
            let created = match to_create {
                Some(slot) => create_slot(config, slot).await?,
                None => false,
            };
            let stream = PhysicalStream::open(config, options).await?;
            Ok((stream, created))
        };
        let (stream, created) = opened.await.map_err(|error: Error| to_napi(&error))?;
        Ok(RawPhysical::new(stream, until, created))
    }

    fn build(self) -> napi::Result<PhysicalOptions> {
        let defaults = PhysicalOptions::default();
        let stall_timeout = seconds("stallTimeout", self.stall_timeout)?;
        let reconnect = match self.reconnect {
            None => defaults.reconnect,
            Some(reconnect) => reconnect.build()?,
        };
        Ok(PhysicalOptions {
            slot: self.slot,
            start: lsn("start", self.start.as_deref())?,
            timeline: self.timeline.map(TimelineId),
            status_interval: seconds("statusInterval", self.status_interval)?,
            stall_timeout: stall_timeout.unwrap_or(defaults.stall_timeout),
            buffer: self.buffer.unwrap_or(defaults.buffer),
            reconnect,
        })
    }
}

/// Creates a slot that holds the log back from now on; false when there is one of that name.
async fn create_slot(config: &Config, name: String) -> walscope::Result<bool> {
    let mut client = Client::connect(config, ConnectionKind::Physical).await?;
    let slot = PhysicalSlot { reserve_wal: true, ..PhysicalSlot::new(name) };
    let created = client.create_physical_slot(&slot).await;
    client.close().await;
    match created {
        Ok(()) => Ok(true),
        Err(error) if error.code() == EXISTS => Ok(false),
        Err(error) => Err(error),
    }
}

fn lsn(name: &str, text: Option<&str>) -> napi::Result<Option<Lsn>> {
    let lsn = text.map(str::parse).transpose();
    lsn.map_err(|error| config_error(&format!("option {name}: {error}")))
}
