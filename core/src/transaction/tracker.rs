//! Puts messages in their place: which transaction a change belongs to, its number there, the
//! relation it speaks of, and whether a consumer sees it.

use alloc::string::String;

use super::delivery::{Delivery, Resumption};
use crate::capture;
use crate::error::{Error, ErrorKind, Result};
use crate::pgoutput::{Decoder, Message, StreamAbort, tag};
use crate::reader::Reader;
use crate::relation::{Described, Difference, Relation, RelationCache, utf8_text};
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
    delivery: Delivery,
    /// What the last connection broke off in, or one before it.
    partly: Option<Transaction>,
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

    /// The same for whoever cannot lend the tracker to be changed.
    pub fn find_relation(&self, oid: Oid) -> Option<&Relation> {
        self.relations.find(oid)
    }

    /// Whether a message is shown whatever it says, if it can be decoded. Of those for which this is
    /// false [`next_at`](Self::next_at) finds out.
    #[inline]
    pub fn shows(&self, payload: &[u8]) -> bool {
        match payload.first() {
            _ if self.view == View::Raw => true,
            Some(&(tag::INSERT | tag::UPDATE | tag::DELETE | tag::TRUNCATE)) => {
                self.delivery.has_new_changes()
            }
            Some(
                &(tag::BEGIN | tag::BEGIN_PREPARE | tag::COMMIT | tag::PREPARE | tag::MESSAGE),
            ) => self.delivery.has_new_items() && self.delivery.has_new_changes(),
            _ => false,
        }
    }

    /// What takes in rows that were found to be sound, where they are all shown.
    pub(crate) fn run(&mut self) -> Option<Run<'_>> {
        let shown = self.view == View::Transactions && self.delivery.has_new_changes();
        let transaction = self.transaction.as_mut().filter(|_| shown && !self.ended)?;
        Some(Run { transaction, delivery: &mut self.delivery })
    }

    /// What the last description of a relation has changed, if that was [`Described::Changed`].
    pub fn difference(&self) -> Option<Difference<'_>> {
        self.relations.difference()
    }

    /// Every item that ends before or at this was shown.
    pub const fn position(&self) -> Lsn {
        self.delivery.position()
    }

    /// Forgets everything, for another connection.
    pub fn reset(&mut self) {
        self.relations.clear();
        self.delivery = Delivery::default();
        self.partly = None;
        self.forget();
    }

    /// Another connection goes on with what the last one did not bring to its end. What the server
    /// sends again is not shown again; what it sends of a transaction that was shown in part is shown
    /// from where that broke off.
    ///
    /// After [`ErrorKind::NotResumed`] it is shown from its beginning instead. Then this returns what a
    /// consumer has to be shown before: the protocol's own word for it, a StreamAbort of the whole
    /// transaction, with the transaction in [`transaction`](Self::transaction). It may come otherwise
    /// now, or not at all.
    pub fn resume(&mut self) -> Option<Change<'static>> {
        let open = self.transaction.as_ref().filter(|_| !self.ended);
        let resumption =
            self.delivery.resume(open.map(|transaction| (transaction.lsn, transaction.xid)));
        if resumption == Resumption::Partly {
            self.partly = self.transaction.take();
        }
        self.relations.resume();
        self.forget();
        if resumption != Resumption::Restart {
            return None;
        }
        self.transaction = self.partly.take();
        self.ended = true;
        let xid = self.transaction.as_ref().map(|transaction| transaction.xid)?;
        let message = Message::StreamAbort(StreamAbort { xid, subxid: xid, abort: None });
        let Place { seq, shown, described, item, .. } = Place::SHOWN;
        Some(Change { message, xid: Some(xid), seq, shown, described, item })
    }

    /// A connection begins whose head is this JSON object. Returns what [`resume`](Self::resume) does.
    pub fn connect(&mut self, head: &[u8]) -> Option<Change<'static>> {
        if capture::resumes(head) {
            return self.resume();
        }
        self.reset();
        None
    }

    /// A keepalive: the server has looked at everything before `end`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotResumed`], where a transaction that was shown in part does not come again.
    pub fn keepalive(&mut self, end: Lsn) -> Result<()> {
        if self.view == View::Raw || self.is_open() {
            return Ok(());
        }
        self.delivery.looked_at(end)
    }

    fn forget(&mut self) {
        self.decoder = Decoder::default();
        self.transaction = None;
        self.ended = false;
    }

    /// Decodes the next message and puts it in its place.
    ///
    /// # Errors
    ///
    /// Bytes that are no message, a row for an unknown relation or with another number of columns,
    /// and messages where the protocol does not allow them. Positions count from the payload's first
    /// byte. Who wants to skip the message goes on with the next one. A skipped row keeps its number,
    /// so that those behind it keep theirs; after a skipped description the relation is unknown.
    #[inline]
    pub fn next<'a>(&mut self, payload: &'a [u8]) -> Result<Change<'a>> {
        self.next_at(Lsn::INVALID, payload)
    }

    /// The same for a message whose LSN is known, which is what a transaction that is sent again is
    /// recognised by.
    ///
    /// # Errors
    ///
    /// Those of [`next`](Self::next), and [`ErrorKind::NotResumed`]: what was shown of a transaction
    /// is not what comes again. Then nothing of this connection is of use. Let the server send from
    /// what is confirmed once more, and [`resume`](Self::resume) begins the transaction again.
    #[inline]
    pub fn next_at<'a>(&mut self, lsn: Lsn, payload: &'a [u8]) -> Result<Change<'a>> {
        let mut decoder = self.decoder;
        let message = match decoder.decode(payload) {
            Ok(message) => message,
            Err(error) => return Err(self.skipped(payload, error)),
        };
        if self.ended {
            self.transaction = None;
            self.ended = false;
        }
        let Place { xid, seq, mut shown, described, mut item } = match self.place(&message) {
            Ok(place) => place,
            Err(error) => return Err(self.skipped(payload, error)),
        };
        self.decoder = decoder;
        if self.view == View::Transactions && !self.delivery.is_new(&message, lsn)? {
            (shown, item) = (false, false);
        }
        Ok(Change { message, xid, seq, shown, described, item })
    }

    /// Keeps what comes behind a message that cannot be taken in from being misunderstood.
    #[cold]
    fn skipped(&mut self, payload: &[u8], error: Error) -> Error {
        let mut reader = Reader::new(payload, 0);
        let tag = reader.u8("message").unwrap_or_default();
        let numbered = matches!(tag, tag::INSERT | tag::UPDATE | tag::DELETE | tag::TRUNCATE);
        if let (true, Some(transaction)) = (numbered, &mut self.transaction) {
            transaction.next_seq = transaction.next_seq.wrapping_add(1);
        }
        if tag == tag::RELATION {
            if self.decoder.streaming().is_some() {
                let _ = reader.xid("relation.xid");
            }
            match reader.oid("relation.oid") {
                Ok(oid) => self.relations.forget(oid),
                Err(_) => self.relations.clear(),
            }
        }
        error
    }

    #[inline]
    fn place(&mut self, message: &Message<'_>) -> Result<Place> {
        match message {
            Message::Insert(insert) => self.check_columns(insert.relation, insert.new.len())?,
            Message::Update(update) => {
                self.check_columns(update.relation, update.new.len())?;
                if let Some(old) = &update.old {
                    self.check_columns(update.relation, old.tuple().len())?;
                }
            }
            Message::Delete(delete) => {
                self.check_columns(delete.relation, delete.old.tuple().len())?;
            }
            _ => return self.place_other(message),
        }
        self.row(message)
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
    fn row(&mut self, message: &Message<'_>) -> Result<Place> {
        if let Some(xid) = message.streamed_xid() {
            return Ok(Place { xid: Some(xid), ..Place::SHOWN });
        }
        let Some(transaction) = &mut self.transaction else { return Err(misplaced(message)) };
        let seq = transaction.next_seq;
        transaction.next_seq = seq.wrapping_add(1);
        Ok(Place { xid: Some(transaction.xid), seq: Some(seq), ..Place::SHOWN })
    }

    fn place_other(&mut self, message: &Message<'_>) -> Result<Place> {
        let raw = self.view == View::Raw;
        let current = self.transaction.as_ref().map(|transaction| transaction.xid);
        let xid = message.streamed_xid().or(current);
        match message {
            Message::Begin(begin) => {
                self.begin(message, begin.xid, begin.commit_lsn, begin.commit_time, None)
            }
            Message::BeginPrepare(begin) => {
                let gid = Some(utf8_text(begin.gid, "prepare.gid")?);
                self.begin(message, begin.xid, begin.prepare_lsn, begin.prepare_time, gid)
            }
            Message::Commit(_) | Message::Prepare(_) if current.is_some() => {
                self.ended = true;
                Ok(Place { xid, item: true, ..Place::SHOWN })
            }
            Message::Commit(_) => Err(misplaced(message)),
            // A prepared transaction that was rolled back before the server came to decode it is
            // prepared all the same, with nothing in it (`ReorderBufferPrepare`, from 18 on).
            Message::Prepare(prepare) => {
                let gid = Some(utf8_text(prepare.gid, "prepare.gid")?);
                let (lsn, time) = (prepare.prepare_lsn, prepare.prepare_time);
                let place = self.begin(message, prepare.xid, lsn, time, gid)?;
                self.ended = true;
                Ok(Place { item: true, ..place })
            }
            Message::CommitPrepared(ended) => {
                Ok(Place { xid: Some(ended.xid), item: true, ..Place::SHOWN })
            }
            Message::RollbackPrepared(ended) => {
                Ok(Place { xid: Some(ended.xid), item: true, ..Place::SHOWN })
            }
            Message::Relation(relation) => {
                let described = self.relations.describe(relation)?;
                let shown = raw || described != Described::Same;
                Ok(Place { xid, described: Some(described), shown, ..Place::SHOWN })
            }
            Message::Type(described) => {
                self.relations.describe_type(described);
                Ok(Place { xid, shown: raw, ..Place::SHOWN })
            }
            Message::Origin(origin) => {
                let name = utf8_text(origin.name, "origin.name")?;
                if let Some(transaction) = &mut self.transaction {
                    transaction.origin = Some(name);
                }
                Ok(Place { xid, shown: raw, ..Place::SHOWN })
            }
            Message::Truncate(truncate) => {
                for oid in truncate.relations() {
                    if self.relations.get(oid).is_none() {
                        return Err(Error::new(ErrorKind::UnknownRelation(oid), 0, "truncate"));
                    }
                }
                self.row(message)
            }
            Message::Message(written) if written.transactional => Ok(Place { xid, ..Place::SHOWN }),
            Message::Message(_) => Ok(Place { item: true, ..Place::SHOWN }),
            _ => self.streamed(message),
        }
    }

    fn begin(
        &mut self,
        message: &Message<'_>,
        xid: Xid,
        lsn: Lsn,
        time: Timestamp,
        gid: Option<String>,
    ) -> Result<Place> {
        let unended = self.transaction.is_some();
        // Whoever skips the error goes on in the new transaction, not in the old one.
        self.transaction = Some(Transaction { xid, lsn, time, gid, origin: None, next_seq: 0 });
        if unended {
            return Err(misplaced(message));
        }
        Ok(Place { xid: Some(xid), ..Place::SHOWN })
    }

    /// Pieces of streamed transactions. Only the raw view has them: putting them together is not
    /// this type's work.
    fn streamed(&self, message: &Message<'_>) -> Result<Place> {
        const CONTEXT: &str = "a streamed transaction (the raw view shows its pieces)";
        let raw = self.view == View::Raw;
        // PostgreSQL 18 was seen to take back what it had never sent, with streaming off too, after
        // transactions that were rolled back. There is nothing to do about it.
        let taken_back = matches!(message, Message::StreamAbort(_));
        if !raw && !taken_back {
            return Err(Error::new(ErrorKind::Unsupported, 0, CONTEXT));
        }
        if self.transaction.is_some() {
            return Err(misplaced(message));
        }
        let (xid, item) = match message {
            Message::StreamStart(start) => (Some(start.xid), false),
            Message::StreamCommit(commit) => (Some(commit.xid), true),
            Message::StreamAbort(abort) => (Some(abort.xid), false),
            Message::StreamPrepare(prepare) => (Some(prepare.xid), true),
            _ => (self.decoder.streaming(), false),
        };
        Ok(Place { xid, item, shown: raw, ..Place::SHOWN })
    }
}

