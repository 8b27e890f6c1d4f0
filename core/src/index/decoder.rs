//! Batches from chunks of a recording, for hosts that hand over bytes as they come.

use alloc::vec::Vec;

use super::{Indexer, OnError};
use crate::capture::{Format, Reader};
use crate::error::Error;
use crate::transaction::{Assembler, NoStorage, Sources, Step, View};
use crate::value::TypeTable;

/// Takes chunks of a recording, cut anywhere, and gives batches of what is whole.
///
/// Transactions that come in pieces are put together, unless the view is the raw one.
#[derive(Debug)]
pub struct BatchDecoder {
    indexer: Indexer,
    on_error: OnError,
    assembler: Assembler<NoStorage>,
    /// What was pushed and not yet taken.
    input: Vec<u8>,
    /// Whole entries as the indexer shall see them; the last batch's are dropped with the next.
    entries: Vec<u8>,
    consumed: usize,
    sources: Sources,
    errors: Vec<(usize, Error)>,
}

/// A batch: the received bytes, core's own behind them, and the table over both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// Whole entries as they were received, or as they were put together.
    pub bytes: &'a [u8],
    /// Bytes that belong directly behind [`bytes`](Self::bytes).
    pub side: &'a [u8],
    /// Header and records.
    pub words: &'a [i32],
}

impl BatchDecoder {
    /// A decoder that finds out the format and refuses messages of more than `limit` bytes, and
    /// transactions whose pieces take more than that in memory.
    pub fn new(view: View, on_error: OnError, limit: u32) -> Self {
        let budget = usize::try_from(limit).unwrap_or(usize::MAX);
        let storage = NoStorage::new(limit.into());
        Self {
            indexer: Indexer::new(Reader::new(limit), view, on_error),
            on_error,
            assembler: Assembler::new(view, Reader::new(limit), storage, budget),
            input: Vec::new(),
            entries: Vec::new(),
            consumed: 0,
            sources: Sources::default(),
            errors: Vec::new(),
        }
    }

    /// The same with a table of user types.
    #[must_use]
    pub fn with_types(self, types: TypeTable) -> Self {
        Self { indexer: self.indexer.with_types(types), ..self }
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
        self.entries.drain(..self.consumed);
        self.input.extend_from_slice(chunk);
        self.assemble(at_end);
        let sources = Some(&self.sources);
        let index = self.indexer.index_assembled(&self.entries, at_end, sources, &self.errors);
        self.consumed = index.consumed;
        let bytes = self.entries.get(..index.consumed).unwrap_or_default();
        Batch { bytes, side: index.side, words: index.words }
    }

    /// Moves whole entries from the input to those of the batch; at the end the rest too, which the
    /// indexer refuses.
    fn assemble(&mut self, at_end: bool) {
        self.sources.clear();
        self.errors.clear();
        let mut taken = 0_usize;
        loop {
            let rest = self.input.get(taken..).unwrap_or_default();
            let position = self.assembler.reader().offset();
            let (passed, kept) = match self.assembler.next(rest) {
                Ok(Step::Pass(bytes)) => (bytes, 0),
                Ok(Step::Hold(bytes)) => (0, bytes),
                Ok(Step::Assembled(assembled)) => {
                    self.sources.append(self.entries.len(), assembled.sources);
                    self.entries.extend_from_slice(assembled.bytes);
                    continue;
                }
                Ok(Step::NeedMore(_)) if at_end => (rest.len(), 0),
                Ok(Step::NeedMore(_)) => break,
                Err(error) => {
                    self.errors.push((self.entries.len(), error));
                    let length =
                        self.assembler.skip(rest).filter(|_| self.on_error == OnError::Skip);
                    (length.unwrap_or(rest.len()), 0)
                }
            };
            if passed > 0 {
                self.sources.push(self.entries.len(), position, 0);
                self.entries.extend_from_slice(rest.get(..passed).unwrap_or_default());
            }
            taken = taken.saturating_add(passed).saturating_add(kept);
            if rest.is_empty() {
                break;
            }
        }
        self.input.drain(..taken);
    }
}
