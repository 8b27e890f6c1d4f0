//! Records a stream while a script runs.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio::time::timeout;
use walscope::{Acknowledge, Batch, Config, Stream, StreamControl, StreamOptions};
use walscope_core::Lsn;
use walscope_core::capture::Entry;
use walscope_core::transaction::{Tracker, View};
use walscope_tests::Server;
use walscope_tests::fixtures::Scenario;

use crate::script::PATIENCE;
use crate::{PUBLICATION, Result};

pub(crate) struct Recording {
    batches: mpsc::UnboundedReceiver<walscope::Result<Batch>>,
    control: StreamControl,
    head: Vec<u8>,
    options: BTreeMap<String, String>,
}

impl Recording {
    /// Connects and begins to read. Nothing is ever confirmed.
    pub(crate) async fn start(server: &Server, scenario: &Scenario) -> Result<Self> {
        let config = Config::parse(&server.conninfo_with(&[("dbname", scenario.name)]))?;
        let options = StreamOptions {
            streaming: scenario.streaming,
            binary: scenario.binary,
            two_phase: scenario.two_phase,
            messages: true,
            acknowledge: Acknowledge::Manual,
            idle_advance: false,
            ..StreamOptions::new(scenario.name, [PUBLICATION])
        };
        let mut stream = Stream::open(&config, options).await?;
        let control = stream.control().clone();
        let head = stream.info().capture_head();
        let options = stream.info().options.iter();
        let options = options.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let (sender, batches) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(batch) = stream.next_batch().await.transpose() {
                let failed = batch.is_err();
                // The receiver is gone when it has seen enough.
                if sender.send(batch).is_err() || failed {
                    break;
                }
            }
        });
        Ok(Self { batches, control, head, options })
    }

    /// Reads to the first keepalive at or past `end`.
    pub(crate) async fn finish(mut self, end: Lsn) -> Result<(Vec<u8>, BTreeMap<String, String>)> {
        let mut bytes = std::mem::take(&mut self.head);
        let mut tracker = Tracker::new(View::Raw);
        loop {
            let batch = timeout(PATIENCE, self.batches.recv())
                .await
                .map_err(|_| {
                    format!("nothing has come for {PATIENCE:?}, and {end} is not reached")
                })?
                .ok_or("the stream has ended")??;
            let mut entries = batch.entries();
            while let Some(entry) = entries.next() {
                let reached = match entry? {
                    Entry::Data(data) => {
                        tracker.next(data.data)?;
                        false
                    }
                    Entry::Keepalive(keepalive) => keepalive.end >= end && !tracker.is_open(),
                    Entry::Head(_) => false,
                };
                if reached {
                    bytes.extend_from_slice(&batch.bytes()[..entries.consumed()]);
                    self.control.close().await?;
                    return Ok((bytes, self.options));
                }
            }
            bytes.extend_from_slice(batch.bytes());
        }
    }
}
