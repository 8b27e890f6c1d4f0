//! What is wrong with a row for the type that it is to become.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::{self, Display, Formatter, Write};

use serde::de::{Expected, Unexpected};

use super::cell::Cell;
use crate::relation::{Column, Relation};
use crate::types::Oid;
use crate::value::types;

/// Longer values are shown without their rest, in characters.
const SHOWN: usize = 60;

/// A row, or a column of it, that is not what a type asks for.
///
/// Displayed as a sentence that names the table, the column, its type and the value.
#[derive(Debug)]
pub struct RowError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    kind: RowErrorKind,
    message: String,
    relation: String,
    place: Option<Place>,
    /// The name of the column that there is not.
    missing: Option<&'static str>,
}

/// A column of the row.
#[derive(Debug)]
struct Place {
    index: usize,
    name: String,
    type_oid: Oid,
    type_name: String,
    /// Its text, shortened; `None` where the row does not have it.
    value: Option<String>,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowErrorKind {
    /// A value, or an element of it, is NULL, and what takes it is no `Option`.
    Null,
    /// The column holds a TOASTed value that was not sent because the update left it as it was.
    Unchanged,
    /// The column is not of the replica identity, and only that was sent.
    NotSent,
    /// A value is not what its field takes.
    Value,
    /// A field has no column.
    MissingColumn,
    /// A column has no field, and the type does not allow that.
    UnknownColumn,
    /// Anything else that the type does not accept, such as the number of columns.
    Other,
}

impl RowError {
    /// What is wrong.
    pub fn kind(&self) -> RowErrorKind {
        self.0.kind
    }

    /// The table with its schema.
    pub fn relation(&self) -> &str {
        &self.0.relation
    }

    /// The column, where it is about one.
    pub fn column(&self) -> Option<&str> {
        self.0.place.as_ref().map(|place| place.name.as_str())
    }

    /// The OID of the column's type.
    pub fn type_oid(&self) -> Option<Oid> {
        self.0.place.as_ref().map(|place| place.type_oid)
    }

    /// PostgreSQL's text of the value, of which at most 60 characters are shown.
    pub fn value(&self) -> Option<&str> {
        self.0.place.as_ref()?.value.as_deref()
    }

    #[cold]
    fn new(kind: RowErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Parts { kind, message, relation: String::new(), place: None, missing: None }))
    }

    #[cold]
    pub(super) fn of_kind(kind: RowErrorKind, expected: &dyn Expected) -> Self {
        Self::new(kind, format!("expected {expected}"))
    }

    #[cold]
    pub(super) fn custom(message: impl Display) -> Self {
        Self::new(RowErrorKind::Other, message.to_string())
    }

    /// The same about a column.
    #[cold]
    pub(super) fn at<L>(mut self, index: usize, column: &Column, cell: &Cell<'_, L>) -> Self {
        use RowErrorKind::{MissingColumn, Other, UnknownColumn, Value};
        if matches!(self.0.kind, Other | MissingColumn | UnknownColumn) {
            self.0.kind = Value;
        }
        self.0.missing = None;
        let Column { type_oid, base_type, .. } = *column;
        let user_type = cell.types.get(type_oid).map(|known| known.name.clone());
        let type_name = user_type.or_else(|| types::name(type_oid)).unwrap_or_else(|| {
            match types::name(base_type) {
                Some(base) => format!("domain {type_oid} over {base}"),
                None => format!("type {type_oid}"),
            }
        });
        let value = cell.is_sent().then(|| shortened(cell));
        self.0.place = Some(Place { index, name: column.name.clone(), type_oid, type_name, value });
        self
    }

    /// The same with the relation's name.
    #[cold]
    pub(super) fn of(mut self, relation: &Relation) -> Self {
        self.0.relation = format!("{}.{}", relation.schema, relation.name);
        self
    }

    /// The place of the column in its row.
    pub(super) fn place(&self) -> Option<usize> {
        self.0.place.as_ref().map(|place| place.index)
    }

    /// Whether the other comes of leaving the column out: it is missing, or of no use where columns
    /// are taken by their place.
    pub(super) fn explains(&self, other: &Self) -> bool {
        let is_missing = other.0.missing.is_some() && other.0.missing == self.column();
        is_missing || other.place().is_some() && other.place() == self.place()
    }
}

impl Display for RowError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Parts { kind, message, relation, place, .. } = &*self.0;
        f.write_str(relation)?;
        if let Some(Place { name, type_name, .. }) = place {
            write!(f, ", column \"{name}\" ({type_name})")?;
        }
        write!(f, ": {message}")?;
        let value = self.value();
        match (kind, value) {
            (RowErrorKind::Null, Some(value)) => {
                write!(f, ", found NULL in '{value}': an Option takes it")
            }
            (RowErrorKind::Null, None) => f.write_str(", found NULL: an Option takes it"),
            (RowErrorKind::Unchanged, _) => f.write_str(
                ", but the update left the TOASTed value as it was, and it was not sent: a Maybe \
                 takes that, and with REPLICA IDENTITY FULL it is sent with the row before",
            ),
            (RowErrorKind::NotSent, _) => f.write_str(
                ", but only the columns of the replica identity were sent: a Maybe takes that, and \
                 with REPLICA IDENTITY FULL all are sent",
            ),
            (_, Some(value)) => write!(f, ", found '{value}'"),
            (_, None) => Ok(()),
        }
    }
}

impl core::error::Error for RowError {}

impl serde::de::Error for RowError {
    fn custom<T: Display>(message: T) -> Self {
        Self::custom(message)
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of_kind(RowErrorKind::Other, expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of_kind(RowErrorKind::Other, expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("expected one of '{}'", expected.join("', '")))
    }

    fn missing_field(field: &'static str) -> Self {
        let message = format!("there is no column \"{field}\", which a field asks for");
        let mut error = Self::new(RowErrorKind::MissingColumn, message);
        error.0.missing = Some(field);
        error
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        let message = format!("column \"{field}\" has no field in a type that denies unknown ones");
        Self::new(RowErrorKind::UnknownColumn, message)
    }
}

/// The beginning of a value's text.
fn shortened<L>(cell: &Cell<'_, L>) -> String {
    let mut start = Start { text: String::new(), left: SHOWN };
    if write!(start, "{cell}").is_err() {
        start.text.push('…');
    }
    start.text
}

struct Start {
    text: String,
    left: usize,
}

impl Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = text.char_indices().nth(self.left).map(|(at, _)| at);
        let shown = end.map_or(text, |end| text.get(..end).unwrap_or_default());
        self.text.push_str(shown);
        self.left = self.left.saturating_sub(shown.chars().count());
        if end.is_some() { Err(fmt::Error) } else { Ok(()) }
    }
}
