//! Two-phase transactions: prepared, then committed or rolled back later.
//!
//! `logicalrep_write_begin_prepare`, `_prepare`, `_commit_prepared` and `_rollback_prepared` in
//! `src/backend/replication/logical/proto.c`.

use crate::error::Result;
use crate::pgoutput::transaction::no_flags;
use crate::reader::Reader;
use crate::types::{Lsn, Timestamp, Xid};

/// A prepared transaction begins (`'b'`) or ends (`'P'`; `'p'` for a streamed one): for the latter
/// two flags (1, unused), then prepare LSN (8), end LSN (8), prepare time (8), xid (4), gid (text
/// ended by a zero byte).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepare<'a> {
    /// Where the prepare record begins.
    pub prepare_lsn: Lsn,
    /// Where it ends: what is confirmed once the transaction is safe.
    pub end_lsn: Lsn,
    /// When it was prepared.
    pub prepare_time: Timestamp,
    /// The transaction.
    pub xid: Xid,
    /// The name given in `PREPARE TRANSACTION`.
    pub gid: &'a [u8],
}

/// A prepared transaction was committed: `'K'`, flags (1, unused), commit LSN (8), end LSN (8),
/// commit time (8), xid (4), gid (text ended by a zero byte).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitPrepared<'a> {
    /// Where the commit record begins.
    pub commit_lsn: Lsn,
    /// Where it ends.
    pub end_lsn: Lsn,
    /// When it was committed.
    pub commit_time: Timestamp,
    /// The transaction.
    pub xid: Xid,
    /// The name given in `PREPARE TRANSACTION`.
    pub gid: &'a [u8],
}

/// A prepared transaction was rolled back: `'r'`, flags (1, unused), end LSN of the prepare (8),
/// end LSN of the rollback (8), prepare time (8), rollback time (8), xid (4), gid (text ended by a
/// zero byte).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollbackPrepared<'a> {
    /// Where the prepare record ends.
    pub prepare_end_lsn: Lsn,
    /// Where the rollback record ends.
    pub end_lsn: Lsn,
    /// When it was prepared.
    pub prepare_time: Timestamp,
    /// When it was rolled back.
    pub rollback_time: Timestamp,
    /// The transaction.
    pub xid: Xid,
    /// The name given in `PREPARE TRANSACTION`.
    pub gid: &'a [u8],
}

impl<'a> Prepare<'a> {
    /// The form without flags, of a beginning.
    pub(super) fn decode_begin(reader: &mut Reader<'a>) -> Result<Self> {
        Ok(Self {
            prepare_lsn: reader.lsn("prepare.prepare_lsn")?,
            end_lsn: reader.lsn("prepare.end_lsn")?,
            prepare_time: reader.timestamp("prepare.prepare_time")?,
            xid: reader.xid("prepare.xid")?,
            gid: reader.string("prepare.gid")?,
        })
    }

    /// The form with flags, of an end.
    pub(super) fn decode_end(reader: &mut Reader<'a>) -> Result<Self> {
        no_flags(reader, "prepare.flags")?;
        Self::decode_begin(reader)
    }
}

impl<'a> CommitPrepared<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        no_flags(reader, "commit_prepared.flags")?;
        Ok(Self {
            commit_lsn: reader.lsn("commit_prepared.commit_lsn")?,
            end_lsn: reader.lsn("commit_prepared.end_lsn")?,
            commit_time: reader.timestamp("commit_prepared.commit_time")?,
            xid: reader.xid("commit_prepared.xid")?,
            gid: reader.string("commit_prepared.gid")?,
        })
    }
}

impl<'a> RollbackPrepared<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        no_flags(reader, "rollback_prepared.flags")?;
        Ok(Self {
            prepare_end_lsn: reader.lsn("rollback_prepared.prepare_end_lsn")?,
            end_lsn: reader.lsn("rollback_prepared.end_lsn")?,
            prepare_time: reader.timestamp("rollback_prepared.prepare_time")?,
            rollback_time: reader.timestamp("rollback_prepared.rollback_time")?,
            xid: reader.xid("rollback_prepared.xid")?,
            gid: reader.string("rollback_prepared.gid")?,
        })
    }
}

#[cfg(feature = "alloc")]
mod encode {
    use super::{CommitPrepared, Prepare, RollbackPrepared};
    use crate::pgoutput::relation::put_string;
    use alloc::vec::Vec;

    impl Prepare<'_> {
        pub(in crate::pgoutput) fn encode_begin(&self, out: &mut Vec<u8>) {
            out.extend(self.prepare_lsn.0.to_be_bytes());
            out.extend(self.end_lsn.0.to_be_bytes());
            out.extend(self.prepare_time.0.to_be_bytes());
            out.extend(self.xid.0.to_be_bytes());
            put_string(out, self.gid);
        }

        pub(in crate::pgoutput) fn encode_end(&self, out: &mut Vec<u8>) {
            out.push(0);
            self.encode_begin(out);
        }
    }

    impl CommitPrepared<'_> {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.push(0);
            out.extend(self.commit_lsn.0.to_be_bytes());
            out.extend(self.end_lsn.0.to_be_bytes());
            out.extend(self.commit_time.0.to_be_bytes());
            out.extend(self.xid.0.to_be_bytes());
            put_string(out, self.gid);
        }
    }

    impl RollbackPrepared<'_> {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.push(0);
            out.extend(self.prepare_end_lsn.0.to_be_bytes());
            out.extend(self.end_lsn.0.to_be_bytes());
            out.extend(self.prepare_time.0.to_be_bytes());
            out.extend(self.rollback_time.0.to_be_bytes());
            out.extend(self.xid.0.to_be_bytes());
            put_string(out, self.gid);
        }
    }
}
