//! Where transactions go that memory shall not hold.

use crate::error::{Error, ErrorKind, Result};
use crate::types::Xid;

/// Keeps the pieces of streamed transactions that are over the byte budget: a host with a disk
/// writes them there.
///
/// Each transaction has a sequence of bytes of its own, which is appended to, read from its front,
/// and removed.
pub trait Storage {
    /// What can go wrong: what core finds, and what the storage itself does.
    type Error: From<Error>;

    /// Appends to the bytes of a transaction. The first call for it begins them.
    ///
    /// # Errors
    ///
    /// When the bytes cannot be kept. The stream ends then; nothing of the transaction is lost, for
    /// nothing of it was confirmed.
    fn append(&mut self, xid: Xid, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Fills `into` with the bytes of a transaction from `offset` on.
    ///
    /// # Errors
    ///
    /// When there are fewer bytes, or they cannot be read.
    fn read(&mut self, xid: Xid, offset: u64, into: &mut [u8]) -> Result<(), Self::Error>;

    /// Forgets the bytes of a transaction.
    fn remove(&mut self, xid: Xid);
}

/// No storage: a transaction over the budget is an error.
#[derive(Clone, Copy, Debug)]
pub struct NoStorage {
    budget: u64,
}

impl NoStorage {
    /// No storage behind a budget of so many bytes, which the error names.
    pub const fn new(budget: u64) -> Self {
        Self { budget }
    }

    const fn over_budget(self) -> Error {
        let kind = ErrorKind::OverBudget { budget: self.budget };
        Error::new(kind, 0, "streamed transaction")
    }
}

impl Storage for NoStorage {
    type Error = Error;

    fn append(&mut self, _: Xid, _: &[u8]) -> Result<()> {
        Err(self.over_budget())
    }

    fn read(&mut self, _: Xid, _: u64, _: &mut [u8]) -> Result<()> {
        Err(self.over_budget())
    }

    fn remove(&mut self, _: Xid) {}
}
