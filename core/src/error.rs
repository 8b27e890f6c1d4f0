//! What can be wrong with bytes, where, and in which field.

use core::fmt;

use crate::types::Oid;

/// A decoding error: what is wrong, the byte position, and the field that was being read.
///
/// It is `Copy` and owns no memory. Displayed, it is a sentence:
///
/// ```text
/// insert.new: unexpected end of input at byte 17 (4 more bytes are needed)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: u64,
    context: &'static str,
}

/// The result of decoding.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends inside a field; at least this many more bytes are needed.
    UnexpectedEnd {
        /// Bytes missing.
        needed: u64,
    },
    /// The input is cut inside the frame that begins at the offset; so many bytes are missing.
    Cut {
        /// Bytes missing, at least.
        needed: u64,
    },
    /// The message is complete, but bytes follow that belong to nothing.
    TrailingBytes {
        /// Bytes left over.
        left: u64,
    },
    /// No message begins with this byte.
    UnknownMessage(u8),
    /// A field holds a value that its format does not know.
    InvalidValue(u8),
    /// A count or length is negative or larger than what holds it.
    InvalidLength(i64),
    /// A text has no terminating zero byte.
    UnterminatedString,
    /// The bytes are not UTF-8 where text is asked for.
    Utf8,
    /// The text is not a value of the type it is said to be.
    InvalidText,
    /// The bytes are not the binary form of a value of the type they are said to be.
    InvalidBinary,
    /// A message came in a place where the protocol does not allow it.
    UnexpectedMessage(u8),
    /// A row came for a relation that was never described on this connection.
    UnknownRelation(Oid),
    /// A row has another number of columns than its relation.
    ColumnCount {
        /// Columns of the relation.
        expected: u32,
        /// Columns of the row.
        found: u32,
    },
    /// A message is larger than the limit that the caller set.
    TooLarge {
        /// The message's size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The input is none of the formats that can be read.
    UnknownFormat,
    /// The input is recognised, but this build does not read it here.
    Unsupported,
    /// The server does not send again what it sent before the connection broke: the stream cannot go
    /// on without showing something twice or not at all.
    NotResumed,
    /// Transactions that have not ended take more memory than they may.
    OverBudget {
        /// What they may take, in bytes.
        budget: u64,
    },
}

impl ErrorKind {
    /// A number for the kind that stays the same over releases.
    pub const fn code(self) -> u8 {
        match self {
            Self::UnexpectedEnd { .. } => 1,
            Self::Cut { .. } => 2,
            Self::TrailingBytes { .. } => 3,
            Self::UnknownMessage(_) => 4,
            Self::InvalidValue(_) => 5,
            Self::InvalidLength(_) => 6,
            Self::UnterminatedString => 7,
            Self::Utf8 => 8,
            Self::InvalidText => 9,
            Self::UnexpectedMessage(_) => 10,
            Self::UnknownRelation(_) => 11,
            Self::ColumnCount { .. } => 12,
            Self::TooLarge { .. } => 13,
            Self::UnknownFormat => 14,
            Self::Unsupported => 15,
            Self::OverBudget { .. } => 16,
            Self::NotResumed => 18,
            Self::InvalidBinary => 17,
        }
    }
}

impl Error {
    /// An error of `kind` at `offset`, found while reading `context`.
    #[cold]
    pub const fn new(kind: ErrorKind, offset: u64, context: &'static str) -> Self {
        Self { kind, offset, context }
    }

