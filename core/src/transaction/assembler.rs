//! Puts transactions together that the server sends in pieces before they end.
//!
//! The pieces of several transactions come interleaved, between StreamStart and StreamStop; their
//! messages say which subtransaction they belong to, and StreamAbort takes one back. The assembler
//! keeps them until StreamCommit or StreamPrepare, and then tells the whole transaction in the form
//! that it would have had at protocol version 1: Begin, its messages without those of aborted
//! subtransactions, Commit. Whoever comes behind it needs to know nothing of pieces.
//!
//! PostgreSQL manual, "Streaming of Large Transactions for Logical Decoding".

use alloc::vec::Vec;

use super::frames::{self, Parts};
use super::held::Held;
use super::relations::Newest;
use super::replay::{CHUNK_SIZE, Replay, described};
use super::sources::Sources;
use super::storage::Storage;
use super::tracker::View;
use crate::capture::{Entry, Format, Next, Reader, is_undecoded, resumes};
use crate::error::{Error, ErrorKind, Result};
use crate::pgoutput::{Begin, Commit, Decoder, Message, StreamAbort, StreamStart, tag};
use crate::reader as bytes;
use crate::replication::XLogData;
use crate::types::{Lsn, Xid};

/// What may be kept in memory beside any budget, however small: which subtransactions were rolled back
/// cannot wait in storage, and a budget of nothing is to mean storage, not an error.
const LEAST_BUDGET: usize = 4096;
/// Flags of a message that belongs to no transaction.
const NOT_TRANSACTIONAL: u8 = 0;

/// What to do next, in this order until more input is needed.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Nothing whole is at the front of the input: call again with at least so many bytes more.
    NeedMore(usize),
    /// So many bytes at the front of the input are entries to be taken as they are.
    Pass(usize),
    /// So many bytes at the front of the input are kept for later.
    Hold(usize),
    /// Part of a whole transaction, to be taken as if it had come in the input.
    Assembled(Assembled<'a>),
}

/// Entries of a transaction that was put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assembled<'a> {
    /// Whole entries, in the format of the input.
    pub bytes: &'a [u8],
    /// Where they came from.
    pub(crate) sources: &'a Sources,
}

/// A chunk of assembled bytes in the making.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    sources: Sources,
    handed_over: bool,
}

/// Keeps the pieces of transactions, within a budget of memory; what is over it goes to storage.
#[derive(Debug)]
pub struct Assembler<S> {
    view: View,
    reader: Reader,
    decoder: Decoder,
    /// The connection's plugin is not pgoutput: what it sends is passed.
    undecoded: bool,
    storage: S,
    budget: usize,
    /// Bytes that held transactions take in memory.
    in_memory: usize,
    /// In the order in which they began.
    held: Vec<Held>,
    replay: Option<Replay>,
    chunk: Chunk,
    newest: Newest,
    items: u64,
    /// Where the last item ends.
    position: Lsn,
    /// After a reconnect: items up to here come again, and are counted already.
    repeat_until: Option<Lsn>,
}

/// What an entry asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Treatment {
    /// It is no part of a streamed transaction.
    Pass,
    /// It lies in a piece.
    Hold,
    /// It begins or ends a piece or a streamed transaction: a step of its own.
    Bound,
}

impl<S: Storage> Assembler<S> {
    /// An assembler of what `reader` reads, which keeps at most `budget` bytes of messages in memory,
    /// and besides what it takes to tell one. Which subtransactions were rolled back (4 bytes each)
    /// counts too; for these 4 KiB are allowed to any budget. For the raw view it passes everything.
    pub fn new(view: View, reader: Reader, storage: S, budget: usize) -> Self {
        Self {
            view,
            reader,
            decoder: Decoder::default(),
            undecoded: false,
            storage,
            budget,
            in_memory: 0,
            held: Vec::new(),
            replay: None,
            chunk: Chunk::default(),
            newest: Newest::default(),
            items: 0,
            position: Lsn::INVALID,
            repeat_until: None,
        }
    }

    /// The reader of the input.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// How many items have been passed and assembled: what a consumer confirms.
    pub const fn items(&self) -> u64 {
        self.items
    }

    /// Where the last of these items ends.
    pub const fn position(&self) -> Lsn {
        self.position
    }

    /// Bytes of held transactions, in memory and in storage.
    pub fn held_bytes(&self) -> (usize, u64) {
        let stored = self.held.iter().fold(0, |sum: u64, held| sum.saturating_add(held.stored));
        (self.in_memory, stored)
    }

