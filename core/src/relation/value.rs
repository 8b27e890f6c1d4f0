//! Values of columns that came in binary form, for hosts that show them: which of them have a value,
//! and which are wrong.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt::{self, Display, Formatter};
use core::ops::Range;

use super::Relation;
use crate::error::{Error, ErrorKind};
use crate::reader::range_in;
use crate::value::{TypeTable, Value};

/// What the binary form of a column's value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shown<'a> {
    /// A value.
    Value(Value<'a>),
    /// Of a type that has no decoder, or that nobody has told of.
    Undecoded,
    /// Text is in it that is not UTF-8, as a database without an encoding (SQL_ASCII) may hold it.
    NotUtf8,
}

/// A value that is not what its column's type says, which ends decoding as a damaged message does.
///
/// Displayed as a sentence that names the table and the column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue(Box<Parts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    relation: String,
    column: String,
    error: Error,
    value: Range<usize>,
    position: u64,
}

impl Relation {
    /// The value of the column of that number, whose binary form is `bytes`, a part of `message`.
    ///
    /// # Errors
    ///
    /// The type has a decoder, and these bytes are no value of it.
    #[inline]
    pub fn show<'a>(
        &self,
        index: usize,
        types: &'a TypeTable,
        message: &[u8],
        bytes: &'a [u8],
    ) -> Result<Shown<'a>, BadValue> {
        let Some(column) = self.columns.get(index) else { return Ok(Shown::Undecoded) };
        match types.value_from_binary(column.base_type, bytes) {
            Ok(Value::Bytes(_)) => Ok(Shown::Undecoded),
            Ok(value) => Ok(Shown::Value(value)),
            Err(error) if error.kind() == ErrorKind::Utf8 => Ok(Shown::NotUtf8),
            Err(error) => Err(self.bad_value(index, range_in(message, bytes), error)),
        }
    }

    #[cold]
    fn bad_value(&self, index: usize, value: Option<Range<usize>>, error: Error) -> BadValue {
        let value = value.unwrap_or_default();
        BadValue(Box::new(Parts {
            relation: format!("{}.{}", self.schema, self.name),
            column: self.columns.get(index).map(|column| column.name.clone()).unwrap_or_default(),
            position: error.offset(),
            error: error.shifted(value.start as u64),
            value,
        }))
    }
}

impl BadValue {
    /// The table with its schema.
    pub fn relation(&self) -> &str {
        &self.0.relation
    }

    /// The column's name.
    pub fn column(&self) -> &str {
        &self.0.column
    }

    /// What is wrong. Its position counts from the message's first byte.
    pub fn error(&self) -> Error {
        self.0.error
    }

    /// Where the value's bytes lie in the message.
    pub fn value(&self) -> Range<usize> {
        self.0.value.clone()
    }

    /// The position of what is wrong, counted from the value's first byte.
    pub fn position(&self) -> u64 {
        self.0.position
    }

    /// The same with the position of its error counted from elsewhere.
    #[must_use]
    pub fn at(mut self, position: u64) -> Self {
        self.0.error = Error::new(self.0.error.kind(), position, self.0.error.context());
        self
    }
}

impl Display for BadValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "column {} of {}: {}", self.0.column, self.0.relation, self.0.error)
    }
}

impl core::error::Error for BadValue {}
