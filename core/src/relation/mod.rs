//! Tables as the stream describes them: what the OIDs in rows stand for.
//!
//! Rows name their table by OID only; the server describes the table before its first row and again
//! whenever it has changed. [`RelationCache`] keeps the descriptions as long as the connection
//! lives, and [`Difference`] says what another one of the same table changes.

mod cache;
mod difference;
mod domains;
mod json;
mod value;

pub use cache::{Described, RelationCache};
pub use difference::Difference;
pub use value::{BadValue, Shown};

use domains::Domains;

use alloc::string::String;
use alloc::vec::Vec;

use crate::error::{Error, ErrorKind, Result};
use crate::pgoutput::{self, RelationColumn, ReplicaIdentity};
use crate::types::Oid;

/// A table's name and columns, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The relation's OID.
    pub oid: Oid,
    /// Numbers relations and their versions in the order in which they were described.
    pub slot: u32,
    /// The schema's name.
    pub schema: String,
    /// The table's name.
    pub name: String,
    /// Which columns identify a row.
    pub replica_identity: ReplicaIdentity,
    /// The columns in their order.
    pub columns: Vec<Column>,
}

/// A column of a [`Relation`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// The OID of its type.
    pub type_oid: Oid,
    /// Of a domain over a built-in type: that type; of all others their own. What values are.
    pub base_type: Oid,
    /// The type's modifier (`atttypmod`); -1: none.
    pub type_modifier: i32,
    /// Whether it is part of the replica identity.
    pub key: bool,
}

impl Relation {
    fn from_message(
        message: &pgoutput::Relation<'_>,
        slot: u32,
        domains: &Domains,
    ) -> Result<Self> {
        let mut columns = Vec::with_capacity(message.columns().len());
        for column in message.columns() {
            columns.push(Column {
                name: utf8_text(column.name, "relation.column.name")?,
                type_oid: column.type_oid,
                base_type: domains.base(column.type_oid),
                type_modifier: column.type_modifier,
                key: column.key,
            });
        }
        Ok(Self {
            oid: message.oid,
            slot,
            schema: utf8_text(message.schema(), "relation.schema")?,
            name: utf8_text(message.name, "relation.name")?,
            replica_identity: message.replica_identity,
            columns,
        })
    }

    fn is_described_by(&self, message: &pgoutput::Relation<'_>) -> bool {
        self.schema.as_bytes() == message.schema()
            && self.name.as_bytes() == message.name
            && self.replica_identity == message.replica_identity
            && self.columns.iter().map(Column::as_message).eq(message.columns())
    }
}

impl Column {
    const fn as_message(&self) -> RelationColumn<'_> {
        RelationColumn {
            key: self.key,
            name: self.name.as_bytes(),
            type_oid: self.type_oid,
            type_modifier: self.type_modifier,
        }
    }
}

/// Names are asked for in UTF-8 (`client_encoding`); only an SQL_ASCII database can break that.
pub(crate) fn utf8_text(bytes: &[u8], context: &'static str) -> Result<String> {
    match core::str::from_utf8(bytes) {
        Ok(text) => Ok(String::from(text)),
        Err(_) => Err(Error::new(ErrorKind::Utf8, 0, context)),
    }
}
