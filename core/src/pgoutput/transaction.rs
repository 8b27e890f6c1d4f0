//! Where transactions begin and end, where they came from, and messages written into the log.
//!
//! `logicalrep_write_begin`, `_commit`, `_origin` and `_message` in
//! `src/backend/replication/logical/proto.c`.

use crate::error::{ErrorKind, Result};
use crate::reader::Reader;
use crate::types::{Lsn, Timestamp, Xid};

const MESSAGE_TRANSACTIONAL: u8 = 1;

/// A transaction begins: `'B'`, commit LSN (8), commit time (8), xid (4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Where the transaction's commit record begins: its commits' order.
    pub commit_lsn: Lsn,
    /// When it was committed.
    pub commit_time: Timestamp,
    /// The transaction.
    pub xid: Xid,
}

/// A transaction ends: `'C'`, flags (1, unused), commit LSN (8), end LSN (8), commit time (8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Where the commit record begins.
    pub commit_lsn: Lsn,
    /// Where it ends: what is confirmed once the transaction is safe.
    pub end_lsn: Lsn,
    /// When it was committed.
    pub commit_time: Timestamp,
}

/// The transaction was replicated from elsewhere: `'O'`, LSN there (8), name (text ended by a zero
/// byte).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The commit's LSN on the origin.
    pub lsn: Lsn,
    /// The replication origin's name.
    pub name: &'a [u8],
}

/// Written by `pg_logical_emit_message`: `'M'`, xid while streaming (4), flags (1), LSN (8), prefix
/// (text ended by a zero byte), length (4), content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogicalMessage<'a> {
    /// The transaction, in a streamed transaction only.
    pub xid: Option<Xid>,
    /// Whether it belongs to the transaction that wrote it. If not, it is sent at once, before
    /// transactions that began earlier.
    pub transactional: bool,
    /// The message's own position.
    pub lsn: Lsn,
    /// Whose message it is.
    pub prefix: &'a [u8],
    /// What it says.
    pub content: &'a [u8],
}

impl Begin {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            commit_lsn: reader.lsn("begin.commit_lsn")?,
            commit_time: reader.timestamp("begin.commit_time")?,
            xid: reader.xid("begin.xid")?,
        })
    }
}

impl Commit {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        no_flags(reader, "commit.flags")?;
        Ok(Self {
            commit_lsn: reader.lsn("commit.commit_lsn")?,
            end_lsn: reader.lsn("commit.end_lsn")?,
            commit_time: reader.timestamp("commit.commit_time")?,
        })
    }
}

impl<'a> Origin<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        Ok(Self { lsn: reader.lsn("origin.lsn")?, name: reader.string("origin.name")? })
    }
}

impl<'a> LogicalMessage<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>, xid: Option<Xid>) -> Result<Self> {
        let start = *reader;
        let flags = reader.u8("message.flags")?;
        if flags & !MESSAGE_TRANSACTIONAL != 0 {
            return Err(start.error(ErrorKind::InvalidValue(flags), "message.flags"));
        }
        Ok(Self {
            xid,
            transactional: flags & MESSAGE_TRANSACTIONAL != 0,
            lsn: reader.lsn("message.lsn")?,
            prefix: reader.string("message.prefix")?,
            content: reader.sized_bytes("message.content")?,
        })
    }
}

/// Reads a byte of flags of which PostgreSQL defines none yet.
pub(super) fn no_flags(reader: &mut Reader<'_>, context: &'static str) -> Result<()> {
    let start = *reader;
    match reader.u8(context)? {
        0 => Ok(()),
        other => Err(start.error(ErrorKind::InvalidValue(other), context)),
    }
}

#[cfg(feature = "alloc")]
mod encode {
    use super::{Begin, Commit, LogicalMessage, MESSAGE_TRANSACTIONAL, Origin};
    use crate::pgoutput::relation::put_string;
    use alloc::vec::Vec;

    impl Begin {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.extend(self.commit_lsn.0.to_be_bytes());
            out.extend(self.commit_time.0.to_be_bytes());
            out.extend(self.xid.0.to_be_bytes());
        }
    }

    impl Commit {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.push(0);
            out.extend(self.commit_lsn.0.to_be_bytes());
            out.extend(self.end_lsn.0.to_be_bytes());
            out.extend(self.commit_time.0.to_be_bytes());
        }
    }

    impl Origin<'_> {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.extend(self.lsn.0.to_be_bytes());
            put_string(out, self.name);
        }
    }

    impl LogicalMessage<'_> {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.push(if self.transactional { MESSAGE_TRANSACTIONAL } else { 0 });
            out.extend(self.lsn.0.to_be_bytes());
            put_string(out, self.prefix);
            let length = u32::try_from(self.content.len()).unwrap_or(u32::MAX);
            out.extend(length.to_be_bytes());
            out.extend_from_slice(self.content);
        }
    }
}
