//! Values as JSON, the same from text and from binary.

use std::fmt::{self, Display, Write as _};
use std::io::Write as _;

use walscope_core::Oid;
use walscope_core::pgoutput::Column;
use walscope_core::relation::{BadValue, Relation, Shown};
use walscope_core::value::{TypeTable, Value, types};

/// How values are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    /// The user types that are known.
    pub(crate) types: TypeTable,
    /// How `bigint` is written.
    pub(crate) int8: Int8,
}

/// How `bigint` is written: many readers of JSON cannot hold its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub(crate) enum Int8 {
    /// As a number
    #[default]
    Number,
    /// As a string
    String,
}

impl Values {
    /// Writes the value of the relation's column of that number, which came in `message`.
    pub(super) fn write(
        &self,
        out: &mut Vec<u8>,
        (relation, index): (&Relation, usize),
        message: &[u8],
        column: Column<'_>,
    ) -> Result<(), BadValue> {
        match column {
            Column::Null | Column::UnchangedToast => out.extend_from_slice(b"null"),
            Column::Text(text) => {
                let type_oid = relation.columns.get(index).map(|column| column.base_type);
                self.write_text(out, self.types.base(type_oid.unwrap_or_default()), text);
            }
            Column::Binary(bytes) => match relation.show(index, &self.types, message, bytes)? {
                Shown::Value(value) => self.write_value(out, &value),
                Shown::Undecoded | Shown::NotUtf8 => write_hex(out, bytes),
            },
        }
        Ok(())
    }

    pub(crate) fn write_text(&self, out: &mut Vec<u8>, type_oid: Oid, text: &[u8]) {
        match (type_oid, text) {
            (types::BOOL, b"t") => out.extend_from_slice(b"true"),
            (types::BOOL, b"f") => out.extend_from_slice(b"false"),
            (types::INT8, _) if self.int8 == Int8::String => write_bytes_as_text(out, text),
            (types::INT2 | types::INT4 | types::INT8 | types::OID, _) if is_integer(text) => {
                out.extend_from_slice(text);
            }
            // NaN and the infinities are no JSON.
            (types::FLOAT4 | types::FLOAT8, _) if is_number(text) => out.extend_from_slice(text),
            (types::JSON | types::JSONB, _) => match std::str::from_utf8(text) {
                Ok(_) => write_compact(out, text),
                Err(_) => write_hex(out, text),
            },
            _ => write_bytes_as_text(out, text),
        }
    }

    pub(crate) fn write_value(&self, out: &mut Vec<u8>, value: &Value<'_>) {
        match *value {
            Value::Bool(value) => append(out, value),
            Value::Int8(_) if self.int8 == Int8::String => write_display(out, value),
            Value::Int2(_) | Value::Int4(_) | Value::Int8(_) | Value::Oid(_) => append(out, value),
            Value::Float4(number) if number.is_finite() => append(out, value),
            Value::Float8(number) if number.is_finite() => append(out, value),
            Value::Json(json) => write_compact(out, json.as_bytes()),
            Value::Text(text) => write_string(out, text),
            _ => write_display(out, value),
        }
    }
}

fn append(out: &mut Vec<u8>, value: impl Display) {
    // Writing to memory cannot fail.
    let _ = write!(out, "{value}");
}

/// Writes PostgreSQL's text of a value as a string.
fn write_display(out: &mut Vec<u8>, value: &Value<'_>) {
    out.push(b'"');
    let _ = write!(Escaping { out }, "{value}");
    out.push(b'"');
}

/// The inside of a JSON string that comes piece by piece.
struct Escaping<'a> {
    out: &'a mut Vec<u8>,
}

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if piece.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
            self.out.extend_from_slice(piece.as_bytes());
        } else {
            let start = self.out.len();
            write_string(self.out, piece);
            // Without the quotation marks: there are others around the whole.
            self.out.remove(start);
            self.out.pop();
        }
        Ok(())
    }
}

fn is_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// PostgreSQL writes `1`, `1.5`, `1e+20` and the like: all of them JSON.
fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    digits.first().is_some_and(u8::is_ascii_digit)
        && digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'+' | b'-'))
}

/// A JSON document on one line: white space outside of strings is left out, all else is kept.
fn write_compact(out: &mut Vec<u8>, json: &[u8]) {
    let (mut in_string, mut escaped) = (false, false);
    for &byte in json {
        if in_string {
            in_string = byte != b'"' || escaped;
            escaped = byte == b'\\' && !escaped;
        } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        } else {
            in_string = byte == b'"';
        }
        out.push(byte);
    }
}

