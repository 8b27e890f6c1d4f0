//! The changes of a stream by transaction.

use walscope_core::pgoutput::tag;
use walscope_core::transaction;

use super::change::Change;
use super::changes::Changes;
use crate::error::{Error, Result};

/// The transactions of a [`Stream`](crate::Stream), by [`Stream::transactions`](crate::Stream::transactions).
///
/// With automatic acknowledgement a transaction is confirmed when the next one is asked for.
#[derive(Debug)]
pub struct Transactions {
    changes: Changes,
    /// The one that was given last has more.
    open: bool,
    /// It has no end: it begins again, or is gone.
    void: bool,
}

/// A transaction: its changes, to be read once, in their order, without its beginning and end.
///
/// A message outside of any transaction, and the later fate of a prepared one, come as transactions
/// of that one change.
#[derive(Debug)]
pub struct TransactionChanges<'a> {
    changes: &'a mut Changes,
    open: &'a mut bool,
    void: &'a mut bool,
    alone: bool,
}

impl Transactions {
    pub(super) fn new(changes: Changes) -> Self {
        Self { changes, open: false, void: false }
    }

    /// The next transaction; `None` after the stream was closed. What was not read of the one before
    /// is passed over. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// Why the stream has ended; a change that cannot be decoded.
    pub async fn next(&mut self) -> Result<Option<TransactionChanges<'_>>> {
        while self.open {
            if !pass(&mut self.changes, &mut self.open).await? {
                return Ok(None);
            }
        }
        if self.changes.find().await?.is_some() && self.changes.finds_restart() {
            // Nothing is in hand that could begin again.
            self.changes.give()?;
        }
        let Some(payload) = self.changes.find().await? else { return Ok(None) };
        let alone = !matches!(payload.first(), Some(&(tag::BEGIN | tag::BEGIN_PREPARE)));
        if !alone {
            self.changes.give()?;
        }
        (self.open, self.void) = (true, false);
        let Self { changes, open, void } = self;
        Ok(Some(TransactionChanges { changes, open, void, alone }))
    }

    /// The changes behind it: what confirms and closes the stream.
    pub fn changes(&mut self) -> &mut Changes {
        &mut self.changes
    }
}

/// Passes over a change, and says whether there was one.
async fn pass(changes: &mut Changes, open: &mut bool) -> Result<bool> {
    if changes.find().await?.is_none() {
        return Ok(false);
    }
    if changes.finds_restart() {
        // The transaction comes anew, if it comes.
        *open = false;
        return Ok(true);
    }
    if changes.give()?.is_some_and(|change| change.is_item()) {
        *open = false;
    }
    Ok(true)
}

impl TransactionChanges<'_> {
    /// What is known of the transaction before its changes; `None` for one that is a message outside
    /// of any, or the later fate of a prepared one.
    pub fn transaction(&self) -> Option<&transaction::Transaction> {
        if self.alone { None } else { self.changes.transaction() }
    }

    /// The next change; `None` at the end of the transaction.
    ///
    /// # Errors
    ///
    /// Why the stream has ended within the transaction, [`Error::StreamClosed`] among it; a change that
    /// cannot be decoded; [`Error::NotResumed`] where the server does not send the transaction again as
    /// it was before the connection broke: what was read of it is void, and the next one is this
    /// transaction from its beginning, unless it is gone.
    pub async fn next(&mut self) -> Result<Option<Change<'_>>> {
        if !*self.open {
            return if *self.void { Err(Error::NotResumed) } else { Ok(None) };
        }
        if self.changes.find().await?.is_some() && self.changes.finds_restart() {
            (*self.open, *self.void) = (false, true);
            return Err(Error::NotResumed);
        }
        let Some(payload) = self.changes.find().await? else { return Err(Error::StreamClosed) };
        if !self.alone && ends(payload) {
            pass(self.changes, self.open).await?;
            return Ok(None);
        }
        if self.alone {
            *self.open = false;
        }
        self.changes.give()
    }
}

fn ends(payload: &[u8]) -> bool {
    matches!(payload.first(), Some(&(tag::COMMIT | tag::PREPARE)))
}
