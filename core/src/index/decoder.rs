//! Batches from chunks of a recording, for hosts that hand over bytes as they come.

use alloc::vec::Vec;

use super::{Indexer, OnError};
use crate::capture::{Format, Reader};
use crate::transaction::View;

/// Takes chunks of a recording, cut anywhere, and gives batches of what is whole.
#[derive(Debug)]
pub struct BatchDecoder {
    indexer: Indexer,
    /// What was pushed and not yet consumed, behind the last batch's bytes.
    buffer: Vec<u8>,
    consumed: usize,
}

/// A batch: the received bytes, core's own behind them, and the table over both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// Whole entries as they were received.
    pub bytes: &'a [u8],
    /// Bytes that belong directly behind [`bytes`](Self::bytes).
    pub side: &'a [u8],
    /// Header and records.
    pub words: &'a [i32],
}

impl BatchDecoder {
    /// A decoder that finds out the format and refuses messages of more than `limit` bytes.
    pub fn new(view: View, on_error: OnError, limit: u32) -> Self {
        let indexer = Indexer::new(Reader::new(limit), view, on_error);
        Self { indexer, buffer: Vec::new(), consumed: 0 }
    }

    /// What the recording was found to be.
    pub const fn format(&self) -> Option<Format> {
        self.indexer.reader().format()
    }

    /// Takes the next chunk. A chunk has to be smaller than 1 GiB, for offsets have 31 bits.
    pub fn push(&mut self, chunk: &[u8]) -> Batch<'_> {
        self.next(chunk, false)
    }

    /// The recording has ended: what is left over is cut, which is an error.
    pub fn end(&mut self) -> Batch<'_> {
        self.next(&[], true)
    }

    fn next(&mut self, chunk: &[u8], at_end: bool) -> Batch<'_> {
        self.buffer.drain(..self.consumed);
        self.buffer.extend_from_slice(chunk);
        let index = self.indexer.index(&self.buffer, at_end);
        self.consumed = index.consumed;
        let bytes = self.buffer.get(..index.consumed).unwrap_or_default();
        Batch { bytes, side: index.side, words: index.words }
    }
}
