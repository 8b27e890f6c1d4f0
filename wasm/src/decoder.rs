//! The binding that the shared JavaScript drives.

use js_sys::{Int32Array, Object, Uint8Array};
use walscope_core::index::{Batch, BatchDecoder, OnError};
use walscope_core::transaction::View;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::types::RawType;

#[wasm_bindgen]
extern "C" {
    /// A plain object `{ bytes: Uint8Array, index: Int32Array }`.
    #[derive(Debug)]
    pub type RawBatch;

    #[wasm_bindgen(method, setter)]
    fn set_bytes(this: &RawBatch, bytes: Uint8Array);

    #[wasm_bindgen(method, setter)]
    fn set_index(this: &RawBatch, index: Int32Array);

    /// `{ raw: boolean, skip: boolean, maxBytes: number, types: RawType[] }`: every message as it
    /// came, instead of whole transactions; going on after what cannot be decoded; the largest message
    /// taken in; user types.
    #[derive(Debug)]
    pub type RawOptions;

    #[wasm_bindgen(method, getter)]
    fn raw(this: &RawOptions) -> bool;

    #[wasm_bindgen(method, getter)]
    fn skip(this: &RawOptions) -> bool;

    #[wasm_bindgen(method, getter, js_name = maxBytes)]
    fn max_bytes(this: &RawOptions) -> u32;

    #[wasm_bindgen(method, getter)]
    fn types(this: &RawOptions) -> Vec<RawType>;
}

/// Decodes a recording that is pushed in pieces.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawDecoder {
    decoder: BatchDecoder,
}

#[wasm_bindgen]
impl RawDecoder {
    /// A decoder at the start of a recording.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &RawOptions) -> Self {
        let view = if options.raw() { View::Raw } else { View::Transactions };
        let on_error = if options.skip() { OnError::Skip } else { OnError::Stop };
        let types = options.types().iter().filter_map(RawType::read).collect();
        let decoder = BatchDecoder::new(view, on_error, options.max_bytes());
        Self { decoder: decoder.with_types(types) }
    }

    /// Takes the next piece and gives a batch of what is whole.
    pub fn push(&mut self, piece: &[u8]) -> RawBatch {
        copy_out(self.decoder.push(piece))
    }

    /// The recording has ended: what is left over is cut, which is an error record.
    pub fn end(&mut self) -> RawBatch {
        copy_out(self.decoder.end())
    }

    /// What the recording was found to be, as soon as that is known.
    #[wasm_bindgen(getter)]
    pub fn format(&self) -> Option<String> {
        self.decoder.format().map(|format| format.name().into())
    }
}

/// A batch in memory of its own: the received bytes with core's own behind them, and the table.
fn copy_out(batch: Batch<'_>) -> RawBatch {
    let (received, side) = (length(batch.bytes), length(batch.side));
    let bytes = Uint8Array::new_with_length(received + side);
    bytes.subarray(0, received).copy_from(batch.bytes);
    bytes.subarray(received, received + side).copy_from(batch.side);
    let copy = Object::new().unchecked_into::<RawBatch>();
    copy.set_bytes(bytes);
    copy.set_index(Int32Array::from(batch.words));
    copy
}

/// wasm32 addresses its memory with 32 bits, so the length of a slice fits.
fn length(bytes: &[u8]) -> u32 {
    bytes.len() as u32
}
