//! `hstore` of the extension of that name, from both forms.
//!
//! As text: `"a"=>"1", "b"=>NULL`. In binary form:
//!
//! | bytes | field |
//! |---|---|
//! | 4 | number of pairs |
//! | then per pair: 4 + length | length and key |
//! | 4 + length | length (-1: NULL) and value |
//!
//! `hstore_out` and `hstore_send` in `contrib/hstore/hstore_io.c`.

use core::fmt::{self, Display, Formatter};

use super::part::{self, Escaped, Part, Raw};
use super::{invalid, quote};
use crate::error::{Error, ErrorKind, Result};
use crate::reader::Reader;

const CONTEXT: &str = "hstore";
const ARROW: &str = "=>";
const SEPARATOR: &str = ", ";
const NULL: &str = "NULL";

/// An `hstore`, checked when it was made, so that walking it cannot fail.
#[derive(Clone, Copy, Debug)]
pub struct Hstore<'a> {
    raw: Raw<'a>,
}

impl<'a> Hstore<'a> {
    pub(super) fn from_text(text: &'a str) -> Result<Self> {
        let mut rest = text;
        while !rest.is_empty() {
            rest = read_text(rest).ok_or_else(|| invalid(CONTEXT))?.1;
        }
        Ok(Self { raw: Raw::Text(text) })
    }

    pub(super) fn from_binary(bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes, 0);
        let count = reader.u32(CONTEXT)?;
        for _ in 0..count {
            let key = reader.sized_bytes(CONTEXT)?;
            check_utf8(key, &reader)?;
            let value = reader.nullable_bytes(CONTEXT)?;
            check_utf8(value.unwrap_or_default(), &reader)?;
        }
        reader.finish(CONTEXT)?;
        Ok(Self { raw: Raw::Binary(bytes) })
    }

    /// Keys and values, `None` for NULL. Both are text: a [`Part::Binary`] is UTF-8 too.
    pub fn pairs(&self) -> Pairs<'a> {
        Pairs {
            rest: match self.raw {
                Raw::Text(text) => Raw::Text(text),
                Raw::Binary(bytes) => Raw::Binary(bytes.get(4..).unwrap_or_default()),
            },
        }
    }
}

impl PartialEq for Hstore<'_> {
    fn eq(&self, other: &Self) -> bool {
        part::same((self, self.raw), (other, other.raw))
    }
}

impl Display for Hstore<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Raw::Text(text) = self.raw {
            return f.write_str(text);
        }
        for (index, (key, value)) in self.pairs().enumerate() {
            if index > 0 {
                f.write_str(SEPARATOR)?;
            }
            write_part(f, key)?;
            f.write_str(ARROW)?;
            match value {
                Some(value) => write_part(f, value)?,
                None => f.write_str(NULL)?,
            }
        }
        Ok(())
    }
}

fn write_part(f: &mut Formatter<'_>, part: Part<'_>) -> fmt::Result {
    let Part::Binary(bytes) = part else { return Err(fmt::Error) };
    quote::write_quoted(f, str::from_utf8(bytes).map_err(|_| fmt::Error)?)
}

/// Keys and values of an [`Hstore`].
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    rest: Raw<'a>,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (Part<'a>, Option<Part<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        match self.rest {
            Raw::Text(text) => {
                let ((key, value), rest) = read_text(text)?;
                self.rest = Raw::Text(rest);
                Some((Part::Text(key), value.map(Part::Text)))
            }
            Raw::Binary(bytes) => {
                let mut reader = Reader::new(bytes, 0);
                let key = reader.sized_bytes(CONTEXT).ok()?;
                let value = reader.nullable_bytes(CONTEXT).ok()?;
                self.rest = Raw::Binary(reader.rest());
                Some((Part::Binary(key), value.map(Part::Binary)))
            }
        }
    }
}

type TextPair<'a> = (Escaped<'a>, Option<Escaped<'a>>);

/// Reads a pair from the front, and what is between it and another.
fn read_text(text: &str) -> Option<(TextPair<'_>, &str)> {
    let (key, rest) = part::quoted(text)?;
    let rest = rest.strip_prefix(ARROW)?;
    let (value, rest) = match rest.strip_prefix(NULL) {
        Some(rest) => (None, rest),
        None => part::quoted(rest).map(|(value, rest)| (Some(value), rest))?,
    };
    let rest = match rest.strip_prefix(SEPARATOR) {
        Some("") => return None,
        Some(rest) => rest,
        None if rest.is_empty() => rest,
        None => return None,
    };
    Some(((key, value), rest))
}

/// `bytes` have just been read by `reader`.
fn check_utf8(bytes: &[u8], reader: &Reader<'_>) -> Result<()> {
    str::from_utf8(bytes).map(drop).map_err(|error| {
        let start = reader.offset().saturating_sub(bytes.len() as u64);
        let offset = start.saturating_add(error.valid_up_to() as u64);
        Error::new(ErrorKind::Utf8, offset, CONTEXT)
    })
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    extern crate alloc;
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    fn binary(pairs: &[(&str, Option<&str>)]) -> Vec<u8> {
        let length = |text: &str| i32::try_from(text.len()).unwrap().to_be_bytes();
        let mut out = Vec::from(u32::try_from(pairs.len()).unwrap().to_be_bytes());
        for (key, value) in pairs {
            out.extend(length(key));
            out.extend_from_slice(key.as_bytes());
            out.extend(value.map_or((-1_i32).to_be_bytes(), length));
            out.extend_from_slice(value.unwrap_or_default().as_bytes());
        }
        out
    }

    #[test]
    fn both_forms_are_the_same_hstore() {
        for (pairs, text) in [
            (&[][..], ""),
            (&[("a", Some("1"))], r#""a"=>"1""#),
            (&[("", Some("")), ("b", None)], r#"""=>"", "b"=>NULL"#),
            (
                &[("a\"b", Some("c\\d")), ("é, ", Some("NULL")), ("=>", None)],
                r#""a\"b"=>"c\\d", "é, "=>"NULL", "=>"=>NULL"#,
            ),
        ] {
            let bytes = binary(pairs);
            let hstore = Hstore::from_binary(&bytes).unwrap();
            assert_eq!(hstore.to_string(), text);
            let parsed = Hstore::from_text(text).unwrap();
            assert_eq!(hstore, parsed);
            let owned = |part: Part<'_>| match part {
                Part::Text(text) => text.to_string(),
                Part::Binary(bytes) => str::from_utf8(bytes).unwrap().to_string(),
            };
            for hstore in [hstore, parsed] {
                let found: Vec<_> =
                    hstore.pairs().map(|(key, value)| (owned(key), value.map(owned))).collect();
                let found: Vec<_> =
                    found.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
                assert_eq!(found, pairs);
            }
            for end in 0..bytes.len() {
                assert!(Hstore::from_binary(bytes.get(..end).unwrap()).is_err(), "{text} {end}");
            }
        }
    }

    #[test]
    fn what_is_no_hstore_is_refused() {
        for text in ["a", "\"a\"", "\"a\"=>", "\"a\"=>\"b\", ", "\"a\"=>\"b\" ", "\"a\"=>b"] {
            assert!(Hstore::from_text(text).is_err(), "{text}");
        }
        let mut bytes = binary(&[("a", Some("\u{7F}"))]);
        *bytes.last_mut().unwrap() = 0xFF;
        let error = Hstore::from_binary(&bytes).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::Utf8, 13));
    }
}
