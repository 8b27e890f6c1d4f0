//! Descriptions of tables and types, sent before the first row that needs them.
//!
//! `logicalrep_write_rel` and `logicalrep_write_typ` in `src/backend/replication/logical/proto.c`.

use crate::error::{ErrorKind, Result};
use crate::reader::Reader;
use crate::types::{Oid, Xid};

/// An empty schema name in a message stands for this one.
pub(crate) const PG_CATALOG: &[u8] = b"pg_catalog";

const COLUMN_IS_KEY: u8 = 1;

/// Which columns identify a row in updates and deletes (`pg_class.relreplident`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ReplicaIdentity {
    /// The primary key.
    Default = b'd',
    /// None: updates and deletes cannot be published.
    Nothing = b'n',
    /// All columns.
    Full = b'f',
    /// The columns of a chosen unique index.
    Index = b'i',
}

impl ReplicaIdentity {
    /// The name in `ALTER TABLE … REPLICA IDENTITY`, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Nothing => "nothing",
            Self::Full => "full",
            Self::Index => "index",
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'd' => Some(Self::Default),
            b'n' => Some(Self::Nothing),
            b'f' => Some(Self::Full),
            b'i' => Some(Self::Index),
            _ => None,
        }
    }
}

/// A table's name and columns: `'R'`, xid while streaming (4), OID (4), schema and name (texts
/// ended by a zero byte), replica identity (1), number of columns (2), columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation<'a> {
    /// The (sub)transaction, in a streamed transaction only.
    pub xid: Option<Xid>,
    /// The relation's OID, by which rows name it.
    pub oid: Oid,
    schema: &'a [u8],
    /// The table's name in the client's encoding.
    pub name: &'a [u8],
    /// Which columns identify a row.
    pub replica_identity: ReplicaIdentity,
    column_count: u16,
    columns: &'a [u8],
}

/// A column of a relation: flags (1), name (text ended by a zero byte), type (4), modifier (4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelationColumn<'a> {
    /// Whether it is part of the replica identity.
    pub key: bool,
    /// The column's name in the client's encoding.
    pub name: &'a [u8],
    /// The OID of its type.
    pub type_oid: Oid,
    /// The type's modifier (`atttypmod`); -1: none.
    pub type_modifier: i32,
}

impl<'a> Relation<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>, xid: Option<Xid>) -> Result<Self> {
        let oid = reader.oid("relation.oid")?;
        let schema = reader.string("relation.schema")?;
        let name = reader.string("relation.name")?;
        let start = *reader;
        let identity = reader.u8("relation.replica_identity")?;
        let replica_identity = ReplicaIdentity::from_byte(identity).ok_or_else(|| {
            start.error(ErrorKind::InvalidValue(identity), "relation.replica_identity")
        })?;
        let column_count = reader.u16("relation.columns")?;
        let columns = reader.rest();
        for _ in 0..column_count {
            RelationColumn::decode(reader)?;
        }
        let length = columns.len().saturating_sub(reader.rest().len());
        let columns = columns.get(..length).unwrap_or_default();
        Ok(Self { xid, oid, schema, name, replica_identity, column_count, columns })
    }

    /// The schema's name in the client's encoding.
    pub const fn schema(&self) -> &'a [u8] {
        schema_or_default(self.schema)
    }

    /// The columns in their order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = RelationColumn<'a>> + Clone + use<'a> {
        RelationColumns { left: self.column_count, reader: Reader::new(self.columns, 0) }
    }

    #[cfg(feature = "alloc")]
    pub(super) fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        out.extend(self.oid.0.to_be_bytes());
        put_string(out, self.schema);
        put_string(out, self.name);
        out.push(self.replica_identity as u8);
        out.extend(self.column_count.to_be_bytes());
        out.extend_from_slice(self.columns);
    }
}

impl<'a> RelationColumn<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = *reader;
        let flags = reader.u8("relation.column.flags")?;
        if flags & !COLUMN_IS_KEY != 0 {
            return Err(start.error(ErrorKind::InvalidValue(flags), "relation.column.flags"));
        }
        Ok(Self {
            key: flags & COLUMN_IS_KEY != 0,
            name: reader.string("relation.column.name")?,
            type_oid: reader.oid("relation.column.type")?,
            type_modifier: reader.i32("relation.column.type_modifier")?,
        })
    }
}

/// Walks the columns of a checked [`Relation`].
#[derive(Clone, Debug)]
struct RelationColumns<'a> {
    left: u16,
    reader: Reader<'a>,
}

impl<'a> Iterator for RelationColumns<'a> {
    type Item = RelationColumn<'a>;

    fn next(&mut self) -> Option<RelationColumn<'a>> {
        self.left = self.left.checked_sub(1)?;
        RelationColumn::decode(&mut self.reader).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.into(), Some(self.left.into()))
    }
}

impl ExactSizeIterator for RelationColumns<'_> {}

/// The name of a type that is not built in: `'Y'`, xid while streaming (4), OID (4), schema and
/// name (texts ended by a zero byte). For a domain the name is its base type's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type<'a> {
    /// The (sub)transaction, in a streamed transaction only.
    pub xid: Option<Xid>,
    /// The type's OID.
    pub oid: Oid,
    schema: &'a [u8],
    /// The type's name in the client's encoding.
    pub name: &'a [u8],
}

impl<'a> Type<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>, xid: Option<Xid>) -> Result<Self> {
        Ok(Self {
            xid,
            oid: reader.oid("type.oid")?,
            schema: reader.string("type.schema")?,
            name: reader.string("type.name")?,
        })
    }

    /// The schema's name in the client's encoding.
    pub const fn schema(&self) -> &'a [u8] {
        schema_or_default(self.schema)
    }

    #[cfg(feature = "alloc")]
    pub(super) fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        out.extend(self.oid.0.to_be_bytes());
        put_string(out, self.schema);
        put_string(out, self.name);
    }
}

const fn schema_or_default(schema: &[u8]) -> &[u8] {
    if schema.is_empty() { PG_CATALOG } else { schema }
}

#[cfg(feature = "alloc")]
pub(super) fn put_string(out: &mut alloc::vec::Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
    out.push(0);
}
