//! Which description of a relation is the newest on a connection while transactions are held.
//!
//! The server describes a relation to each streamed transaction anew. When the transaction comes out
//! at its end, that description may be older than one which others have been given meanwhile, and
//! which the server believes to be known: it has to be told again behind the transaction.

use alloc::vec::Vec;

use crate::types::Oid;

/// A description that came: the entry as it is told, and its position in the input.
#[derive(Debug)]
struct Described {
    oid: Oid,
    source: u64,
    entry: Vec<u8>,
}

/// The newest descriptions since the oldest held transaction began.
#[derive(Debug, Default)]
pub(super) struct Newest {
    described: Vec<Described>,
}

impl Newest {
    /// A description is told now that came at `source`. Says whether a newer one was told before.
    pub(super) fn tell(&mut self, oid: Oid, source: u64, entry: &[u8]) -> bool {
        match self.described.iter_mut().find(|described| described.oid == oid) {
            Some(known) if known.source > source => return true,
            Some(known) => {
                known.source = source;
                known.entry.clear();
                known.entry.extend_from_slice(entry);
            }
            None => self.described.push(Described { oid, source, entry: entry.to_vec() }),
        }
        false
    }

    /// The newest description of a relation.
    pub(super) fn get(&self, oid: Oid) -> Option<(&[u8], u64)> {
        let known = self.described.iter().find(|described| described.oid == oid)?;
        Some((&known.entry, known.source))
    }

    /// No transaction is held any more: what comes from now on is newer.
    pub(super) fn clear(&mut self) {
        self.described.clear();
    }
}
