//! What the task that owns the socket and the consumer share.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use walscope_core::pgoutput::tag;
use walscope_core::session::Session;
use walscope_core::{Lsn, ReplicationMessage};

use super::batch::Batch;
use crate::error::{Error, Result};
use crate::server_error::ServerError;
use crate::shared::Closes;
pub(super) use crate::shared::Closing;

/// How the stream ended.
#[derive(Debug)]
pub(super) enum End {
    /// It was closed in order, by us.
    Closed,
    /// Something went wrong. The consumer takes the error once.
    Failed(Option<Error>),
}

/// Something that happened to a stream's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamEvent {
    /// It broke, or could not be made again: another will be tried.
    Disconnected {
        /// What went wrong.
        error: String,
        /// How often it was tried since it broke, the next time included.
        tries: u32,
        /// When.
        delay: Duration,
    },
    /// At the start: the server keeps the slot for somebody else, who may be dead without its knowing.
    /// It will be tried again.
    SlotInUse {
        /// What the server says, with the process that has the slot.
        error: String,
        /// How often it was tried, the next time included.
        tries: u32,
        /// When.
        delay: Duration,
    },
    /// There is another, and the stream goes on.
    Resumed {
        /// From where the server sends.
        lsn: Lsn,
    },
}

/// Events that nobody asks for are not piled up: the oldest are dropped.
const MOST_EVENTS: usize = 256;

pub(super) struct State {
    pub(super) session: Session,
    /// Received bytes: whole frames, then part of one.
    pub(super) buffer: BytesMut,
    /// Bytes of the whole frames.
    pub(super) whole: usize,
    pub(super) closing: Closing,
    pub(super) end: Option<End>,
    pub(super) notices: Vec<ServerError>,
    pub(super) counters: Counters,
    /// Items up to the end of the last batch that was handed over, and where the last one ends.
    pub(super) delivered: u64,
    pub(super) delivered_position: Lsn,
    /// Bytes of transactions whose end has not come, in memory and in files.
    pub(super) held: (usize, u64),
    /// Connections so far.
    pub(super) connections: u64,
    /// There is one now.
    pub(super) connected: bool,
    pub(super) events: VecDeque<StreamEvent>,
    pub(super) driver: Option<Waker>,
    /// The driver lets messages gather, and looks at everything again very soon.
    pub(super) gathering: bool,
    /// The consumer has no use for this connection: the server shall send again what is not confirmed.
    /// Until then nothing is handed over.
    pub(super) starts_over: bool,
}

/// What the stream has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) bytes: u64,
    pub(super) messages: u64,
    pub(super) changes: u64,
    pub(super) statuses: u64,
}

impl Counters {
    pub(super) fn count(&mut self, message: &ReplicationMessage<'_>) {
        self.messages += 1;
        if let ReplicationMessage::XLogData(data) = message
            && let Some(&(tag::INSERT | tag::UPDATE | tag::DELETE | tag::TRUNCATE)) =
                data.data.first()
        {
            self.changes += 1;
        }
    }
}

pub(super) type Shared = crate::shared::Shared<State>;

impl Shared {
    pub(super) fn new(session: Session, buffer: BytesMut, started: Instant) -> Self {
        let state = State {
            session,
            buffer,
            whole: 0,
            closing: Closing::No,
            end: None,
            notices: Vec::new(),
            counters: Counters::default(),
            delivered: 0,
            delivered_position: Lsn::INVALID,
            held: (0, 0),
            connections: 1,
            connected: true,
            events: VecDeque::new(),
            driver: None,
            gathering: false,
            starts_over: false,
        };
        Self::of(state, started)
    }
}

impl Closes for State {
    fn closing(&self) -> Closing {
        self.closing
    }
}

impl State {
    /// How the stream ended, if it has.
    pub(super) fn take_end(&mut self) -> Option<Result<()>> {
        match &mut self.end {
            None => None,
            Some(End::Closed) => Some(Ok(())),
            Some(End::Failed(error)) => Some(Err(error.take().unwrap_or(Error::Closed))),
        }
    }

    /// Takes all whole frames, which are handed over now, or says how the stream ended when none are
    /// left.
    pub(super) fn take_batch(&mut self) -> Option<Result<Option<Batch>>> {
        let taken = self.take_bytes()?;
        if let Ok(Some(_)) = taken {
            self.delivered = self.session.items_received();
            self.delivered_position = self.session.position();
        }
        Some(taken.map(|bytes| bytes.map(|bytes| Batch::new(bytes, self.delivered))))
    }

    /// The same, for somebody who hands them over later.
    pub(super) fn take_bytes(&mut self) -> Option<Result<Option<Bytes>>> {
        if self.whole > 0 && self.closing == Closing::No && !self.starts_over {
            let bytes = self.buffer.split_to(self.whole).freeze();
            self.whole = 0;
            self.wake_driver();
            return Some(Ok(Some(bytes)));
        }
        self.take_end().map(|end| end.map(|()| None))
    }

    pub(super) fn tell(&mut self, event: StreamEvent) {
        if self.events.len() >= MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Lets the driver look at what has changed.
    pub(super) fn wake_driver(&mut self) {
        if self.gathering && self.closing != Closing::Wanted {
            return;
        }
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }
}
