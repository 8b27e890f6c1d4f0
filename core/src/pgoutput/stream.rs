//! Large transactions sent in pieces before they end (protocol version 2 and later).
//!
//! `logicalrep_write_stream_start`, `_stream_stop`, `_stream_commit` and `_stream_abort` in
//! `src/backend/replication/logical/proto.c`.

use crate::error::{ErrorKind, Result};
use crate::pgoutput::transaction::no_flags;
use crate::reader::Reader;
use crate::types::{Lsn, Timestamp, Xid};

/// A piece of a transaction begins: `'S'`, xid (4), 1 for the transaction's first piece (1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamStart {
    /// The transaction.
    pub xid: Xid,
    /// Whether this is its first piece.
    pub first_segment: bool,
}

/// A streamed transaction was committed: `'c'`, xid (4), flags (1, unused), commit LSN (8), end LSN
/// (8), commit time (8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamCommit {
    /// The transaction.
    pub xid: Xid,
    /// Where the commit record begins.
    pub commit_lsn: Lsn,
    /// Where it ends: what is confirmed once the transaction is safe.
    pub end_lsn: Lsn,
    /// When it was committed.
    pub commit_time: Timestamp,
}

/// A streamed transaction, or a subtransaction of it, was rolled back: `'A'`, xid (4), subxid (4),
/// and with streaming `parallel` the abort's LSN (8) and time (8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamAbort {
    /// The transaction.
    pub xid: Xid,
    /// What was rolled back; the same as `xid` for the whole.
    pub subxid: Xid,
    /// Where and when, with streaming `parallel` only.
    pub abort: Option<(Lsn, Timestamp)>,
}

impl StreamStart {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        let xid = reader.xid("stream_start.xid")?;
        let start = *reader;
        let first_segment = match reader.u8("stream_start.first_segment")? {
            0 => false,
            1 => true,
            other => {
                let kind = ErrorKind::InvalidValue(other);
                return Err(start.error(kind, "stream_start.first_segment"));
            }
        };
        Ok(Self { xid, first_segment })
    }
}

impl StreamCommit {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        let xid = reader.xid("stream_commit.xid")?;
        no_flags(reader, "stream_commit.flags")?;
        Ok(Self {
            xid,
            commit_lsn: reader.lsn("stream_commit.commit_lsn")?,
            end_lsn: reader.lsn("stream_commit.end_lsn")?,
            commit_time: reader.timestamp("stream_commit.commit_time")?,
        })
    }
}

impl StreamAbort {
    /// `with_abort` says whether LSN and time follow: the message itself does not.
    pub(super) fn decode(reader: &mut Reader<'_>, with_abort: bool) -> Result<Self> {
        let xid = reader.xid("stream_abort.xid")?;
        let subxid = reader.xid("stream_abort.subxid")?;
        let abort = if with_abort {
            let lsn = reader.lsn("stream_abort.lsn")?;
            Some((lsn, reader.timestamp("stream_abort.time")?))
        } else {
            None
        };
        Ok(Self { xid, subxid, abort })
    }
}

#[cfg(feature = "alloc")]
mod encode {
    use super::{StreamAbort, StreamCommit, StreamStart};
    use alloc::vec::Vec;

    impl StreamStart {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.extend(self.xid.0.to_be_bytes());
            out.push(u8::from(self.first_segment));
        }
    }

    impl StreamCommit {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.extend(self.xid.0.to_be_bytes());
            out.push(0);
            out.extend(self.commit_lsn.0.to_be_bytes());
            out.extend(self.end_lsn.0.to_be_bytes());
            out.extend(self.commit_time.0.to_be_bytes());
        }
    }

    impl StreamAbort {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.extend(self.xid.0.to_be_bytes());
            out.extend(self.subxid.0.to_be_bytes());
            if let Some((lsn, time)) = self.abort {
                out.extend(lsn.0.to_be_bytes());
                out.extend(time.0.to_be_bytes());
            }
        }
    }
}
