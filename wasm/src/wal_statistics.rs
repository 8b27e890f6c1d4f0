//! Statistics of the log, which the shared JavaScript (`node/wal/`) drives.

use walscope_core::wal::index::{CountBy, Counter, Counts};
use walscope_core::wal::stats::StatisticsBy;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use crate::wal::RawWalOptions;

/// Counts the records of chunks.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawWalStatistics {
    counter: Counter,
}

#[wasm_bindgen]
impl RawWalStatistics {
    /// Nothing is counted yet. `by` names what the rows are of.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &RawWalOptions, by: &str) -> Self {
        let by = CountBy::from_name(by).unwrap_or(CountBy::Kind(StatisticsBy::Rmgr));
        Self { counter: Counter::new(options.scanner(), by) }
    }

    /// Counts a chunk. Returns whether nothing that may follow will be looked at.
    pub fn push(&mut self, chunk: &[u8]) -> bool {
        self.counter.push(chunk);
        self.counter.scanner().is_done()
    }

    /// What was counted, as JSON.
    pub fn result(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&Counts(&self.counter))?)
    }
}
