//! How a stream is: for people who watch it, and for programs that raise the alarm.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use walscope_core::{Lsn, Timestamp};

use super::shared::State;

/// What a stream has done so far, how far it is, and what it waits for. Counters are of the whole
/// stream, over all its connections, and count again what the server sends again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamStatus {
    /// The end of what was received.
    pub received: Lsn,
    /// The end of what is confirmed.
    pub flushed: Lsn,
    /// How many bytes of the log were received and are not confirmed.
    pub lag_bytes: u64,
    /// How long ago the oldest transaction ended that was received and is not confirmed, by the
    /// server's clock and ours; zero when there is none.
    pub lag: Duration,
    /// Bytes read from the server.
    pub bytes: u64,
    /// Messages read from the server.
    pub messages: u64,
    /// Inserts, updates, deletes and truncates among them.
    pub changes: u64,
    /// Items that were received: ends of transactions, and messages outside of any.
    pub received_items: u64,
    /// Items that are confirmed.
    pub confirmed_items: u64,
    /// Bytes that wait for the consumer.
    pub buffered: usize,
    /// Bytes of transactions in pieces that wait for their end, in memory.
    pub held: usize,
    /// The same in files.
    pub spilled: u64,
    /// Status updates sent to the server.
    pub statuses: u64,
    /// By how much a status update has left too late, at most. Anything near `wal_sender_timeout`
    /// means that the process did not get to run.
    pub feedback_delay: Duration,
    /// How often the stream came back after its connection broke.
    pub reconnects: u64,
    /// Whether there is a connection now.
    pub connected: bool,
}

impl StreamStatus {
    pub(super) fn of(state: &State) -> Self {
        let session = &state.session;
        let (received, flushed) = (session.received_lsn(), session.flushed_lsn());
        Self {
            received,
            flushed,
            lag_bytes: received.0.saturating_sub(flushed.0),
            lag: session.outstanding_since().map_or(Duration::ZERO, since),
            bytes: state.counters.bytes,
            messages: state.counters.messages,
            changes: state.counters.changes,
            received_items: session.items_received(),
            confirmed_items: session.items_confirmed(),
            buffered: state.buffer.len(),
            held: state.held.0,
            spilled: state.held.1,
            statuses: state.counters.statuses,
            feedback_delay: Duration::from_micros(session.feedback_delay()),
            reconnects: state.connections - 1,
            connected: state.connected,
        }
    }
}

/// The time from then to now. A server's clock that is ahead of ours makes it zero.
fn since(time: Timestamp) -> Duration {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp::from_unix_micros(i64::try_from(clock.as_micros()).unwrap_or(i64::MAX));
    Duration::from_micros(u64::try_from(now.0.saturating_sub(time.0)).unwrap_or_default())
}
