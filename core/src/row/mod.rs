//! Rows as values of your own types, by [`serde`].
//!
//! A field takes the column of its name; text and binary form give the same. What the server did
//! not send is never mistaken for NULL: [`Maybe`] takes it, everything else is an error, and
//! `Option` is for NULL only.
//!
//! ```
//! use serde::Deserialize;
//! use walscope_core::pgoutput::{Decoder, Message};
//! use walscope_core::relation::RelationCache;
//! use walscope_core::row::{Maybe, Row};
//!
//! #[derive(Debug, PartialEq, Deserialize)]
//! struct User<'a> {
//!     id: i64,
//!     #[serde(borrow)]
//!     email: Option<&'a str>,
//!     bio: Maybe<String>,
//! }
//!
//! let (mut decoder, mut relations) = (Decoder::default(), RelationCache::default());
//! let message = decoder.decode(
//!     b"R\0\0\x40\x01public\0users\0d\0\x03\
//!     \x01id\0\0\0\0\x14\xFF\xFF\xFF\xFF\
//!     \0email\0\0\0\0\x19\xFF\xFF\xFF\xFF\
//!     \0bio\0\0\0\0\x19\xFF\xFF\xFF\xFF",
//! )?;
//! let Message::Relation(relation) = message else { panic!("no relation") };
//! relations.describe(&relation)?;
//! let message = decoder.decode(b"U\0\0\x40\x01N\0\x03t\0\0\0\x017t\0\0\0\x03a@bu")?;
//! let Message::Update(update) = message else { panic!("no update") };
//! let relation = relations.get(update.relation).ok_or("no relation")?;
//!
//! let user: User<'_> = Row::updated(relation, &update).deserialize()?;
//! assert_eq!(user, User { id: 7, email: Some("a@b"), bio: Maybe::Unchanged });
//!
//! #[derive(Debug, Deserialize)]
//! struct Narrow {
//!     email: i16,
//! }
//! let error = Row::updated(relation, &update).deserialize::<Narrow>().unwrap_err();
//! assert_eq!(error.to_string(), r#"public.users, column "email" (text): expected i16, found 'a@b'"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What takes what
//!
//! | field | columns |
//! |---|---|
//! | integers | integers, `oid`, `xid`, `xid8`, `cid`, `"char"`, `numeric` without fraction; in range |
//! | `f32`, `f64` | the nearest to a number of any type, unless it is too large |
//! | `bool` | `bool` |
//! | `String`, `Cow<str>`, `char` | PostgreSQL's text of any type |
//! | `&str` | the same where it lies in the message: all text, and what is text in binary too |
//! | bytes (`&[u8]`, `serde_bytes`) | `bytea`, `uuid`, and the bytes of text, UTF-8 or not |
//! | `Vec<u8>`, `[u8; 16]` | `bytea`, `uuid` |
//! | `Vec`, arrays, tuples | arrays, nested as they have dimensions; composites by position |
//! | unit enums | the variant whose name is PostgreSQL's text of the value: an enum's label |
//! | structs, maps | composites by name, with a table of types; `hstore` |
//! | [`Timestamp`](crate::Timestamp), [`Date`](crate::value::Date) | `timestamp`, `timestamptz`; `date` |
//! | [`Lsn`](crate::Lsn), [`Oid`](crate::Oid), [`Xid`](crate::Xid) | `pg_lsn`, `oid`, `xid` |
//!
//! Where serde asks for anything (`untagged`, `flatten`, tagged enums, values of any type), numbers
//! and `bool` are that, `bytea` is bytes, arrays are sequences, `hstore` is a map, everything else is
//! text. Behind `flatten` no [`Maybe`] is known: a value that was not sent is an error there.
//!
//! A whole row is a struct or a map by the names of its columns, or a tuple or a sequence by their
//! order. serde's rules hold: columns without a field are ignored unless the type has
//! `deny_unknown_fields`, and a field without a column (one that the table or the publication does
//! not have) is an error, but takes its `default`, and `None` if it is an `Option`.

mod cell;
mod columns;
mod container;
mod deserializer;
mod error;
mod lend;
mod maybe;
mod presence;
mod scalars;
mod text;

pub use error::{RowError, RowErrorKind};
pub use maybe::Maybe;

use alloc::vec::Vec;

use serde::Deserialize;

use crate::pgoutput::{OldTuple, Tuple, Update};
use crate::relation::Relation;
use crate::value::TypeTable;
use columns::RowDeserializer;

/// A row and the relation that it is of.
///
/// What is read from it may borrow from the message (`'m`), not from the relation.
#[derive(Clone, Copy, Debug)]
pub struct Row<'r, 'm> {
    relation: &'r Relation,
    types: &'m TypeTable,
    tuple: Tuple<'m>,
    /// The whole row before, for values that were not sent again.
    before: Option<Tuple<'m>>,
    /// Only the columns of the replica identity were sent.
    key_only: bool,
}

impl<'r, 'm> Row<'r, 'm> {
    /// A row that was inserted, or any other as it was sent.
    pub const fn new(relation: &'r Relation, tuple: Tuple<'m>) -> Self {
        Self { relation, types: TypeTable::BUILT_IN, tuple, before: None, key_only: false }
    }

    /// The row after an update. Unchanged TOASTed values are taken from the row before, where the
    /// server sent the whole of it.
    pub const fn updated(relation: &'r Relation, update: &Update<'m>) -> Self {
        let before = match update.old {
            Some(OldTuple::Full(old)) => Some(old),
            _ => None,
        };
        Self { before, ..Self::new(relation, update.new) }
    }

    /// The row before an update or a delete.
    pub const fn old(relation: &'r Relation, old: OldTuple<'m>) -> Self {
        let key_only = matches!(old, OldTuple::Key(_));
        Self { key_only, ..Self::new(relation, old.tuple()) }
    }

    /// The same with a table of user types: without it their binary forms are undecoded.
    #[must_use]
    pub const fn with_types(self, types: &'m TypeTable) -> Self {
        Self { types, ..self }
    }

    /// The row as a `T`.
    ///
    /// # Errors
    ///
    /// The first column that its field does not take, or what `T` asks for and the row does not
    /// have.
    #[inline]
    pub fn deserialize<T: Deserialize<'m>>(&self) -> Result<T, RowError> {
        self.read(&[])
    }

    /// The row as a `T`, without the columns that fail: their fields get their `default`, and `None`
    /// if they are `Option`s. What went wrong is added to `problems`, a column once.
    ///
    /// Every failure reads the row once more, so `T`'s other fields may be read several times.
    ///
    /// # Errors
    ///
    /// What cannot be left out: a column whose field has no default, and, in tuples and sequences,
    /// any.
    pub fn deserialize_lenient<T: Deserialize<'m>>(
        &self,
        problems: &mut Vec<RowError>,
    ) -> Result<T, RowError> {
        let first = problems.len();
        loop {
            let left_out = problems.get(first..).unwrap_or_default();
            let error = match self.read(left_out) {
                Ok(row) => return Ok(row),
                Err(error) => error,
            };
            // What the column was left out for says more than that it is missing now.
            if let Some(at) = left_out.iter().position(|cause| cause.explains(&error)) {
                return Err(problems.remove(first.saturating_add(at)));
            }
            if error.place().is_none() {
                return Err(error);
            }
            problems.push(error);
        }
    }

    #[inline]
    fn read<T: Deserialize<'m>>(&self, left_out: &[RowError]) -> Result<T, RowError> {
        RowDeserializer::new(self, left_out)
            .and_then(T::deserialize)
            .map_err(|error| error.of(self.relation))
    }
}
