//! The decoder of captures.

use napi::Env;
use napi_derive::napi;
use walscope_core::index::{Batch, BatchDecoder, OnError};
use walscope_core::transaction::View;

use crate::batch::RawBatch;

/// How a [`RawDecoder`] works.
#[napi(object, object_to_js = false)]
pub struct RawDecoderOptions {
    /// Every message as it came, instead of whole transactions.
    pub raw: bool,
    /// Go on behind what cannot be decoded.
    pub skip: bool,
    /// The largest message in bytes.
    pub max_bytes: u32,
}

/// Makes batches from chunks of a capture.
#[napi]
pub struct RawDecoder {
    decoder: BatchDecoder,
}

#[napi]
impl RawDecoder {
    /// A decoder at the start of a capture.
    #[napi(constructor)]
    pub fn new(options: RawDecoderOptions) -> Self {
        let view = if options.raw { View::Raw } else { View::Transactions };
        let on_error = if options.skip { OnError::Skip } else { OnError::Stop };
        Self { decoder: BatchDecoder::new(view, on_error, options.max_bytes) }
    }

    /// Takes the next chunk, which is copied.
    #[napi]
    pub fn push<'env>(&mut self, env: &'env Env, chunk: &[u8]) -> napi::Result<RawBatch<'env>> {
        copy(env, self.decoder.push(chunk))
    }

    /// The capture has ended.
    #[napi]
    pub fn end<'env>(&mut self, env: &'env Env) -> napi::Result<RawBatch<'env>> {
        copy(env, self.decoder.end())
    }

    /// What the input was found to be.
    #[napi(getter)]
    pub fn format(&self) -> Option<&'static str> {
        self.decoder.format().map(|format| format.name())
    }
}

fn copy<'env>(env: &'env Env, batch: Batch<'_>) -> napi::Result<RawBatch<'env>> {
    RawBatch::copy(env, batch.bytes, batch.side, batch.words)
}
