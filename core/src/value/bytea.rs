//! `bytea`: the bytes themselves, as text in the hexadecimal form that the session asks for
//! (`bytea_output = hex`; `byteaout`, `byteasend` in `src/backend/utils/adt/varlena.c`).

use core::fmt::{self, Formatter};

use super::{ascii, invalid};
use crate::error::Result;

/// Bytes, or the text `\x` and two hexadecimal digits for each.
#[derive(Clone, Copy, Debug)]
pub struct Bytea<'a> {
    form: Form<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Form<'a> {
    /// Pairs of hexadecimal digits.
    Digits(&'a [[u8; 2]]),
    Bytes(&'a [u8]),
}

impl<'a> Bytea<'a> {
    pub(super) fn from_text(text: &'a str) -> Result<Self> {
        let digits = text.strip_prefix("\\x").ok_or_else(|| invalid("bytea"))?.as_bytes();
        let (pairs, rest) = digits.as_chunks();
        let well_formed = rest.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
        if well_formed { Ok(Self { form: Form::Digits(pairs) }) } else { Err(invalid("bytea")) }
    }

    pub(super) const fn from_binary(bytes: &'a [u8]) -> Self {
        Self { form: Form::Bytes(bytes) }
    }

    /// How many bytes it holds.
    pub const fn len(&self) -> usize {
        match self.form {
            Form::Digits(pairs) => pairs.len(),
            Form::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether it holds no bytes.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes as they stand in the input, where they came in binary.
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        match self.form {
            Form::Digits(_) => None,
            Form::Bytes(bytes) => Some(bytes),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> impl ExactSizeIterator<Item = u8> + Clone + use<'a> {
        let form = self.form;
        (0..self.len()).map(move |at| match form {
            Form::Digits(pairs) => pairs.get(at).and_then(|pair| hex_byte(*pair)).unwrap_or(0),
            Form::Bytes(bytes) => bytes.get(at).copied().unwrap_or(0),
        })
    }
}

impl PartialEq for Bytea<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.as_bytes(), other.as_bytes()) {
            (Some(left), Some(right)) => left == right,
            _ => self.bytes().eq(other.bytes()),
        }
    }
}

impl Eq for Bytea<'_> {}

impl fmt::Display for Bytea<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.form {
            Form::Digits(pairs) => {
                f.write_str("\\x")?;
                // They were checked when this was made.
                f.write_str(str::from_utf8(pairs.as_flattened()).unwrap_or_default())
            }
            Form::Bytes(bytes) => write_hex(f, bytes),
        }
    }
}

/// Writes bytes as `bytea` does.
pub(super) fn write_hex(f: &mut Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("\\x")?;
    ascii::write_hex(f, bytes)
}

/// The byte that two hexadecimal digits stand for.
pub(super) fn hex_byte([high, low]: [u8; 2]) -> Option<u8> {
    Some(nibble(high)? << 4 | nibble(low)?)
}

const fn nibble(digit: u8) -> Option<u8> {
    Some(match digit {
        b'0'..=b'9' => digit.wrapping_sub(b'0'),
        b'a'..=b'f' => digit.wrapping_sub(b'a').wrapping_add(10),
        b'A'..=b'F' => digit.wrapping_sub(b'A').wrapping_add(10),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_bytes() {
        let bytea = Bytea::from_text("\\x00fFa9").unwrap();
        assert!(bytea.bytes().eq([0x00, 0xFF, 0xA9]));
        assert_eq!(bytea, Bytea::from_binary(&[0x00, 0xFF, 0xA9]));
        assert_ne!(bytea, Bytea::from_binary(&[0x00, 0xFF]));
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
