//! What passes between consumer and server, looked at frame by frame: where a crash is to happen,
//! and what was really hit.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use walscope_core::pgoutput::{Decoder, Message, tag};
use walscope_core::{Lsn, ReplicationMessage, StandbyStatusUpdate};

use super::prepared::Prepared;
use super::skim::{Frame, Skimmer};
use crate::proxy::{Side, Watch};

/// Ends of transactions that are remembered.
const MOST_ENDS: usize = 100_000;
const COPY_DATA: u8 = b'd';
const COPY_BOTH: u8 = b'W';

/// Where the next crash is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aim {
    /// After so many frames, whatever they are.
    Anywhere(u32),
    /// Inside a block of a streamed transaction, behind so many messages of it. What follows is held.
    Block(u32),
    /// Right after a confirmation of something that was sent behind a transaction that is prepared.
    Prepared,
    /// Right after a confirmation.
    Confirmation,
}

/// What was hit, by what was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The consumer has the beginning of a block of a streamed transaction and not its end.
    pub(super) in_block: bool,
    /// A transaction is prepared, neither committed nor rolled back, and a later one is confirmed.
    pub(super) in_prepared: bool,
    /// When the server was last told that another transaction is confirmed.
    pub(super) confirmed_at: Option<Instant>,
}

/// The watch itself.
pub(super) struct Wire {
    state: Mutex<State>,
    changed: Condvar,
    prepared: Prepared,
}

#[derive(Default)]
struct State {
    connection: u64,
    server: Skimmer,
    client: Skimmer,
    /// Replication has begun on this connection.
    streams: bool,
    in_block: bool,
    block_messages: u32,
    frames: u32,
    aim: Option<Aim>,
    /// Bytes behind the aim are held.
    held: bool,
    /// Ends of the transactions that passed, on all connections, since they were last asked for.
    ends: VecDeque<Lsn>,
    /// The last of them that the server was told to be confirmed.
    confirmed_end: Lsn,
    confirmed_at: Option<Instant>,
    /// The most that the server was told.
    flushed: Lsn,
}

impl Wire {
    pub(super) fn new(prepared: Prepared) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), prepared }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn aim(&self, aim: Aim) {
        let mut state = self.lock();
        (state.aim, state.frames) = (Some(aim), 0);
    }

    /// Waits until that is there; false: not in time. Nothing is aimed at any more then.
    pub(super) fn wait_for_hit(&self, patience: Duration) -> bool {
        let hit = self.wait(patience, |state| state.aim.is_none());
        self.lock().aim = None;
        hit
    }

    /// Waits until a connection with a higher number streams.
    pub(super) fn wait_for_stream(&self, after: u64, patience: Duration) -> bool {
        self.wait(patience, |state| state.streams && state.connection > after)
    }

    fn wait(&self, patience: Duration, until: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        while !until(&state) {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return false };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    pub(super) fn connection(&self) -> u64 {
        self.lock().connection
    }

    pub(super) fn streams(&self) -> bool {
        self.lock().streams
    }

    /// What a crash hits now. A block counts only where what follows is held.
    pub(super) fn moment(&self) -> Moment {
        let state = self.lock();
        Moment {
            in_block: state.in_block && state.held,
            in_prepared: self.prepared.hold_before(state.confirmed_end),
            confirmed_at: state.confirmed_at,
        }
    }

    /// The most that the server was told to be flushed.
    pub(super) fn flushed(&self) -> Lsn {
        self.lock().flushed
    }

    /// Ends of transactions that passed, up to this one. They are forgotten.
    pub(super) fn take_ends(&self, until: Lsn) -> Vec<Lsn> {
        let mut state = self.lock();
        let (taken, kept): (Vec<_>, Vec<_>) = state.ends.iter().partition(|end| **end <= until);
        state.ends = kept.into();
        taken
    }
}

impl Watch for Wire {
    fn connected(&self, connection: u64) {
        let mut state = self.lock();
        state.connection = connection;
        (state.server, state.client) = (Skimmer::of_server(), Skimmer::of_client());
        (state.streams, state.in_block, state.held) = (false, false, false);
    }

    fn pass(&self, connection: u64, side: Side, bytes: &[u8]) -> usize {
        let mut state = self.lock();
        if connection != state.connection {
            return bytes.len();
        }
        let mut passed = 0;
        while passed < bytes.len() {
            let skimmer = match side {
                Side::Client => &mut state.client,
                Side::Server => &mut state.server,
            };
            let (frame, consumed) = skimmer.next(&bytes[passed..]);
            passed += consumed;
            let Some(frame) = frame else { break };
            let hit = match side {
                Side::Client => state.take_clients(&frame, &self.prepared),
                Side::Server => state.take_servers(&frame),
            };
            if hit {
                state.aim = None;
                self.changed.notify_all();
                state.held = state.in_block && side == Side::Server;
                if state.held {
                    return passed;
                }
            }
        }
        self.changed.notify_all();
        passed
    }
}

impl State {
    /// Whether this is what was aimed at.
    fn take_servers(&mut self, frame: &Frame) -> bool {
        self.frames += 1;
        match frame.tag {
            COPY_BOTH => self.streams = true,
            COPY_DATA => self.data(&frame.body),
            _ => {}
        }
        match self.aim {
            Some(Aim::Block(messages)) => self.in_block && self.block_messages > messages,
            Some(Aim::Anywhere(frames)) => self.frames >= frames,
            _ => false,
        }
    }

    fn data(&mut self, body: &[u8]) {
        let Ok(ReplicationMessage::XLogData(data)) = ReplicationMessage::decode(body) else {
            return;
        };
        self.block_messages += 1;
        match data.data.first() {
            Some(&tag::STREAM_START) => (self.in_block, self.block_messages) = (true, 0),
            Some(&tag::STREAM_STOP) => self.in_block = false,
            Some(&(tag::COMMIT | tag::STREAM_COMMIT)) => {
                let end = match Decoder::default().decode(data.data) {
                    Ok(Message::Commit(commit)) => commit.end_lsn,
                    Ok(Message::StreamCommit(commit)) => commit.end_lsn,
                    other => panic!("a commit is {other:?}"),
                };
                self.ends.push_back(end);
                if self.ends.len() > MOST_ENDS {
                    self.ends.pop_front();
                }
            }
            _ => {}
        }
    }

    fn take_clients(&mut self, frame: &Frame, prepared: &Prepared) -> bool {
        let (true, COPY_DATA) = (self.streams, frame.tag) else { return false };
        let Ok(status) = StandbyStatusUpdate::decode(&frame.body) else { return false };
        self.flushed = self.flushed.max(status.flushed);
        let confirmed =
            self.ends.iter().rev().find(|end| **end <= status.flushed).copied().unwrap_or_default();
        if confirmed <= self.confirmed_end {
            return false;
        }
        self.confirmed_end = confirmed;
        self.confirmed_at = Some(Instant::now());
        match self.aim {
            Some(Aim::Confirmation) => true,
            Some(Aim::Prepared) => prepared.hold_before(confirmed),
            _ => false,
        }
    }
}
