//! Keeps a stream going over connections that break.
//!
//! A broken connection is replaced if its error allows that: after a wait, and after the checks that
//! the first one had to pass. The new one goes on from what is confirmed; what was received and not
//! handed over is dropped, for the server sends it again.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{error, info, warn};

use super::driver::{Driver, GOODBYE};
use super::options::StreamOptions;
use super::reconnect::Tries;
use super::shared::{Closing, End, Shared, StreamEvent};
use super::start::{self, StreamInfo};
use crate::client::Replication;
use crate::config::Config;
use crate::error::{Error, ErrorClass, Result};

/// The wait between tries when the stream is to end.
const GOODBYE_DELAY: Duration = Duration::from_millis(50);

pub(super) struct Supervisor {
    pub(super) config: Config,
    pub(super) options: StreamOptions,
    /// What was found at the start.
    pub(super) info: StreamInfo,
    pub(super) shared: Arc<Shared>,
}

impl Supervisor {
    /// Drives the stream to its end, over as many connections as it takes.
    pub(super) async fn run(self, mut replication: Replication) {
        let mut tries = Tries::default();
        let mut goodbye = None;
        let end = loop {
            let (before, began) = (self.items_received(), Instant::now());
            let driver =
                Driver::new(replication.socket, Arc::clone(&self.shared), self.options.max_message);
            let ended = driver.run().await;
            self.shared.lock().connected = false;
            let Err(error) = ended else { break End::Closed };
            tries.connection_ended(self.items_received() > before, began.elapsed());
            match self.come_back(error, &mut tries, &mut goodbye).await {
                Ok(Some(next)) => replication = next,
                Ok(None) => break End::Closed,
                Err(error) => break End::Failed(Some(error)),
            }
        };
        match &end {
            End::Failed(Some(error)) => {
                error!(slot = self.options.slot, %error, "the stream failed");
            }
            _ => info!(slot = self.options.slot, "the stream is closed"),
        }
        self.shared.lock().end = Some(end);
        self.shared.news.notify_waiters();
    }

    fn items_received(&self) -> u64 {
        self.shared.lock().session.items_received()
    }

    /// Another connection, in the state in which it streams; `None` when the stream is closed before
    /// there is one. `goodbye` is by when it has to be closed, once that is wanted.
    async fn come_back(
        &self,
        mut error: Error,
        tries: &mut Tries,
        goodbye: &mut Option<Instant>,
    ) -> Result<Option<Replication>> {
        let Some(policy) = self.options.reconnect.filter(|_| !self.options.temporary) else {
            return Err(error);
        };
        let broken = Instant::now();
        loop {
            let Some(delay) = tries.next(&policy, &error, broken.elapsed()) else {
                return Err(error);
            };
            self.tell(StreamEvent::Disconnected {
                error: error.to_string(),
                tries: tries.count(),
                delay,
            });
            match self.shared.until_closed(self.try_again(delay)).await {
                Some(Ok(replication)) => return Ok(Some(replication)),
                Some(Err(next)) => error = next,
                None => {
                    let until = *goodbye.get_or_insert_with(|| Instant::now() + GOODBYE);
                    return Ok(self.for_goodbye(until).await);
                }
            }
        }
    }

    /// The stream is closed while there is no connection, or has lost it before the server answered our
    /// goodbye. What was confirmed may not have reached the server, which would send it again to whoever
    /// comes next: one more connection, if it can be had by then, tells it.
    async fn for_goodbye(&self, until: Instant) -> Option<Replication> {
        if self.shared.lock().session.flushed_lsn() <= self.info.start {
            return None;
        }
        let tries = async {
            loop {
                match self.try_again(GOODBYE_DELAY).await {
                    Ok(replication) => return Some(replication),
                    Err(error) if error.class() == ErrorClass::Retry => {}
                    Err(_) => return None,
                }
            }
        };
        let Ok(Some(replication)) = timeout_at(until, tries).await else {
            warn!(slot = self.options.slot, "what was confirmed last may come again");
            return None;
        };
        self.shared.lock().closing = Closing::Wanted;
        Some(replication)
    }

    async fn try_again(&self, delay: Duration) -> Result<Replication> {
        sleep(delay).await;
        let from = {
            let state = self.shared.lock();
            state.session.flushed_lsn().max(self.options.start.unwrap_or_default())
        };
        let (info, mut replication) =
            start::resume(&self.config, &self.options, &self.info, from).await?;
        let mut buffer = BytesMut::from(&info.resume_head()[..]);
        let whole = buffer.len();
        buffer.extend_from_slice(&replication.buffered);
        replication.buffered.clear();
        let mut state = self.shared.lock();
        let now = self.shared.now();
        let (delivered, position) = (state.delivered, state.delivered_position);
        state.starts_over = false;
        state.session.resume(delivered, position, now);
        (state.buffer, state.whole) = (buffer, whole);
        state.connections += 1;
        state.connected = true;
        state.notices.append(&mut replication.notices);
        drop(state);
        self.tell(StreamEvent::Resumed { lsn: from });
        Ok(replication)
    }

    fn tell(&self, event: StreamEvent) {
        let slot = &self.options.slot;
        match &event {
            StreamEvent::Disconnected { error, tries, delay } => {
                warn!(slot, error, tries, ?delay, "the connection broke");
            }
            StreamEvent::SlotInUse { .. } => {}
            StreamEvent::Resumed { lsn } => info!(slot, %lsn, "connected again"),
        }
        self.shared.lock().tell(event);
        self.shared.news.notify_waiters();
    }
}
