//! Numbers as text, of which a dump of the log has a dozen in each line. Those below a thousand, most of
//! them, are looked up; of others eight digits are made at once in one word, without a loop or a branch
//! for each.

use alloc::vec::Vec;

use crate::types::Lsn;

/// Digits of a word.
const DIGITS: u32 = 8;

/// The first number that has more digits than a word.
const TOO_LARGE: u32 = 100_000_000;

/// The digit 0 in each byte.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// A space in each byte.
const SPACES: u64 = 0x2020_2020_2020_2020;

/// Three digits of each number that has no more, the last one in the highest of the lower three bytes:
/// `  7`, ` 42`, `123`.
static SHORT: [u32; 1000] = short();

/// How many digits [`SHORT`] has.
const SHORT_DIGITS: u32 = 3;

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "computed when this is compiled, which fails if an index does not fit"
)]
const fn short() -> [u32; 1000] {
    let mut table = [0; 1000];
    let mut number = 0;
    while number < table.len() {
        let [.., a, b, c] = right(number as u32).to_le_bytes();
        table[number] = u32::from_le_bytes([a, b, c, 0]);
        number += 1;
    }
    table
}

/// What [`SHORT`] has of a number; `None`: the number has more digits.
#[inline]
fn looked_up(number: u64) -> Option<u32> {
    SHORT.get(usize::try_from(number).ok()?).copied()
}

/// `%0*u`: of so many digits at least.
#[inline]
pub(super) fn decimal(out: &mut impl Out, number: u64, width: u32) {
    if width <= 1
        && let Some(digits) = looked_up(number)
    {
        let shown = u32::from(number > 99).wrapping_add(u32::from(number > 9)).wrapping_add(1);
        let first = bits(SHORT_DIGITS.wrapping_sub(shown));
        return append(out, u64::from(digits >> first), shown);
    }
    match u32::try_from(number) {
        Ok(small) if small < TOO_LARGE && width <= DIGITS => {
            let word = eight(small);
            let shown = DIGITS.wrapping_sub(leading_zeros(word)).max(width);
            append(out, (word | ZEROS) >> bits(DIGITS.wrapping_sub(shown)), shown);
        }
        _ => long_decimal(out, number, width),
    }
}

/// `%6u` of a number that has no more digits, the first one in the lowest byte.
#[inline]
fn six(number: u32) -> u64 {
    match looked_up(number.into()) {
        Some(digits) => SPACES & 0xFF_FFFF | u64::from(digits) << bits(SHORT_DIGITS),
        None => right(number) >> bits(DIGITS.wrapping_sub(6)),
    }
}

/// `%10u`
#[inline]
pub(super) fn ten(number: u32) -> [u8; 10] {
    let (high, low) = if number < TOO_LARGE {
        (SPACES.to_le_bytes(), right(number))
    } else {
        let low = eight(number % TOO_LARGE) | ZEROS;
        (right(number / TOO_LARGE).to_le_bytes(), low)
    };
    let ([.., first, second], [a, b, c, d, e, f, g, h]) = (high, low.to_le_bytes());
    [first, second, a, b, c, d, e, f, g, h]
}

/// `%8u` of a number that has no more digits, the first one in the lowest byte.
#[inline]
const fn right(number: u32) -> u64 {
    let word = eight(number);
    let digits = u64::MAX << bits(leading_zeros(word));
    word | SPACES | (ZEROS ^ SPACES) & digits
}

/// `%0*X`: of so many digits at least.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the other half is taken by itself")]
pub(super) fn hexadecimal(out: &mut impl Out, number: u64, width: u32) {
    let (high, low) = (number >> 32, number as u32);
    let width = if high != 0 || width > DIGITS {
        long_hexadecimal(out, high, width.saturating_sub(DIGITS));
        DIGITS
    } else {
        width
    };
    let used = (u32::BITS.wrapping_sub((low | 1).leading_zeros())).div_ceil(4);
    let shown = used.max(width);
    append(out, eight_hexadecimal(low) >> bits(DIGITS.wrapping_sub(shown)), shown);
}

