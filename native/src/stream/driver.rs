//! The task that owns the socket of a stream.
//!
//! It repeats named steps until none of them gets further: say goodbye if that is wanted, read, keep
//! the session's timers, write. Reading stops while the consumer has not taken what was read;
//! feedback to the server never stops.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Buf, BytesMut};
use postgres_protocol::message::backend::Message as Backend;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep, timeout};
use tracing::{debug, trace, warn};
use walscope_core::frame::{COPY_DATA, FrameDecoder, Step};
use walscope_core::session::{Action, Micros};
use walscope_core::{ReplicationMessage, StandbyStatusUpdate, Timestamp};

use super::pace::Pace;
use super::shared::{Closing, Counters, Shared, State};
use crate::error::{Error, Result};
use crate::loopback;
use crate::undecodable::Undecodable;
use crate::wire::{Socket, server_error};

/// Reading stops when so many bytes wait for the consumer.
const BUFFER_LIMIT: usize = 4 * 1024 * 1024;
/// Status updates that the server does not take are not piled up.
const OUTPUT_LIMIT: usize = 64 * 1024;
/// What is read at once.
const READ_SIZE: usize = 256 * 1024;
/// With less room behind what was read before, new room is made first.
const LEAST_READ_SIZE: usize = 64 * 1024;
/// How long messages may gather. Too long, and what the system has for them is full before.
const PAUSE: Micros = 3_000;
/// The same for small ones that gather at the server, which has much room.
const LOOPBACK_PAUSE: Micros = 8_000;
/// Messages with a smaller mean, in bytes, cost mostly because they are so many; those with a larger one
/// because of their size.
const SMALL_MESSAGE: u64 = 1024;
const LARGE_MESSAGE: u64 = 4 * 1024;
/// So many bytes say what messages are like.
const EVIDENCE: u64 = 64 * 1024;
/// Steps without a look at what else the runtime has to do.
const MOST_STEPS: usize = 128;
/// How long a goodbye may take.
pub(super) const GOODBYE: Duration = Duration::from_secs(2);
/// Remarks of the server that nobody asks for are not piled up.
const MOST_NOTICES: usize = 256;
/// No timer waits longer.
const LONGEST_WAIT: Micros = 3_600_000_000;

/// Frontend messages that end a stream: CopyDone and Terminate.
const COPY_DONE: [u8; 5] = [b'c', 0, 0, 0, 4];
const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];
/// CopyData, its length with a status update in it.
const STATUS_HEADER: [u8; 5] = [COPY_DATA, 0, 0, 0, 4 + StandbyStatusUpdate::SIZE as u8];

/// Backend messages beside CopyData.
const ERROR_RESPONSE: u8 = b'E';
const NOTICE_RESPONSE: u8 = b'N';
const PARAMETER_STATUS: u8 = b'S';
const BACKEND_COPY_DONE: u8 = b'c';
const COMMAND_COMPLETE: u8 = b'C';

/// PostgreSQL 18 warns with this code when a publication of the stream is missing.
const OBJECT_NOT_IN_PREREQUISITE_STATE: &str = "55000";

/// The state of the task.
pub(super) struct Driver {
    socket: Socket,
    shared: Arc<Shared>,
    frames: FrameDecoder,
    output: BytesMut,
    flushed: bool,
    timer: Pin<Box<Sleep>>,
    /// When the server's answer to our goodbye is no longer waited for.
    goodbye: Option<Instant>,
    pace: Pace,
    /// Bytes that were read since the consumer was woken.
    untold: usize,
    may_have_little_room: bool,
    /// The system has little room for what comes.
    little_room: bool,
    /// What had been received when the room was last chosen.
    chosen_at: Counters,
    /// Nothing gathers before so many bytes were received.
    gathers_from: u64,
}

/// What a step has achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Something: other steps may get further now.
    Made,
    /// Nothing; the task is woken when that changes, or when a pause is over.
    Waiting,
    /// The server has answered our goodbye.
    Ended,
}

