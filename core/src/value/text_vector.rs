//! `tsvector`.
//!
//! Binary form (`tsvectorsend` in `src/backend/utils/adt/tsvector.c`):
//!
//! | bytes | field |
//! |---|---|
//! | int32 | how many lexemes |
//!
//! and for each lexeme
//!
//! | bytes | field |
//! |---|---|
//! | text and a zero byte | lexeme |
//! | uint16 | how many positions |
//! | uint16 each | position in the lower 14 bits, weight in the upper two: 3 is A, 0 is D |

use core::fmt::{self, Display, Formatter, Write};

use super::binary_form::{fixed, text_at};
use super::forms::is_text;
use crate::error::{ErrorKind, Result};
use crate::reader::Reader;

const CONTEXT: &str = "tsvector";
const POSITION_BITS: u32 = 14;

/// A `tsvector`: lexemes with their positions and weights. Displayed, it is PostgreSQL's text.
#[derive(Clone, Copy, Debug)]
pub struct TsVector<'a> {
    form: Form<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Form<'a> {
    Text(&'a str),
    /// The lexemes, checked.
    Binary(&'a [u8]),
}

impl<'a> TsVector<'a> {
    pub(super) const fn from_text(text: &'a str) -> Self {
        Self { form: Form::Text(text) }
    }

    pub(super) fn from_binary(bytes: &'a [u8]) -> Result<Self> {
        fixed(bytes, CONTEXT, |reader, context| {
            let start = *reader;
            let count = reader.i32(context)?;
            if count < 0 {
                return Err(start.error(ErrorKind::InvalidLength(i64::from(count)), context));
            }
            let lexemes = reader.rest();
            for _ in 0..count {
                read_lexeme(reader)?;
            }
            Ok(Self { form: Form::Binary(lexemes) })
        })
    }
}

/// A lexeme and its positions.
fn read_lexeme<'a>(reader: &mut Reader<'a>) -> Result<(&'a str, &'a [[u8; 2]])> {
    let start = reader.offset();
    let lexeme = text_at(reader.string(CONTEXT)?, start, CONTEXT)?;
    let count = reader.u16(CONTEXT)?;
    let (positions, _) = reader.bytes(usize::from(count).saturating_mul(2), CONTEXT)?.as_chunks();
    Ok((lexeme, positions))
}

impl PartialEq for TsVector<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.form, other.form) {
            (Form::Text(left), Form::Text(right)) => left == right,
            (Form::Binary(left), Form::Binary(right)) => left == right,
            (Form::Binary(_), Form::Text(text)) => is_text(self, text),
            (Form::Text(text), Form::Binary(_)) => is_text(other, text),
        }
    }
}

impl Eq for TsVector<'_> {}

impl Display for TsVector<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let lexemes = match self.form {
            Form::Text(text) => return f.write_str(text),
            Form::Binary(lexemes) => lexemes,
        };
        let mut reader = Reader::new(lexemes, 0);
        let mut separator = "";
        // They were checked when this was made.
        while let Ok((lexeme, positions)) = read_lexeme(&mut reader) {
            f.write_str(separator)?;
            write_quoted(f, lexeme)?;
            write_positions(f, positions)?;
            separator = " ";
        }
        Ok(())
    }
}

fn write_positions(f: &mut Formatter<'_>, positions: &[[u8; 2]]) -> fmt::Result {
    let mut separator = ":";
    for position in positions {
        let entry = u16::from_be_bytes(*position);
        let weight = match entry >> POSITION_BITS {
            3 => "A",
            2 => "B",
            1 => "C",
            _ => "",
        };
        let position = entry & 1_u16.wrapping_shl(POSITION_BITS).wrapping_sub(1);
        write!(f, "{separator}{position}{weight}")?;
        separator = ",";
    }
    Ok(())
}

/// Writes a lexeme between apostrophes, with those within it and backslashes doubled.
pub(super) fn write_quoted(f: &mut Formatter<'_>, lexeme: &str) -> fmt::Result {
    f.write_str("'")?;
    for piece in lexeme.split_inclusive(['\'', '\\']) {
        f.write_str(piece)?;
        if let Some(last @ ('\'' | '\\')) = piece.chars().next_back() {
            f.write_char(last)?;
        }
    }
    f.write_str("'")
}
