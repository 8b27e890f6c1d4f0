//! The relation cache: what the OIDs in rows stand for.
//!
//! Rows name their table by OID only; the server describes the table before its first row and again
//! whenever it has changed. The cache lives as long as the connection.

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
    /// The type's modifier (`atttypmod`); -1: none.
    pub type_modifier: i32,
    /// Whether it is part of the replica identity.
    pub key: bool,
}

/// What a Relation message brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Described {
    /// A relation that was not known.
    New,
    /// Another description of a known relation.
    Changed,
    /// What was known already.
    Same,
}

/// All relations described so far on one connection.
#[derive(Clone, Debug, Default)]
pub struct RelationCache {
    /// Sorted by OID.
    relations: Vec<Relation>,
    /// Where the last one was found: rows of one table mostly follow each other.
    last: usize,
    next_slot: u32,
}

impl RelationCache {
    /// Takes in a description.
    ///
    /// # Errors
    ///
    /// A name that is not UTF-8: [`ErrorKind::Utf8`].
    pub fn describe(&mut self, message: &pgoutput::Relation<'_>) -> Result<Described> {
        let place = self.relations.binary_search_by_key(&message.oid, |relation| relation.oid);
        let known = place.ok().and_then(|index| self.relations.get_mut(index));
        if known.as_ref().is_some_and(|known| known.is_described_by(message)) {
            return Ok(Described::Same);
        }
        let relation = Relation::from_message(message, self.next_slot)?;
        self.next_slot = self.next_slot.saturating_add(1);
        match (known, place) {
            (Some(known), _) => {
                *known = relation;
                Ok(Described::Changed)
            }
            (None, Ok(index) | Err(index)) => {
                self.relations.insert(index, relation);
                Ok(Described::New)
            }
        }
    }

    /// The relation of that OID.
    #[inline]
    pub fn get(&mut self, oid: Oid) -> Option<&Relation> {
        if self.relations.get(self.last).is_none_or(|relation| relation.oid != oid) {
            self.last = self.relations.binary_search_by_key(&oid, |relation| relation.oid).ok()?;
        }
        self.relations.get(self.last)
    }

    /// Forgets one relation: how it is now cannot be known.
    pub fn forget(&mut self, oid: Oid) {
        self.relations.retain(|relation| relation.oid != oid);
    }

    /// Forgets all relations: a new connection describes them again. Slots are not used twice.
    pub fn clear(&mut self) {
        self.relations.clear();
    }
}

impl Relation {
    fn from_message(message: &pgoutput::Relation<'_>, slot: u32) -> Result<Self> {
        let mut columns = Vec::with_capacity(message.columns().len());
        for column in message.columns() {
            columns.push(Column {
                name: utf8_text(column.name, "relation.column.name")?,
                type_oid: column.type_oid,
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
