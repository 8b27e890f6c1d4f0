//! Physical replication: the write-ahead log itself, as a standby receives it.
//!
//! The manual's "Streaming Replication Protocol", and `src/backend/replication/walsender.c`.

mod driver;
mod event;
mod feedback;
mod options;
mod shared;
mod start;
mod supervisor;

use std::fmt;
use std::sync::Arc;

use walscope_core::session::Micros;
use walscope_core::{Lsn, TimelineId};

pub use event::{PhysicalEvent, TimelineSwitch, WalData};
pub use feedback::{StandbyFeedback, WalPositions};
pub use options::PhysicalOptions;
pub use start::PhysicalInfo;

use crate::client::Client;
use crate::config::Config;
use crate::connect::ConnectionKind;
use crate::error::{Error, Result};
use crate::server_error::ServerError;
use crate::stream::StreamEvent;
use feedback::Feedback;
use shared::{Closing, Shared, State};
use supervisor::Supervisor;

/// The write-ahead log of a cluster as the server sends it, over the ends of timelines and over
/// connections that break.
///
/// A task of its own on the ambient tokio runtime owns the connection: it answers the server while the
/// consumer sleeps, and stops reading while the consumer is behind. What the server is told of the
/// consumer's progress comes from [`PhysicalControl::report`] and from nowhere else.
///
/// ```no_run
/// # async fn run(config: walscope::Config) -> Result<(), Box<dyn std::error::Error>> {
/// use walscope::{PhysicalEvent, PhysicalOptions, PhysicalStream, WalPositions};
/// let options = PhysicalOptions { slot: Some("archive".into()), ..PhysicalOptions::default() };
/// let mut stream = PhysicalStream::open(&config, options).await?;
/// let control = stream.control();
/// while let Some(event) = stream.next().await? {
///     if let PhysicalEvent::Data(data) = event {
///         println!("{} bytes at {}", data.bytes.len(), data.start);
///         // Once it is written, flushed, applied:
///         let end = data.end();
///         control.report(WalPositions { written: end, flushed: end, applied: end })?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// Dropping a future of [`next`](Self::next) loses nothing. Dropping the stream ends it.
pub struct PhysicalStream {
    shared: Arc<Shared>,
    info: PhysicalInfo,
}

impl Client {
    /// Streams the write-ahead log on this connection, which must be one for replication
    /// ([`ConnectionKind::Physical`]). When it breaks, the stream ends with an error.
    ///
    /// # Errors
    ///
    /// The server refuses; it has no log from there any more ([`Error::WalRemoved`]).
    pub async fn physical(self, options: PhysicalOptions) -> Result<PhysicalStream> {
        PhysicalStream::begin(self, None, options).await
    }
}

impl PhysicalStream {
    /// Connects, and streams the write-ahead log. When the connection breaks, another is made as
    /// [`PhysicalOptions::reconnect`] says, and the stream goes on where it was.
    ///
    /// # Errors
    ///
    /// No connection can be made; the server refuses; it has no log from there any more
    /// ([`Error::WalRemoved`]).
    pub async fn open(config: &Config, options: PhysicalOptions) -> Result<Self> {
        let client = Client::connect(config, ConnectionKind::Physical).await?;
        Self::begin(client, Some(config.clone()), options).await
    }

    async fn begin(
        mut client: Client,
        config: Option<Config>,
        options: PhysicalOptions,
    ) -> Result<Self> {
        let info = start::look(&mut client, &options).await?;
        let interval = match start::micros(info.status_interval) {
            0 => Micros::MAX,
            interval => interval,
        };
        let stall_timeout = start::micros(options.stall_timeout);
        let feedback = Feedback::new(info.start, interval, stall_timeout);
        let shared = Arc::new(Shared::new(feedback, info.timeline, options.buffer));
        let supervisor =
            Supervisor { config, options, info: info.clone(), shared: Arc::clone(&shared) };
        let replication = supervisor.begin(client).await?;
        tokio::spawn(supervisor.run(replication));
        Ok(Self { shared, info })
    }

    /// Where the stream began, and what it is of.
    pub fn info(&self) -> &PhysicalInfo {
        &self.info
    }

    /// The next event; `None` after the stream was closed.
    ///
    /// # Errors
    ///
    /// The connection broke and cannot be made again; the server sends what cannot be.
    pub async fn next(&mut self) -> Result<Option<PhysicalEvent>> {
        self.shared.wait(State::take).await
    }