    /// What is wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The position in the input, in bytes, counted from where the decoder began.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The field that was being read, such as `insert.new`.
    pub const fn context(&self) -> &'static str {
        self.context
    }

    /// The same error at another position.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub(crate) const fn moved(self, offset: u64) -> Self {
        Self { offset, ..self }
    }

    /// The same error at a position `base` bytes further on.
    #[must_use]
    pub const fn shifted(self, base: u64) -> Self {
        Self { offset: self.offset.saturating_add(base), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.context)?;
        match self.kind {
            ErrorKind::UnexpectedEnd { needed } => {
                let plural = if needed == 1 { "byte is" } else { "bytes are" };
                return write!(
                    f,
                    "unexpected end of input at byte {} ({needed} more {plural} needed)",
                    self.offset
                );
            }
            ErrorKind::Cut { needed } => {
                let plural = if needed == 1 { "byte is" } else { "bytes are" };
                return write!(
                    f,
                    "the input is cut inside the frame that begins at byte {} (at least {needed} \
                     more {plural} needed)",
                    self.offset
                );
            }
            ErrorKind::TrailingBytes { left } => {
                let plural = if left == 1 { "byte follows" } else { "bytes follow" };
                write!(f, "{left} {plural} the end of the message")?;
            }
            ErrorKind::UnknownMessage(tag) => {
                write!(f, "no message begins with byte 0x{tag:02X}")?;
                printable(f, tag)?;
            }
            ErrorKind::InvalidValue(value) => {
                write!(f, "invalid value 0x{value:02X}")?;
                printable(f, value)?;
            }
            ErrorKind::InvalidLength(length) => write!(f, "invalid length {length}")?,
            ErrorKind::UnterminatedString => {
                f.write_str("text without its terminating zero byte")?;
            }
            ErrorKind::Utf8 => f.write_str("text is not valid UTF-8")?,
            ErrorKind::InvalidText => f.write_str("text is not a value of its type")?,
            ErrorKind::InvalidBinary => f.write_str("bytes are not a value of their type")?,
            ErrorKind::UnexpectedMessage(tag) => {
                write!(f, "message 0x{tag:02X}")?;
                printable(f, tag)?;
                f.write_str(" is not allowed here")?;
            }
            ErrorKind::UnknownRelation(oid) => write!(
                f,
                "relation {oid} was never described: the head of the stream may be missing"
            )?,
            ErrorKind::ColumnCount { expected, found } => {
                write!(f, "row of {found} columns for a relation of {expected}")?;
            }
            ErrorKind::TooLarge { size, limit } => {
                write!(f, "message of {size} bytes is over the limit of {limit} bytes")?;
            }
            ErrorKind::UnknownFormat => f.write_str(
                "neither a capture (.walcap) nor output of pg_recvlogical with pgoutput",
            )?,
            ErrorKind::Unsupported => f.write_str("recognised, but not supported here")?,
            ErrorKind::NotResumed => {
                f.write_str("not the same as before the connection broke")?;
            }
            ErrorKind::OverBudget { budget } => {
                write!(f, "over the budget of {budget} bytes of memory")?;
            }
        }
        write!(f, " at byte {}", self.offset)
    }
}

impl core::error::Error for Error {}

/// The character that a byte is, where it is one that can be read.
fn printable(f: &mut fmt::Formatter<'_>, byte: u8) -> fmt::Result {
    if byte.is_ascii_graphic() { write!(f, " ('{}')", char::from(byte)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    extern crate alloc;
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn errors_are_sentences_with_a_position() {
        for (kind, text) in [
            (
                ErrorKind::UnexpectedEnd { needed: 1 },
                "f: unexpected end of input at byte 9 (1 more byte is needed)",
            ),
            (
                ErrorKind::UnexpectedEnd { needed: 4 },
                "f: unexpected end of input at byte 9 (4 more bytes are needed)",
            ),
            (
                ErrorKind::TrailingBytes { left: 2 },
                "f: 2 bytes follow the end of the message at byte 9",
            ),
            (
                ErrorKind::UnknownMessage(b'Z'),
                "f: no message begins with byte 0x5A ('Z') at byte 9",
            ),
            (ErrorKind::InvalidValue(0), "f: invalid value 0x00 at byte 9"),
            (
                ErrorKind::UnknownRelation(Oid(16385)),
                "f: relation 16385 was never described: the head of the stream may be missing at byte 9",
            ),
        ] {
            assert_eq!(Error::new(kind, 9, "f").to_string(), text);
        }
    }
}
