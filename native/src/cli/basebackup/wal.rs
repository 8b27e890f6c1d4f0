//! `-X stream`: the write-ahead log of the time of the backup, over a second connection
//! (`LogStreamerMain` of `pg_basebackup.c`).

use std::time::Duration;

use tokio::sync::watch;
use walscope_core::{Lsn, TimelineId};

use super::wal_files::{Place, WalFiles};
use crate::{
    Client, Config, ConnectionKind, Error, PhysicalEvent, PhysicalOptions, PhysicalSlot,
    PhysicalStream, Result, WalPositions,
};

/// Where to stream from.
#[derive(Debug)]
pub(super) struct Start<'a> {
    pub(super) config: &'a Config,
    pub(super) system_id: u64,
    pub(super) lsn: Lsn,
    pub(super) timeline: TimelineId,
    pub(super) slot: Slot<'a>,
    /// Zero: no status but when the server asks.
    pub(super) interval: Duration,
    /// The permissions of files.
    pub(super) mode: u32,
}

/// What holds the log back on the server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot<'a> {
    None,
    /// One that ends with the connection.
    Temporary,
    Existing(&'a str),
    New(&'a str),
}

/// A stream of the log that has begun.
#[derive(Debug)]
pub(super) struct WalStream {
    stream: PhysicalStream,
    files: WalFiles,
    /// What comes next.
    position: Lsn,
}

impl WalStream {
    /// Connects, with a slot that holds back what is needed, and begins.
    pub(super) async fn begin(start: &Start<'_>, place: Place) -> Result<Self> {
        let mut client = Client::connect(start.config, ConnectionKind::Physical).await?;
        let system = client.identify_system().await?;
        if system.system_id != start.system_id {
            return Err(Error::protocol("system identifier does not match between connections"));
        }
        let size = client.wal_segment_size().await?;
        let slot = slot(&mut client, start.slot).await?;
        let first = size.start(size.number(start.lsn));
        let mut files = WalFiles::create(place, size, start.mode, start.timeline, first)?;
        if start.timeline > TimelineId(1) {
            files.history(&client.history_file(start.timeline).await?)?;
        }
        let options = PhysicalOptions {
            slot,
            start: Some(first),
            timeline: Some(start.timeline),
            status_interval: Some(start.interval),
            reconnect: None,
            ..PhysicalOptions::default()
        };
        let stream = client.physical(options).await?;
        Ok(Self { stream, files, position: first })
    }

    /// Writes the log until the end, which is told later. Where nobody is left to tell it, the backup has
    /// failed.
    pub(super) async fn run(mut self, mut end: watch::Receiver<Option<Lsn>>) -> Result<()> {
        loop {
            if (*end.borrow_and_update()).is_some_and(|end| self.position >= end) {
                break;
            }
            tokio::select! {
                event = self.stream.next() => self.take(event?)?,
                changed = end.changed() => changed.map_err(|_| Error::StreamClosed)?,
            }
        }
        self.files.finish()?;
        self.stream.close().await
    }

    fn take(&mut self, event: Option<PhysicalEvent>) -> Result<()> {
        match event {
            Some(PhysicalEvent::Data(data)) => {
                let whole = self.files.write(data.start, &data.bytes)?;
                self.position = data.end();
                self.stream.control().report(WalPositions {
                    written: self.position,
                    flushed: whole,
                    applied: Lsn::INVALID,
                })
            }
            Some(PhysicalEvent::FlushWanted) => Ok(()),
            _ => Err(Error::protocol("the log ended before the backup did")),
        }
    }
}

async fn slot(client: &mut Client, slot: Slot<'_>) -> Result<Option<String>> {
    let (name, temporary) = match slot {
        Slot::None => return Ok(None),
        Slot::Existing(name) => return Ok(Some(name.to_owned())),
        Slot::New(name) => (name.to_owned(), false),
        Slot::Temporary => (format!("pg_basebackup_{}", client.process_id()), true),
    };
    let new = PhysicalSlot { temporary, reserve_wal: true, ..PhysicalSlot::new(name.clone()) };
    client.create_physical_slot(&new).await?;
    Ok(Some(name))
}
