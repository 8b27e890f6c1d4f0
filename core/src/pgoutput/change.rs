//! Rows that were inserted, updated or deleted, and tables that were truncated.
//!
//! `logicalrep_write_insert`, `_update`, `_delete` and `_truncate` in
//! `src/backend/replication/logical/proto.c`.

use crate::error::{ErrorKind, Result};
use crate::pgoutput::{tag, tuple::Tuple};
use crate::reader::Reader;
use crate::types::{Oid, Xid};

const NEW_TUPLE: u8 = b'N';
const KEY_TUPLE: u8 = b'K';
const OLD_TUPLE: u8 = b'O';
const TRUNCATE_CASCADE: u8 = 1;
const TRUNCATE_RESTART_SEQS: u8 = 2;

/// A row was inserted: `'I'`, xid while streaming (4), relation (4), `'N'`, row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insert<'a> {
    /// The (sub)transaction, in a streamed transaction only.
    pub xid: Option<Xid>,
    /// The relation's OID.
    pub relation: Oid,
    /// The row.
    pub new: Tuple<'a>,
}

/// A row was updated: `'U'`, xid while streaming (4), relation (4), perhaps `'K'` or `'O'` and the
/// old row, `'N'`, row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update<'a> {
    /// The (sub)transaction, in a streamed transaction only.
    pub xid: Option<Xid>,
    /// The relation's OID.
    pub relation: Oid,
    /// The row before, where the replica identity demands it.
    pub old: Option<OldTuple<'a>>,
    /// The row after.
    pub new: Tuple<'a>,
}

/// A row was deleted: `'D'`, xid while streaming (4), relation (4), `'K'` or `'O'`, old row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delete<'a> {
    /// The (sub)transaction, in a streamed transaction only.
    pub xid: Option<Xid>,
    /// The relation's OID.
    pub relation: Oid,
    /// The row before.
    pub old: OldTuple<'a>,
}

/// The row before an update or a delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldTuple<'a> {
    /// Only the columns of the replica identity hold something: the others, though they read as
    /// [`Column::Null`](crate::pgoutput::Column::Null), were not sent.
    Key(Tuple<'a>),
    /// The whole row (replica identity full).
    Full(Tuple<'a>),
}

impl<'a> OldTuple<'a> {
    /// The row, whichever it is.
    pub const fn tuple(&self) -> Tuple<'a> {
        match self {
            Self::Key(tuple) | Self::Full(tuple) => *tuple,
        }
    }
}

/// Tables were truncated: `'T'`, xid while streaming (4), number of relations (4), options (1),
/// the relations (4 each).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncate<'a> {
    /// The (sub)transaction, in a streamed transaction only.
    pub xid: Option<Xid>,
    /// `TRUNCATE … CASCADE`.
    pub cascade: bool,
    /// `TRUNCATE … RESTART IDENTITY`.
    pub restart_identity: bool,
    relations: &'a [u8],
}

impl<'a> Truncate<'a> {
    /// The OIDs of the truncated relations.
    pub fn relations(&self) -> impl ExactSizeIterator<Item = Oid> + Clone + use<'a> {
        const OID_SIZE: usize = 4;
        self.relations.chunks_exact(OID_SIZE).map(|oid| {
            let mut bytes = [0; OID_SIZE];
            bytes.copy_from_slice(oid);
            Oid(u32::from_be_bytes(bytes))
        })
    }

    pub(super) fn decode(reader: &mut Reader<'a>, xid: Option<Xid>) -> Result<Self> {
        let start = *reader;
        let count = reader.u32("truncate.relations")?;
        let at_options = *reader;
        let options = reader.u8("truncate.options")?;
        if options & !(TRUNCATE_CASCADE | TRUNCATE_RESTART_SEQS) != 0 {
            return Err(at_options.error(ErrorKind::InvalidValue(options), "truncate.options"));
        }
        let Some(size) = (count as usize).checked_mul(4) else {
            return Err(start.error(ErrorKind::InvalidLength(count.into()), "truncate.relations"));
        };
        Ok(Self {
            xid,
            cascade: options & TRUNCATE_CASCADE != 0,
            restart_identity: options & TRUNCATE_RESTART_SEQS != 0,
            relations: reader.bytes(size, "truncate.relations")?,
        })
    }
}