#[cold]
fn long_decimal(out: &mut impl Out, number: u64, width: u32) {
    const LIMIT: u64 = TOO_LARGE as u64;
    let (high, low) = (number / LIMIT, number % LIMIT);
    let before = width.saturating_sub(DIGITS);
    if high != 0 || before > 0 {
        decimal(out, high, before.max(1));
        return decimal(out, low, DIGITS);
    }
    decimal(out, low, width);
}

#[cold]
fn long_hexadecimal(out: &mut impl Out, high: u64, width: u32) {
    hexadecimal(out, high, width);
}

/// Eight digits of a number that has no more, the first in the lowest byte, as values.
///
/// Numbers of 8, then 4, then 2 digits are divided in all parts of the word at once: by multiplying
/// with the divisor's reciprocal, whose error is too small to matter for so few digits.
#[inline]
const fn eight(number: u32) -> u64 {
    let number = number as u64;
    let fours = (number / 10_000) | (number % 10_000) << 32;
    let hundreds = (fours.wrapping_mul(10_486) >> 20) & 0x0000_007F_0000_007F;
    let twos = hundreds | fours.wrapping_sub(hundreds.wrapping_mul(100)) << 16;
    let tens = (twos.wrapping_mul(103) >> 10) & 0x000F_000F_000F_000F;
    tens | twos.wrapping_sub(tens.wrapping_mul(10)) << 8
}

/// How many zeros a word of digits begins with, but for its last digit.
#[inline]
const fn leading_zeros(word: u64) -> u32 {
    (word | 1 << bits(DIGITS.wrapping_sub(1))).trailing_zeros() / 8
}

/// The eight hexadecimal digits of a number as characters, the first in the lowest byte.
#[inline]
const fn eight_hexadecimal(number: u32) -> u64 {
    // Four bits go to each byte.
    let spread = number as u64;
    let spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF;
    let spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF;
    let spread = (spread | spread << 4) & 0x0F0F_0F0F_0F0F_0F0F;
    let letters = (spread.wrapping_add(0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    let between = b'A'.wrapping_sub(b'9').wrapping_sub(1) as u64;
    (spread.wrapping_add(ZEROS).wrapping_add(letters.wrapping_mul(between))).swap_bytes()
}

#[inline]
fn append(out: &mut impl Out, word: u64, count: u32) {
    out.word(word, count as usize);
}

/// What text goes to.
pub(super) trait Out {
    /// Appends the first bytes of a word. Writing the whole word and cutting it is faster than writing
    /// so many.
    fn word(&mut self, word: u64, count: usize);
}

impl Out for Vec<u8> {
    #[inline]
    fn word(&mut self, word: u64, count: usize) {
        self.extend_from_slice(&word.to_le_bytes());
        self.truncate(self.len().saturating_sub((DIGITS as usize).saturating_sub(count)));
    }
}

/// More than any piece is long.
const ROOM: usize = 128;

/// A piece of text at the end of a vector, of some length at most: there is room for all of it before it
/// is written.
pub(super) struct Piece<'o> {
    bytes: &'o mut [u8; ROOM],
    length: usize,
}

impl Piece<'_> {
    /// Appends a piece.
    #[inline]
    pub(super) fn append(out: &mut Vec<u8>, write: impl FnOnce(&mut Piece<'_>)) {
        let start = out.len();
        out.extend_from_slice(&[0; ROOM]);
        let Some(bytes) = out.last_chunk_mut() else { return };
        let mut piece = Piece { bytes, length: 0 };
        write(&mut piece);
        let end = start.saturating_add(piece.length);
        out.truncate(end);
    }

    #[inline]
    pub(super) fn put<const N: usize>(&mut self, text: &[u8; N]) -> &mut Self {
        let room = self.bytes.get_mut(self.length..).and_then(|rest| rest.first_chunk_mut());
        if let Some(room) = room {
            *room = *text;
            self.length = self.length.wrapping_add(N);
        }
        self
    }

    #[inline]
    pub(super) fn decimal(&mut self, number: u32) -> &mut Self {
        decimal(self, number.into(), 1);
        self
    }

    /// `%6u` of a number that has no more digits.
    #[inline]
    pub(super) fn six(&mut self, number: u32) -> &mut Self {
        self.word(six(number), 6);
        self
    }

    #[inline]
    pub(super) fn kept<K, const N: usize>(&mut self, kept: &Kept<K, N>) -> &mut Self {
        self.put(&kept.text);
        self.length = self.length.wrapping_sub(N.wrapping_sub(kept.length));
        self
    }

    /// `%X/%08X`
    #[inline]
    pub(super) fn lsn(&mut self, lsn: Lsn) -> &mut Self {
        #[expect(clippy::cast_possible_truncation, reason = "the other half is written by itself")]
        let low = eight_hexadecimal(lsn.0 as u32);
        let high = lsn.0 >> 32;
        match b"0123456789ABCDEF".get(usize::try_from(high).unwrap_or(usize::MAX)) {
            Some(digit) => _ = self.put(&[*digit]),
            None => hexadecimal(self, high, 1),
        }
        self.put(b"/").put(&low.to_le_bytes())
    }
}

/// The text of what was written last, of `N` bytes at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept<K, const N: usize> {
    key: Option<K>,
    text: [u8; N],
    length: usize,
}

