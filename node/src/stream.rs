//! Streams: batches out, confirmations in.

use std::sync::Arc;

use bytes::Bytes;
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};
use walscope::{Stream, StreamControl, StreamEvent};
use walscope_core::Lsn;
use walscope_core::capture::{Next, Reader};
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::index::{HEADER_WORDS, Indexer, OnError};
use walscope_core::transaction::View;
use walscope_core::value::TypeTable;

use crate::batch::RawBatch;
use crate::error::{notice, own, to_napi};
use crate::undecoded::{self, Undecoded};

/// What JavaScript is given at once, unless a single message is larger. Memory that JavaScript has
/// done with comes back late, and large pieces of it leave holes between what is still in use: with
/// batches of 4 MiB a busy machine has been seen to take 100 MiB more.
const PIECE: usize = 256 * 1024;
/// The plugin whose messages are decoded.
const PGOUTPUT: &str = "pgoutput";

/// A stream with the indexer of its bytes.
struct Source {
    stream: Stream,
    indexer: Indexer,
    /// In the indexer's place, of another plugin than pgoutput.
    undecoded: Option<Undecoded>,
    /// What was received and not indexed yet: whole messages.
    rest: Bytes,
}

/// A batch on its way to JavaScript's thread.
struct Indexed {
    bytes: Bytes,
    side: Vec<u8>,
    words: Vec<i32>,
}

/// How far a stream is.
#[napi(object, object_from_js = false)]
pub struct RawStatus {
    /// The end of what was received.
    pub received_lsn: String,
    /// The end of what is confirmed.
    pub flushed_lsn: String,
    /// Bytes read from the server.
    pub bytes: f64,
    /// How many bytes of the log were received and are not confirmed.
    pub lag_bytes: f64,
    /// Age of the oldest transaction that is not confirmed, in seconds.
    pub lag_seconds: f64,
    /// Messages read from the server.
    pub messages: f64,
    /// Inserts, updates, deletes and truncates among them.
    pub changes: f64,
    /// Ends of transactions received.
    pub received_items: f64,
    /// Ends of transactions confirmed.
    pub confirmed_items: f64,
    /// Bytes that wait for the consumer.
    pub buffered_bytes: f64,
    /// Bytes of transactions in pieces that wait for their end, in memory.
    pub held_bytes: f64,
    /// The same in files.
    pub spilled_bytes: f64,
    /// Status updates sent to the server.
    pub status_updates: f64,
    /// How late one of them left, at most, in seconds.
    pub feedback_delay_seconds: f64,
    /// Whether there is a connection now.
    pub connected: bool,
    /// How often the stream came back after its connection broke.
    pub reconnects: f64,
}

/// A stream of batches.
///
/// What a promise waits for must not borrow from this: when a worker thread is terminated this is
/// dropped, and what ran for its promises goes on.
#[napi]
pub struct RawStream {
    source: Arc<Mutex<Source>>,
    control: StreamControl,
    start: Lsn,
    remarks: Vec<String>,
    /// Nothing happens to the stream any more.
    ended: watch::Sender<bool>,
}

impl RawStream {
    pub(crate) fn new(stream: Stream, raw: bool, types: TypeTable) -> Self {
        let view = if raw { View::Raw } else { View::Transactions };
        let reader = Reader::of_connection(MAX_MESSAGE);
        let control = stream.control().clone();
        let (start, remarks) = (stream.info().start, stream.info().remarks.clone());
        let indexer = Indexer::new(reader, view, OnError::Stop).with_types(types);
        let undecoded = (stream.info().plugin != PGOUTPUT).then(Undecoded::default);
        let source = Source { stream, indexer, undecoded, rest: Bytes::new() };
        let ended = watch::Sender::new(false);
        Self { source: Arc::new(Mutex::new(source)), control, start, remarks, ended }
    }
}

impl Drop for RawStream {
    /// Nobody can ask any more. A `next` whose thread is gone would keep the connection, and with it
    /// the slot.
    fn drop(&mut self) {
        self.control.end();
        self.ended.send_replace(true);
    }
}