    /// The next event, if there is one already.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub fn try_next(&mut self) -> Result<Option<PhysicalEvent>> {
        self.shared.lock().take().unwrap_or(Ok(None))
    }

    /// What can be done with the stream from elsewhere.
    pub fn control(&self) -> PhysicalControl {
        PhysicalControl { shared: Arc::clone(&self.shared) }
    }

    /// Ends the stream: the server is told what was reported last, and takes that in. What was not asked
    /// for is dropped.
    ///
    /// # Errors
    ///
    /// The stream had failed, and nobody had asked for the error.
    pub async fn close(self) -> Result<()> {
        self.control().close();
        self.shared.wait(|state| state.take()).await.map(|_| ())
    }
}

impl Drop for PhysicalStream {
    fn drop(&mut self) {
        self.control().close();
    }
}

impl fmt::Debug for PhysicalStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhysicalStream").field("info", &self.info).finish_non_exhaustive()
    }
}

/// How a physical stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhysicalStatus {
    /// The timeline of what was received last.
    pub timeline: TimelineId,
    /// The end of what was received.
    pub received: Lsn,
    /// What the consumer has reported.
    pub positions: WalPositions,
    /// The end of the log on the server, as it said last.
    pub server_end: Lsn,
    /// Bytes read from the server.
    pub bytes: u64,
    /// Bytes that wait for the consumer.
    pub buffered: usize,
    /// Status updates sent to the server.
    pub statuses: u64,
    /// How often the stream came back after its connection broke.
    pub reconnects: u64,
    /// Whether there is a connection now.
    pub connected: bool,
}

/// Reports progress and looks at a physical stream. Clones can be given to other tasks.
#[derive(Clone)]
pub struct PhysicalControl {
    shared: Arc<Shared>,
}

impl PhysicalControl {
    /// Tells how far the consumer is. News of what is flushed or applied goes to the server at once, news
    /// of what is written within 10 milliseconds.
    ///
    /// # Errors
    ///
    /// A position beyond what was received: nothing is told.
    pub fn report(&self, positions: WalPositions) -> Result<()> {
        let mut state = self.shared.lock();
        state.feedback.report(positions).map_err(|received| {
            Error::config(format!(
                "written {}, flushed {} and applied {} cannot be reported: only what ends at \
                 {received} was received",
                positions.written, positions.flushed, positions.applied
            ))
        })?;
        state.wake_driver();
        Ok(())
    }

    /// Tells which rows the queries of a standby need; `None` takes back what was said. It is said again
    /// with every regular status update.
    pub fn hot_standby_feedback(&self, feedback: Option<StandbyFeedback>) {
        let mut state = self.shared.lock();
        state.feedback.set_standby(feedback);
        state.wake_driver();
    }

    /// How the stream is.
    pub fn status(&self) -> PhysicalStatus {
        let state = self.shared.lock();
        PhysicalStatus {
            timeline: state.timeline,
            received: state.feedback.received(),
            positions: state.feedback.positions(),
            server_end: state.server_end,
            bytes: state.bytes,
            buffered: state.queued(),
            statuses: state.statuses,
            reconnects: state.connections - 1,
            connected: state.connected,
        }
    }

    /// What the server has remarked since this was last asked.
    pub fn take_notices(&self) -> Vec<ServerError> {
        std::mem::take(&mut self.shared.lock().notices)
    }

    /// The next remark of the server, as soon as there is one.
    pub async fn next_notice(&self) -> ServerError {
        let first =
            |state: &mut State| (!state.notices.is_empty()).then(|| state.notices.remove(0));
        self.shared.wait(first).await
    }

    /// What happens to the connection next: that it breaks, is tried again, and is there again. (The
    /// last is in the stream itself too, at its place: [`PhysicalEvent::Reconnected`].)
    pub async fn next_event(&self) -> StreamEvent {
        self.shared.wait(|state| state.events.pop_front()).await
    }

    /// Waits until the stream has ended, and its connection is gone. It says nothing of why: that is
    /// for who asks [`PhysicalStream::next`].
    pub async fn ended(&self) {
        self.shared.wait(|state| state.end.is_some().then_some(())).await;
    }

    /// Ends the stream: [`PhysicalStream::next`] gives `None`. What was not asked for is dropped.
    pub fn close(&self) {
        let mut state = self.shared.lock();
        if state.closing == Closing::No {
            state.closing = Closing::Wanted;
            state.wake_driver();
            drop(state);
            self.shared.news.notify_waiters();
        }
    }
}

impl fmt::Debug for PhysicalControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhysicalControl").field("status", &self.status()).finish()
    }
}
