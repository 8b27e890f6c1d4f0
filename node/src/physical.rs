//! A stream of the log itself: chunks out, positions in.

use std::sync::Arc;

use bytes::Bytes;
use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Uint8ArraySlice};
use napi_derive::napi;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use walscope::{
    PhysicalControl, PhysicalEvent, PhysicalInfo, PhysicalStream, StandbyFeedback, TimelineSwitch,
    WalData, WalPositions,
};
use walscope_core::wal::{SegmentName, SegmentSize};
use walscope_core::{Lsn, Xid};

use crate::error::{config_error, notice, to_napi};
use crate::stream::json_of;

/// What JavaScript is given at once, unless a single message is larger: as in a stream of changes.
const CHUNK: usize = 256 * 1024;

/// A stream, and what was taken from it and not given to JavaScript yet.
struct Source {
    stream: PhysicalStream,
    size: SegmentSize,
    /// Nothing from there on is given.
    until: Option<Lsn>,
    held: Option<walscope::Result<PhysicalEvent>>,
}

/// What JavaScript is given.
enum Given {
    /// Bytes of one segment, in pieces that follow each other; the facts are those of the last.
    Wal {
        first: Lsn,
        last: WalData,
        pieces: Vec<Bytes>,
    },
    FlushWanted,
    Timeline(TimelineSwitch),
}

/// Something of the log, on its way into JavaScript.
#[napi(object, object_from_js = false)]
pub struct RawWalEvent<'env> {
    /// What it is, as JSON.
    pub facts: String,
    /// The bytes of the log, in memory of their own.
    pub bytes: Option<Uint8ArraySlice<'env>>,
}

/// How a stream of the log is.
#[napi(object, object_from_js = false)]
pub struct RawPhysicalStatus {
    /// The timeline of what was received last.
    pub timeline: u32,
    /// The end of what was received.
    pub received_lsn: String,
    /// The end of what is written, as the server is told.
    pub written_lsn: Option<String>,
    /// The end of what is flushed, as the server is told.
    pub flushed_lsn: Option<String>,
    /// The end of what is applied, as the server is told.
    pub applied_lsn: Option<String>,
    /// The end of the log on the server, as it said last.
    pub server_end_lsn: Option<String>,
    /// Bytes read from the server.
    pub bytes: f64,
    /// Bytes that wait for the consumer.
    pub buffered_bytes: f64,
    /// Status updates sent to the server.
    pub status_updates: f64,
    /// Whether there is a connection now.
    pub connected: bool,
    /// How often the stream came back after its connection broke.
    pub reconnects: f64,
}

/// A stream of the log itself.
///
/// What a promise waits for must not borrow from this: when a worker thread is terminated this is
/// dropped, and what ran for its promises goes on.
#[napi]
pub struct RawPhysical {
    source: Arc<Mutex<Source>>,
    control: PhysicalControl,
    info: PhysicalInfo,
    created: bool,
}

impl RawPhysical {
    pub(crate) fn new(stream: PhysicalStream, until: Option<Lsn>, created: bool) -> Self {
        let (control, info) = (stream.control(), stream.info().clone());
        let source = Source { stream, size: info.segment_size, until, held: None };
        Self { source: Arc::new(Mutex::new(source)), control, info, created }
    }
}

impl Drop for RawPhysical {
    /// Nobody can ask any more. A `next` whose thread is gone would keep the connection, and with it
    /// the slot.
    fn drop(&mut self) {
        self.control.close();
    }
}

