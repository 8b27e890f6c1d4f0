//! The reader of the log, which the facade (`node/wal/`) drives.

use napi::Env;
use napi::bindgen_prelude::{Int32ArraySlice, Uint8ArraySlice};
use napi_derive::napi;
use walscope_core::index::OnError;
use walscope_core::wal::index::{RecordFacts, RecordIndexer, blocks, place};
use walscope_core::wal::{
    BLOCK_SIZE, BlockTable, Options, Record, RmgrId, Scanner, SegmentSize, Utc, Version, rmgr,
};
use walscope_core::{Lsn, TimelineId};

/// What a [`RawWalReader`] is told; what is left out is found out.
#[napi(object, object_to_js = false)]
pub struct RawWalOptions {
    /// An LSN.
    pub start: Option<String>,
    /// An LSN.
    pub end: Option<String>,
    /// An LSN.
    pub input: Option<String>,
    /// A major version.
    pub version: Option<u32>,
    /// In bytes.
    pub segment_size: Option<u32>,
    /// The timeline of file names in errors.
    pub timeline: Option<u32>,
    /// In digits.
    pub system_identifier: Option<String>,
    /// The largest record in bytes.
    pub max_bytes: u32,
    /// Go on behind errors,
    pub skip: bool,
    /// but not behind what looks like the log's end.
    pub stops_at_end: bool,
}

impl RawWalOptions {
    /// A scanner of what is asked for.
    pub(crate) fn scanner(&self) -> Scanner {
        let lsn = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
        let options = Options {
            start: lsn(&self.start).unwrap_or(Lsn::INVALID),
            input: lsn(&self.input),
            version: self.version.and_then(Version::from_major),
            segment_size: self.segment_size.and_then(SegmentSize::new),
            timeline: self.timeline.map(TimelineId),
            system_identifier: self.system_identifier.as_ref().and_then(|text| text.parse().ok()),
            limit: Some(self.max_bytes),
        };
        let on_error = if self.skip { OnError::Skip } else { OnError::Stop };
        Scanner::new(options, lsn(&self.end), on_error).stopping_at_end(self.stops_at_end)
    }
}

/// The table of a chunk, and the bytes that belong behind it.
#[napi(object, object_from_js = false)]
pub struct RawWalBatch<'env> {
    /// Core's own bytes.
    pub side: Uint8ArraySlice<'env>,
    /// The table.
    pub index: Int32ArraySlice<'env>,
}

/// Reads the log from chunks.
#[napi]
pub struct RawWalReader {
    indexer: RecordIndexer,
}

#[napi]
impl RawWalReader {
    /// A reader that has read nothing.
    #[napi(constructor)]
    pub fn new(options: RawWalOptions) -> Self {
        Self { indexer: RecordIndexer::new(options.scanner()) }
    }

    /// Takes the next chunk and gives its table.
    #[napi]
    pub fn push<'env>(&mut self, env: &'env Env, chunk: &[u8]) -> napi::Result<RawWalBatch<'env>> {
        let index = self.indexer.push(chunk);
        Ok(RawWalBatch {
            side: Uint8ArraySlice::copy_from(env, index.side)?,
            index: Int32ArraySlice::copy_from(env, index.words)?,
        })
    }
}

/// The name of a resource manager.
#[napi]
pub fn rmgr_name(id: u8) -> String {
    RmgrId(id).to_string()
}

/// What a version calls a kind of record.
#[napi]
pub fn record_type(id: u8, info: u8, version: u32) -> Option<&'static str> {
    rmgr::identify(RmgrId(id), info, Version::from_major(version)?)
}

/// What a record says.
#[napi]
pub fn describe(bytes: &[u8], words: &[i32]) -> napi::Result<String> {
    with_record(bytes, words, |record| {
        let mut text = Vec::new();
        record.describe(&mut text, &Utc);
        Ok(lossy(text))
    })
}

/// A record as `pg_waldump` prints it.
#[napi]
pub fn line(bytes: &[u8], words: &[i32]) -> napi::Result<String> {
    with_record(bytes, words, |record| {
        let mut text = Vec::new();
        record.write_line(false, &Utc, &mut text);
        text.pop();
        Ok(lossy(text))
    })
}

/// A record's block references: see `walscope_core::wal::index::blocks`.
#[napi]
pub fn block_references<'env>(
    env: &'env Env,
    bytes: &[u8],
    words: &[i32],
) -> napi::Result<Int32ArraySlice<'env>> {
    with_record(bytes, words, |record| Int32ArraySlice::copy_from(env, blocks(record)))
}

/// All fields of a record, with the bytes that each is made of, as JSON: see `walscope_core::dump`.
#[napi]
pub fn tree(bytes: &[u8], words: &[i32]) -> napi::Result<String> {
    with_record(bytes, words, |record| {
        serde_json::to_string(&record.tree()).map_err(|error| failure(&error))
    })
}

/// The values of a record's fields, as JSON: see `walscope_core::wal::index::RecordFacts`.
#[napi]
pub fn facts(bytes: &[u8], words: &[i32]) -> napi::Result<String> {
    with_record(bytes, words, |record| {
        serde_json::to_string(&RecordFacts(record)).map_err(|error| failure(&error))
    })
}

/// The page that the image of a block reference is of.
#[napi]
pub fn image<'env>(
    env: &'env Env,
    bytes: &[u8],
    words: &[i32],
    block: u8,
) -> napi::Result<Uint8ArraySlice<'env>> {
    with_record(bytes, words, |record| {
        let mut page = [0; BLOCK_SIZE as usize];
        record.restore_image(block, &mut page).map_err(|error| failure(&error))?;
        Uint8ArraySlice::copy_from(env, page)
    })
}

/// Takes a record apart that was read before.
fn with_record<T>(
    bytes: &[u8],
    words: &[i32],
    ask: impl FnOnce(&Record<'_>) -> napi::Result<T>,
) -> napi::Result<T> {
    let place = place(words).ok_or_else(|| failure(&"no place of a record"))?;
    let mut blocks = BlockTable::default();
    let record = Record::decode(bytes, place, &mut blocks).map_err(|error| failure(&error))?;
    ask(&record)
}

pub(crate) fn failure(error: &dyn std::fmt::Display) -> napi::Error {
    napi::Error::from_reason(error.to_string())
}

/// JavaScript's strings are no bytes: what is not UTF-8 becomes U+FFFD.
fn lossy(text: Vec<u8>) -> String {
    String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