#[napi]
impl RawStream {
    /// The next batch; null when the stream was closed. Confirms nothing.
    #[napi(ts_return_type = "Promise<RawBatch | null>")]
    pub fn next<'env>(
        &self,
        env: &'env Env,
    ) -> napi::Result<PromiseRaw<'env, Option<RawBatch<'env>>>> {
        let source = Arc::clone(&self.source);
        env.spawn_future_with_callback(
            async move { source.lock().await.next().await.map_err(|error| to_napi(&error)) },
            |env, batch| {
                batch
                    .map(|batch| RawBatch::copy(env, &batch.bytes, &batch.side, &batch.words))
                    .transpose()
            },
        )
    }

    /// The consumer is done with the first `items` items of this stream.
    #[napi]
    pub fn confirm(&self, items: i64) {
        self.control.confirm_items(u64::try_from(items).unwrap_or_default());
    }

    /// Confirms every transaction that ended at or before an LSN, among the first `delivered` items.
    #[napi]
    pub fn acknowledge(&self, lsn: String, delivered: i64) -> napi::Result<String> {
        let lsn: Lsn = lsn
            .parse()
            .map_err(|error| own("WALSCOPE_CONFIG", &format!("acknowledge: {lsn:?} is {error}")))?;
        let delivered = u64::try_from(delivered).unwrap_or_default();
        match self.control.acknowledge(lsn, Some(delivered)) {
            Ok(flushed) => Ok(flushed.to_string()),
            Err(ahead) => Err(own("WALSCOPE_ACK_AHEAD", &ahead.to_string())),
        }
    }

    /// The end of what is confirmed; null before there is anything.
    #[napi]
    pub fn confirmed_lsn(&self) -> Option<String> {
        let flushed = self.control.status().flushed;
        flushed.is_valid().then(|| flushed.to_string())
    }

    /// Sends the last acknowledgement and ends the stream. A pending `next()` gives null.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let (control, ended) = (self.control.clone(), self.ended.clone());
        env.spawn_future(async move {
            // Why it had ended before is what `next` says.
            let _ = control.close().await;
            ended.send_replace(true);
            Ok(())
        })
    }

    /// What happens to the stream next, as JSON; null after `close`.
    #[napi(ts_return_type = "Promise<string | null>")]
    pub fn next_event<'env>(
        &self,
        env: &'env Env,
    ) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let (control, mut ended) = (self.control.clone(), self.ended.subscribe());
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
                    _ = ended.wait_for(|ended| *ended) => return Ok(None),
                }
            }
        })
    }

    /// How far the stream is.
    #[napi]
    pub fn status(&self) -> RawStatus {
        let status = self.control.status();
        RawStatus {
            received_lsn: status.received.to_string(),
            flushed_lsn: status.flushed.to_string(),
            bytes: status.bytes as f64,
            lag_bytes: status.lag_bytes as f64,
            lag_seconds: status.lag.as_secs_f64(),
            messages: status.messages as f64,
            changes: status.changes as f64,
            received_items: status.received_items as f64,
            confirmed_items: status.confirmed_items as f64,
            buffered_bytes: status.buffered as f64,
            held_bytes: status.held as f64,
            spilled_bytes: status.spilled as f64,
            status_updates: status.statuses as f64,
            feedback_delay_seconds: status.feedback_delay.as_secs_f64(),
            connected: status.connected,
            reconnects: status.reconnects as f64,
        }
    }

    /// What the server has remarked since this was last asked, each on one line.
    #[napi]
    pub fn take_notices(&self) -> Vec<String> {
        self.control.take_notices().iter().map(ToString::to_string).collect()
    }

    /// From where on the stream has every change.
    #[napi(getter)]
    pub fn start_lsn(&self) -> String {
        self.start.to_string()
    }

    /// What a user should know about the start, in words.
    #[napi(getter)]
    pub fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }
}

pub(crate) fn json_of(event: &StreamEvent) -> Option<Value> {
    match event {
        StreamEvent::SlotInUse { error, tries, delay } => Some(json!({
            "type": "slotInUse",
            "error": error,
            "tries": tries,
            "delay": delay.as_secs_f64(),
        })),
        StreamEvent::Disconnected { error, tries, delay } => Some(json!({
            "type": "disconnected",
            "error": error,
            "tries": tries,
            "delay": delay.as_secs_f64(),
        })),
        StreamEvent::Resumed { lsn } => Some(json!({ "type": "resumed", "lsn": lsn.to_string() })),
        _ => None,
    }
}

impl Source {
    /// The next batch that has something to show: keepalives alone do not wake JavaScript.
    async fn next(&mut self) -> walscope::Result<Option<Indexed>> {
        loop {
            if self.rest.is_empty() {
                let Some(batch) = self.stream.next_batch().await? else { return Ok(None) };
                self.rest = batch.bytes().clone();
            }
            let indexed = match self.undecoded {
                None => self.index(),
                Some(undecoded) => self.messages(undecoded)?,
            };
            if let Some(indexed) = indexed {
                return Ok(Some(indexed));
            }
        }
    }

    fn messages(&mut self, mut undecoded: Undecoded) -> walscope::Result<Option<Indexed>> {
        let (words, consumed) = undecoded.table(&self.rest, PIECE)?;
        self.undecoded = Some(undecoded);
        let bytes = self.rest.split_to(consumed);
        let some = words.len() > undecoded::HEADER_WORDS;
        Ok(some.then(|| Indexed { bytes, side: Vec::new(), words }))
    }

    fn index(&mut self) -> Option<Indexed> {
        let piece = self.rest.get(..PIECE).unwrap_or(&self.rest);
        // A message that does not fit is indexed with all that is there.
        let fits = matches!(self.indexer.reader().clone().next(piece), Ok(Next::Entry(..)));
        let index = self.indexer.index(if fits { piece } else { &self.rest }, false);
        let indexed =
            (index.words.len() > HEADER_WORDS).then(|| (index.side.to_vec(), index.words.to_vec()));
        let bytes = self.rest.split_to(index.consumed);
        indexed.map(|(side, words)| Indexed { bytes, side, words })
    }
}