#[napi]
impl RawPhysical {
    /// What comes next; null when the stream was closed. Reports nothing.
    #[napi(ts_return_type = "Promise<RawWalEvent | null>")]
    pub fn next<'env>(
        &self,
        env: &'env Env,
    ) -> napi::Result<PromiseRaw<'env, Option<RawWalEvent<'env>>>> {
        let source = Arc::clone(&self.source);
        let size = self.info.segment_size;
        env.spawn_future_with_callback(
            async move { source.lock().await.next().await.map_err(|error| to_napi(&error)) },
            move |env, given| given.map(|given| given.into_js(env, size)).transpose(),
        )
    }

    /// Tells how far the consumer is. What is left out stays as it was, but that nothing is flushed or
    /// applied which is not written.
    #[napi]
    pub fn report(
        &self,
        written: Option<String>,
        flushed: Option<String>,
        applied: Option<String>,
    ) -> napi::Result<()> {
        let before = self.control.status().positions;
        let flushed = position("flushed", flushed)?.unwrap_or(before.flushed);
        let applied = position("applied", applied)?.unwrap_or(before.applied);
        let written =
            position("written", written)?.unwrap_or(before.written.max(flushed).max(applied));
        let positions = WalPositions { written, flushed, applied };
        self.control.report(positions).map_err(|error| to_napi(&error))
    }

    /// Tells which rows a standby's queries need, by transaction ids of 64 bits.
    #[napi]
    pub fn hot_standby_feedback(&self, xmin: String, catalog_xmin: String) -> napi::Result<()> {
        let (xmin_epoch, xmin) = full_xid(&xmin)?;
        let (catalog_xmin_epoch, catalog_xmin) = full_xid(&catalog_xmin)?;
        let feedback = StandbyFeedback { xmin, xmin_epoch, catalog_xmin, catalog_xmin_epoch };
        self.control.hot_standby_feedback(Some(feedback));
        Ok(())
    }

    /// Takes back what was said of rows.
    #[napi]
    pub fn no_hot_standby_feedback(&self) {
        self.control.hot_standby_feedback(None);
    }

    /// Sends the last report and ends the stream. A pending `next()` gives null.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let control = self.control.clone();
        env.spawn_future(async move {
            control.close();
            control.ended().await;
            Ok(())
        })
    }

    /// What happens to the connection next, as JSON; null after the stream's end.
    #[napi(ts_return_type = "Promise<string | null>")]
    pub fn next_event<'env>(
        &self,
        env: &'env Env,
    ) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let control = self.control.clone();
        env.spawn_future(async move {
            loop {
                // Each of these takes its event only when it is the one that is ready.
                tokio::select! {
                    biased;
                    event = control.next_event() => {
                        if let Some(event) = json_of(&event) {
                            return Ok(Some(event.to_string()));
                        }
                    }
                    remark = control.next_notice() => return Ok(Some(notice(&remark).to_string())),
                    () = control.ended() => return Ok(None),
                }
            }
        })
    }

    /// How the stream is.
    #[napi]
    pub fn status(&self) -> RawPhysicalStatus {
        let status = self.control.status();
        let known = |lsn: Lsn| lsn.is_valid().then(|| lsn.to_string());
        RawPhysicalStatus {
            timeline: status.timeline.0,
            received_lsn: status.received.to_string(),
            written_lsn: known(status.positions.written),
            flushed_lsn: known(status.positions.flushed),
            applied_lsn: known(status.positions.applied),
            server_end_lsn: known(status.server_end),
            bytes: status.bytes as f64,
            buffered_bytes: status.buffered as f64,
            status_updates: status.statuses as f64,
            connected: status.connected,
            reconnects: status.reconnects as f64,
        }
    }

    /// What the server has remarked since this was last asked, each on one line.
    #[napi]
    pub fn take_notices(&self) -> Vec<String> {
        self.control.take_notices().iter().map(ToString::to_string).collect()
    }

    /// Where the stream begins, and what it is of, as JSON.
    #[napi(getter)]
    pub fn info(&self) -> String {
        json!({
            "systemId": self.info.system_id.to_string(),
            "timeline": self.info.timeline.0,
            "startLsn": self.info.start.to_string(),
            "segmentSize": self.info.segment_size.get(),
            "slotCreated": self.created,
        })
        .to_string()
    }
}

impl Source {
    /// The next thing that JavaScript has to know of. That the connection is there again is told with
    /// what happens to the connection.
    async fn next(&mut self) -> walscope::Result<Option<Given>> {
        loop {
            let event = match self.held.take() {
                Some(held) => Some(held?),
                None => self.stream.next().await?,
            };
            match event {
                None => return Ok(None),
                Some(PhysicalEvent::Data(data)) => return Ok(Some(self.gather(data))),
                Some(PhysicalEvent::FlushWanted) => return Ok(Some(self.flush_wanted())),
                Some(PhysicalEvent::Timeline(switch)) => return Ok(Some(Given::Timeline(switch))),
                Some(_) => {}
            }
        }
    }

