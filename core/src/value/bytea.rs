//! `bytea` in its hexadecimal form, which the session asks for (`bytea_output = hex`).

use super::invalid;
use crate::error::Result;

/// Bytes written as `\x` and two hexadecimal digits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytea<'a> {
    digits: &'a [u8],
}

impl<'a> Bytea<'a> {
    pub(super) fn from_text(text: &'a str) -> Result<Self> {
        let digits = text.strip_prefix("\\x").ok_or_else(|| invalid("bytea"))?.as_bytes();
        let well_formed = digits.len() % 2 == 0 && digits.iter().all(u8::is_ascii_hexdigit);
        if well_formed { Ok(Self { digits }) } else { Err(invalid("bytea")) }
    }

    /// How many bytes it holds.
    pub const fn len(&self) -> usize {
        self.digits.len() / 2
    }

    /// Whether it holds no bytes.
    pub const fn is_empty(&self) -> bool {
        self.digits.is_empty()
    }

    /// The bytes.
    pub fn bytes(&self) -> impl ExactSizeIterator<Item = u8> + Clone + use<'a> {
        self.digits.chunks_exact(2).map(|pair| match pair {
            [high, low] => nibble(*high) << 4 | nibble(*low),
            _ => 0,
        })
    }
}

/// The number that a hexadecimal digit stands for.
const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit.wrapping_sub(b'0'),
        b'a'..=b'f' => digit.wrapping_sub(b'a').wrapping_add(10),
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_bytes() {
        let bytea = Bytea::from_text("\\x00fFa9").unwrap();
        assert!(bytea.bytes().eq([0x00, 0xFF, 0xA9]));
        assert_eq!(bytea.len(), 3);
        assert!(Bytea::from_text("\\x").unwrap().is_empty());
    }

    #[test]
    fn other_forms_are_refused() {
        for text in ["", "x00", "\\x0", "\\x0g", "\\000"] {
            assert!(Bytea::from_text(text).is_err(), "{text}");
        }
    }
}
