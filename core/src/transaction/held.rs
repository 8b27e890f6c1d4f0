//! A streamed transaction whose end has not come: its messages in their order.
//!
//! Each is an entry of bytes, first in storage, then in memory:
//!
//! | bytes | field |
//! |---|---|
//! | 4 | length of the last field |
//! | 4 | the (sub)transaction it belongs to |
//! | 8 | position of the message in the input |
//! | length | the message as it is told at the end: framed, without its (sub)transaction |

use alloc::vec::Vec;

use super::frames::{self, Parts};
use super::storage::Storage;
use crate::capture::Format;
use crate::reader::Reader;
use crate::replication::XLogData;
use crate::types::Xid;

/// Bytes of an entry before its last field.
pub(super) const ENTRY_HEADER: usize = 16;
/// So many bytes of a transaction that is in storage join it at once.
const STORED_AT_ONCE: usize = 1024 * 1024;
/// Bytes that an aborted subtransaction takes.
const ABORTED_SIZE: usize = size_of::<Xid>();

/// What an entry begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryHeader {
    pub(super) length: usize,
    pub(super) xid: Xid,
    pub(super) source: u64,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) xid: Xid,
    /// Position in the log and time of its first piece.
    pub(super) first: XLogData<'static>,
    /// Entries that are not in storage.
    pub(super) memory: Vec<u8>,
    /// Bytes of the entries in storage.
    pub(super) stored: u64,
    /// Subtransactions that were rolled back, sorted.
    aborted: Vec<Xid>,
}

impl Held {
    pub(super) fn new(xid: Xid, first: &XLogData<'_>) -> Self {
        let first = XLogData { data: &[], ..*first };
        Self { xid, first, memory: Vec::new(), stored: 0, aborted: Vec::new() }
    }

    /// Bytes that it takes in memory.
    pub(super) fn size(&self) -> usize {
        self.memory.len().saturating_add(self.aborted.len().saturating_mul(ABORTED_SIZE))
    }

    /// Keeps a message of a (sub)transaction.
    pub(super) fn push(
        &mut self,
        xid: Xid,
        source: u64,
        format: Format,
        place: &XLogData<'_>,
        parts: Parts<'_>,
    ) {
        let start = self.memory.len();
        self.memory.extend_from_slice(&[0; 4]);
        self.memory.extend_from_slice(&xid.0.to_be_bytes());
        self.memory.extend_from_slice(&source.to_be_bytes());
        frames::write(&mut self.memory, format, place, parts);
        let length = self.memory.len().saturating_sub(start).saturating_sub(ENTRY_HEADER);
        let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        if let Some(field) = self.memory.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
            *field = length;
        }
    }

    /// A subtransaction was rolled back: none of its messages will be told.
    pub(super) fn abort(&mut self, subxid: Xid) {
        if let Err(place) = self.aborted.binary_search(&subxid) {
            self.aborted.insert(place, subxid);
        }
    }

    pub(super) fn is_aborted(&self, xid: Xid) -> bool {
        !self.aborted.is_empty() && self.aborted.binary_search(&xid).is_ok()
    }

    /// Moves what is in memory into storage.
    pub(super) fn store<S: Storage>(&mut self, storage: &mut S) -> Result<(), S::Error> {
        storage.append(self.xid, &self.memory)?;
        self.stored = self.stored.saturating_add(self.memory.len() as u64);
        self.memory.clear();
        self.memory.shrink_to(STORED_AT_ONCE.saturating_mul(2));
        Ok(())
    }

    /// Whether what is in memory had better follow what is in storage: a transaction that has been
    /// too large once goes on growing.
    pub(super) fn is_to_follow(&self) -> bool {
        self.stored > 0 && self.memory.len() >= STORED_AT_ONCE
    }
}

impl EntryHeader {
    /// The header at the front of `bytes`.
    pub(super) fn read(bytes: &[u8]) -> crate::Result<Self> {
        let mut reader = Reader::new(bytes, 0);
        Ok(Self {
            length: reader.u32("held entry")? as usize,
            xid: reader.xid("held entry")?,
            source: reader.u64("held entry")?,
        })
    }
}
