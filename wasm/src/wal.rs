//! The binding of the log's reader, which the shared JavaScript (`node/wal/`) drives.

use js_sys::{Int32Array, Object, Uint8Array};
use walscope_core::index::OnError;
use walscope_core::wal::index::{RecordFacts, RecordIndexer, blocks, place};
use walscope_core::wal::{
    BLOCK_SIZE, BlockTable, Options, Record, RmgrId, Scanner, SegmentSize, Utc, Version, rmgr,
};
use walscope_core::{Lsn, TimelineId};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// A plain object `{ side: Uint8Array, index: Int32Array }`.
    #[derive(Debug)]
    pub type RawWalBatch;

    #[wasm_bindgen(method, setter)]
    fn set_side(this: &RawWalBatch, side: Uint8Array);

    #[wasm_bindgen(method, setter)]
    fn set_index(this: &RawWalBatch, index: Int32Array);

    /// What a reader is told; what is left out is found out. LSNs and the system identifier are text.
    #[derive(Debug)]
    pub type RawWalOptions;

    #[wasm_bindgen(method, getter)]
    fn start(this: &RawWalOptions) -> Option<String>;

    #[wasm_bindgen(method, getter)]
    fn end(this: &RawWalOptions) -> Option<String>;

    #[wasm_bindgen(method, getter)]
    fn input(this: &RawWalOptions) -> Option<String>;

    #[wasm_bindgen(method, getter)]
    fn version(this: &RawWalOptions) -> Option<u32>;

    #[wasm_bindgen(method, getter, js_name = segmentSize)]
    fn segment_size(this: &RawWalOptions) -> Option<u32>;

    #[wasm_bindgen(method, getter)]
    fn timeline(this: &RawWalOptions) -> Option<u32>;

    #[wasm_bindgen(method, getter, js_name = systemIdentifier)]
    fn system_identifier(this: &RawWalOptions) -> Option<String>;

    #[wasm_bindgen(method, getter, js_name = maxBytes)]
    fn max_bytes(this: &RawWalOptions) -> u32;

    #[wasm_bindgen(method, getter)]
    fn skip(this: &RawWalOptions) -> bool;

    #[wasm_bindgen(method, getter, js_name = stopsAtEnd)]
    fn stops_at_end(this: &RawWalOptions) -> bool;
}

impl RawWalOptions {
    /// A scanner of what is asked for.
    pub(crate) fn scanner(&self) -> Scanner {
        let lsn = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let options = Options {
            start: lsn(self.start()).unwrap_or(Lsn::INVALID),
            input: lsn(self.input()),
            version: self.version().and_then(Version::from_major),
            segment_size: self.segment_size().and_then(SegmentSize::new),
            timeline: self.timeline().map(TimelineId),
            system_identifier: self.system_identifier().and_then(|text| text.parse().ok()),
            limit: Some(self.max_bytes()),
        };
        let on_error = if self.skip() { OnError::Skip } else { OnError::Stop };
        Scanner::new(options, lsn(self.end()), on_error).stopping_at_end(self.stops_at_end())
    }
}

/// Reads the log from chunks.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawWalReader {
    indexer: RecordIndexer,
}

#[wasm_bindgen]
impl RawWalReader {
    /// A reader that has read nothing.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &RawWalOptions) -> Self {
        Self { indexer: RecordIndexer::new(options.scanner()) }
    }

    /// Takes the next chunk and gives its table.
    pub fn push(&mut self, chunk: &[u8]) -> RawWalBatch {
        let index = self.indexer.push(chunk);
        let batch = Object::new().unchecked_into::<RawWalBatch>();
        batch.set_side(Uint8Array::from(index.side));
        batch.set_index(Int32Array::from(index.words));
        batch
    }
}

/// The name of a resource manager.
#[wasm_bindgen(js_name = rmgrName)]
pub fn rmgr_name(id: u8) -> String {
    RmgrId(id).to_string()
}

/// What a version calls a kind of record.
#[wasm_bindgen(js_name = recordType)]
pub fn record_type(id: u8, info: u8, version: u32) -> Option<String> {
    let version = Version::from_major(version)?;
    rmgr::identify(RmgrId(id), info, version).map(str::to_owned)
}

/// What a record says.
#[wasm_bindgen]
pub fn describe(bytes: &[u8], words: &[i32]) -> Result<String, JsError> {
    with_record(bytes, words, |record| {
        let mut text = Vec::new();
        record.describe(&mut text, &Utc);
        Ok(lossy(text))
    })
}

/// A record as `pg_waldump` prints it.
#[wasm_bindgen]
pub fn line(bytes: &[u8], words: &[i32]) -> Result<String, JsError> {
    with_record(bytes, words, |record| {
        let mut text = Vec::new();
        record.write_line(false, &Utc, &mut text);
        text.pop();
        Ok(lossy(text))
    })
}

/// A record's block references: see `walscope_core::wal::index::blocks`.
#[wasm_bindgen(js_name = blockReferences)]
pub fn block_references(bytes: &[u8], words: &[i32]) -> Result<Int32Array, JsError> {
    with_record(bytes, words, |record| Ok(Int32Array::from(blocks(record).as_slice())))
}

/// All fields of a record, with the bytes that each is made of, as JSON: see `walscope_core::dump`.
#[wasm_bindgen]
pub fn tree(bytes: &[u8], words: &[i32]) -> Result<String, JsError> {
    with_record(bytes, words, |record| Ok(serde_json::to_string(&record.tree())?))
}

/// The values of a record's fields, as JSON: see `walscope_core::wal::index::RecordFacts`.
#[wasm_bindgen]
pub fn facts(bytes: &[u8], words: &[i32]) -> Result<String, JsError> {
    with_record(bytes, words, |record| Ok(serde_json::to_string(&RecordFacts(record))?))
}

/// The page that the image of a block reference is of.
#[wasm_bindgen]
pub fn image(bytes: &[u8], words: &[i32], block: u8) -> Result<Uint8Array, JsError> {
    with_record(bytes, words, |record| {
        let mut page = [0; BLOCK_SIZE as usize];
        record.restore_image(block, &mut page)?;
        Ok(Uint8Array::from(page.as_slice()))
    })
}

/// Takes a record apart that was read before.
pub(crate) fn with_record<T>(
    bytes: &[u8],
    words: &[i32],
    ask: impl FnOnce(&Record<'_>) -> Result<T, JsError>,
) -> Result<T, JsError> {
    let Some(place) = place(words) else { return Err(JsError::new("no place of a record")) };
    let mut blocks = BlockTable::default();
    let record = Record::decode(bytes, place, &mut blocks)?;
    ask(&record)
}

/// JavaScript's strings are no bytes: what is not UTF-8 becomes U+FFFD.
fn lossy(text: Vec<u8>) -> String {
    String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
