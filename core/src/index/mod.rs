//! A batch of messages as one flat table of 32-bit integers over the untouched bytes.
//!
//! This is how rows reach JavaScript without an object per value: the host hands over the bytes and
//! this table, and the facade there (`node/decoding/`) makes from them what is asked for. All
//! offsets count from the batch's first byte; behind the received bytes come *side* bytes that
//! core wrote itself. Numbers of 64 bits take two words, low word first.
//!
//! **Header** (9 words): layout version, total words, records, length of the received bytes, items
//! before this batch (2), position of the batch's first byte in the whole input (2; all bits set when
//! it holds transactions that came in pieces), the word at which the first relation, head or error
//! stands (0: there is none).
//!
//! **Records** follow each other. Their first 8 words are: kind (low byte) and flags (from bit 8),
//! length in words, offset and length of the message, LSN (2), xid, items up to and including this
//! record. What follows depends on the kind; the constants in [`kind`] say it. A *text* is two
//! words, offset and length; length -1: absent.
//!
//! **Relations** have slot, OID, replica identity, schema (text), name (text), what changed (text:
//! [`Difference::to_json`](crate::relation::Difference::to_json); absent when the table was not
//! known), number of columns, and for each column name (text), type, the type whose values it has (of
//! a domain what that is over, else the type again), of an array the type of its elements (else 0),
//! the type whose values these have, and the character between them, modifier, whether it is a key.
//!
//! **Columns** are two words `(a, b)`: text at offset `a` of length `b` where all bytes are ASCII;
//! `b` = -1 NULL; `b` = -2 unchanged TOAST; `b` <= -3 text of length `-3 - b` with other bytes;
//! `a` < 0 a binary value at offset `!a`. A binary value that has a decoder is PostgreSQL's text of
//! it, in the side bytes; then the row has flag 1. One that is no value of its type is an error.

mod decoder;
mod record;
mod rows;
mod table;
pub(crate) mod words;

pub use decoder::{Batch, BatchDecoder};

use alloc::string::ToString;
use core::ops::Range;

use crate::capture::{self, Entry, Next, Reader};
use crate::error::Error;
use crate::pgoutput::{Message, tag};
use crate::reader::range_in;
use crate::relation::BadValue;
use crate::replication::{PrimaryKeepalive, XLogData};
use crate::transaction::{Sources, Tracker, View};
use crate::types::Lsn;
use crate::value::TypeTable;

use table::{ABSENT, Record, Table};
use words::{halves, int};

/// The version of this layout, the header's first word.
pub const LAYOUT_VERSION: i32 = 5;
/// Words of the header.
pub const HEADER_WORDS: usize = 9;
/// Position of a batch that is no one piece of the input.
const NO_POSITION: u64 = u64::MAX;
/// Words that every record begins with.
pub const RECORD_WORDS: usize = 8;

/// Kinds of records. A message of pgoutput has its own tag as its kind.
pub mod kind {
    /// The transaction that the records after it belong to, up to its end: LSN of commit or prepare
    /// (2), time (2), gid (text), origin (text). Flag 1: prepared. It is no change itself.
    pub const TRANSACTION: u8 = b'@';
    /// A connection of a capture begins: its JSON (text). It is no change itself.
    pub const HEAD: u8 = b'#';
    /// A sign of life: time (2), reply requested (1). Its LSN is the end of the log.
    pub const KEEPALIVE: u8 = b'k';
    /// What cannot be decoded: a sentence (text), position in the whole input (2), kind of error;
    /// where it is a value, its table with the schema (text), column (text), bytes (text), and the
    /// position in them.
    pub const ERROR: u8 = b'!';
}

/// Which errors end the decoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// The first one: what follows is not looked at.
    #[default]
    Stop,
    /// None that leaves the framing intact: the record tells of it, and decoding goes on.
    Skip,
}

/// Decodes a stream into batches of records.
#[derive(Debug)]
pub struct Indexer {
    reader: Reader,
    tracker: Tracker,
    on_error: OnError,
    types: TypeTable,
    failed: Option<Failure>,
    /// The open transaction is to be told before its next record.
    context_due: bool,
    /// The reader's position at the batch's first byte.
    began: u64,
    /// Where the entry in hand lies in the log.
    lsn: Lsn,
    items_before: u64,
    items: u64,
    table: Table,
}

/// The table of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index<'a> {
    /// How many bytes of the input the batch takes.
    pub consumed: usize,
    /// Header and records.
    pub words: &'a [i32],
    /// Bytes that belong directly behind the consumed ones.
    pub side: &'a [u8],
}

impl Indexer {
    /// An indexer of a recording or, by its reader, of a connection.
    pub fn new(reader: Reader, view: View, on_error: OnError) -> Self {
        Self {
            reader,
            tracker: Tracker::new(view),
            on_error,
            types: TypeTable::new(),
            failed: None,
            context_due: false,
            began: 0,
            lsn: Lsn::INVALID,
            items_before: 0,
            items: 0,
            table: Table::default(),
        }
    }

