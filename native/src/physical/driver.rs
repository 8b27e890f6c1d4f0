//! The task that owns the socket of a physical stream, for as long as one connection streams one
//! timeline.
//!
//! It repeats named steps until none of them gets further: say goodbye if that is wanted, read, keep
//! the timers, write. Reading stops while the consumer is behind; feedback to the server never stops.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Buf, BytesMut};
use postgres_protocol::message::backend::Message as Backend;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep, timeout};
use tracing::{debug, trace, warn};
use walscope_core::frame::{COPY_DATA, FRAME_HEADER, FrameDecoder, Step};
use walscope_core::session::Micros;
use walscope_core::{
    HotStandbyFeedback, ReplicationMessage, StandbyStatusUpdate, Timestamp, XLOG_DATA_HEADER,
    XLogData,
};

use super::event::{PhysicalEvent, WalData};
use super::feedback::Action;
use super::shared::{Closing, Shared, State};
use crate::client::Replication;
use crate::error::{Error, Result};
use crate::wire::server_error;

/// What is read at once.
const READ_SIZE: usize = 1024 * 1024;
/// With less room behind what was read before, new room is made first.
const LEAST_READ_SIZE: usize = 160 * 1024;
/// The server sends at most `MAX_SEND_SIZE` of the log at once, 16 pages of 8 kB (`walsender.c`).
const MAX_MESSAGE: u32 = 16 * 1024 * 1024;
/// Feedback that the server does not take is not piled up.
const OUTPUT_LIMIT: usize = 64 * 1024;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// Remarks of the server that nobody asks for are not piled up.
const MOST_NOTICES: usize = 256;
/// No timer waits longer.
const LONGEST_WAIT: Micros = 3_600_000_000;

/// Frontend messages that end a stream: CopyDone and Terminate.
const COPY_DONE: [u8; 5] = [b'c', 0, 0, 0, 4];
const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];

/// Backend messages beside CopyData.
const ERROR_RESPONSE: u8 = b'E';
const NOTICE_RESPONSE: u8 = b'N';
const PARAMETER_STATUS: u8 = b'S';
const BACKEND_COPY_DONE: u8 = b'c';
const COMMAND_COMPLETE: u8 = b'C';

/// How a connection's stream has ended.
pub(super) enum Ended {
    /// We said goodbye.
    Closed,
    /// The timeline is at its end. The server's word on what comes next has not been read.
    Timeline(Box<Replication>),
}

/// What a step has achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Something: other steps may get further now.
    Made,
    /// Nothing; the task is woken when that changes.
    Waiting,
    /// The server has ended its copy.
    Ended,
}

pub(super) struct Driver {
    replication: Box<Replication>,
    shared: Arc<Shared>,
    frames: FrameDecoder,
    output: BytesMut,
    flushed: bool,
    timer: Pin<Box<Sleep>>,
    /// When the server's answer to our goodbye is no longer waited for.
    goodbye: Option<Instant>,
    /// The server has ended its copy, and so do we.
    timeline_ended: bool,
}

impl Driver {
    pub(super) fn new(replication: Box<Replication>, shared: Arc<Shared>) -> Self {
        Self {
            replication,
            shared,
            frames: FrameDecoder::new(MAX_MESSAGE),
            output: BytesMut::new(),
            flushed: true,
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
            goodbye: None,
            timeline_ended: false,
        }
    }