/// What most messages are: an insert, or an update without an old row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewRow<'a> {
    /// Which of the two it is.
    pub(crate) tag: u8,
    pub(crate) xid: Option<Xid>,
    pub(crate) relation: Oid,
    /// The row, as it was received.
    pub(crate) tuple: &'a [u8],
}

impl<'a> NewRow<'a> {
    /// `None`: any other message, or one that is wrong, of which the general way says what.
    #[inline]
    pub(crate) fn in_message(payload: &'a [u8], streaming: bool) -> Option<Self> {
        let (&tag @ (tag::INSERT | tag::UPDATE), mut rest) = payload.split_first()? else {
            return None;
        };
        let mut xid = None;
        if streaming {
            let (bytes, behind) = rest.split_first_chunk()?;
            xid = Some(Xid(u32::from_be_bytes(*bytes)));
            rest = behind;
        }
        let (relation, rest) = rest.split_first_chunk()?;
        let (&NEW_TUPLE, tuple) = rest.split_first()? else { return None };
        Some(Self { tag, xid, relation: Oid(u32::from_be_bytes(*relation)), tuple })
    }
}

impl<'a> Insert<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>, xid: Option<Xid>) -> Result<Self> {
        let relation = reader.oid("insert.relation")?;
        let start = *reader;
        match reader.u8("insert.new")? {
            NEW_TUPLE => Ok(Self { xid, relation, new: Tuple::decode(reader, "insert.new")? }),
            other => Err(start.error(ErrorKind::InvalidValue(other), "insert.new")),
        }
    }
}

impl<'a> Update<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>, xid: Option<Xid>) -> Result<Self> {
        let relation = reader.oid("update.relation")?;
        let mut start = *reader;
        let mut kind = reader.u8("update.old")?;
        let mut old = None;
        if kind == KEY_TUPLE || kind == OLD_TUPLE {
            let tuple = Tuple::decode(reader, "update.old")?;
            old =
                Some(if kind == KEY_TUPLE { OldTuple::Key(tuple) } else { OldTuple::Full(tuple) });
            start = *reader;
            kind = reader.u8("update.new")?;
        }
        if kind != NEW_TUPLE {
            return Err(start.error(ErrorKind::InvalidValue(kind), "update.new"));
        }
        Ok(Self { xid, relation, old, new: Tuple::decode(reader, "update.new")? })
    }
}

impl<'a> Delete<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>, xid: Option<Xid>) -> Result<Self> {
        let relation = reader.oid("delete.relation")?;
        let start = *reader;
        let old = match reader.u8("delete.old")? {
            KEY_TUPLE => OldTuple::Key(Tuple::decode(reader, "delete.old")?),
            OLD_TUPLE => OldTuple::Full(Tuple::decode(reader, "delete.old")?),
            other => return Err(start.error(ErrorKind::InvalidValue(other), "delete.old")),
        };
        Ok(Self { xid, relation, old })
    }
}

#[cfg(feature = "alloc")]
mod encode {
    use super::{
        Delete, Insert, KEY_TUPLE, NEW_TUPLE, OLD_TUPLE, OldTuple, TRUNCATE_CASCADE,
        TRUNCATE_RESTART_SEQS, Truncate, Update,
    };
    use alloc::vec::Vec;

    impl OldTuple<'_> {
        fn encode(&self, out: &mut Vec<u8>) {
            out.push(if matches!(self, Self::Key(_)) { KEY_TUPLE } else { OLD_TUPLE });
            self.tuple().encode(out);
        }
    }

    impl Insert<'_> {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.extend(self.relation.0.to_be_bytes());
            out.push(NEW_TUPLE);
            self.new.encode(out);
        }
    }

    impl Update<'_> {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.extend(self.relation.0.to_be_bytes());
            if let Some(old) = &self.old {
                old.encode(out);
            }
            out.push(NEW_TUPLE);
            self.new.encode(out);
        }
    }

    impl Delete<'_> {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            out.extend(self.relation.0.to_be_bytes());
            self.old.encode(out);
        }
    }

    impl Truncate<'_> {
        pub(in crate::pgoutput) fn encode(&self, out: &mut Vec<u8>) {
            let count = u32::try_from(self.relations().len()).unwrap_or(u32::MAX);
            out.extend(count.to_be_bytes());
            let cascade = if self.cascade { TRUNCATE_CASCADE } else { 0 };
            let restart = if self.restart_identity { TRUNCATE_RESTART_SEQS } else { 0 };
            out.push(cascade | restart);
            out.extend_from_slice(self.relations);
        }
    }
}
