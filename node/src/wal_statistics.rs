//! Statistics of the log, which the shared JavaScript (`node/wal/`) drives.

use napi_derive::napi;
use walscope_core::wal::index::{CountBy, Counter, Counts};
use walscope_core::wal::stats::StatisticsBy;

use crate::wal::{RawWalOptions, failure};

/// Counts the records of chunks.
#[napi]
pub struct RawWalStatistics {
    counter: Counter,
}

#[napi]
impl RawWalStatistics {
    /// Nothing is counted yet. `by` names what the rows are of.
    #[napi(constructor)]
    pub fn new(options: RawWalOptions, by: String) -> Self {
        let by = CountBy::from_name(&by).unwrap_or(CountBy::Kind(StatisticsBy::Rmgr));
        Self { counter: Counter::new(options.scanner(), by) }
    }

    /// Counts a chunk. Returns whether nothing that may follow will be looked at.
    #[napi]
    pub fn push(&mut self, chunk: &[u8]) -> bool {
        self.counter.push(chunk);
        self.counter.scanner().is_done()
    }

    /// What was counted, as JSON.
    #[napi]
    pub fn result(&self) -> napi::Result<String> {
        serde_json::to_string(&Counts(&self.counter)).map_err(|error| failure(&error))
    }
}
