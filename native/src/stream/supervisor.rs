//! Keeps a stream going over connections that break.
//!
//! A broken connection is replaced if its error allows that: after a wait, and after the checks that
//! the first one had to pass. The new one goes on from what is confirmed; what was received and not
//! handed over is dropped, for the server sends it again.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::{Instant, sleep};

use super::driver::Driver;
use super::options::StreamOptions;
use super::reconnect::Tries;
use super::shared::{Closing, End, Shared, StreamEvent};
use super::start::{self, StreamInfo};
use crate::client::Replication;
use crate::config::Config;
use crate::error::{Error, Result};

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
        let end = loop {
            let driver =
                Driver::new(replication.socket, Arc::clone(&self.shared), self.options.max_message);
            let Err(error) = driver.run().await else { break End::Closed };
            match self.come_back(error).await {
                Ok(Some(next)) => replication = next,
                Ok(None) => break End::Closed,
                Err(error) => break End::Failed(Some(error)),
            }
        };
        self.shared.lock().end = Some(end);
        self.shared.news.notify_waiters();
    }

    /// Another connection, in the state in which it streams; `None` when the stream is closed before
    /// there is one.
    async fn come_back(&self, mut error: Error) -> Result<Option<Replication>> {
        let Some(policy) = self.options.reconnect.filter(|_| !self.options.temporary) else {
            return Err(error);
        };
        let broken = Instant::now();
        let mut tries = Tries::default();
        loop {
            if self.shared.lock().closing != Closing::No {
                return Ok(None);
            }
            let Some(delay) = tries.next(&policy, &error, broken.elapsed()) else {
                return Err(error);
            };
            self.tell(StreamEvent::Disconnected {
                error: error.to_string(),
                tries: tries.count(),
                delay,
            });
            let Some(result) = self.until_closed(self.try_again(delay)).await else {
                return Ok(None);
            };
            match result {
                Ok(replication) => return Ok(Some(replication)),
                Err(next) => error = next,
            }
        }
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
        state.session.resume(delivered, position, now);
        (state.buffer, state.whole) = (buffer, whole);
        state.connections += 1;
        state.notices.append(&mut replication.notices);
        drop(state);
        self.tell(StreamEvent::Resumed { lsn: from });
        Ok(replication)
    }

    fn tell(&self, event: StreamEvent) {
        self.shared.lock().tell(event);
        self.shared.news.notify_waiters();
    }

    /// What the future gives, unless the stream is closed before.
    async fn until_closed<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let closed = self.shared.wait(|state| (state.closing != Closing::No).then_some(()));
        let (mut future, mut closed) = (pin!(future), pin!(closed));
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => closed.as_mut().poll(cx).map(|()| None),
        })
        .await
    }
}
