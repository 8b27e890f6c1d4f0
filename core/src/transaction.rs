//! Puts messages in their place: which transaction a change belongs to, its number there, the
//! relation it speaks of, and whether a consumer sees it.

use alloc::string::String;

use crate::error::{Error, ErrorKind, Result};
use crate::pgoutput::{Decoder, Message, OldTuple};
use crate::relation::{Described, Relation, RelationCache, utf8_text};
use crate::types::{Lsn, Oid, Timestamp, Xid};

/// What a consumer wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Whole transactions: begin, changes, messages, commit; relations when they are new.
    #[default]
    Transactions,
    /// Every message as it came.
    Raw,
}

/// The transaction that the current message belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The transaction.
    pub xid: Xid,
    /// Where its commit record begins, or, with a gid, its prepare record.
    pub lsn: Lsn,
    /// When it was committed, or, with a gid, prepared.
    pub time: Timestamp,
    /// The name of a prepared transaction.
    pub gid: Option<String>,
    /// The replication origin that it comes from.
    pub origin: Option<String>,
    next_seq: u32,
}

/// A message in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// The message itself.
    pub message: Message<'a>,
    /// The transaction; in a piece of a streamed transaction the (sub)transaction of the change.
    pub xid: Option<Xid>,
    /// Counts insert, update, delete and truncate in a transaction from 0. Streamed transactions
    /// that are shown as they came have no such number.
    pub seq: Option<u32>,
    /// Whether the consumer sees it.
    pub shown: bool,
    /// For a Relation message: whether it is new, changed, or known already.
    pub described: Option<Described>,
    /// Whether a consumer confirms it: the end of a transaction, or a message outside of any.
    pub item: bool,
}

/// Follows one connection's messages.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    view: View,
    decoder: Decoder,
    relations: RelationCache,
    transaction: Option<Transaction>,
    /// The transaction's end was the last message: it is still there to be asked for.
    ended: bool,
}

impl Tracker {
    /// A tracker at the start of a connection.
    pub fn new(view: View) -> Self {
        Self { view, ..Self::default() }
    }

    /// What the consumer sees.
    pub const fn view(&self) -> View {
        self.view
    }

    /// The transaction of the last message, its end included.
    pub const fn transaction(&self) -> Option<&Transaction> {
        self.transaction.as_ref()
    }

    /// Whether a transaction has begun and not ended.
    pub const fn is_open(&self) -> bool {
        self.transaction.is_some() && !self.ended
    }

    /// A relation that was described on this connection.
    #[inline]
    pub fn relation(&mut self, oid: Oid) -> Option<&Relation> {
        self.relations.get(oid)
    }

    /// Forgets everything, for another connection.
    pub fn reset(&mut self) {
        self.decoder = Decoder::default();
        self.relations.clear();
        self.transaction = None;
        self.ended = false;
    }

