//! A message of a stream that cannot be decoded: where it is, and its bytes.

use std::fmt;

use walscope_core::Lsn;
use walscope_core::relation::BadValue;

/// So much of a message is kept: who looks for the fault needs its front.
const MOST_BYTES: usize = 256;
/// So much of that is shown.
const SHOWN_BYTES: usize = 48;

/// A message that the server sent and nobody understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecodable {
    /// The LSN that it came with; 0/0 where it came with none.
    pub lsn: Lsn,
    /// Its first 256 bytes.
    pub bytes: Vec<u8>,
    /// How many bytes it has.
    pub length: usize,
    /// What is wrong. The position counts from the message's first byte.
    pub error: walscope_core::Error,
    /// The table with its schema, and the column, where it is a value that is wrong.
    pub column: Option<(String, String)>,
}

impl Undecodable {
    /// A message that came with `lsn`, and what is wrong with it.
    pub fn new(lsn: Lsn, message: &[u8], error: walscope_core::Error) -> Self {
        let bytes = message.iter().take(MOST_BYTES).copied().collect();
        Self { lsn, bytes, length: message.len(), error, column: None }
    }

    /// The same of a value in it.
    pub fn of_value(lsn: Lsn, message: &[u8], bad: &BadValue) -> Self {
        let column = Some((bad.relation().to_owned(), bad.column().to_owned()));
        Self { column, ..Self::new(lsn, message, bad.error()) }
    }
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lsn, bytes, length, error, column } = self;
        write!(f, "cannot decode the message at {lsn}: ")?;
        if let Some((relation, column)) = column {
            write!(f, "column {column} of {relation}: ")?;
        }
        write!(f, "{error} of its {length}:")?;
        for byte in bytes.iter().take(SHOWN_BYTES) {
            write!(f, " {byte:02x}")?;
        }
        if *length > SHOWN_BYTES { f.write_str(" …") } else { Ok(()) }
    }
}

impl std::error::Error for Undecodable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use walscope_core::ErrorKind;

    #[test]
    fn it_says_what_and_where_and_shows_the_bytes() {
        let error = walscope_core::Error::new(ErrorKind::UnknownMessage(b'Z'), 0, "message");
        let found = Undecodable::new(Lsn(0x0152_62E0), &[b'Z', 0, 255], error);
        assert_eq!(
            found.to_string(),
            "cannot decode the message at 0/15262E0: message: no message begins with byte 0x5A \
             ('Z') at byte 0 of its 3: 5a 00 ff"
        );
        let long = Undecodable::new(Lsn(1), &[7; 1000], error);
        assert_eq!((long.bytes.len(), long.length), (MOST_BYTES, 1000));
        assert!(long.to_string().ends_with(" 07 …"));
    }
}
