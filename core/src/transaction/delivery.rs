//! What a consumer has been shown, so that another connection can go on from there.
//!
//! After a reconnect the server sends again what was not confirmed. Ends of transactions and messages
//! outside of them come in the order of their records in the log, so one position says which of them
//! were shown. Of the transaction that was shown in part, the number of its changes and a fingerprint
//! of them is kept: those are passed over, if they are the same, and the next one is shown. If they
//! are not, which is known only behind them, nothing more of that connection is shown, and the next
//! one shows the transaction from its beginning.

use crate::error::{Error, ErrorKind, Result};
use crate::pgoutput::Message;
use crate::types::{Lsn, Oid, Xid};

/// How what comes again is not what was shown.
const OTHER_CHANGES: &str = "the changes of a transaction";
const FEWER_CHANGES: &str = "a transaction that has fewer changes now";
const GONE: &str = "a transaction that was shown in part";

/// A transaction that was shown in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Partial {
    lsn: Lsn,
    xid: Xid,
    shown: Changes,
}

/// Changes in their order: how many, and a fingerprint of kind, relation and LSN of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Changes {
    count: u64,
    fingerprint: u64,
}

/// What the transaction in hand is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Repeat {
    /// It was not shown before.
    #[default]
    Not,
    /// It was shown whole.
    Whole,
    /// So much of it was shown.
    Partly(Changes),
    /// It is not what was shown, or something else came in its place: this connection is of no use.
    Differs,
}

/// What was shown, and what of it comes again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delivery {
    /// Every item that ends before or at this was shown.
    position: Lsn,
    /// The same when the last connection broke.
    repeat_until: Option<Lsn>,
    /// Of the open transaction.
    changes: Changes,
    repeat: Repeat,
    /// What the last connection broke off in.
    partial: Option<Partial>,
}

/// What becomes of the transaction that was open when a connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resumption {
    /// It was shown in part, and goes on.
    Partly,
    /// It was not shown, or shown whole.
    Unchanged,
    /// What was shown in part before was found to be different: it begins again.
    Restart,
}

impl Delivery {
    /// The connection broke, with this transaction open: where its commit or prepare record begins.
    pub(super) fn resume(&mut self, open: Option<(Lsn, Xid)>) -> Resumption {
        let resumption = match (open, self.repeat) {
            (_, Repeat::Differs) => {
                self.partial = None;
                Resumption::Restart
            }
            (Some((lsn, xid)), Repeat::Not) => {
                self.partial = Some(Partial { lsn, xid, shown: self.changes });
                Resumption::Partly
            }
            // It broke again before anything new was shown: what was shown before still holds.
            (Some((lsn, xid)), Repeat::Partly(shown)) => {
                self.partial = Some(Partial { lsn, xid, shown });
                Resumption::Partly
            }
            _ => Resumption::Unchanged,
        };
        self.repeat = Repeat::Not;
        self.changes = Changes::default();
        self.repeat_until = Some(self.position);
        resumption
    }

    /// Every item that ends before or at this was shown.
    pub(super) const fn position(&self) -> Lsn {
        self.position
    }

    /// The server has looked at everything before `end`: what was shown in part and has not come by
    /// then does not come again.
    pub(super) fn looked_at(&mut self, end: Lsn) -> Result<()> {
        match &self.partial {
            Some(partial) if partial.lsn < end => Err(self.differs(GONE)),
            _ => Ok(()),
        }
    }

    /// Nothing of this connection is shown any more.
    #[cold]
    fn differs(&mut self, context: &'static str) -> Error {
        self.repeat = Repeat::Differs;
        not_resumed(context)
    }

    /// Whether a change would be new.
    pub(super) fn has_new_changes(&self) -> bool {
        self.repeat == Repeat::Not
    }

    /// Whether everything is new.
    pub(super) const fn has_new_items(&self) -> bool {
        self.repeat_until.is_none()
    }

    /// A row that is new, as [`has_new_changes`](Self::has_new_changes) has said.
    #[inline]
    pub(super) fn pass_row(&mut self, tag: u8, relation: Oid, lsn: Lsn) {
        self.changes.add(tag, relation.0, lsn);
    }

