//! Quoting: how the text of a value is written inside the text of another.
//!
//! `array_out` in `arrayfuncs.c`, `record_out` in `rowtypes.c`, `range_bound_escape` in
//! `rangetypes.c`, all in `src/backend/utils/adt`.

use core::fmt::{self, Write};

use super::Value;

/// Whose rules of quoting hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// An array whose elements have this between them.
    Array(char),
    /// A composite value.
    Composite,
    /// A range.
    Range,
}

impl Quoting {
    /// Whether a value with this character in it is quoted.
    fn is_special(self, char: char) -> bool {
        match char {
            '"' | '\\' | ' ' | '\t' | '\n' | '\r' | '\x0B' | '\x0C' => true,
            '{' | '}' => matches!(self, Self::Array(_)),
            '(' | ')' => !matches!(self, Self::Array(_)),
            '[' | ']' => self == Self::Range,
            ',' if !matches!(self, Self::Array(_)) => true,
            _ => self == Self::Array(char),
        }
    }
}

/// Writes a value by the rules of what it is part of.
pub(super) fn write_part(out: &mut dyn Write, value: &Value<'_>, quoting: Quoting) -> fmt::Result {
    if !is_quoted(value, quoting) {
        return write!(out, "{value}");
    }
    out.write_char('"')?;
    let doubled = !matches!(quoting, Quoting::Array(_));
    write!(Escape { out, doubled }, "{value}")?;
    out.write_char('"')
}

/// Writes text in quotation marks, those in it with a backslash, as backslashes are.
pub(super) fn write_quoted(out: &mut dyn Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    Escape { out, doubled: false }.write_str(text)?;
    out.write_char('"')
}

fn is_quoted(value: &Value<'_>, quoting: Quoting) -> bool {
    // Most values are numbers, which nothing has to be looked for in.
    if matches!(
        value,
        Value::Bool(_)
            | Value::Int2(_)
            | Value::Int4(_)
            | Value::Int8(_)
            | Value::Oid(_)
            | Value::Float4(_)
            | Value::Float8(_)
    ) {
        return false;
    }
    let mut search = Search { quoting, length: 0, null: true, special: false };
    // Ends with an error where there is no more to find.
    let _ = write!(search, "{value}");
    let is_null =
        matches!(quoting, Quoting::Array(_)) && search.null && search.length == NULL.len();
    search.special || search.length == 0 || is_null
}

/// What an array would take for NULL, in any case.
const NULL: &[u8] = b"null";

/// Takes in text and keeps only what decides whether it is quoted. Ends at the first character
/// that does: however deep values lie in each other, this is after a few characters of the outer
/// ones, so that the time does not grow with every level.
struct Search {
    quoting: Quoting,
    /// Bytes so far.
    length: usize,
    /// Whether they are the beginning of `NULL`.
    null: bool,
    special: bool,
}

impl Write for Search {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        for byte in part.bytes() {
            // All special characters are ASCII, and no other character has such bytes.
            if self.quoting.is_special(char::from(byte)) {
                self.special = true;
                return Err(fmt::Error);
            }
            self.null = self.null
                && NULL.get(self.length).is_some_and(|null| byte.eq_ignore_ascii_case(null));
            self.length = self.length.saturating_add(1);
        }
        Ok(())
    }
}

/// Passes text on with quotation marks and backslashes escaped.
struct Escape<'w> {
    out: &'w mut dyn Write,
    /// By themselves, not by a backslash.
    doubled: bool,
}

impl Write for Escape<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        for piece in part.split_inclusive(['"', '\\']) {
            match piece.char_indices().next_back() {
                Some((at, char @ ('"' | '\\'))) => {
                    self.out.write_str(piece.get(..at).unwrap_or_default())?;
                    self.out.write_char(if self.doubled { char } else { '\\' })?;
                    self.out.write_char(char)?;
                }
                _ => self.out.write_str(piece)?,
            }
        }
        Ok(())
    }
}