    /// The same with a table of user types.
    #[must_use]
    pub fn with_types(self, types: TypeTable) -> Self {
        Self { types, ..self }
    }

    /// The reader of the input.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Makes a batch of all whole entries at the front of `input`, which begins where the last batch
    /// ended. With `at_end` a partial entry is an error.
    ///
    /// What cannot be decoded becomes a record. Unless errors are skipped it is the last one of this
    /// and the only one of every later batch, and the rest of the input counts as consumed.
    pub fn index(&mut self, input: &[u8], at_end: bool) -> Index<'_> {
        let rows = self.begin(input);
        self.finish(input, rows, at_end, None, &[])
    }

    /// Begins a batch with the rows at the front of `input`, and says how many bytes they take.
    fn begin(&mut self, input: &[u8]) -> usize {
        self.began = self.reader.offset();
        self.items_before = self.items;
        self.context_due = self.tracker.is_open();
        self.table.start();
        if self.failed.is_some() { 0 } else { self.rows(input, 0) }
    }

    /// Ends the batch, of whose input so many bytes were taken in. Bytes may have come from elsewhere in
    /// the whole input, with errors that were found on the way: each with the position of the entry in
    /// `input` that it is about.
    fn finish(
        &mut self,
        input: &[u8],
        taken: usize,
        at_end: bool,
        sources: Option<&Sources>,
        errors: &[(usize, Error)],
    ) -> Index<'_> {
        let consumed = match self.failed.take() {
            Some(failure) => {
                self.error(&failure, 0..0);
                self.failed = Some(failure);
                input.len()
            }
            None => self.entries(input, taken, at_end, sources, errors),
        };
        let contiguous = sources.is_none_or(Sources::is_contiguous);
        let position = if contiguous { self.source(self.began, sources) } else { NO_POSITION };
        self.table.finish(consumed, self.items_before, position);
        Index { consumed, words: self.table.words(), side: self.table.side() }
    }

    fn entries(
        &mut self,
        input: &[u8],
        mut consumed: usize,
        at_end: bool,
        sources: Option<&Sources>,
        errors: &[(usize, Error)],
    ) -> usize {
        let mut errors = errors.iter().peekable();
        loop {
            let sound = errors.peek().map_or(input.len(), |(at, _)| *at);
            consumed = self.rows(input.get(..sound).unwrap_or_default(), consumed);
            let rest = input.get(consumed..).unwrap_or_default();
            if rest.is_empty() {
                return consumed;
            }
            self.lsn = Lsn::INVALID;
            let known = errors.next_if(|(at, _)| *at == consumed).map(|(_, error)| *error);
            // Without a length the bytes behind an error cannot be told apart any more.
            let (length, result) = match known {
                Some(error) => (self.reader.skip(rest), Err(error.into())),
                None => match self.reader.next(rest) {
                    Ok(Next::NeedMore(_)) if !at_end => return consumed,
                    Ok(Next::NeedMore(_)) => {
                        (None, self.reader.finish(rest).map_err(Failure::from))
                    }
                    Ok(Next::Entry(entry, length)) => (Some(length), self.entry(entry, input)),
                    Err(error) => (self.reader.skip(rest), Err(error.into())),
                },
            };
            let end = consumed.saturating_add(length.unwrap_or(rest.len()));
            if let Err(failure) = result {
                let failure = match known {
                    Some(_) => failure,
                    None => failure.moved(|position| self.source(position, sources)),
                };
                self.error(&failure, consumed..end);
                if length.is_none() || self.on_error == OnError::Stop {
                    self.failed = Some(failure.later());
                    return input.len();
                }
            }
            consumed = end;
        }
    }

    #[inline]
    fn entry(&mut self, entry: Entry<'_>, input: &[u8]) -> Result<(), Failure> {
        match entry {
            Entry::Data(data) => self.data(data, input),
            Entry::Keepalive(keepalive) => {
                self.tracker.keepalive(keepalive.end)?;
                self.keepalive(keepalive);
                Ok(())
            }
            Entry::Head(json) => {
                self.tracker.connect(json);
                // Who reads on knows what the last connection has described.
                if capture::resumes(json) {
                    return Ok(());
                }
                self.table.begin(&Record {
                    kind: kind::HEAD,
                    message: place(input, json),
                    items: self.items_here(),
                    ..Record::default()
                });
                self.table.text(input, json);
                self.table.end();
                Ok(())
            }
        }
    }

    #[inline]
    fn data(&mut self, data: XLogData<'_>, input: &[u8]) -> Result<(), Failure> {
        let message = place(input, data.data);
        self.lsn = data.start;
        // Of some prepared transactions PostgreSQL 18 sends the end alone.
        let ends_alone = data.data.first() == Some(&tag::PREPARE) && !self.tracker.is_open();
        let change = match self.tracker.next_at(data.start, data.data) {
            Ok(change) => change,
            Err(error) => {
                // A transaction may have begun with the message that is wrong.
                self.context_due = self.tracker.is_open();
                return Err(error.shifted(self.reader.data_offset()).into());
            }
        };
        if change.item {
            self.items = self.items.saturating_add(1);
        }
        let begins = matches!(change.message, Message::Begin(_) | Message::BeginPrepare(_));
        if begins || ends_alone || matches!(change.message, Message::Origin(_)) {
            self.context_due = true;
        }
        if !change.shown {
            return Ok(());
        }
        if self.context_due {
            self.context();
        }
        let record = Record {
            kind: change.message.tag(),
            flag: false,
            message,
            lsn: data.start,
            xid: change.xid,
            items: self.items_here(),
        };
        let source = record::Source { input, payload: data.data, types: &self.types };
        record::write(&mut self.table, &mut self.tracker, record, &change, source).map_err(|bad| {
            let position = bad.error().shifted(self.reader.data_offset()).offset();
            let bytes = place(input, data.data.get(bad.value()).unwrap_or_default());
            Failure::Value(bad.at(position), bytes)
        })
    }

    /// Tells of the transaction that the next records belong to.
    fn context(&mut self) {
        self.context_due = false;
        let items = self.items_here();
        let Some(transaction) = self.tracker.transaction() else { return };
        let gid = transaction.gid.as_deref();
        self.table.begin(&Record {
            kind: kind::TRANSACTION,
            flag: gid.is_some(),
            xid: Some(transaction.xid),
            items,
            ..Record::default()
        });
        self.table.put(halves(transaction.lsn.0));
        self.table.put(halves(transaction.time.0.cast_unsigned()));
        self.table.own_text(gid);
        self.table.own_text(transaction.origin.as_deref());
        self.table.end();
    }

    /// Keepalives are no changes: only the raw view has them.
    fn keepalive(&mut self, keepalive: PrimaryKeepalive) {
        if self.tracker.view() != View::Raw {
            return;
        }
        self.table.begin(&Record {
            kind: kind::KEEPALIVE,
            lsn: keepalive.end,
            items: self.items_here(),
            ..Record::default()
        });
        self.table.put(halves(keepalive.server_time.0.cast_unsigned()));
        self.table.put([i32::from(keepalive.reply_requested)]);
        self.table.end();
    }

    fn error(&mut self, failure: &Failure, message: Range<usize>) {
        let error = failure.error();
        self.table.begin(&Record {
            kind: kind::ERROR,
            message,
            lsn: self.lsn,
            items: self.items_here(),
            ..Record::default()
        });
        let bad = match failure {
            Failure::Message(_) => None,
            Failure::Value(bad, bytes) => Some((bad, bytes)),
        };
        let sentence = bad.map_or_else(|| error.to_string(), |(bad, _)| bad.to_string());
        self.table.own_text(Some(&sentence));
        self.table.put(halves(error.offset()));
        self.table.put([i32::from(error.kind().code())]);
        self.table.own_text(bad.map(|(bad, _)| bad.relation()));
        self.table.own_text(bad.map(|(bad, _)| bad.column()));
        let (bytes, position) = bad.map_or((ABSENT, 0), |(bad, bytes)| {
            ([int(bytes.start), int(bytes.len())], usize::try_from(bad.position()).unwrap_or(0))
        });
        self.table.put(bytes);
        self.table.put([int(position)]);
        self.table.end();
    }

    /// The position in the whole input of what the reader says.
    fn source(&self, position: u64, sources: Option<&Sources>) -> u64 {
        let Some(sources) = sources else { return position };
        let offset = position.saturating_sub(self.began);
        sources.input(usize::try_from(offset).unwrap_or(usize::MAX))
    }

    /// Items of this batch so far.
    fn items_here(&self) -> u64 {
        self.items.saturating_sub(self.items_before)
    }
}

/// What ends the decoding, or is skipped.
#[derive(Clone, Debug)]
enum Failure {
    Message(Error),
    /// A value, and where its bytes lie in the batch.
    Value(BadValue, Range<usize>),
}

impl Failure {
    fn error(&self) -> Error {
        match self {
            Self::Message(error) => *error,
            Self::Value(bad, _) => bad.error(),
        }
    }

    /// The same for later batches, which do not have the value's bytes.
    fn later(self) -> Self {
        match self {
            Self::Message(error) => Self::Message(error),
            Self::Value(bad, _) => Self::Value(bad, 0..0),
        }
    }

    /// The same at the position of the whole input.
    fn moved(self, source: impl Fn(u64) -> u64) -> Self {
        let position = source(self.error().offset());
        match self {
            Self::Message(error) => Self::Message(error.moved(position)),
            Self::Value(bad, bytes) => Self::Value(bad.at(position), bytes),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Message(error)
    }
}

/// Where a borrowed part of the input lies in it.
#[inline]
fn place(input: &[u8], part: &[u8]) -> Range<usize> {
    range_in(input, part).unwrap_or_default()
}
