//! A logical replication stream: from connecting to the last acknowledgement.

mod assembly;
mod batch;
mod driver;
mod options;
mod pace;
mod plugin;
mod reconnect;
mod resumption;
mod shared;
mod start;
mod supervisor;

pub use batch::{Batch, Entries};
pub use options::{Acknowledge, OriginFilter, StreamOptions, Streaming};
pub use plugin::Plugin;
pub use reconnect::Reconnect;
pub use shared::StreamEvent;
pub use start::StreamInfo;

use std::fmt;
use std::sync::Arc;

use walscope_core::Lsn;
use walscope_core::session::AheadError;

use crate::config::Config;
use crate::error::Result;
use crate::server_error::ServerError;
use assembly::Assembly;
use shared::{Closing, Shared, State};

/// A stream of changes from a logical slot, by pgoutput or another [`Plugin`].
///
/// A task of its own keeps the connection: feedback leaves on its timer and whenever the server
/// asks, however slow the consumer is, which in turn stops the reading and so, by backpressure, the
/// server.
///
/// Nothing is confirmed to the server before the consumer has it. By default asking for the next
/// batch confirms the one before; with [`Acknowledge::Manual`] the program says so.
///
/// Dropping a future of it loses nothing: the next call goes on. Dropping the stream ends it in the
/// background, with a last acknowledgement of what was confirmed.
#[derive(Debug)]
pub struct Stream {
    control: StreamControl,
    acknowledge: Acknowledge,
    /// Where transactions may come in pieces that are to be put together.
    assembly: Option<Assembly>,
    info: StreamInfo,
}

/// Confirms, watches and ends a [`Stream`] while another task reads from it. Cloning is cheap.
#[derive(Clone)]
pub struct StreamControl {
    shared: Arc<Shared>,
}

/// What a stream has done so far, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamStatus {
    /// The end of what was received.
    pub received: Lsn,
    /// The end of what is confirmed.
    pub flushed: Lsn,
    /// Bytes read from the server.
    pub bytes: u64,
    /// Messages read from the server.
    pub messages: u64,
    /// Items that are confirmed.
    pub confirmed_items: u64,
    /// Bytes that wait for the consumer.
    pub buffered: usize,
    /// Status updates sent to the server.
    pub statuses: u64,
    /// How often the stream came back after its connection broke.
    pub reconnects: u64,
}

impl Stream {
    /// Connects, checks slot and publications, creates the slot if that is wanted, and starts.
    ///
    /// # Errors
    ///
    /// Whatever stands in the way, before anything is streamed: see [`Error`](crate::Error).
    pub async fn open(config: &Config, options: StreamOptions) -> Result<Self> {
        start::open(config, options).await
    }

    fn new(
        shared: Arc<Shared>,
        acknowledge: Acknowledge,
        assembly: Option<Assembly>,
        info: StreamInfo,
    ) -> Self {
        Self { control: StreamControl { shared }, acknowledge, assembly, info }
    }

    /// What was found when the stream started.
    pub fn info(&self) -> &StreamInfo {
        &self.info
    }

    /// What confirms, watches and ends the stream from elsewhere.
    pub fn control(&self) -> &StreamControl {
        &self.control
    }

    /// All whole messages that have been received, as soon as there is one; `None` after
    /// [`close`](Self::close). With automatic acknowledgement, asking confirms the last batch.
    ///
    /// # Errors
    ///
    /// Why the stream has ended. Everything received before has been handed over by then.
    pub async fn next_batch(&mut self) -> Result<Option<Batch>> {
        if self.acknowledge == Acknowledge::Automatic {
            self.control.confirm_items(u64::MAX);
        }
        let Some(assembly) = &mut self.assembly else {
            return self.control.shared.wait(State::take_batch).await;
        };
        loop {
            if self.control.is_open()
                && let Some(batch) = assembly.next()?
            {
                let mut state = self.control.shared.lock();
                if state.connections == assembly.connection() {
                    state.delivered = batch.items();
                    state.delivered_position = assembly.position();
                    return Ok(Some(batch));
                }
                // Of another connection by now: this comes again.
            }
            let received = self.control.shared.wait(|state| {
                let delivery = (state.connections, state.delivered, state.delivered_position);
                Some((delivery, state.take_bytes()?))
            });
            let (delivery, bytes) = received.await;
            match bytes? {
                Some(bytes) => assembly.receive(bytes, delivery),
                None => return Ok(None),
            }
        }
    }

