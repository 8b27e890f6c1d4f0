//! The key of a change, for consumers that apply each exactly once.

use core::fmt;
use core::str::FromStr;

use crate::types::Lsn;

/// Where a change stands among all others of a slot: it stays the same when the server sends the
/// change again, in whatever protocol version and streaming mode, as long as publications and
/// filters are the same.
///
/// Displayed it is text that sorts as the position does: 16 hexadecimal digits, `/`, 10 decimal
/// digits. A consumer that stores the last one with its data, in one transaction, can leave out what
/// it has already.
///
/// ```
/// # use walscope_core::Lsn;
/// # use walscope_core::transaction::Position;
/// let position = Position { lsn: Lsn(0x0152_7150), seq: 12 };
/// assert_eq!(position.to_string(), "0000000001527150/0000000012");
/// assert_eq!("0000000001527150/0000000012".parse(), Ok(position));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Where the commit record of its transaction begins, or, of a prepared one, the prepare record.
    pub lsn: Lsn,
    /// Its number in the transaction, from 0.
    pub seq: u32,
}

/// Digits of the two parts.
const LSN_DIGITS: usize = 16;
const SEQ_DIGITS: usize = 10;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0LSN_DIGITS$X}/{:0SEQ_DIGITS$}", self.lsn.0, self.seq)
    }
}

/// A text that is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionParseError;

impl fmt::Display for PositionParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a position: 16 hexadecimal digits, / and 10 decimal digits are expected, such as \
             0000000001527150/0000000012",
        )
    }
}

impl core::error::Error for PositionParseError {}

impl FromStr for Position {
    type Err = PositionParseError;

    fn from_str(text: &str) -> Result<Self, PositionParseError> {
        let (lsn, seq) = text.split_once('/').ok_or(PositionParseError)?;
        let digits = lsn.bytes().all(|byte| byte.is_ascii_hexdigit())
            && seq.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || (lsn.len(), seq.len()) != (LSN_DIGITS, SEQ_DIGITS) {
            return Err(PositionParseError);
        }
        let lsn = u64::from_str_radix(lsn, 16).map_err(|_| PositionParseError)?;
        let seq = seq.parse().map_err(|_| PositionParseError)?;
        Ok(Self { lsn: Lsn(lsn), seq })
    }
}

#[cfg(test)]
mod tests {
    extern crate alloc;
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn texts_sort_as_positions_do() {
        let positions = [(0, 0), (9, 4_294_967_295), (16, 0), (16, 9), (16, 10), (1 << 60, 0)]
            .map(|(lsn, seq)| Position { lsn: Lsn(lsn), seq });
        assert!(positions.is_sorted());
        assert!(positions.map(|position| position.to_string()).is_sorted());
        for position in positions {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "/", "0/0", "0000000001527150/000000001", "000000000152715+/0000000012"] {
            assert_eq!(text.parse::<Position>(), Err(PositionParseError), "{text}");
        }
    }
}
