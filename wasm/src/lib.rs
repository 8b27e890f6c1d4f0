//! walscope's decoders as WebAssembly: a thin translation between JavaScript and
//! [`walscope_core::index::BatchDecoder`] (feature `pgoutput`) and
//! [`walscope_core::wal::index::RecordIndexer`] (feature `wal`). Each is a module of its own in the npm
//! package, so that nobody loads what they do not use.
//!
//! What leaves is copied into memory that JavaScript owns. A view of wasm memory would break as soon
//! as that memory grows.

#[cfg(feature = "pgoutput")]
mod decoder;
#[cfg(feature = "pgoutput")]
mod types;
#[cfg(feature = "wal")]
mod wal;
#[cfg(feature = "wal")]
mod wal_statistics;

#[cfg(feature = "pgoutput")]
pub use decoder::{RawBatch, RawDecoder, RawOptions};
#[cfg(feature = "pgoutput")]
pub use types::{RawField, RawType};
#[cfg(feature = "wal")]
pub use wal::{
    RawWalBatch, RawWalOptions, RawWalReader, block_references, describe, facts, image, line,
    record_type, rmgr_name, tree,
};
#[cfg(feature = "wal")]
pub use wal_statistics::RawWalStatistics;
