//! Values of PostgreSQL's types from the text that its output functions write.
//!
//! Nothing is decoded before it is asked for. What has no decoder here is PostgreSQL's text.

mod array;
mod bytea;
pub mod types;

pub use array::{ArrayElement, ArrayEvent, ArrayText};
pub use bytea::Bytea;

use core::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::types::Oid;

/// A value, borrowed from its text.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// `bool`
    Bool(bool),
    /// `smallint`
    Int2(i16),
    /// `integer`
    Int4(i32),
    /// `bigint`
    Int8(i64),
    /// `oid`
    Oid(Oid),
    /// `real`
    Float4(f32),
    /// `double precision`
    Float8(f64),
    /// `text`, `varchar`, `char(n)`, `name`, `"char"`
    Text(&'a str),
    /// `json` and `jsonb`: the document as PostgreSQL wrote it
    Json(&'a str),
    /// `bytea`
    Bytea(Bytea<'a>),
    /// An array of one of the types above
    Array(ArrayText<'a>),
    /// Any other type: PostgreSQL's text
    Other(&'a str),
}

impl<'a> Value<'a> {
    /// The value of type `type_oid` that `text` stands for. Positions in errors count from the
    /// text's first byte.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Utf8`], or [`ErrorKind::InvalidText`] where PostgreSQL would not write this text
    /// for the type.
    pub fn from_text(type_oid: Oid, text: &'a [u8]) -> Result<Self> {
        let text = str::from_utf8(text)
            .map_err(|error| Error::new(ErrorKind::Utf8, error.valid_up_to() as u64, "value"))?;
        match type_oid {
            types::BOOL => match text {
                "t" => Ok(Self::Bool(true)),
                "f" => Ok(Self::Bool(false)),
                _ => Err(invalid("bool")),
            },
            types::INT2 => parse(text, "int2").map(Self::Int2),
            types::INT4 => parse(text, "int4").map(Self::Int4),
            types::INT8 => parse(text, "int8").map(Self::Int8),
            types::OID => parse(text, "oid").map(|oid| Self::Oid(Oid(oid))),
            types::FLOAT4 => float(text, "float4").map(Self::Float4),
            types::FLOAT8 => float(text, "float8").map(Self::Float8),
            types::TEXT | types::VARCHAR | types::BPCHAR | types::NAME | types::CHAR => {
                Ok(Self::Text(text))
            }
            types::JSON | types::JSONB => Ok(Self::Json(text)),
            types::BYTEA => Bytea::from_text(text).map(Self::Bytea),
            _ => match types::array_element(type_oid) {
                Some(element) => ArrayText::new(element, text).map(Self::Array),
                None => Ok(Self::Other(text)),
            },
        }
    }
}

#[cold]
const fn invalid(context: &'static str) -> Error {
    Error::new(ErrorKind::InvalidText, 0, context)
}

fn parse<T: FromStr>(text: &str, context: &'static str) -> Result<T> {
    text.parse().map_err(|_| invalid(context))
}

/// PostgreSQL writes `NaN`, `Infinity` and `-Infinity`; Rust reads these and more.
fn float<T: FromStr>(text: &str, context: &'static str) -> Result<T> {
    match text.trim_start_matches('-').as_bytes().first() {
        Some(b'0'..=b'9') => parse(text, context),
        _ if matches!(text, "NaN" | "Infinity" | "-Infinity") => parse(text, context),
        _ => Err(invalid(context)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars() {
        let value = |oid, text: &'static str| Value::from_text(oid, text.as_bytes());
        assert_eq!(value(types::BOOL, "t"), Ok(Value::Bool(true)));
        assert_eq!(value(types::INT2, "-32768"), Ok(Value::Int2(i16::MIN)));
        assert_eq!(value(types::INT8, "9223372036854775807"), Ok(Value::Int8(i64::MAX)));
        assert_eq!(value(types::OID, "4294967295"), Ok(Value::Oid(Oid(u32::MAX))));
        assert_eq!(value(types::FLOAT8, "1e+20"), Ok(Value::Float8(1e20)));
        assert_eq!(value(types::FLOAT4, "-Infinity"), Ok(Value::Float4(f32::NEG_INFINITY)));
        assert_eq!(value(types::VARCHAR, "é"), Ok(Value::Text("é")));
        assert_eq!(value(types::JSONB, "{}"), Ok(Value::Json("{}")));
        assert_eq!(value(Oid(1700), "1.10"), Ok(Value::Other("1.10")));
    }

    #[test]
    fn what_postgresql_does_not_write_is_refused() {
        for (oid, text) in [
            (types::BOOL, "true"),
            (types::INT4, "2147483648"),
            (types::INT4, ""),
            (types::FLOAT8, "infinity"),
            (types::FLOAT8, "nan"),
            (types::BYTEA, "abc"),
        ] {
            let error = Value::from_text(oid, text.as_bytes()).map_err(|error| error.kind());
            assert_eq!(error, Err(ErrorKind::InvalidText), "{oid} {text}");
        }
        let error = Value::from_text(types::TEXT, b"ab\xFF").unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::Utf8, 2));
    }
}