    /// Drives the connection to its end: an error, or what was wanted.
    pub(super) async fn run(mut self) -> Result<Ended> {
        let shared = Arc::clone(&self.shared);
        // What came with the answer to START_REPLICATION.
        let first = self.take_frames(&mut shared.lock(), shared.now())?;
        shared.news.notify_waiters();
        if first == Progress::Ended {
            self.end_timeline(&mut shared.lock());
        }
        poll_fn(|cx| self.drive(cx)).await?;
        if self.timeline_ended {
            return Ok(Ended::Timeline(self.replication));
        }
        // The last status has been taken in; what happens to the socket now loses nothing.
        let _ = timeout(GOODBYE, async {
            self.replication.socket.write_all(&TERMINATE).await?;
            self.replication.socket.shutdown().await
        })
        .await;
        Ok(Ended::Closed)
    }

    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            self.say_goodbye_if_wanted(cx);
            let read = if self.timeline_ended { Progress::Waiting } else { self.read(cx)? };
            if read == Progress::Ended || self.goodbye.is_some_and(|end| Instant::now() >= end) {
                return Poll::Ready(Ok(()));
            }
            let timer = self.keep_time(cx)?;
            let written = self.write(cx)?;
            if self.timeline_ended && self.output.is_empty() && self.flushed {
                return Poll::Ready(Ok(()));
            }
            if [read, timer, written].iter().all(|progress| *progress == Progress::Waiting) {
                return Poll::Pending;
            }
        }
    }

    /// Queues the last status and our goodbye, once.
    fn say_goodbye_if_wanted(&mut self, cx: &Context<'_>) {
        let mut state = self.shared.lock();
        state.driver = Some(cx.waker().clone());
        if state.closing != Closing::Wanted || self.timeline_ended {
            return;
        }
        state.closing = Closing::Said;
        let status = state.feedback.status(false, self.shared.now());
        debug!(written = %status.received, flushed = %status.flushed, "saying goodbye");
        queue_status(&mut self.output, status);
        self.output.extend_from_slice(&COPY_DONE);
        self.goodbye = Some(Instant::now() + GOODBYE);
    }

    /// The server has nothing more on this timeline: we say so, too.
    fn end_timeline(&mut self, state: &mut State) {
        let status = state.feedback.status(false, self.shared.now());
        queue_status(&mut self.output, status);
        self.output.extend_from_slice(&COPY_DONE);
        self.timeline_ended = true;
    }

    /// Reads once, unless the consumer is behind, and hands over what is whole.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<Progress> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let now = shared.now();
        let reading = state.has_room() || state.closing == Closing::Said;
        state.feedback.set_reading(reading, now);
        if !reading {
            return Ok(Progress::Waiting);
        }
        let Replication { socket, buffered, .. } = &mut *self.replication;
        if buffered.capacity() - buffered.len() < LEAST_READ_SIZE {
            buffered.reserve(READ_SIZE);
        }
        // The future keeps nothing between polls.
        match pin!(socket.read_buf(buffered)).poll(cx) {
            Poll::Pending => Ok(Progress::Waiting),
            Poll::Ready(read) if is_end(&read) => match state.closing {
                Closing::Said => Ok(Progress::Ended),
                _ => Err(Error::Closed),
            },
            Poll::Ready(Ok(read)) => {
                state.bytes += read as u64;
                let before = (state.queued(), state.notices.len());
                let progress = self.take_frames(&mut state, now)?;
                if (state.queued(), state.notices.len()) != before {
                    shared.news.notify_waiters();
                }
                if progress == Progress::Ended && state.closing != Closing::Said {
                    self.end_timeline(&mut state);
                    return Ok(Progress::Made);
                }
                Ok(progress)
            }
            Poll::Ready(Err(error)) => Err(Error::Io(error)),
        }
    }

    /// Sends what is due and sets the timer for what is due next.
    fn keep_time(&mut self, cx: &mut Context<'_>) -> Result<Progress> {
        let mut state = self.shared.lock();
        if state.closing == Closing::Said || self.timeline_ended {
            let Some(goodbye) = self.goodbye else { return Ok(Progress::Waiting) };
            self.timer.as_mut().reset(goodbye);
            let expired = self.timer.as_mut().poll(cx).is_ready();
            return Ok(if expired { Progress::Made } else { Progress::Waiting });
        }
        let now = self.shared.now();
        let room = self.output.len() < OUTPUT_LIMIT;
        match state.feedback.poll(now) {
            Action::Status(status) => {
                state.statuses += 1;
                trace!(written = %status.received, flushed = %status.flushed, "status");
                if room {
                    queue_status(&mut self.output, status);
                }
                Ok(Progress::Made)
            }
            Action::HotStandby(feedback) => {
                trace!(xmin = %feedback.xmin, catalog_xmin = %feedback.catalog_xmin, "feedback");
                if room {
                    let feedback = HotStandbyFeedback { client_time: clock(), ..feedback };
                    queue(&mut self.output, &feedback.encode());
                }
                Ok(Progress::Made)
            }
            Action::Dead(silence) => Err(Error::Silent(Duration::from_micros(silence))),
            Action::Wait(until) => {
                let wait = until.saturating_sub(now).min(LONGEST_WAIT);
                self.timer.as_mut().reset(Instant::now() + Duration::from_micros(wait));
                let expired = self.timer.as_mut().poll(cx).is_ready();
                Ok(if expired { Progress::Made } else { Progress::Waiting })
            }
        }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<Progress> {
        let socket = &mut self.replication.socket;
        while !self.output.is_empty() {
            match Pin::new(&mut *socket).poll_write(cx, &self.output) {
                Poll::Pending => return Ok(Progress::Waiting),
                Poll::Ready(Ok(0)) => return Err(Error::Closed),
                Poll::Ready(Ok(written)) => self.output.advance(written),
                Poll::Ready(Err(error)) => return Err(Error::Io(error)),
            }
            self.flushed = false;
        }
        if !self.flushed {
            match Pin::new(socket).poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.flushed = true,
                Poll::Ready(Err(error)) => return Err(Error::Io(error)),
            }
        }
        Ok(Progress::Waiting)
    }

    /// Hands over every message that is whole.
    fn take_frames(&mut self, state: &mut State, now: Micros) -> Result<Progress> {
        let buffered = &mut self.replication.buffered;
        loop {
            let (frame, consumed) = match self.frames.next(buffered).map_err(Error::Decode)? {
                Step::NeedMore(_) => return Ok(Progress::Made),
                Step::Frame(frame, consumed) => (frame, consumed),
            };
            if frame.tag != COPY_DATA {
                if other_message(state, buffered.split_to(consumed))? == Progress::Ended {
                    return Ok(Progress::Ended);
                }
                continue;
            }
            state.feedback.heard(now);
            let message = ReplicationMessage::decode(frame.body)
                .map_err(|error| Error::Decode(error.shifted(frame.body_offset())))?;
            match message {
                ReplicationMessage::PrimaryKeepalive(keepalive) => {
                    state.server_end = keepalive.end;
                    if keepalive.reply_requested {
                        state.feedback.asked_for();
                        state.push(PhysicalEvent::FlushWanted);
                    }
                    buffered.advance(consumed);
                }
                ReplicationMessage::XLogData(XLogData { start, end, server_time, .. }) => {
                    let mut bytes = buffered.split_to(consumed).freeze();
                    bytes.advance(FRAME_HEADER + XLOG_DATA_HEADER);
                    if state.closing == Closing::No {
                        let timeline = state.timeline;
                        let data = WalData { timeline, start, server_end: end, server_time, bytes };
                        take_data(state, data)?;
                    }
                }
            }
        }
    }
}

