//! A change in its place: what it says, of which table, in which transaction.

use walscope_core::pgoutput::{Message, Tuple};
use walscope_core::relation::{Described, Difference, Relation};
use walscope_core::row::Row;
use walscope_core::transaction::{self, Position, Tracker, Transaction, View};
use walscope_core::{Lsn, Xid};

/// One message of a stream, and what is known of its place. It borrows everything: nothing is
/// copied, and values are read when they are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    lsn: Lsn,
    change: transaction::Change<'a>,
    tracker: &'a Tracker,
}

impl<'a> Change<'a> {
    pub(super) const fn new(
        lsn: Lsn,
        change: transaction::Change<'a>,
        tracker: &'a Tracker,
    ) -> Self {
        Self { lsn, change, tracker }
    }

    /// The LSN that the message came with: where its record begins; 0/0 where the server has none.
    pub const fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// The message itself.
    pub const fn message(&self) -> &Message<'a> {
        &self.change.message
    }

    /// Whether this takes back what was given of the transaction in hand: since a connection broke
    /// within it, the server does not send it as it was. What comes next is the transaction from its
    /// [`Begin`](Message::Begin) on, with numbers from 0, or something else where it does not come any
    /// more. [`transaction`](Self::transaction) says which it is; the message is a
    /// [`StreamAbort`](Message::StreamAbort) of the whole of it.
    ///
    /// It is rare: a prepared transaction was rolled back meanwhile, or what a publication includes was
    /// changed.
    pub fn is_restart(&self) -> bool {
        matches!(self.change.message, Message::StreamAbort(_))
            && self.tracker.view() == View::Transactions
    }

    /// The transaction, if the message belongs to one.
    pub const fn xid(&self) -> Option<Xid> {
        self.change.xid
    }

    /// Its transaction: when and where it was committed or prepared, and where it comes from.
    pub const fn transaction(&self) -> Option<&'a Transaction> {
        self.tracker.transaction()
    }

    /// The key of an insert, update, delete or truncate.
    pub fn position(&self) -> Option<Position> {
        Some(Position { lsn: self.transaction()?.lsn, seq: self.change.seq? })
    }

    /// Whether it is something that is confirmed: the end of a transaction, or a message outside of
    /// any.
    pub const fn is_item(&self) -> bool {
        self.change.item
    }

    /// The table of a row, or the one that a Relation message describes.
    pub fn relation(&self) -> Option<&'a Relation> {
        let oid = match &self.change.message {
            Message::Insert(insert) => insert.relation,
            Message::Update(update) => update.relation,
            Message::Delete(delete) => delete.relation,
            Message::Relation(relation) => relation.oid,
            _ => return None,
        };
        self.tracker.find_relation(oid)
    }

    /// The row that was inserted or updated to, for values of your own types.
    pub fn row(&self) -> Option<Row<'a, 'a>> {
        match &self.change.message {
            Message::Insert(insert) => Some(Row::new(self.relation()?, insert.new)),
            Message::Update(update) => Some(Row::updated(self.relation()?, update)),
            _ => None,
        }
    }

    /// The row before an update or a delete, as far as it was sent: whole, or the columns of the
    /// replica identity. After an update that does not change these the server sends none.
    pub fn old_row(&self) -> Option<Row<'a, 'a>> {
        match &self.change.message {
            Message::Update(update) => Some(Row::old(self.relation()?, update.old?)),
            Message::Delete(delete) => Some(Row::old(self.relation()?, delete.old)),
            _ => None,
        }
    }

    /// The values of the row that was inserted or updated to, as they came.
    pub const fn tuple(&self) -> Option<Tuple<'a>> {
        match &self.change.message {
            Message::Insert(insert) => Some(insert.new),
            Message::Update(update) => Some(update.new),
            _ => None,
        }
    }

    /// Of a Relation message: whether the table is new, changed, or known already.
    pub const fn described(&self) -> Option<Described> {
        self.change.described
    }

    /// What is different about a table that was described again.
    pub fn difference(&self) -> Option<Difference<'a>> {
        (self.described() == Some(Described::Changed)).then(|| self.tracker.difference())?
    }
}