/// A string where the bytes are UTF-8, as all are but those of an SQL_ASCII database.
pub(super) fn write_bytes_as_text(out: &mut Vec<u8>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => write_string(out, text),
        Err(_) => write_hex(out, bytes),
    }
}

pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

pub(crate) fn write_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b"{\"$bytes\":\"");
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out.extend_from_slice(b"\"}");
}

#[cfg(test)]
mod tests {
    use walscope_core::pgoutput::ReplicaIdentity;
    use walscope_core::relation;

    use super::*;

    /// A value of a table of one column of that type.
    fn written(
        values: &Values,
        type_oid: Oid,
        column: Column<'_>,
        message: &[u8],
    ) -> Result<String, BadValue> {
        let relation = Relation {
            oid: Oid(16384),
            slot: 0,
            schema: "public".into(),
            name: "t".into(),
            replica_identity: ReplicaIdentity::Default,
            columns: vec![relation::Column {
                name: "c".into(),
                type_oid,
                base_type: type_oid,
                type_modifier: -1,
                key: false,
            }],
        };
        let mut out = Vec::new();
        values.write(&mut out, (&relation, 0), message, column)?;
        Ok(String::from_utf8(out).expect("JSON is UTF-8"))
    }

    fn json(type_oid: Oid, text: &[u8]) -> String {
        written(&Values::default(), type_oid, Column::Text(text), text).expect("text is written")
    }

    #[test]
    fn values_keep_postgresqls_digits() {
        assert_eq!(json(types::INT8, b"9223372036854775807"), "9223372036854775807");
        assert_eq!(json(types::FLOAT8, b"1e+20"), "1e+20");
        assert_eq!(json(types::FLOAT8, b"-0"), "-0");
        assert_eq!(json(types::FLOAT4, b"NaN"), "\"NaN\"");
        assert_eq!(json(types::FLOAT8, b"-Infinity"), "\"-Infinity\"");
        assert_eq!(json(types::BOOL, b"t"), "true");
        assert_eq!(json(Oid(1700), b"1.10"), "\"1.10\"");
        assert_eq!(json(types::BYTEA, b"\\x00ff"), "\"\\\\x00ff\"");
        assert_eq!(json(types::TEXT, "a\"\u{1}é\n".as_bytes()), "\"a\\\"\\u0001é\\n\"");
        assert_eq!(json(types::TEXT, b"\xFF"), "{\"$bytes\":\"ff\"}");
    }

    #[test]
    fn json_is_embedded_on_one_line() {
        let document = b"{ \"a b\" : [1,\n 2.00] , \"q\\\"  \" : 1e400, \"a b\": null }";
        assert_eq!(json(types::JSON, document), r#"{"a b":[1,2.00],"q\"  ":1e400,"a b":null}"#);
    }

    #[test]
    fn binary_values_are_written_like_their_text() {
        let result = |type_oid, bytes: &[u8]| {
            written(&Values::default(), type_oid, Column::Binary(bytes), bytes)
        };
        let json = |type_oid, bytes: &[u8]| result(type_oid, bytes).expect("a value");
        assert_eq!(json(types::BOOL, &[1]), "true");
        assert_eq!(json(types::INT4, &(-7_i32).to_be_bytes()), "-7");
        assert_eq!(json(types::FLOAT8, &1e20_f64.to_be_bytes()), "1e+20");
        assert_eq!(json(types::FLOAT8, &f64::NAN.to_be_bytes()), "\"NaN\"");
        assert_eq!(json(types::JSONB, b"\x01{\"a\": 1}"), "{\"a\":1}");
        assert_eq!(json(types::TEXT, b"a\n"), "\"a\\n\"");
        let array = [
            &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1][..],
            &[0, 0, 0, 3],
            b"a\"\x01",
        ];
        assert_eq!(json(Oid(1009), &array.concat()), r#""{\"a\\\"\u0001\"}""#);
        // What has no decoder, and what an SQL_ASCII database may hold.
        assert_eq!(json(Oid(99_999), b"\x01"), "{\"$bytes\":\"01\"}");
        assert_eq!(json(types::TEXT, b"a\xFF"), "{\"$bytes\":\"61ff\"}");
        // What is no value of its type.
        let bad = result(types::INT4, b"\x01").expect_err("three bytes are missing");
        assert_eq!(
            bad.to_string(),
            "column c of public.t: int4: unexpected end of input at byte 1 (3 more bytes are needed)"
        );
    }

    #[test]
    fn int8_can_be_a_string() {
        let values = Values { int8: Int8::String, ..Values::default() };
        for column in [Column::Text(b"-5"), Column::Binary(&(-5_i64).to_be_bytes())] {
            let json = written(&values, types::INT8, column, &[]).expect("a value");
            assert_eq!(json, "\"-5\"");
        }
    }
}