impl Driver {
    /// A driver of `socket`, whose first bytes may be in the shared buffer already.
    pub(super) fn new(socket: Socket, shared: Arc<Shared>, max_message: u32) -> Self {
        let pace = Pace::new(if socket.holds_much() { PAUSE } else { 0 });
        let counters = shared.lock().counters;
        Self {
            shared,
            frames: FrameDecoder::new(max_message),
            output: BytesMut::new(),
            flushed: true,
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
            goodbye: None,
            pace,
            untold: 0,
            may_have_little_room: socket.may_have_little_room(),
            little_room: false,
            chosen_at: counters,
            gathers_from: 0,
            socket,
        }
    }

    /// Drives the connection to its end: an error, or what was wanted.
    pub(super) async fn run(mut self) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        // What came with the answer to START_REPLICATION.
        let first = take_frames(&mut self.frames, &mut shared.lock(), shared.now());
        shared.news.notify_waiters();
        first?;
        if self.may_have_little_room {
            let received = shared.lock().counters.bytes;
            self.make_room(true, received);
        }
        poll_fn(|cx| self.drive(cx)).await?;
        // The last status has been taken in; what happens to the socket now loses nothing.
        let _ = timeout(GOODBYE, async {
            self.socket.write_all(&TERMINATE).await?;
            self.socket.shutdown().await
        })
        .await;
        Ok(())
    }

    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        for _ in 0..MOST_STEPS {
            self.say_goodbye_if_wanted(cx);
            let read = self.read(cx)?;
            if read == Progress::Ended || self.goodbye.is_some_and(|end| Instant::now() >= end) {
                return Poll::Ready(Ok(()));
            }
            let timer = self.keep_time(cx)?;
            let written = self.write(cx)?;
            let waits = [read, timer, written].iter().all(|step| *step == Progress::Waiting);
            // Waking the consumer costs more than reading.
            if self.untold >= READ_SIZE || (waits && self.untold > 0) {
                self.untold = 0;
                self.shared.news.notify_waiters();
            }
            if waits {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Queues the last status and our goodbye, once. What was not handed over is dropped,
    /// unconfirmed.
    fn say_goodbye_if_wanted(&mut self, cx: &Context<'_>) {
        let mut state = self.shared.lock();
        state.driver = Some(cx.waker().clone());
        if state.closing != Closing::Wanted {
            return;
        }
        state.closing = Closing::Said;
        let whole = std::mem::take(&mut state.whole);
        state.buffer.advance(whole);
        let status = state.session.last_status(self.shared.now());
        debug!(flushed = %status.flushed, "saying goodbye");
        queue_status(&mut self.output, status);
        self.output.extend_from_slice(&COPY_DONE);
        self.goodbye = Some(Instant::now() + GOODBYE);
    }

    /// Reads once, unless the consumer is behind or messages gather, and looks at what is whole.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<Progress> {
        let mut state = self.shared.lock();
        if state.starts_over && state.closing == Closing::No {
            return Err(Error::NotResumed);
        }
        let now = self.shared.now();
        let reading = state.whole < BUFFER_LIMIT;
        state.session.set_reading(reading, now);
        let paused = state.closing == Closing::No && self.pace.pauses(now);
        state.gathering = reading && paused;
        if !reading || paused {
            return Ok(Progress::Waiting);
        }
        if state.buffer.capacity() - state.buffer.len() < LEAST_READ_SIZE {
            state.buffer.reserve(READ_SIZE);
        }
        // The future keeps nothing between polls.
        let read = pin!(self.socket.read_buf(&mut state.buffer)).poll(cx);
        match read {
            Poll::Pending if self.may_gather(&state) && self.pace.found_nothing(now) => {
                let counters = state.counters;
                drop(state);
                self.begin_pause(counters)
            }
            Poll::Pending => {
                let rested = self.socket.watch().map_err(Error::Io)?;
                Ok(if rested { Progress::Made } else { Progress::Waiting })
            }
            // Behind our goodbye, too: what is not answered may not have been taken in.
            Poll::Ready(read) if is_end(&read) => Err(Error::Closed),
            Poll::Ready(Ok(read)) => {
                state.counters.bytes += read as u64;
                let more = self.socket.holds_more();
                let pauses = self.may_gather(&state) && self.pace.has_read(read, more, now);
                let before = (state.whole, state.notices.len());
                let progress = take_frames(&mut self.frames, &mut state, now)?;
                if (state.whole, state.notices.len()) != before {
                    self.untold += read;
                }
                if pauses {
                    let counters = state.counters;
                    drop(state);
                    self.begin_pause(counters)?;
                }
                Ok(progress)
            }
            Poll::Ready(Err(error)) => Err(Error::Io(error)),
        }
    }

    fn may_gather(&self, state: &State) -> bool {
        state.closing == Closing::No && state.counters.bytes >= self.gathers_from
    }

    /// The pause begins that [`Pace`] has announced, unless the room has to become little first.
    fn begin_pause(&mut self, counters: Counters) -> Result<Progress> {
        if self.may_have_little_room && self.choose_room(counters) {
            self.pace.cancel();
            return Ok(Progress::Made);
        }
        self.socket.rest().map_err(Error::Io)?;
        self.shared.lock().gathering = true;
        Ok(Progress::Waiting)
    }

    /// Gives small messages little room, so that they gather at the server, and large ones much. Says
    /// whether it has become little.
    fn choose_room(&mut self, counters: Counters) -> bool {
        let bytes = counters.bytes - self.chosen_at.bytes;
        if bytes < EVIDENCE {
            return false;
        }
        let mean = bytes / (counters.messages - self.chosen_at.messages).max(1);
        self.chosen_at = counters;
        let little = mean < if self.little_room { LARGE_MESSAGE } else { SMALL_MESSAGE };
        if little == self.little_room {
            return false;
        }
        self.make_room(little, counters.bytes);
        self.little_room
    }

    /// Makes little room for what the server sends, or much again. What it was allowed to send before
    /// must not gather in little room: some of it would be lost, and come again after a while.
    fn make_room(&mut self, little: bool, received: u64) {
        if let Err(error) = self.socket.make_room(little) {
            debug!(%error, "the receive buffer stays as it is");
            self.may_have_little_room = false;
            return;
        }
        self.little_room = little;
        self.pace.set_longest(if little { LOOPBACK_PAUSE } else { PAUSE });
        self.gathers_from = received + if little { loopback::ALLOWED } else { 0 };
    }

    /// Sends what is due and sets the timer for what is due next.
    fn keep_time(&mut self, cx: &mut Context<'_>) -> Result<Progress> {
        let mut state = self.shared.lock();
        if state.closing == Closing::Said {
            if let Some(goodbye) = self.goodbye {
                self.timer.as_mut().reset(goodbye);
            }
            let expired = self.timer.as_mut().poll(cx).is_ready();
            return Ok(if expired { Progress::Made } else { Progress::Waiting });
        }
        let now = self.shared.now();
        match state.session.poll(now) {
            Action::Send(status) => {
                state.counters.statuses += 1;
                trace!(received = %status.received, flushed = %status.flushed, "status");
                if self.output.len() < OUTPUT_LIMIT {
                    queue_status(&mut self.output, status);
                }
                Ok(Progress::Made)
            }
            Action::Dead(silence) => Err(Error::Silent(Duration::from_micros(silence))),
            Action::Wait(until) => {
                let until = self.pace.until().map_or(until, |pause| until.min(pause));
                let wait = until.saturating_sub(now).min(LONGEST_WAIT);
                self.timer.as_mut().reset(Instant::now() + Duration::from_micros(wait));
                let expired = self.timer.as_mut().poll(cx).is_ready();
                Ok(if expired { Progress::Made } else { Progress::Waiting })
            }
        }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<Progress> {
        while !self.output.is_empty() {
            match Pin::new(&mut self.socket).poll_write(cx, &self.output) {
                Poll::Pending => return Ok(Progress::Waiting),
                Poll::Ready(Ok(0)) => return Err(Error::Closed),
                Poll::Ready(Ok(written)) => self.output.advance(written),
                Poll::Ready(Err(error)) => return Err(Error::Io(error)),
            }
            self.flushed = false;
        }
        if !self.flushed {
            match Pin::new(&mut self.socket).poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.flushed = true,
                Poll::Ready(Err(error)) => return Err(Error::Io(error)),
            }
        }
        Ok(Progress::Waiting)
    }
}

