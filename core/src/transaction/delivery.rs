//! What a consumer has been shown, so that another connection can go on from there.
//!
//! After a reconnect the server sends again what was not confirmed. Ends of transactions and messages
//! outside of them come in the order of their records in the log, so one position says which of them
//! were shown. Of the transaction that was shown in part, the number of its changes and a fingerprint
//! of them is kept: those are passed over, if they are the same, and the next one is shown.

use crate::error::{Error, ErrorKind, Result};
use crate::pgoutput::Message;
use crate::types::{Lsn, Xid};

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

impl Delivery {
    /// The connection broke, with this transaction open: where its commit or prepare record begins.
    pub(super) fn resume(&mut self, open: Option<(Lsn, Xid)>) {
        match (open, self.repeat) {
            (Some((lsn, xid)), Repeat::Not) => {
                self.partial = Some(Partial { lsn, xid, shown: self.changes });
            }
            // It broke again before anything new was shown: what was shown before still holds.
            (Some((lsn, xid)), Repeat::Partly(shown)) => {
                self.partial = Some(Partial { lsn, xid, shown });
            }
            _ => {}
        }
        self.repeat = Repeat::Not;
        self.changes = Changes::default();
        self.repeat_until = Some(self.position);
    }

    /// Whether a change would be new.
    pub(super) fn has_new_changes(&self) -> bool {
        self.repeat == Repeat::Not
    }

    /// Whether everything is new.
    pub(super) const fn has_new_items(&self) -> bool {
        self.repeat_until.is_none()
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
        }
    }

    /// A change that was shown before. At the last one of these it turns out whether they are the
    /// same.
    fn pass_over(&mut self, before: Changes) -> Result<bool> {
        if self.changes.count == before.count {
            self.repeat = Repeat::Not;
            if self.changes != before {
                return Err(not_resumed("the changes of a transaction"));
            }
        }
        Ok(false)
    }

    fn is_new_boundary(&mut self, message: &Message<'_>) -> Result<bool> {
        match message {
            Message::Begin(begin) => self.begin(begin.commit_lsn, begin.xid),
            Message::BeginPrepare(begin) => self.begin(begin.prepare_lsn, begin.xid),
            Message::Commit(commit) => self.end(commit.end_lsn),
            Message::Prepare(prepare) => self.end(prepare.end_lsn),
            Message::CommitPrepared(end) => Ok(self.reach(end.end_lsn)),
            Message::RollbackPrepared(end) => Ok(self.reach(end.end_lsn)),
            // It has no end, and comes again where the flushed LSN is at or before it.
            Message::Message(message) => Ok(self.reach(Lsn(message.lsn.0.saturating_add(1)))),
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
                return Err(not_resumed("a transaction that was shown in part"));
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
            Repeat::Not => Ok(self.reach(end)),
            Repeat::Partly(_) => Err(not_resumed("a transaction that has fewer changes now")),
        }
    }

    /// An item that is one message. Says whether it was not shown before.
    fn reach(&mut self, end: Lsn) -> bool {
        let new = self.repeat_until.is_none_or(|until| end > until);
        self.position = self.position.max(end);
        new
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