/// Rows of the open transaction.
pub(crate) struct Run<'t> {
    transaction: &'t mut Transaction,
    delivery: &'t mut Delivery,
}

impl Run<'_> {
    /// The transaction.
    pub(crate) const fn xid(&self) -> Xid {
        self.transaction.xid
    }

    /// The number of the next row.
    #[inline]
    pub(crate) const fn seq(&self) -> u32 {
        self.transaction.next_seq
    }

    /// Takes the next row in.
    #[inline]
    pub(crate) fn pass(&mut self, tag: u8, relation: Oid, lsn: Lsn) {
        self.delivery.pass_row(tag, relation, lsn);
        self.transaction.next_seq = self.transaction.next_seq.wrapping_add(1);
    }
}

/// A [`Change`] without its message.
#[derive(Clone, Copy)]
struct Place {
    xid: Option<Xid>,
    seq: Option<u32>,
    shown: bool,
    described: Option<Described>,
    item: bool,
}

impl Place {
    /// What most messages are: shown, and no item.
    const SHOWN: Self = Self { xid: None, seq: None, shown: true, described: None, item: false };
}

#[cold]
const fn misplaced(message: &Message<'_>) -> Error {
    Error::new(ErrorKind::UnexpectedMessage(message.tag()), 0, "transaction")
}
