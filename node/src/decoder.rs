//! The decoder of captures.

use napi::Env;
use napi_derive::napi;
use walscope::types_from_json;
use walscope_core::index::{Batch, BatchDecoder, OnError};
use walscope_core::transaction::View;
use walscope_core::value::TypeTable;

use crate::batch::RawBatch;
use crate::error::own;

/// How a [`RawDecoder`] works.
#[napi(object, object_to_js = false)]
pub struct RawDecoderOptions {
    /// Every message as it came, instead of whole transactions.
    pub raw: bool,
    /// Go on behind what cannot be decoded.
    pub skip: bool,
    /// The largest message in bytes.
    pub max_bytes: u32,
    /// A table of user types as `walscope types` prints it.
    pub type_table: Option<String>,
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
    pub fn new(options: RawDecoderOptions) -> napi::Result<Self> {
        let view = if options.raw { View::Raw } else { View::Transactions };
        let on_error = if options.skip { OnError::Skip } else { OnError::Stop };
        let decoder = BatchDecoder::new(view, on_error, options.max_bytes)
            .with_types(type_table(options.type_table.as_deref())?);
        Ok(Self { decoder })
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

/// The table of user types that JavaScript has handed in, which has looked at it before.
pub(crate) fn type_table(json: Option<&str>) -> napi::Result<TypeTable> {
    let Some(json) = json else { return Ok(TypeTable::new()) };
    types_from_json(json.as_bytes())
        .map_err(|problem| own("WALSCOPE_BAD_OPTION", &format!("the option typeTable: {problem}")))
}

fn copy<'env>(env: &'env Env, batch: Batch<'_>) -> napi::Result<RawBatch<'env>> {
    RawBatch::copy(env, batch.bytes, batch.side, batch.words)
}