/// Whether the server has closed the connection. Over TLS it does not say goodbye when it dies, or is
/// stopped.
fn is_end(read: &io::Result<usize>) -> bool {
    match read {
        Ok(read) => *read == 0,
        Err(error) => error.kind() == io::ErrorKind::UnexpectedEof,
    }
}

/// Moves the border of whole frames behind everything that is whole, and tells the session of each.
fn take_frames(frames: &mut FrameDecoder, state: &mut State, now: Micros) -> Result<Progress> {
    loop {
        let rest = state.buffer.get(state.whole..).unwrap_or_default();
        let (frame, consumed) = match frames.next(rest).map_err(Error::Decode)? {
            Step::NeedMore(_) => break,
            Step::Frame(frame, consumed) => (frame, consumed),
        };
        if frame.tag == COPY_DATA {
            let message = ReplicationMessage::decode(frame.body)
                .map_err(|error| Error::Decode(error.shifted(frame.body_offset())))?;
            state.session.received(&message, now).map_err(|error| undecodable(&message, error))?;
            state.counters.count(&message);
            match state.closing {
                Closing::Said => state.buffer.advance(consumed),
                _ => state.whole += consumed,
            }
        } else {
            let bytes = BytesMut::from(rest.get(..consumed).unwrap_or_default());
            remove(&mut state.buffer, state.whole, consumed);
            if other_message(state, bytes)? == Progress::Ended {
                return Ok(Progress::Ended);
            }
        }
    }
    Ok(Progress::Made)
}

