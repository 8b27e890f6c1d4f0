//! A value inside of another: an element, a field, a bound.

use core::fmt::{self, Display, Formatter, Write};

use super::forms::is_text;
use super::{TypeTable, Value};
use crate::error::Result;
use crate::types::Oid;

/// A value inside of another, in the form of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Its text, which may have been quoted.
    Text(Escaped<'a>),
    /// What the send function of its type writes.
    Binary(&'a [u8]),
}

impl<'a> Part<'a> {
    /// The value that it is; `None` for quoted text with escapes in it, whose characters do not lie
    /// behind each other: collect [`Escaped::chars`] and read them.
    ///
    /// # Errors
    ///
    /// As [`Value::from_text`]; a binary part was checked with the whole.
    pub fn value(self, types: &'a TypeTable, type_oid: Oid) -> Result<Option<Value<'a>>> {
        match self {
            Self::Binary(bytes) => types.value_from_binary(type_oid, bytes).map(Some),
            Self::Text(text) => match text.plain() {
                Some(text) => types.value_from_text(type_oid, text.as_bytes()).map(Some),
                None => Ok(None),
            },
        }
    }

    /// The value of a binary part of something that was checked.
    pub(super) fn checked(self, types: &'a TypeTable, type_oid: Oid) -> Option<Value<'a>> {
        match self {
            Self::Binary(bytes) => types.outermost(type_oid, bytes).ok(),
            Self::Text(_) => None,
        }
    }
}

/// Text from inside of another text, which may have backslashes and quotation marks that are not
/// its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escaped<'a> {
    text: &'a str,
}

impl<'a> Escaped<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// The characters themselves.
    pub fn chars(&self) -> impl Iterator<Item = char> + Clone + use<'a> {
        let mut escaped = false;
        self.text.chars().filter(move |&char| {
            escaped = matches!(char, '\\' | '"') && !escaped;
            !escaped
        })
    }

    /// The text as it stands, where it needs no unescaping.
    pub fn plain(&self) -> Option<&'a str> {
        (!self.text.contains(['\\', '"'])).then_some(self.text)
    }
}

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|char| f.write_char(char))
    }
}

/// Takes text in quotation marks from the front, and returns what is between them and what is
/// behind. Within, a backslash keeps the next character, and a quotation mark is written twice or
/// with a backslash.
pub(super) fn quoted(text: &str) -> Option<(Escaped<'_>, &str)> {
    let body = text.strip_prefix('"')?;
    let bytes = body.as_bytes();
    let mut at = 0_usize;
    loop {
        match (bytes.get(at)?, bytes.get(at.checked_add(1)?)) {
            (b'\\', _) | (b'"', Some(b'"')) => at = at.checked_add(2)?,
            (b'"', _) => break,
            _ => at = at.checked_add(1)?,
        }
    }
    let (inside, behind) = body.split_at_checked(at)?;
    Some((Escaped::new(inside), behind.get(1..)?))
}

/// Takes text from the front, in quotation marks or up to one of `ends`; `None` for it when it is
/// empty. What ends it stays.
pub(super) fn field<'a>(text: &'a str, ends: &[char]) -> Option<(Option<Escaped<'a>>, &'a str)> {
    if text.starts_with('"') {
        return quoted(text).map(|(field, behind)| (Some(field), behind));
    }
    let (field, behind) = text.split_at_checked(text.find(ends)?)?;
    Some(((!field.is_empty()).then_some(Escaped::new(field)), behind))
}

/// A whole value in the form it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raw<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
}

/// Whether two values, each with its text, are the same.
pub(super) fn same<T: Display>(one: (&T, Raw<'_>), other: (&T, Raw<'_>)) -> bool {
    match (one, other) {
        ((_, Raw::Text(text)), (value, Raw::Binary(_)))
        | ((value, Raw::Binary(_)), (_, Raw::Text(text))) => is_text(value, text),
        ((_, one), (_, other)) => one == other,
    }
}