impl<K, const N: usize> Default for Kept<K, N> {
    fn default() -> Self {
        Self { key: None, text: [0; N], length: 0 }
    }
}

impl<K: Copy + PartialEq, const N: usize> Kept<K, N> {
    /// The text of that, which `write` writes if it is not the last one.
    #[inline]
    pub(super) fn of(&mut self, key: K, write: impl FnOnce(&mut Piece<'_>)) -> &Self {
        if self.key != Some(key) {
            let mut bytes = [0; ROOM];
            let mut piece = Piece { bytes: &mut bytes, length: 0 };
            write(&mut piece);
            self.length = piece.length.min(N);
            self.text = *bytes.first_chunk().unwrap_or(&[0; N]);
            self.key = Some(key);
        }
        self
    }
}

impl Out for Piece<'_> {
    #[inline]
    fn word(&mut self, word: u64, count: usize) {
        self.put(&word.to_le_bytes());
        self.length = self.length.wrapping_sub((DIGITS as usize).wrapping_sub(count));
    }
}

/// So many bytes in bits.
#[inline]
const fn bits(bytes: u32) -> u32 {
    bytes.wrapping_mul(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_those_of_printf() {
        let powers = (0..64).map(|bit| 1_u64 << bit).chain((0..20).map(|power| 10_u64.pow(power)));
        let near = powers.flat_map(|number| (0..3).map(move |more| number.wrapping_add(more) - 1));
        for number in near.chain(0..20_000).chain([u64::MAX]) {
            for width in [1_u32, 2, 6, 8, 10, 16] {
                let wide = usize::try_from(width).unwrap();
                assert_eq!(text(|out| decimal(out, number, width)), format!("{number:0wide$}"));
                assert_eq!(
                    text(|out| hexadecimal(out, number, width)),
                    format!("{number:0wide$X}")
                );
            }
            if let Ok(number) = u32::try_from(number) {
                assert_eq!(ten(number), *format!("{number:10}").as_bytes());
                if number < 1_000_000 {
                    let mut out = Vec::new();
                    Piece::append(&mut out, |piece| _ = piece.six(number));
                    assert_eq!(out, format!("{number:6}").as_bytes());
                }
            }
        }
        let mut out = b"a".to_vec();
        Piece::append(&mut out, |piece| {
            piece.put(b"t ").lsn(Lsn(0xA_0000_00BC)).put(b" ").lsn(Lsn(u64::MAX));
            piece.put(b", ").decimal(u32::MAX);
        });
        assert_eq!(out, b"at A/000000BC FFFFFFFF/FFFFFFFF, 4294967295");
    }
}
