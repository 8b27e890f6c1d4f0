//! `numeric`, exact.
//!
//! Binary form (`numeric_send` in `src/backend/utils/adt/numeric.c`):
//!
//! | bytes | field |
//! |---|---|
//! | uint16 | how many words follow the header |
//! | int16 | weight: the first word counts 10000 to this power |
//! | uint16 | sign: 0x0000 positive, 0x4000 negative, 0xC000 NaN, 0xD000 infinity, 0xF000 -infinity |
//! | uint16 | scale: decimal digits behind the point |
//! | int16 each | words of four decimal digits, 0 to 9999, the highest first |

use core::fmt::{self, Display, Formatter, Write};

use super::ascii::{Ascii, digit_at};
use super::invalid;
use crate::error::{Error, ErrorKind, Result};
use crate::reader::Reader;
use crate::stack_text::StackText;

const CONTEXT: &str = "numeric";
const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEG_INFINITY: u16 = 0xF000;
/// `NUMERIC_DSCALE_MAX`
const MAX_SCALE: u16 = 0x3FFF;
const BASE: u16 = 10_000;
const WORD_DIGITS: i32 = 4;
/// Words that decide about the nearest number of double precision: at most 767 digits do.
const F64_WORDS: usize = 195;
/// Their digits, and what stands around them.
const F64_TEXT: usize = F64_WORDS * 4 + 20;

/// A `numeric`: an exact decimal number, or NaN or one of the infinities.
///
/// Two are equal when they have the same digits and the same scale: 1.0 is not 1.00, though
/// PostgreSQL's `=` says so.
#[derive(Clone, Copy, Debug)]
pub struct Numeric<'a> {
    form: Form<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Form<'a> {
    /// As PostgreSQL writes it; the digits have a sign before them at most.
    Text(&'a str),
    Binary(Words<'a>),
    NaN,
    Infinity,
    NegInfinity,
}

/// A finite number in words of base 10000, neither beginning nor ending with a zero word.
#[derive(Clone, Copy, Debug)]
struct Words<'a> {
    words: &'a [[u8; 2]],
    weight: i16,
    is_negative: bool,
    scale: u16,
}

/// What a `numeric` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumericKind {
    /// A number.
    Finite,
    /// `NaN`
    NaN,
    /// `Infinity`
    Infinity,
    /// `-Infinity`
    NegInfinity,
}

impl<'a> Numeric<'a> {
    pub(super) fn from_text(text: &'a str) -> Result<Self> {
        let form = match text {
            "NaN" => Form::NaN,
            "Infinity" => Form::Infinity,
            "-Infinity" => Form::NegInfinity,
            _ => {
                let unsigned = text.strip_prefix('-').unwrap_or(text);
                let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
                let digits =
                    |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                if !digits(whole) || !digits(fraction) {
                    return Err(invalid(CONTEXT));
                }
                Form::Text(text)
            }
        };
        Ok(Self { form })
    }

    pub(super) fn from_binary(bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes, 0);
        let count = reader.u16(CONTEXT)?;
        let weight = reader.i16(CONTEXT)?;
        let at_sign = reader.offset();
        let sign = reader.u16(CONTEXT)?;
        let at_scale = reader.offset();
        let scale = reader.u16(CONTEXT)?;
        let at_words = reader.offset();
        let (words, _) = reader.bytes(usize::from(count).saturating_mul(2), CONTEXT)?.as_chunks();
        reader.finish(CONTEXT)?;
        let form = match sign {
            POSITIVE | NEGATIVE if scale > MAX_SCALE => return Err(invalid_at(at_scale)),
            POSITIVE | NEGATIVE => {
                if let Some(at) = words.iter().position(|word| u16::from_be_bytes(*word) >= BASE) {
                    return Err(invalid_at(at_words.saturating_add((at as u64).saturating_mul(2))));
                }
                Form::Binary(Words::new(words, weight, sign == NEGATIVE, scale))
            }
            NAN => Form::NaN,
            INFINITY => Form::Infinity,
            NEG_INFINITY => Form::NegInfinity,
            _ => return Err(invalid_at(at_sign)),
        };
        Ok(Self { form })
    }

    /// Whether it is a number, and if not, what.
    pub const fn kind(&self) -> NumericKind {
        match self.form {
            Form::Text(_) | Form::Binary(_) => NumericKind::Finite,
            Form::NaN => NumericKind::NaN,
            Form::Infinity => NumericKind::Infinity,
            Form::NegInfinity => NumericKind::NegInfinity,
        }
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        match self.form {
            Form::Text(text) => text.starts_with('-'),
            Form::Binary(words) => words.is_negative,
            Form::NegInfinity => true,
            Form::NaN | Form::Infinity => false,
        }
    }

    /// How many of the [digits](Self::digits) are behind the point: at most 16383.
    pub fn scale(&self) -> u16 {
        match self.form {
            Form::Text(text) => {
                let fraction = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                u16::try_from(fraction).unwrap_or(u16::MAX)
            }
            Form::Binary(words) => words.scale,
            Form::NaN | Form::Infinity | Form::NegInfinity => 0,
        }
    }

    /// The decimal digits, each 0 to 9, from the highest, of which there is one before the point at
    /// least. None where it is not finite.
    pub fn digits(&self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        let (text, words) = match self.form {
            Form::Text(text) => (text, None),
            Form::Binary(words) => ("", Some(words)),
            Form::NaN | Form::Infinity | Form::NegInfinity => ("", None),
        };
        let of_text = text.bytes().filter(u8::is_ascii_digit).map(|byte| byte & 0xF);
        of_text.chain(words.into_iter().flat_map(Words::digits))
    }

    /// All the digits as a whole number, with its sign, and the scale: the number is the first
    /// divided by ten to the second. `None` where it is not finite or has more digits.
    pub fn unscaled(&self) -> Option<(i128, u16)> {
        let whole = self.whole(self.digits())?;
        Some((whole, self.scale()))
    }

    /// The number, if it is whole and not too large.
    pub fn to_i128(&self) -> Option<i128> {
        let whole_digits = self.digits().count().checked_sub(usize::from(self.scale()))?;
        if self.digits().skip(whole_digits).any(|digit| digit != 0) {
            return None;
        }
        self.whole(self.digits().take(whole_digits))
    }

    fn whole(&self, digits: impl Iterator<Item = u8>) -> Option<i128> {
        if self.kind() != NumericKind::Finite {
            return None;
        }
        let is_negative = self.is_negative();
        digits.map(i128::from).try_fold(0_i128, |number, digit| {
            let tenfold = number.checked_mul(10)?;
            if is_negative { tenfold.checked_sub(digit) } else { tenfold.checked_add(digit) }
        })
    }

    /// The nearest number of double precision, an infinity where it is too large.
    pub fn to_f64(&self) -> f64 {
        match self.form {
            Form::Text(text) => text.parse().unwrap_or(f64::NAN),
            Form::NaN => f64::NAN,
            Form::Infinity => f64::INFINITY,
            Form::NegInfinity => f64::NEG_INFINITY,
            Form::Binary(words) => {
                let magnitude = words.to_f64();
                if words.is_negative { -magnitude } else { magnitude }
            }
        }
    }
}