    /// Decodes the next message and puts it in its place.
    ///
    /// # Errors
    ///
    /// Bytes that are no message, a row for an unknown relation or with another number of columns,
    /// and messages where the protocol does not allow them. Positions count from the payload's first
    /// byte. The message is not taken in: who wants to skip it goes on with the next.
    #[inline]
    pub fn next<'a>(&mut self, payload: &'a [u8]) -> Result<Change<'a>> {
        let mut decoder = self.decoder;
        let message = decoder.decode(payload)?;
        if self.ended {
            self.transaction = None;
            self.ended = false;
        }
        let change = self.place(message)?;
        self.decoder = decoder;
        Ok(change)
    }

    #[inline]
    fn place<'a>(&mut self, message: Message<'a>) -> Result<Change<'a>> {
        let relation = match &message {
            Message::Insert(insert) => Some((insert.relation, insert.new.len(), None)),
            Message::Update(update) => {
                Some((update.relation, update.new.len(), update.old.map(old_len)))
            }
            Message::Delete(delete) => Some((delete.relation, old_len(delete.old), None)),
            _ => None,
        };
        if let Some((oid, columns, old_columns)) = relation {
            self.check_columns(oid, columns)?;
            if let Some(old_columns) = old_columns {
                self.check_columns(oid, old_columns)?;
            }
            return self.row(message);
        }
        self.place_other(message)
    }

    #[inline]
    fn check_columns(&mut self, oid: Oid, found: usize) -> Result<()> {
        match self.relations.get(oid) {
            Some(relation) if relation.columns.len() == found => Ok(()),
            Some(relation) => {
                let expected = u32::try_from(relation.columns.len()).unwrap_or(u32::MAX);
                let found = u32::try_from(found).unwrap_or(u32::MAX);
                Err(Error::new(ErrorKind::ColumnCount { expected, found }, 0, "row"))
            }
            None => Err(Error::new(ErrorKind::UnknownRelation(oid), 0, "row")),
        }
    }

    /// A row or a truncate: what takes a number in its transaction.
    #[inline]
    fn row<'a>(&mut self, message: Message<'a>) -> Result<Change<'a>> {
        if let Some(xid) = message.streamed_xid() {
            return Ok(Change { xid: Some(xid), ..shown(message) });
        }
        let Some(transaction) = &mut self.transaction else { return Err(misplaced(&message)) };
        let seq = transaction.next_seq;
        transaction.next_seq = seq.wrapping_add(1);
        Ok(Change { xid: Some(transaction.xid), seq: Some(seq), ..shown(message) })
    }

    fn place_other<'a>(&mut self, message: Message<'a>) -> Result<Change<'a>> {
        let raw = self.view == View::Raw;
        let current = self.transaction.as_ref().map(|transaction| transaction.xid);
        let xid = message.streamed_xid().or(current);
        match &message {
            Message::Begin(begin) => {
                self.begin(&message, begin.xid, begin.commit_lsn, begin.commit_time, None)
            }
            Message::BeginPrepare(begin) => {
                let gid = Some(utf8_text(begin.gid, "prepare.gid")?);
                self.begin(&message, begin.xid, begin.prepare_lsn, begin.prepare_time, gid)
            }
            Message::Commit(_) | Message::Prepare(_) => {
                if current.is_none() {
                    return Err(misplaced(&message));
                }
                self.ended = true;
                Ok(Change { xid, item: true, ..shown(message) })
            }
            Message::CommitPrepared(ended) => {
                Ok(Change { xid: Some(ended.xid), item: true, ..shown(message) })
            }
            Message::RollbackPrepared(ended) => {
                Ok(Change { xid: Some(ended.xid), item: true, ..shown(message) })
            }
            Message::Relation(relation) => {
                let described = self.relations.describe(relation)?;
                let shown = raw || described != Described::Same;
                Ok(Change { xid, described: Some(described), shown, ..hidden(message) })
            }
            Message::Type(_) => Ok(Change { xid, shown: raw, ..hidden(message) }),
            Message::Origin(origin) => {
                let name = utf8_text(origin.name, "origin.name")?;
                if let Some(transaction) = &mut self.transaction {
                    transaction.origin = Some(name);
                }
                Ok(Change { xid, shown: raw, ..hidden(message) })
            }
            Message::Truncate(truncate) => {
                for oid in truncate.relations() {
                    if self.relations.get(oid).is_none() {
                        return Err(Error::new(ErrorKind::UnknownRelation(oid), 0, "truncate"));
                    }
                }
                self.row(message)
            }
            Message::Message(written) if written.transactional => {
                Ok(Change { xid, ..shown(message) })
            }
            Message::Message(_) => Ok(Change { item: true, ..shown(message) }),
            _ => self.streamed(message),
        }
    }

    fn begin<'a>(
        &mut self,
        message: &Message<'a>,
        xid: Xid,
        lsn: Lsn,
        time: Timestamp,
        gid: Option<String>,
    ) -> Result<Change<'a>> {
        if self.transaction.is_some() {
            return Err(misplaced(message));
        }
        self.transaction = Some(Transaction { xid, lsn, time, gid, origin: None, next_seq: 0 });
        Ok(Change { xid: Some(xid), ..shown(*message) })
    }

    /// Pieces of streamed transactions. Only the raw view has them: putting them together is not
    /// this type's work.
    fn streamed<'a>(&self, message: Message<'a>) -> Result<Change<'a>> {
        const CONTEXT: &str = "a streamed transaction (the raw view shows its pieces)";
        if self.view != View::Raw {
            return Err(Error::new(ErrorKind::Unsupported, 0, CONTEXT));
        }
        if self.transaction.is_some() {
            return Err(misplaced(&message));
        }
        let (xid, item) = match &message {
            Message::StreamStart(start) => (Some(start.xid), false),
            Message::StreamCommit(commit) => (Some(commit.xid), true),
            Message::StreamAbort(abort) => (Some(abort.xid), false),
            Message::StreamPrepare(prepare) => (Some(prepare.xid), true),
            _ => (self.decoder.streaming(), false),
        };
        Ok(Change { xid, item, ..shown(message) })
    }
}

#[inline]
const fn shown(message: Message<'_>) -> Change<'_> {
    Change { message, xid: None, seq: None, shown: true, described: None, item: false }
}

const fn hidden(message: Message<'_>) -> Change<'_> {
    Change { shown: false, ..shown(message) }
}

#[inline]
fn old_len(old: OldTuple<'_>) -> usize {
    old.tuple().len()
}

#[cold]
const fn misplaced(message: &Message<'_>) -> Error {
    Error::new(ErrorKind::UnexpectedMessage(message.tag()), 0, "transaction")
}
