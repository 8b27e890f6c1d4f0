//! A batch on its way into JavaScript.

use napi::Env;
use napi::bindgen_prelude::{
    ArrayBuffer, BufferSlice, Int32ArraySlice, JsObjectValue, Uint8ArraySlice,
};
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
        let both;
        let bytes = if side.is_empty() {
            bytes
        } else {
            both = [bytes, side].concat();
            &both
        };
        Ok(Self {
            bytes: match copied(env, bytes)? {
                Some(copy) => Uint8ArraySlice::from_arraybuffer(&copy, 0, bytes.len())?,
                None => Uint8ArraySlice::copy_from(env, bytes)?,
            },
            index: match copied(env, bytes_of(words))? {
                Some(copy) => Int32ArraySlice::from_arraybuffer(&copy, 0, words.len())?,
                None => Int32ArraySlice::copy_from(env, words)?,
            },
        })
    }
}

/// A copy in memory of its own. Of a `Buffer`, for an `ArrayBuffer`'s memory is cleared first, which takes
/// a third as long as the copying. `None` from engines that put several buffers into one piece.
fn copied<'env>(env: &'env Env, bytes: &[u8]) -> napi::Result<Option<ArrayBuffer<'env>>> {
    let memory: ArrayBuffer<'env> =
        BufferSlice::copy_from(env, bytes)?.get_named_property_unchecked("buffer")?;
    Ok((memory.len() == bytes.len()).then_some(memory))
}

/// The same memory as bytes.
#[expect(unsafe_code, reason = "the only way without a copy of the table")]
fn bytes_of(words: &[i32]) -> &[u8] {
    // SAFETY: the slice is as long as the words, whose memory is initialized and lent for as long; bytes
    // have no alignment.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}
