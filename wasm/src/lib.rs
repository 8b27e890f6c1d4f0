//! walscope's decoder as WebAssembly: a thin translation between JavaScript and
//! [`walscope_core::index::BatchDecoder`].
//!
//! What leaves is copied into memory that JavaScript owns. A view of wasm memory would break as soon
//! as that memory grows.

mod decoder;
mod types;

pub use decoder::{RawBatch, RawDecoder, RawOptions};
pub use types::{RawField, RawType};