#[cold]
fn undecodable(message: &ReplicationMessage<'_>, error: walscope_core::Error) -> Error {
    match message {
        ReplicationMessage::XLogData(data) => {
            Error::Undecodable(Box::new(Undecodable::new(data.start, data.data, error)))
        }
        ReplicationMessage::PrimaryKeepalive(_) => Error::Decode(error),
    }
}

/// Takes `length` bytes at `start` out of the buffer. Rare: the bytes behind are moved.
fn remove(buffer: &mut BytesMut, start: usize, length: usize) {
    let behind = start + length;
    buffer.copy_within(behind.., start);
    buffer.truncate(buffer.len() - length);
}

/// A message between the data: the server remarks something, or ends the stream.
fn other_message(state: &mut State, mut bytes: BytesMut) -> Result<Progress> {
    let tag = bytes.first().copied().unwrap_or_default();
    match tag {
        PARAMETER_STATUS => Ok(Progress::Made),
        BACKEND_COPY_DONE if state.closing == Closing::Said => Ok(Progress::Ended),
        // Without CopyDone before it, it is a server's that is being shut down.
        BACKEND_COPY_DONE | COMMAND_COMPLETE => Err(Error::Closed),
        ERROR_RESPONSE | NOTICE_RESPONSE => match Backend::parse(&mut bytes) {
            Ok(Some(Backend::ErrorResponse(body))) => Err(server_error(body.fields())?.into()),
            Ok(Some(Backend::NoticeResponse(body))) => {
                let notice = server_error(body.fields())?;
                warn!(%notice, "the server remarks something");
                // Rows may be missing from here on: nothing idle may be confirmed any more.
                if notice.code == OBJECT_NOT_IN_PREREQUISITE_STATE {
                    state.session.suspend_idle_advance();
                }
                if state.notices.len() < MOST_NOTICES {
                    state.notices.push(notice);
                }
                Ok(Progress::Made)
            }
            _ => Err(Error::protocol("a malformed error or notice in the stream")),
        },
        _ => Err(Error::protocol(format!("message {:?} in the stream", char::from(tag)))),
    }
}

fn queue_status(output: &mut BytesMut, status: StandbyStatusUpdate) {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(clock.as_micros()).unwrap_or(i64::MAX);
    let status = StandbyStatusUpdate { client_time: Timestamp::from_unix_micros(micros), ..status };
    output.extend_from_slice(&STATUS_HEADER);
    output.extend_from_slice(&status.encode());
}