    /// Whether a message was not shown before.
    #[inline]
    pub(super) fn is_new(&mut self, message: &Message<'_>, lsn: Lsn) -> Result<bool> {
        let relation = match message {
            Message::Insert(insert) => insert.relation.0,
            Message::Update(update) => update.relation.0,
            Message::Delete(delete) => delete.relation.0,
            Message::Truncate(_) => 0,
            Message::Message(message) if message.transactional => 0,
            _ => return self.is_new_boundary(message),
        };
        self.changes.add(message.tag(), relation, lsn);
        match self.repeat {
            Repeat::Not => Ok(true),
            Repeat::Whole => Ok(false),
            Repeat::Partly(before) => self.pass_over(before),
            Repeat::Differs => Err(not_resumed(OTHER_CHANGES)),
        }
    }

    /// A change that was shown before. At the last one of these it turns out whether they are the
    /// same.
    fn pass_over(&mut self, before: Changes) -> Result<bool> {
        if self.changes.count == before.count {
            self.repeat = Repeat::Not;
            if self.changes != before {
                return Err(self.differs(OTHER_CHANGES));
            }
        }
        Ok(false)
    }

    fn is_new_boundary(&mut self, message: &Message<'_>) -> Result<bool> {
        if self.repeat == Repeat::Differs {
            return Err(not_resumed(OTHER_CHANGES));
        }
        match message {
            Message::Begin(begin) => self.begin(begin.commit_lsn, begin.xid),
            Message::BeginPrepare(begin) => self.begin(begin.prepare_lsn, begin.xid),
            Message::Commit(commit) => self.end(commit.end_lsn),
            Message::Prepare(prepare) => self.end(prepare.end_lsn),
            Message::CommitPrepared(end) => self.reach(end.end_lsn),
            Message::RollbackPrepared(end) => self.reach(end.end_lsn),
            // It has no end, and comes again where the flushed LSN is at or before it.
            Message::Message(message) => self.reach(Lsn(message.lsn.0.saturating_add(1))),
            // Descriptions are new or not by themselves.
            _ => Ok(true),
        }
    }

    fn begin(&mut self, lsn: Lsn, xid: Xid) -> Result<bool> {
        self.changes = Changes::default();
        self.repeat = Repeat::Not;
        if self.repeat_until.is_some_and(|until| lsn < until) {
            self.repeat = Repeat::Whole;
            return Ok(false);
        }
        self.repeat = match self.partial.take() {
            None => Repeat::Not,
            Some(partial) if (partial.lsn, partial.xid) != (lsn, xid) => {
                return Err(self.differs(GONE));
            }
            // Its beginning was shown, and nothing else.
            Some(partial) if partial.shown.count == 0 => return Ok(false),
            Some(partial) => Repeat::Partly(partial.shown),
        };
        Ok(self.repeat == Repeat::Not)
    }

    fn end(&mut self, end: Lsn) -> Result<bool> {
        let repeat = core::mem::take(&mut self.repeat);
        self.changes = Changes::default();
        match repeat {
            Repeat::Whole => Ok(false),
            Repeat::Not => self.reach(end),
            Repeat::Partly(_) | Repeat::Differs => Err(self.differs(FEWER_CHANGES)),
        }
    }

    /// An item that is one message, or ends. Says whether it was not shown before. A new one does not
    /// come before the transaction that was shown in part, unless that one does not come at all:
    /// PostgreSQL 18 sends the mere end of a prepared transaction that was rolled back meanwhile.
    fn reach(&mut self, end: Lsn) -> Result<bool> {
        let new = self.repeat_until.is_none_or(|until| end > until);
        if new && self.partial.is_some() {
            return Err(self.differs(GONE));
        }
        self.position = self.position.max(end);
        Ok(new)
    }
}

impl Changes {
    #[inline]
    fn add(&mut self, tag: u8, relation: u32, lsn: Lsn) {
        /// An odd number whose bits look random (the golden ratio's).
        const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
        let change = lsn.0 ^ (u64::from(relation) << 24) ^ (u64::from(tag) << 56);
        self.fingerprint = (self.fingerprint.rotate_left(5) ^ change).wrapping_mul(MIX);
        self.count = self.count.saturating_add(1);
    }
}

#[cold]
const fn not_resumed(context: &'static str) -> Error {
    Error::new(ErrorKind::NotResumed, 0, context)
}