    /// The transactions that have begun and not ended.
    pub fn held(&self) -> impl ExactSizeIterator<Item = Xid> {
        self.held.iter().map(|held| held.xid)
    }

    /// Looks at the front of `input`, which begins where the last step ended.
    ///
    /// # Errors
    ///
    /// What cannot be decoded, at its position in the whole input; [`skip`](Self::skip) goes past
    /// it. What the storage says.
    pub fn next(&mut self, input: &[u8]) -> Result<Step<'_>, S::Error> {
        if self.replay.is_some() {
            return self.tell();
        }
        let mut taken = 0_usize;
        let mut treatment = None;
        while treatment != Some(Treatment::Bound) {
            let mut rest = input.get(taken..).unwrap_or_default();
            if self.passes_rows() && treatment != Some(Treatment::Hold) {
                let rows = self.reader.pass_rows(rest);
                if rows > 0 {
                    treatment = Some(Treatment::Pass);
                    taken = taken.saturating_add(rows);
                    rest = rest.get(rows..).unwrap_or_default();
                }
            }
            let mut reader = self.reader;
            let (entry, length) = match reader.next(rest) {
                Ok(Next::Entry(entry, length)) => (entry, length),
                // What came before is taken first; then this comes again.
                _ if taken > 0 => break,
                Ok(Next::NeedMore(bytes)) => return Ok(Step::NeedMore(bytes)),
                Err(error) => return Err(error.into()),
            };
            let wanted = self.treatment(&entry);
            if treatment.is_some_and(|treatment| treatment != wanted) {
                break;
            }
            let frame = rest.get(..length).unwrap_or_default();
            match self.take(&entry, frame, &reader, wanted) {
                Err(_) if taken > 0 => break,
                result => result?,
            }
            treatment = Some(wanted);
            self.reader = reader;
            taken = taken.saturating_add(length);
        }
        Ok(match treatment {
            Some(Treatment::Pass) => Step::Pass(taken),
            _ => Step::Hold(taken),
        })
    }

    /// Whether a row that comes now would be passed as it is.
    pub(crate) fn passes_rows(&self) -> bool {
        self.replay.is_none() && self.decoder.streaming().is_none() && !self.undecoded
    }

    /// Passes so many bytes of rows, which whoever comes behind has taken in.
    pub(crate) fn pass(&mut self, rows: usize) {
        self.reader.pass(rows);
    }

    /// How many bytes to drop to go on behind an entry that [`next`](Self::next) refused, where
    /// that can be known.
    pub fn skip(&mut self, input: &[u8]) -> Option<usize> {
        self.reader.skip(input)
    }

    fn treatment(&self, entry: &Entry<'_>) -> Treatment {
        let Entry::Data(data) = entry else { return Treatment::Pass };
        if self.view == View::Raw || self.undecoded {
            return Treatment::Pass;
        }
        let in_piece = self.decoder.streaming().is_some();
        match data.data.first() {
            Some(
                &(tag::RELATION
                | tag::TYPE
                | tag::ORIGIN
                | tag::INSERT
                | tag::UPDATE
                | tag::DELETE
                | tag::TRUNCATE
                | tag::MESSAGE),
            ) if in_piece => Treatment::Hold,
            Some(
                &(tag::STREAM_START
                | tag::STREAM_STOP
                | tag::STREAM_COMMIT
                | tag::STREAM_ABORT
                | tag::STREAM_PREPARE),
            ) => Treatment::Bound,
            _ if in_piece => Treatment::Bound,
            _ => Treatment::Pass,
        }
    }

    /// Takes an entry in. After an error nothing of it is kept.
    fn take(
        &mut self,
        entry: &Entry<'_>,
        frame: &[u8],
        reader: &Reader,
        treatment: Treatment,
    ) -> Result<(), S::Error> {
        let source = reader.data_offset();
        match (treatment, entry) {
            (Treatment::Hold, Entry::Data(data)) => self.keep(data, source),
            (Treatment::Bound, Entry::Data(data)) => {
                let message = self.decoder.decode(data.data);
                let taken = message.and_then(|message| self.bound(&message, data, source));
                taken.map_err(|error| error.shifted(source))?;
                // What was rolled back is remembered, which takes memory too.
                if self.in_memory > self.budget { self.keep_budget(source) } else { Ok(()) }
            }
            // Another connection: its server sends again what had not ended on the last one.
            (_, Entry::Head(json)) => {
                self.forget();
                self.undecoded = is_undecoded(json);
                self.repeat_until = resumes(json).then_some(self.position);
                Ok(())
            }
            (_, Entry::Data(data)) => {
                self.note(data.data, frame, source);
                Ok(())
            }
            (_, Entry::Keepalive(_)) => Ok(()),
        }
    }

    fn note(&mut self, payload: &[u8], frame: &[u8], source: u64) {
        match payload {
            _ if self.undecoded => self.items = self.items.saturating_add(1),
            [tag::COMMIT | tag::PREPARE | tag::COMMIT_PREPARED | tag::ROLLBACK_PREPARED, ..]
            | [tag::MESSAGE, NOT_TRANSACTIONAL, ..] => self.count(payload),
            [tag::RELATION, ..] if !self.held.is_empty() => {
                if let Some(oid) = described(payload) {
                    self.newest.tell(oid, source, frame);
                }
            }
            _ => {}
        }
    }

    /// The connection broke: what has not ended comes again on the next one. A consumer has been given
    /// so many items, the last of which ends at `position`.
    pub fn disconnect(&mut self, items: u64, position: Lsn) {
        self.forget();
        self.items = items;
        self.position = position;
    }

    /// Counts an item, unless it comes again.
    fn count(&mut self, payload: &[u8]) {
        let position = item_position(payload).unwrap_or(Lsn::INVALID);
        if self.repeat_until.is_none_or(|until| position > until) {
            self.items = self.items.saturating_add(1);
            self.position = self.position.max(position);
        }
    }

    fn forget(&mut self) {
        self.replay = None;
        for held in self.held.drain(..) {
            if held.stored > 0 {
                self.storage.remove(held.xid);
            }
        }
        self.in_memory = 0;
        self.newest.clear();
        self.decoder = Decoder::default();
    }

    /// Keeps a message of a piece, and makes room in memory where that takes too much.
    fn keep(&mut self, data: &XLogData<'_>, source: u64) -> Result<(), S::Error> {
        let format = self.format();
        let Some(xid) = self.decoder.streaming() else { return Ok(()) };
        let Some(held) = self.held.iter_mut().find(|held| held.xid == xid) else { return Ok(()) };
        let before = held.memory.len();
        let (subxid, parts) = without_xid(data.data).unwrap_or((xid, (data.data, &[])));
        held.push(subxid, source, format, data, parts);
        let added = held.memory.len().saturating_sub(before);
        self.in_memory = self.in_memory.saturating_add(added);
        let result = self.keep_budget(source);
        if result.is_err()
            && let Some(held) = self.held.iter_mut().find(|held| held.xid == xid)
        {
            held.memory.truncate(before);
            self.in_memory = self.in_memory.saturating_sub(added);
        }
        result
    }

    /// Moves the largest transaction into storage where memory is over its budget, or where most of it
    /// is there already.
    fn keep_budget(&mut self, source: u64) -> Result<(), S::Error> {
        let over = self.in_memory > self.budget;
        let largest = self.held.iter_mut().max_by_key(|held| held.memory.len());
        if let Some(largest) = largest.filter(|largest| over || largest.is_to_follow()) {
            let before = largest.size();
            largest.store(&mut self.storage)?;
            let freed = before.saturating_sub(largest.size());
            self.in_memory = self.in_memory.saturating_sub(freed);
        }
        let budget = self.budget.max(LEAST_BUDGET);
        if self.in_memory <= budget {
            return Ok(());
        }
        let kind = ErrorKind::OverBudget { budget: budget as u64 };
        Err(Error::new(kind, source, "aborted subtransactions").into())
    }

    fn bound(&mut self, message: &Message<'_>, data: &XLogData<'_>, source: u64) -> Result<()> {
        match message {
            Message::StreamStart(start) => self.start(start, data),
            Message::StreamAbort(abort) => {
                self.abort(abort);
                Ok(())
            }
            Message::StreamCommit(end) => {
                let (commit_lsn, end_lsn) = (end.commit_lsn, end.end_lsn);
                let commit_time = end.commit_time;
                let begin = Message::Begin(Begin { commit_lsn, commit_time, xid: end.xid });
                let commit = Message::Commit(Commit { commit_lsn, end_lsn, commit_time });
                self.end(end.xid, [begin, commit], data, source)
            }
            Message::StreamPrepare(end) => {
                let ends = [Message::BeginPrepare(*end), Message::Prepare(*end)];
                self.end(end.xid, ends, data, source)
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, start: &StreamStart, data: &XLogData<'_>) -> Result<()> {
        let known = self.held.iter().any(|held| held.xid == start.xid);
        if !known {
            self.held.push(Held::new(start.xid, data));
        }
        if known == start.first_segment {
            // Whoever skips this goes on with what there is.
            let kind = ErrorKind::UnexpectedMessage(tag::STREAM_START);
            let context = if known {
                "a streamed transaction that has begun"
            } else {
                "a streamed transaction whose beginning is missing"
            };
            return Err(Error::new(kind, 0, context));
        }
        Ok(())
    }

    /// What is not held needs not be dropped.
    fn abort(&mut self, abort: &StreamAbort) {
        let Some(index) = self.held.iter().position(|held| held.xid == abort.xid) else { return };
        if abort.xid == abort.subxid {
            let held = self.held.remove(index);
            self.in_memory = self.in_memory.saturating_sub(held.size());
            if held.stored > 0 {
                self.storage.remove(held.xid);
            }
            self.clear_newest();
        } else if let Some(held) = self.held.get_mut(index) {
            let before = held.size();
            held.abort(abort.subxid);
            self.in_memory = self.in_memory.saturating_add(held.size()).saturating_sub(before);
        }
    }

    fn end(
        &mut self,
        xid: Xid,
        [begin, end]: [Message<'_>; 2],
        data: &XLogData<'_>,
        source: u64,
    ) -> Result<()> {
        let Some(index) = self.held.iter().position(|held| held.xid == xid) else {
            let kind = ErrorKind::UnexpectedMessage(data.data.first().copied().unwrap_or_default());
            return Err(Error::new(kind, 0, "a streamed transaction that has not begun"));
        };
        let held = self.held.remove(index);
        let format = self.format();
        let begin = frames::entry(format, &held.first, &begin);
        let end = frames::entry(format, data, &end);
        self.replay = Some(Replay::new(held, format, begin, end, source));
        Ok(())
    }

    fn tell(&mut self) -> Result<Step<'_>, S::Error> {
        // What was told before the storage failed is still to be handed over.
        if self.chunk.handed_over {
            self.chunk.clear();
        }
        if let Some(mut replay) = self.replay.take() {
            match replay.tell(&mut self.storage, &mut self.newest, &mut self.chunk) {
                Ok(true) => {
                    self.in_memory = self.in_memory.saturating_sub(replay.size());
                    self.count(replay.end());
                    self.clear_newest();
                }
                Ok(false) => self.replay = Some(replay),
                Err(error) => {
                    self.replay = Some(replay);
                    return Err(error);
                }
            }
        }
        self.chunk.handed_over = true;
        let Chunk { bytes, sources, .. } = &self.chunk;
        Ok(Step::Assembled(Assembled { bytes, sources }))
    }

    fn clear_newest(&mut self) {
        if self.held.is_empty() {
            self.newest.clear();
        }
    }

    /// The format of the input, which is known once something was read.
    fn format(&self) -> Format {
        self.reader.format().unwrap_or(Format::Capture)
    }
}

impl Chunk {
    /// Appends an entry whose message, `at` bytes behind the entry's beginning, came at `source`
    /// with so many bytes more.
    pub(super) fn put(&mut self, entry: &[u8], at: usize, source: u64, removed: u8) {
        let assembled = self.bytes.len().saturating_add(at);
        self.sources.push(assembled, source, removed);
        self.bytes.extend_from_slice(entry);
    }

    fn clear(&mut self) {
        self.handed_over = false;
        self.bytes.clear();
        // One large message shall not take memory for ever.
        self.bytes.shrink_to(CHUNK_SIZE.saturating_mul(2));
        self.sources.clear();
    }
}

impl Assembled<'_> {
    /// The position in the input of a byte of the assembled ones.
    pub fn source(&self, offset: usize) -> u64 {
        self.sources.input(offset)
    }
}

/// Where the item ends that a message is; for one outside of transactions just behind its beginning.
fn item_position(payload: &[u8]) -> Option<Lsn> {
    let mut reader = bytes::Reader::new(payload, 0);
    let tag = reader.u8("item").ok()?;
    let _flags = reader.u8("item").ok()?;
    let first = reader.lsn("item").ok()?;
    if tag == tag::MESSAGE {
        return Some(Lsn(first.0.saturating_add(1)));
    }
    // The record's beginning, or what was prepared, comes before its end.
    reader.lsn("item").ok()
}

/// A message of a piece without its (sub)transaction: that, and what is left. An Origin has none.
fn without_xid(payload: &[u8]) -> Option<(Xid, Parts<'_>)> {
    let (tag, rest) = payload.split_at_checked(1)?;
    if tag == [tag::ORIGIN] {
        return None;
    }
    // A message too short for it is kept as it is, and refused where it is told.
    let (xid, rest) = rest.split_first_chunk()?;
    Some((Xid(u32::from_be_bytes(*xid)), (tag, rest)))
}
