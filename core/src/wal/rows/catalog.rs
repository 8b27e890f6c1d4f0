//! What relations are called and how their rows are built, which the log does not say.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::types::{Oid, RelFileLocator};

/// Relations by their files. A table that is written anew (`VACUUM FULL`, some kinds of
/// `ALTER TABLE`) has other files then, and its rows before that are those of an unknown relation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// The database system that it is of: a log of another one is not about these relations. A reader
    /// looks at it if it is told ([`Options::system_identifier`](crate::wal::Options)).
    pub system_identifier: Option<u64>,
    relations: BTreeMap<RelFileLocator, Relation>,
    /// The labels of enums by their OIDs, which are what rows have.
    labels: BTreeMap<Oid, String>,
}

/// A table, an index, or something else that has files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its OID, which is not the number of its files.
    pub oid: Oid,
    /// `pg_class.relkind`: `r` a table, `i` an index, `t` a table of TOAST values, and so on.
    pub kind: char,
    /// What its rows are made of, with dropped columns; empty of what has no rows.
    pub attributes: Vec<Attribute>,
}

/// A column of a table: `pg_attribute`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type; that of a domain is the type that it is made of in the end. 0 of a dropped column.
    pub type_oid: Oid,
    /// `attlen`: how many bytes it takes; -1: as many as it says, -2: up to a zero byte.
    pub length: i16,
    /// `attalign`: what its place is a multiple of.
    pub align: Alignment,
    /// Whether the table has it no more.
    pub dropped: bool,
    /// Whether the type is an enum.
    pub is_enum: bool,
    /// What rows have that were there before the column (`attmissingval`), as text; `None`: NULL.
    pub missing: Option<String>,
}

/// What a place is a multiple of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// `c`
    Char,
    /// `s`
    Short,
    /// `i`
    Int,
    /// `d`
    Double,
}

impl Alignment {
    /// The one with PostgreSQL's letter.
    pub const fn from_letter(letter: char) -> Option<Self> {
        match letter {
            'c' => Some(Self::Char),
            's' => Some(Self::Short),
            'i' => Some(Self::Int),
            'd' => Some(Self::Double),
            _ => None,
        }
    }

    /// PostgreSQL's letter.
    pub const fn letter(self) -> char {
        match self {
            Self::Char => 'c',
            Self::Short => 's',
            Self::Int => 'i',
            Self::Double => 'd',
        }
    }

    /// The next multiple from `offset` on.
    pub(super) fn place(self, offset: usize) -> Option<usize> {
        offset.checked_next_multiple_of(match self {
            Self::Char => 1,
            Self::Short => 2,
            Self::Int => 4,
            Self::Double => 8,
        })
    }
}

impl Catalog {
    /// Adds a relation.
    pub fn add(&mut self, files: RelFileLocator, relation: Relation) {
        self.relations.insert(files, relation);
    }

    /// Adds a label of an enum, by the label's own OID (`pg_enum.oid`).
    pub fn add_label(&mut self, oid: Oid, label: String) {
        self.labels.insert(oid, label);
    }

    /// The relation that has these files.
    pub fn relation(&self, files: RelFileLocator) -> Option<&Relation> {
        self.relations.get(&files)
    }

    /// The label of an enum.
    pub fn label(&self, oid: Oid) -> Option<&str> {
        self.labels.get(&oid).map(String::as_str)
    }

    /// All relations, with their files.
    pub fn relations(&self) -> impl ExactSizeIterator<Item = (RelFileLocator, &Relation)> {
        self.relations.iter().map(|(files, relation)| (*files, relation))
    }

    /// All labels of enums.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (Oid, &str)> {
        self.labels.iter().map(|(oid, label)| (*oid, label.as_str()))
    }
}