    /// A server that is being shut down asks again and again: once is enough for JavaScript.
    fn flush_wanted(&mut self) -> Given {
        while self.held.is_none() {
            match self.stream.try_next().transpose() {
                None => break,
                Some(Ok(PhysicalEvent::FlushWanted)) => {}
                other => self.held = other,
            }
        }
        Given::FlushWanted
    }

    /// The data, and what of the same segment is there behind it.
    fn gather(&mut self, data: WalData) -> Given {
        let first = data.start;
        let mut last = self.cut(data);
        let mut pieces = vec![last.bytes.clone()];
        let mut total = last.bytes.len();
        while self.held.is_none() {
            match self.stream.try_next().transpose() {
                None => break,
                Some(Ok(PhysicalEvent::Reconnected)) => {}
                Some(Ok(PhysicalEvent::Data(data)))
                    if data.start == last.end()
                        && self.size.offset(data.start) != 0
                        && Some(data.start) != self.until
                        && total + data.bytes.len() <= CHUNK =>
                {
                    last = self.cut(data);
                    total += last.bytes.len();
                    pieces.push(last.bytes.clone());
                }
                other => self.held = other,
            }
        }
        Given::Wal { first, last, pieces }
    }

    /// What of the data lies before the end of its segment, and before the end of what is wanted. The
    /// rest is held.
    fn cut(&mut self, mut data: WalData) -> WalData {
        let end = self.size.start(self.size.number(data.start).saturating_add(1));
        let end =
            self.until.filter(|until| *until > data.start).map_or(end, |until| until.min(end));
        let length = usize::try_from(end.0.saturating_sub(data.start.0)).unwrap_or(usize::MAX);
        if length < data.bytes.len() {
            let bytes = data.bytes.split_off(length);
            let rest = WalData { start: end, bytes, ..data.clone() };
            self.held = Some(Ok(PhysicalEvent::Data(rest)));
        }
        data
    }
}

impl Given {
    fn into_js(self, env: &Env, size: SegmentSize) -> napi::Result<RawWalEvent<'_>> {
        match self {
            Self::FlushWanted => Ok(of_facts(&json!({ "kind": "flushWanted" }))),
            Self::Timeline(switch) => Ok(of_facts(&json!({
                "kind": "timeline",
                "endedTimeline": switch.ended.0,
                "timeline": switch.timeline.0,
                "switchLsn": switch.switch.to_string(),
                "startLsn": switch.start.to_string(),
                "history": { "name": switch.history.name, "content": switch.history.content },
            }))),
            Self::Wal { first, last, pieces } => {
                let number = size.number(first);
                let segment = SegmentName { timeline: last.timeline, number, size };
                let facts = json!({
                    "kind": "wal",
                    "timeline": last.timeline.0,
                    "startLsn": first.to_string(),
                    "endLsn": last.end().to_string(),
                    "segment": segment.to_string(),
                    "segmentOffset": size.offset(first),
                    "serverEndLsn": last.server_end.to_string(),
                    "serverTime": last.server_time.to_string(),
                });
                // Memory of JavaScript's own, as for batches of changes.
                let bytes = match pieces.as_slice() {
                    [one] => Uint8ArraySlice::copy_from(env, one)?,
                    _ => Uint8ArraySlice::copy_from(env, pieces.concat())?,
                };
                Ok(RawWalEvent { facts: facts.to_string(), bytes: Some(bytes) })
            }
        }
    }
}

fn of_facts<'env>(facts: &Value) -> RawWalEvent<'env> {
    RawWalEvent { facts: facts.to_string(), bytes: None }
}

fn position(name: &str, text: Option<String>) -> napi::Result<Option<Lsn>> {
    let lsn = text.as_deref().map(str::parse).transpose();
    lsn.map_err(|error| config_error(&format!("report: {name} is {error}")))
}

/// Epoch and transaction id.
fn full_xid(text: &str) -> napi::Result<(u32, Xid)> {
    let full: u64 = text.parse().map_err(|error| config_error(&format!("{text}: {error}")))?;
    let [epoch, xid] = [full >> 32, full & u64::from(u32::MAX)]
        .map(|half| u32::try_from(half).unwrap_or_default());
    Ok((epoch, Xid(xid)))
}
