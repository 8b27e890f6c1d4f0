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
    /// What was pushed and not yet taken; what the last batch took of it is dropped with the next.
    input: Vec<u8>,
    taken: usize,
    /// Entries of a batch that does not have them all as they were received; the last batch's are
    /// dropped with the next.
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
            taken: 0,
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
    pub fn push<'a>(&'a mut self, chunk: &'a [u8]) -> Batch<'a> {
        self.next(chunk, false)
    }

    /// The recording has ended: what is left over is cut, which is an error.
    pub fn end(&mut self) -> Batch<'_> {
        self.next(&[], true)
    }

    fn next<'a>(&'a mut self, chunk: &'a [u8], at_end: bool) -> Batch<'a> {
        self.entries.drain(..self.consumed);
        self.input.drain(..self.taken);
        // A chunk that begins with an entry is not copied before it is looked at.
        let direct = self.input.is_empty();
        if !direct {
            self.input.extend_from_slice(chunk);
        }
        let input = if direct { chunk } else { self.input.as_slice() };
        // Most of a stream is rows, which are looked at only once where nothing is to be put together.
        let alone = self.entries.is_empty() && self.assembler.passes_rows();
        let rows = self.indexer.begin(if alone { input } else { &[] });
        let assembling = Assembling {
            assembler: &mut self.assembler,
            entries: &mut self.entries,
            sources: &mut self.sources,
            errors: &mut self.errors,
            skips: self.on_error == OnError::Skip,
        };
        let (taken, as_received) = assembling.run(input, rows, at_end);
        self.taken = if direct { 0 } else { taken };
        if direct {
            self.input.extend_from_slice(chunk.get(taken..).unwrap_or_default());
        }
        let input = if direct { chunk } else { self.input.as_slice() };
        let entries = match as_received {
            Some(length) => input.get(..length).unwrap_or_default(),
            None => self.entries.as_slice(),
        };
        let sources = Some(&self.sources);
        let index = self.indexer.finish(entries, rows, at_end, sources, &self.errors);
        self.consumed = if as_received.is_some() { 0 } else { index.consumed };
        let bytes = entries.get(..index.consumed).unwrap_or_default();
        Batch { bytes, side: index.side, words: index.words }
    }
}

/// Finds the entries of one batch.
struct Assembling<'a> {
    assembler: &'a mut Assembler<NoStorage>,
    entries: &'a mut Vec<u8>,
    sources: &'a mut Sources,
    errors: &'a mut Vec<(usize, Error)>,
    skips: bool,
}

impl Assembling<'_> {
    /// Takes whole entries from the input, which begins with so many bytes of rows that were taken in; at
    /// the end the rest too, which the indexer refuses. Returns how much of the input was taken, and how
    /// many bytes at its front are the batch's entries; `None` where these were gathered elsewhere, as they
    /// had not come in one piece.
    fn run(self, input: &[u8], rows: usize, at_end: bool) -> (usize, Option<usize>) {
        self.sources.clear();
        self.errors.clear();
        if rows > 0 {
            self.sources.push(0, self.assembler.reader().offset(), 0);
            self.assembler.pass(rows);
        }
        let mut taken = rows;
        let mut as_received = self.entries.is_empty();
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            let position = self.assembler.reader().offset();
            let at = if as_received { taken } else { self.entries.len() };
            let step = self.assembler.next(rest);
            if as_received && !matches!(step, Ok(Step::Pass(_) | Step::NeedMore(_)) | Err(_)) {
                as_received = false;
                self.entries.extend_from_slice(input.get(..taken).unwrap_or_default());
            }
            let (passed, kept) = match step {
                Ok(Step::Pass(bytes)) => (bytes, 0),
                Ok(Step::Hold(bytes)) => (0, bytes),
                Ok(Step::Assembled(assembled)) => {
                    self.sources.append(at, assembled.sources);
                    self.entries.extend_from_slice(assembled.bytes);
                    continue;
                }
                Ok(Step::NeedMore(_)) if at_end => (rest.len(), 0),
                Ok(Step::NeedMore(_)) => break,
                Err(error) => {
                    self.errors.push((at, error));
                    let length = self.assembler.skip(rest).filter(|_| self.skips);
                    (length.unwrap_or(rest.len()), 0)
                }
            };
            if passed > 0 {
                self.sources.push(at, position, 0);
                if !as_received {
                    self.entries.extend_from_slice(rest.get(..passed).unwrap_or_default());
                }
            }
            taken = taken.saturating_add(passed).saturating_add(kept);
            if rest.is_empty() {
                break;
            }
        }
        (taken, as_received.then_some(taken))
    }
}