/// Data that does not follow on what came before would leave a hole, or have come twice.
fn take_data(state: &mut State, data: WalData) -> Result<()> {
    let expected = state.feedback.received();
    if data.start != expected {
        return Err(Error::protocol(format!(
            "the log comes from {} where {expected} is next",
            data.start
        )));
    }
    state.feedback.has(data.end());
    state.server_end = data.server_end.max(data.end());
    if !data.bytes.is_empty() {
        state.push(PhysicalEvent::Data(data));
    }
    Ok(())
}

/// Whether the server has closed the connection. Over TLS it does not say goodbye when it dies, or is
/// stopped.
fn is_end(read: &std::io::Result<usize>) -> bool {
    match read {
        Ok(read) => *read == 0,
        Err(error) => error.kind() == std::io::ErrorKind::UnexpectedEof,
    }
}

/// A message between the data: the server remarks something, or ends the stream.
fn other_message(state: &mut State, mut bytes: BytesMut) -> Result<Progress> {
    let tag = bytes.first().copied().unwrap_or_default();
    match tag {
        PARAMETER_STATUS => Ok(Progress::Made),
        BACKEND_COPY_DONE => Ok(Progress::Ended),
        COMMAND_COMPLETE if state.closing == Closing::Said => Ok(Progress::Ended),
        // It is being shut down, and has waited until we had everything.
        COMMAND_COMPLETE => Err(Error::Closed),
        ERROR_RESPONSE | NOTICE_RESPONSE => match Backend::parse(&mut bytes) {
            Ok(Some(Backend::ErrorResponse(body))) => Err(server_error(body.fields())?.into()),
            Ok(Some(Backend::NoticeResponse(body))) => {
                let notice = server_error(body.fields())?;
                warn!(%notice, "the server remarks something");
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

fn clock() -> Timestamp {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_micros(i64::try_from(clock.as_micros()).unwrap_or(i64::MAX))
}

fn queue_status(output: &mut BytesMut, status: StandbyStatusUpdate) {
    let status = StandbyStatusUpdate { client_time: clock(), ..status };
    queue(output, &status.encode());
}

/// One CopyData message.
fn queue(output: &mut BytesMut, body: &[u8]) {
    output.extend_from_slice(&[COPY_DATA]);
    // Both kinds of feedback have some dozen bytes.
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    output.extend_from_slice(&length.to_be_bytes());
    output.extend_from_slice(body);
}
