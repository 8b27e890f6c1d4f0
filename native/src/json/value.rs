//! PostgreSQL's text of a value as JSON.

use std::io::Write;

use walscope_core::Oid;
use walscope_core::pgoutput::Column;
use walscope_core::value::types;

/// Writes a column's value by its type.
pub(super) fn write_column(out: &mut Vec<u8>, type_oid: Oid, column: Column<'_>) {
    match column {
        Column::Null | Column::UnchangedToast => out.extend_from_slice(b"null"),
        Column::Text(text) => write_text(out, type_oid, text),
        Column::Binary(value) => write_hex(out, value),
    }
}

fn write_text(out: &mut Vec<u8>, type_oid: Oid, text: &[u8]) {
    match (type_oid, text) {
        (types::BOOL, b"t") => out.extend_from_slice(b"true"),
        (types::BOOL, b"f") => out.extend_from_slice(b"false"),
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

pub(super) fn write_string(out: &mut Vec<u8>, text: &str) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

fn write_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b"{\"$bytes\":\"");
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out.extend_from_slice(b"\"}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(type_oid: Oid, text: &[u8]) -> String {
        let mut out = Vec::new();
        write_column(&mut out, type_oid, Column::Text(text));
        String::from_utf8(out).expect("JSON is UTF-8")
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
}