#[cold]
const fn invalid_at(offset: u64) -> Error {
    Error::new(ErrorKind::InvalidBinary, offset, CONTEXT)
}

impl PartialEq for Numeric<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind()
            && self.is_negative() == other.is_negative()
            && self.scale() == other.scale()
            && self.digits().eq(other.digits())
    }
}

impl Eq for Numeric<'_> {}

impl Display for Numeric<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.form {
            Form::Text(text) => f.write_str(text),
            Form::Binary(words) => words.fmt(f),
            Form::NaN => f.write_str("NaN"),
            Form::Infinity => f.write_str("Infinity"),
            Form::NegInfinity => f.write_str("-Infinity"),
        }
    }
}

impl<'a> Words<'a> {
    fn new(mut words: &'a [[u8; 2]], mut weight: i16, is_negative: bool, scale: u16) -> Self {
        while let [[0, 0], rest @ ..] = words {
            words = rest;
            weight = weight.saturating_sub(1);
        }
        while let [rest @ .., [0, 0]] = words {
            words = rest;
        }
        if words.is_empty() {
            weight = 0;
        }
        Self { words, weight, is_negative: is_negative && !words.is_empty(), scale }
    }

    /// The word that counts 10000 to the power of `weight`.
    fn word(self, weight: i32) -> u64 {
        let at = usize::try_from(i32::from(self.weight).saturating_sub(weight));
        let word = at.ok().and_then(|at| self.words.get(at));
        word.map_or(0, |word| u64::from(u16::from_be_bytes(*word)))
    }

    /// The weight of the last word that the scale reaches into.
    fn last_weight(self) -> i32 {
        i32::from(self.scale.div_ceil(4)).wrapping_neg()
    }

    fn digits(self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        let first = i32::from(self.weight).max(0);
        let whole = self.word(first).checked_ilog10().unwrap_or(0);
        // Places of digits: 0 is the one before the point.
        let lowest = i32::from(self.scale).wrapping_neg();
        let highest = first.saturating_mul(WORD_DIGITS).saturating_add_unsigned(whole);
        (lowest..=highest).rev().map(move |place| {
            let word = self.word(place.div_euclid(WORD_DIGITS));
            digit_at(word, place.rem_euclid(WORD_DIGITS).unsigned_abs()) & 0xF
        })
    }

    /// Reads so many digits that more could not change the result, beginning with the first that
    /// is not 0; of those behind it only counts whether there are any.
    fn to_f64(self) -> f64 {
        let mut text = StackText::<F64_TEXT>::new();
        let exponent = i32::from(self.weight).saturating_add(1).saturating_mul(WORD_DIGITS);
        let mut write = || -> fmt::Result {
            text.write_str("0.")?;
            for (at, word) in self.words.iter().enumerate() {
                if at == F64_WORDS {
                    text.write_str("1")?;
                    break;
                }
                write!(text, "{:04}", u16::from_be_bytes(*word))?;
            }
            write!(text, "e{exponent}")
        };
        match write() {
            Ok(()) => text.as_str().parse().unwrap_or(f64::NAN),
            Err(_) => f64::NAN,
        }
    }
}

impl Display for Words<'_> {
    /// `get_str_from_var` in `numeric.c`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut out = Ascii::new(f);
        if self.is_negative {
            out.push(b'-')?;
        }
        let first = i32::from(self.weight).max(0);
        out.number(self.word(first))?;
        for weight in (0..first).rev() {
            out.four_digits(self.word(weight))?;
        }
        if self.scale != 0 {
            out.push(b'.')?;
        }
        for weight in (self.last_weight()..0).rev() {
            let word = self.word(weight);
            if weight != self.last_weight() || self.scale.is_multiple_of(4) {
                out.four_digits(word)?;
                continue;
            }
            // The scale ends within this word.
            for behind in 1..=u32::from(self.scale % 4) {
                out.push(digit_at(word, 4_u32.saturating_sub(behind)))?;
            }
        }
        out.flush()
    }
}
