//! What the task that owns the socket and the consumer share.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Instant;

use walscope_core::{Lsn, TimelineId};

use super::event::PhysicalEvent;
use super::feedback::Feedback;
use crate::error::{Error, Result};
use crate::server_error::ServerError;
use crate::shared::Closes;
pub(super) use crate::shared::Closing;
use crate::stream::StreamEvent;

/// Events of the connection that nobody asks for are not piled up: the oldest are dropped.
const MOST_EVENTS: usize = 256;
/// What an event costs beside its bytes.
const OVERHEAD: usize = 96;

pub(super) struct State {
    pub(super) feedback: Feedback,
    queue: VecDeque<PhysicalEvent>,
    /// What the queue holds, in bytes.
    queued: usize,
    /// Reading stops while it holds so much.
    limit: usize,
    /// Reading has stopped.
    full: bool,
    pub(super) timeline: TimelineId,
    pub(super) closing: Closing,
    pub(super) end: Option<Result<()>>,
    pub(super) notices: Vec<ServerError>,
    /// What has happened to the connection.
    pub(super) events: VecDeque<StreamEvent>,
    /// The end of the log on the server, as it said last.
    pub(super) server_end: Lsn,
    pub(super) bytes: u64,
    pub(super) statuses: u64,
    pub(super) connections: u64,
    pub(super) connected: bool,
    pub(super) driver: Option<Waker>,
}

pub(super) type Shared = crate::shared::Shared<State>;

impl Shared {
    pub(super) fn new(feedback: Feedback, timeline: TimelineId, limit: usize) -> Self {
        let state = State {
            feedback,
            queue: VecDeque::new(),
            queued: 0,
            limit,
            full: false,
            timeline,
            closing: Closing::No,
            end: None,
            notices: Vec::new(),
            events: VecDeque::new(),
            server_end: Lsn::INVALID,
            bytes: 0,
            statuses: 0,
            connections: 1,
            connected: true,
            driver: None,
        };
        Self::of(state, Instant::now())
    }
}

impl Closes for State {
    fn closing(&self) -> Closing {
        self.closing
    }
}

impl State {
    pub(super) fn push(&mut self, event: PhysicalEvent) {
        self.queued += cost(&event);
        self.queue.push_back(event);
    }

    pub(super) fn tell(&mut self, event: StreamEvent) {
        if self.events.len() >= MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// What waits for the consumer, in bytes.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// Whether there is room for more.
    pub(super) fn has_room(&mut self) -> bool {
        self.full |= self.queued >= self.limit;
        !self.full
    }

    /// The next event, or how the stream ended when there is none left.
    pub(super) fn take(&mut self) -> Option<Result<Option<PhysicalEvent>>> {
        if self.closing == Closing::No
            && let Some(event) = self.queue.pop_front()
        {
            self.queued -= cost(&event);
            // Not for every event: waking costs more than reading.
            if self.full && self.queued <= self.limit / 2 {
                self.full = false;
                self.wake_driver();
            }
            return Some(Ok(Some(event)));
        }
        match &mut self.end {
            None => None,
            Some(Ok(())) => Some(Ok(None)),
            Some(end) => Some(std::mem::replace(end, Err(Error::Closed)).map(|()| None)),
        }
    }

    /// Lets the driver look at what has changed.
    pub(super) fn wake_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }
}

fn cost(event: &PhysicalEvent) -> usize {
    match event {
        PhysicalEvent::Data(data) => data.bytes.len() + OVERHEAD,
        _ => OVERHEAD,
    }
}