    /// Ends the stream in order: see [`StreamControl::close`].
    ///
    /// # Errors
    ///
    /// Why the stream had ended before.
    pub async fn close(&mut self) -> Result<()> {
        self.control.close().await
    }
}

impl StreamControl {
    /// Confirms the first `items` items that the stream has delivered: ends of transactions, and
    /// messages outside of transactions, counted from 1; of another plugin than pgoutput, messages.
    /// Items beyond what was delivered are not confirmed.
    pub fn confirm_items(&self, items: u64) {
        let mut state = self.shared.lock();
        let delivered = state.delivered;
        state.session.confirm_items(items.min(delivered));
        state.wake_driver();
    }

    /// Confirms every transaction that ended at or before `lsn`, and the one whose commit is there,
    /// among the first `delivered` items; `None`: among all that were handed over. Returns the
    /// flushed LSN.
    ///
    /// # Errors
    ///
    /// A position beyond what was delivered. Nothing is confirmed then.
    pub fn acknowledge(&self, lsn: Lsn, delivered: Option<u64>) -> Result<Lsn, AheadError> {
        let mut state = self.shared.lock();
        let delivered = delivered.unwrap_or(u64::MAX).min(state.delivered);
        let flushed = state.session.confirm_lsn(lsn, delivered)?;
        state.wake_driver();
        Ok(flushed)
    }

    /// How far the stream is.
    pub fn status(&self) -> StreamStatus {
        let state = self.shared.lock();
        StreamStatus {
            received: state.session.received_lsn(),
            flushed: state.session.flushed_lsn(),
            bytes: state.counters.bytes,
            messages: state.counters.messages,
            confirmed_items: state.session.items_confirmed(),
            buffered: state.buffer.len(),
            statuses: state.counters.statuses,
            reconnects: state.connections - 1,
        }
    }

    /// What the server has remarked since this was last asked.
    pub fn take_notices(&self) -> Vec<ServerError> {
        std::mem::take(&mut self.shared.lock().notices)
    }

    /// The next remark of the server, as soon as there is one, such as the warning of PostgreSQL 18
    /// that a publication of the stream is missing and its rows are not sent.
    pub async fn next_notice(&self) -> ServerError {
        let first =
            |state: &mut State| (!state.notices.is_empty()).then(|| state.notices.remove(0));
        self.shared.wait(first).await
    }

    /// What has happened to the connection since this was last asked.
    pub fn take_events(&self) -> Vec<StreamEvent> {
        self.shared.lock().events.drain(..).collect()
    }

    /// The next of these, as soon as there is one.
    pub async fn next_event(&self) -> StreamEvent {
        self.shared.wait(|state| state.events.pop_front()).await
    }

    /// Ends the stream in order: what is confirmed is told to the server, which has two seconds to
    /// take it in. What was not handed over is dropped, unconfirmed.
    ///
    /// # Errors
    ///
    /// Why the stream had ended before.
    pub async fn close(&self) -> Result<()> {
        self.want_end();
        self.shared.wait(State::take_end).await
    }

    fn is_open(&self) -> bool {
        self.shared.lock().closing == Closing::No
    }

    fn want_end(&self) {
        let mut state = self.shared.lock();
        if state.closing == Closing::No {
            state.closing = Closing::Wanted;
            state.wake_driver();
            self.shared.news.notify_waiters();
        }
    }
}

impl fmt::Debug for StreamControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StreamControl").field(&self.status()).finish()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.control.want_end();
    }
}
