//! A batch on its way into JavaScript.

use napi::Env;
use napi::bindgen_prelude::{Int32ArraySlice, Uint8ArraySlice};
use napi_derive::napi;

/// The bytes of a batch, core's own behind them, and the table over both.
#[napi(object, object_from_js = false)]
pub struct RawBatch<'env> {
    /// The bytes, in memory of their own.
    pub bytes: Uint8ArraySlice<'env>,
    /// The table, in memory of its own.
    pub index: Int32ArraySlice<'env>,
}

impl<'env> RawBatch<'env> {
    /// Copies a batch into memory that JavaScript owns: memory lent to it is refused by some
    /// engines, and would have to be given back by a finalizer.
    pub(crate) fn copy(
        env: &'env Env,
        bytes: &[u8],
        side: &[u8],
        words: &[i32],
    ) -> napi::Result<Self> {
        let bytes = if side.is_empty() {
            Uint8ArraySlice::copy_from(env, bytes)?
        } else {
            Uint8ArraySlice::copy_from(env, [bytes, side].concat())?
        };
        Ok(Self { bytes, index: Int32ArraySlice::copy_from(env, words)? })
    }
}
