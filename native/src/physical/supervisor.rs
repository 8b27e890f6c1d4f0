//! Keeps a physical stream going: over the ends of timelines, and over connections that break.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};
use walscope_core::wal::SegmentSize;
use walscope_core::{Lsn, TimelineId};

use super::driver::{Driver, Ended};
use super::event::{PhysicalEvent, TimelineSwitch};
use super::options::PhysicalOptions;
use super::shared::{Closing, Shared};
use super::start::{self, Begun, PhysicalInfo};
use crate::client::{Client, Replication};
use crate::config::Config;
use crate::connect::ConnectionKind;
use crate::error::{Error, Result};
use crate::stream::StreamEvent;
use crate::stream::reconnect::Tries;

pub(super) struct Supervisor {
    /// Where to connect again; `None`: nowhere.
    pub(super) config: Option<Config>,
    pub(super) options: PhysicalOptions,
    pub(super) info: PhysicalInfo,
    pub(super) shared: Arc<Shared>,
}

impl Supervisor {
    /// Drives the stream to its end, over as many timelines and connections as it takes.
    pub(super) async fn run(self, replication: Box<Replication>) {
        let mut tries = Tries::default();
        let mut next = Ok(replication);
        let end = loop {
            let (before, began) = (self.place(), Instant::now());
            let ended = match next {
                Ok(replication) => self.stream(replication).await,
                Err(error) => Err(error),
            };
            let Err(error) = ended else { break Ok(()) };
            self.shared.lock().connected = false;
            tries.connection_ended(self.place() != before, began.elapsed());
            next = match self.come_back(error, &mut tries).await {
                Ok(Some(replication)) => Ok(replication),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
        };
        let slot = &self.options.slot;
        match &end {
            Err(error) => error!(slot, %error, "the stream failed"),
            Ok(()) => info!(slot, "the stream is closed"),
        }
        let mut state = self.shared.lock();
        state.connected = false;
        state.end = Some(end);
        drop(state);
        self.shared.news.notify_waiters();
    }

    fn size(&self) -> SegmentSize {
        self.info.segment_size
    }

    /// Up to where and on which timeline data has come.
    fn place(&self) -> (Lsn, TimelineId) {
        let state = self.shared.lock();
        (state.feedback.received(), state.timeline)
    }

    /// Streams on one connection until we close it, timeline after timeline.
    async fn stream(&self, mut replication: Box<Replication>) -> Result<()> {
        loop {
            let ended = Driver::new(replication, Arc::clone(&self.shared)).run().await;
            let (received, timeline) = self.place();
            let ended = ended.map_err(|error| start::explained(error, &self.options, received))?;
            let Ended::Timeline(at_end) = ended else { return Ok(()) };
            let (client, switch) =
                start::after_timeline(at_end, timeline, received, self.size()).await?;
            self.tell_switch(switch);
            replication = self.begin(*client).await?;
        }
    }

    /// Streams from where we are, or from what follows if the timeline ends right there.
    pub(super) async fn begin(&self, mut client: Client) -> Result<Box<Replication>> {
        loop {
            let (from, timeline) = self.place();
            match start::start(client, &self.options, from, timeline, self.size()).await? {
                Begun::Streaming(mut replication) => {
                    let mut state = self.shared.lock();
                    state.feedback.resume(from, self.shared.now());
                    state.notices.append(&mut replication.notices);
                    return Ok(replication);
                }
                Begun::Over(again, switch) => {
                    self.tell_switch(switch);
                    client = *again;
                }
            }
        }
    }

    fn tell_switch(&self, switch: TimelineSwitch) {
        let mut state = self.shared.lock();
        state.timeline = switch.timeline;
        state.feedback.switch(switch.switch, switch.start, self.shared.now());
        state.push(PhysicalEvent::Timeline(switch));
        drop(state);
        self.shared.news.notify_waiters();
    }

    /// Another connection that streams; `None` when the stream is closed before there is one.
    async fn come_back(
        &self,
        mut error: Error,
        tries: &mut Tries,
    ) -> Result<Option<Box<Replication>>> {
        if self.shared.lock().closing != Closing::No {
            return Ok(None);
        }
        let (Some(config), Some(policy)) = (&self.config, self.options.reconnect) else {
            return Err(error);
        };
        let broken = Instant::now();
        loop {
            let Some(delay) = tries.next(&policy, &error, broken.elapsed()) else {
                return Err(error);
            };
            let slot = &self.options.slot;
            warn!(slot, %error, tries = tries.count(), ?delay, "the connection broke");
            self.tell(StreamEvent::Disconnected {
                error: error.to_string(),
                tries: tries.count(),
                delay,
            });
            match self.shared.until_closed(self.try_again(config, delay)).await {
                Some(Ok(replication)) => return Ok(Some(replication)),
                Some(Err(next)) => error = next,
                None => return Ok(None),
            }
        }
    }

    async fn try_again(&self, config: &Config, delay: Duration) -> Result<Box<Replication>> {
        sleep(delay).await;
        let mut client = Client::connect(config, ConnectionKind::Physical).await?;
        let system = client.identify_system().await?;
        if system.system_id != self.info.system_id {
            return Err(Error::config_hint(
                format!(
                    "the server is another system ({}) than the one that the stream began on ({})",
                    system.system_id, self.info.system_id
                ),
                "Check which server the address leads to",
            ));
        }
        let replication = self.begin(client).await?;
        let mut state = self.shared.lock();
        state.connections += 1;
        state.connected = true;
        state.push(PhysicalEvent::Reconnected);
        let lsn = state.feedback.received();
        drop(state);
        self.tell(StreamEvent::Resumed { lsn });
        info!(slot = self.options.slot, "connected again");
        Ok(replication)
    }

    fn tell(&self, event: StreamEvent) {
        self.shared.lock().tell(event);
        self.shared.news.notify_waiters();
    }
}
