//! Characters that are written one by one, handed on in pieces.

use core::fmt::{Formatter, Result};

const CAPACITY: usize = 64;

/// Collects ASCII characters in front of a formatter.
pub(super) struct Ascii<'w, 'f> {
    out: &'w mut Formatter<'f>,
    buffer: [u8; CAPACITY],
    length: usize,
}

impl<'w, 'f> Ascii<'w, 'f> {
    pub(super) const fn new(out: &'w mut Formatter<'f>) -> Self {
        Self { out, buffer: [0; CAPACITY], length: 0 }
    }

    /// Appends a character.
    pub(super) fn push(&mut self, byte: u8) -> Result {
        if self.length == CAPACITY {
            self.flush()?;
        }
        if let Some(place) = self.buffer.get_mut(self.length) {
            *place = byte;
            self.length = self.length.saturating_add(1);
        }
        Ok(())
    }

    /// Appends characters.
    pub(super) fn push_all(&mut self, bytes: &[u8]) -> Result {
        bytes.iter().try_for_each(|&byte| self.push(byte))
    }

    /// Appends a number of two digits.
    pub(super) fn two_digits(&mut self, number: u64) -> Result {
        self.push(digit(number / 10))?;
        self.push(digit(number))
    }

    /// Appends a number of four digits.
    pub(super) fn four_digits(&mut self, number: u64) -> Result {
        self.two_digits(number / 100)?;
        self.two_digits(number)
    }

    /// Appends a byte as two hexadecimal digits.
    pub(super) fn hex(&mut self, byte: u8) -> Result {
        self.push(hex_digit(byte >> 4))?;
        self.push(hex_digit(byte & 0xF))
    }

    /// Appends a number.
    pub(super) fn number(&mut self, number: u64) -> Result {
        self.push_all(Digits::of(number).as_slice())
    }

    /// Hands on what has been collected.
    pub(super) fn flush(&mut self) -> Result {
        let written = self.buffer.get(..self.length).unwrap_or_default();
        self.length = 0;
        // Only ASCII was pushed.
        self.out.write_str(str::from_utf8(written).unwrap_or_default())
    }
}

/// Bytes that are written as hexadecimal digits at a time.
const HEX_PIECE: usize = 32;

/// Writes bytes as two hexadecimal digits each.
pub(super) fn write_hex(f: &mut Formatter<'_>, bytes: &[u8]) -> Result {
    for piece in bytes.chunks(HEX_PIECE) {
        let mut pairs = [[0; 2]; HEX_PIECE];
        for (pair, &byte) in pairs.iter_mut().zip(piece) {
            *pair = [hex_digit(byte >> 4), hex_digit(byte & 0xF)];
        }
        let written = pairs.get(..piece.len()).unwrap_or_default().as_flattened();
        f.write_str(str::from_utf8(written).unwrap_or_default())?;
    }
    Ok(())
}

/// The decimal digits of a number.
pub(super) struct Digits {
    bytes: [u8; Self::MOST],
    start: usize,
}

impl Digits {
    /// `u64::MAX` has so many.
    const MOST: usize = 20;

    pub(super) fn of(mut number: u64) -> Self {
        let mut digits = Self { bytes: [b'0'; Self::MOST], start: Self::MOST };
        for place in digits.bytes.iter_mut().rev() {
            *place = digit(number);
            number /= 10;
            digits.start = digits.start.saturating_sub(1);
            if number == 0 {
                break;
            }
        }
        digits
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

/// The last digit of a number.
pub(super) const fn digit(number: u64) -> u8 {
    b'0'.wrapping_add((number % 10) as u8)
}

/// The digit of a number that counts 10 to the power of `place`.
pub(super) const fn digit_at(number: u64, place: u32) -> u8 {
    match number.checked_div(10_u64.saturating_pow(place)) {
        Some(shifted) => digit(shifted),
        None => b'0',
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0'.wrapping_add(nibble),
        _ => b'a'.wrapping_sub(10).wrapping_add(nibble),
    }
}
