//! A logical replication stream: from connecting to the last acknowledgement.

mod assembly;
mod batch;
mod batches;
mod change;
mod changes;
mod driver;
mod opening;
mod options;
mod pace;
mod plugin;
pub(crate) mod reconnect;
mod resumption;
mod shared;
mod start;
mod status;
mod supervisor;
mod transactions;
mod walk;

pub use batch::{Batch, Entries};
pub use batches::Batches;
pub use change::Change;
pub use changes::Changes;
pub use options::{Acknowledge, OriginFilter, StreamOptions, Streaming};
pub use plugin::Plugin;
pub use reconnect::Reconnect;
pub use shared::StreamEvent;
pub use start::StreamInfo;
pub use status::StreamStatus;
pub use transactions::{TransactionChanges, Transactions};

use std::fmt;
use std::sync::Arc;

use walscope_core::Lsn;
use walscope_core::session::AheadError;

use crate::config::Config;
use crate::error::{Error, Result};
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
    plugin: Plugin,
    acknowledge: Acknowledge,
    /// Pieces of transactions are given as they come.
    raw: bool,
    /// Where transactions may come in pieces that are to be put together.
    assembly: Option<Assembly>,
    info: StreamInfo,
}

/// Confirms, watches and ends a [`Stream`] while another task reads from it. Cloning is cheap.
#[derive(Clone)]
pub struct StreamControl {
    shared: Arc<Shared>,
}

impl Stream {
    /// Connects, checks slot and publications, creates the slot if that is wanted, and starts.
    ///
    /// A server may keep the slot for a consumer that is dead, until it notices. So while the slot is in
    /// use this tries again, unless [`StreamOptions::reconnect`] is `None`, for as long as that allows
    /// and at most `wal_sender_timeout` of the server and 5 s (60 s where it has none).
    ///
    /// # Errors
    ///
    /// Whatever stands in the way, before anything is streamed: see [`Error`](crate::Error).
    pub async fn open(config: &Config, options: StreamOptions) -> Result<Self> {
        opening::open(config, options, |_| ()).await
    }

    /// The same, which tells when it has to wait for the slot ([`StreamEvent::SlotInUse`]).
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub async fn open_watched(
        config: &Config,
        options: StreamOptions,
        tell: impl FnMut(&StreamEvent),
    ) -> Result<Self> {
        opening::open(config, options, tell).await
    }

    fn new(
        shared: Arc<Shared>,
        options: &StreamOptions,
        assembly: Option<Assembly>,
        info: StreamInfo,
    ) -> Self {
        Self {
            control: StreamControl { shared },
            plugin: options.plugin.clone(),
            acknowledge: options.acknowledge,
            raw: options.raw,
            assembly,
            info,
        }
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
            if self.control.is_open() {
                let batch = assembly.next()?;
                let mut state = self.control.shared.lock();
                state.held = assembly.held_bytes();
                // Of another connection by now, or soon: what is here comes again.
                let holds = state.connections == assembly.connection() && !state.starts_over;
                if let Some(batch) = batch.filter(|_| holds) {
                    state.delivered = batch.items();
                    state.delivered_position = assembly.position();
                    return Ok(Some(batch));
                }
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

    /// The changes one by one, in their transactions and with their tables.
    ///
    /// # Errors
    ///
    /// Of another plugin than pgoutput nothing is known of what its messages say.
    pub fn changes(self) -> Result<Changes> {
        Changes::new(self)
    }

    /// The changes transaction by transaction.
    ///
    /// # Errors
    ///
    /// Those of [`changes`](Self::changes), and a stream of pieces ([`StreamOptions::raw`]).
    pub fn transactions(self) -> Result<Transactions> {
        if self.raw {
            return Err(Error::config("a raw stream has pieces of transactions, not transactions"));
        }
        Ok(Transactions::new(Changes::new(self)?))
    }

    /// The batches as a stream for the combinators of `futures`.
    ///
    /// # Errors
    ///
    /// Automatic acknowledgement: combinators read ahead.
    pub fn into_batches(self) -> Result<Batches> {
        Batches::new(self)
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

    /// How far the stream is, and how it is.
    pub fn status(&self) -> StreamStatus {
        StreamStatus::of(&self.shared.lock())
    }

    /// What somebody who puts transactions together behind the stream keeps of them.
    #[cfg(feature = "cli")]
    pub(crate) fn tell_held(&self, held: (usize, u64)) {
        self.shared.lock().held = held;
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
        self.end();
        self.shared.wait(State::take_end).await
    }

    /// Lets the stream end as [`close`](Self::close) does, and waits for nothing: for whoever cannot
    /// wait, such as a destructor.
    pub fn end(&self) {
        let mut state = self.shared.lock();
        if state.closing == Closing::No {
            state.closing = Closing::Wanted;
            state.wake_driver();
            self.shared.news.notify_waiters();
        }
    }

    /// Lets the server send everything again that is not confirmed, over another connection: for a
    /// consumer of batches whose [`Tracker`](walscope_core::transaction::Tracker) has said
    /// [`NotResumed`](walscope_core::ErrorKind::NotResumed). The rest of its batch is to be dropped;
    /// the next one begins with the head of the new connection, at which the tracker says that the
    /// transaction begins again.
    ///
    /// The consumer has had the first `items` items and nothing beyond, the last of which ends at
    /// `position`, the tracker's. Where the stream does not reconnect it ends.
    pub fn start_over(&self, items: u64, position: Lsn) {
        let mut state = self.shared.lock();
        (state.delivered, state.delivered_position) = (items, position);
        state.starts_over = true;
        if let Some(driver) = state.driver.take() {
            driver.wake();
        }
    }

    /// How many items were handed over, and where they end.
    fn delivered(&self) -> (u64, Lsn) {
        let state = self.shared.lock();
        (state.delivered, state.delivered_position)
    }

    fn is_open(&self) -> bool {
        self.shared.lock().closing == Closing::No
    }
}

impl fmt::Debug for StreamControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StreamControl").field(&self.status()).finish()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.control.end();
    }
}
