//! `real` and `double precision`: IEEE 754 on the wire (`float4send`, `float8send` in
//! `src/backend/utils/adt/float.c`), as text the shortest digits that give the number back.
//!
//! PostgreSQL writes them with Ryu (`src/common/d2s.c`, `f2s.c`), which differs from Rust's
//! shortest digits in two points: digits exactly half-way between two numbers do not count as the
//! even one, and of two shortest texts equally near it takes the one that ends in an even digit.

use core::fmt::{self, Formatter, LowerExp, Write};
use core::ops::Range;
use core::str::FromStr;

use super::ascii::{Ascii, Digits, digit};
use super::{invalid, number};
use crate::error::Result;
use crate::stack_text::StackText;

/// Decimal exponents that are written without an exponent.
const FIXED_F32: Range<i32> = -4..6;
const FIXED_F64: Range<i32> = -4..15;
/// Whole numbers under this need no search for digits; it is the end of [`FIXED_F64`].
const WHOLE_F64: f64 = 1e15;
/// The same for [`FIXED_F32`].
const WHOLE_F32: f32 = 1e6;
/// So many digits always tell a number apart.
const MOST_DIGITS: usize = 17;
/// Powers of five beyond this are longer than any significand.
const MOST_FIVES: u32 = 24;
/// Room for the digits, `e` and an exponent.
const SCIENTIFIC: usize = 32;

/// PostgreSQL writes `NaN`, `Infinity` and `-Infinity`; Rust reads these and more.
pub(super) fn from_text<T: FromStr>(text: &str, context: &'static str) -> Result<T> {
    parse(text).ok_or_else(|| invalid(context))
}

pub(super) fn parse<T: FromStr>(text: &str) -> Option<T> {
    match text.strip_prefix('-').unwrap_or(text).as_bytes().first() {
        Some(b'0'..=b'9') => number::parse(text),
        _ if matches!(text, "NaN" | "Infinity" | "-Infinity") => number::parse(text),
        _ => None,
    }
}

pub(super) fn write_f64(f: &mut Formatter<'_>, value: f64) -> fmt::Result {
    if write_special(f, value.is_nan(), value.is_infinite(), value.is_sign_negative())? {
        return Ok(());
    }
    let value = value.abs();
    #[expect(clippy::cast_possible_truncation, reason = "compared with what was cast")]
    let whole = value as i64;
    if value < WHOLE_F64 && whole as f64 == value {
        return write!(f, "{whole}");
    }
    let bits = value.to_bits();
    let binary = Binary::of(bits, f64::MANTISSA_DIGITS, 1075);
    shortest(value, binary)?.write(f, FIXED_F64)
}

pub(super) fn write_f32(f: &mut Formatter<'_>, value: f32) -> fmt::Result {
    if write_special(f, value.is_nan(), value.is_infinite(), value.is_sign_negative())? {
        return Ok(());
    }
    let value = value.abs();
    #[expect(clippy::cast_possible_truncation, reason = "compared with what was cast")]
    let whole = value as i32;
    if value < WHOLE_F32 && whole as f32 == value {
        return write!(f, "{whole}");
    }
    let binary = Binary::of(value.to_bits().into(), f32::MANTISSA_DIGITS, 150);
    shortest(value, binary)?.write(f, FIXED_F32)
}

/// Writes the sign, and what is no number; whether that was all.
fn write_special(
    f: &mut Formatter<'_>,
    is_nan: bool,
    is_infinite: bool,
    is_negative: bool,
) -> core::result::Result<bool, fmt::Error> {
    if is_nan {
        f.write_str("NaN")?;
        return Ok(true);
    }
    if is_negative {
        f.write_str("-")?;
    }
    if is_infinite {
        f.write_str("Infinity")?;
    }
    Ok(is_infinite)
}

/// A floating-point number taken apart: `significand * 2^exponent`.
#[derive(Clone, Copy)]
struct Binary {
    significand: u64,
    exponent: i32,
    /// Whether the next lower number is only half as far away as the next higher one.
    is_power_of_two: bool,
}

impl Binary {
    /// `bias` is the exponent's, counted to the end of the significand.
    fn of(bits: u64, significand_bits: u32, bias: i32) -> Self {
        let stored = significand_bits.saturating_sub(1);
        let hidden = 1_u64.wrapping_shl(stored);
        let fraction = bits & hidden.wrapping_sub(1);
        let biased = i32::try_from(bits >> stored).unwrap_or(0);
        if biased == 0 {
            let exponent = 1_i32.saturating_sub(bias);
            return Self { significand: fraction, exponent, is_power_of_two: false };
        }
        Self {
            significand: fraction | hidden,
            exponent: biased.saturating_sub(bias),
            is_power_of_two: fraction == 0 && biased > 1,
        }
    }

    /// Whether `decimal` lies exactly half-way to the next number.
    fn has_boundary(self, decimal: Decimal) -> bool {
        let doubled = self.significand.saturating_mul(2);
        let half = self.exponent.saturating_sub(1);
        let lower = if self.is_power_of_two {
            let quadrupled = doubled.saturating_mul(2);
            decimal.equals(quadrupled.saturating_sub(1), half.saturating_sub(1))
        } else {
            decimal.equals(doubled.saturating_sub(1), half)
        };
        lower || decimal.equals(doubled.saturating_add(1), half)
    }

    /// Whether the number lies exactly half-way between two decimals of the same exponent.
    fn is_between(self, one: Decimal, other: Decimal) -> bool {
        let sum = one.digits.saturating_add(other.digits);
        let doubled = self.exponent.saturating_add(1);
        Decimal { digits: sum, exponent: one.exponent }.equals(self.significand, doubled)
    }
}

/// A decimal number: `digits * 10^exponent`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: u64,
    exponent: i32,
}

impl Decimal {
    /// Whether this is exactly `significand * 2^exponent`.
    fn equals(self, significand: u64, exponent: i32) -> bool {
        let fives = self.exponent.unsigned_abs();
        if fives > MOST_FIVES || self.digits == 0 || significand == 0 {
            return false;
        }
        let power = 5_u128.pow(fives);
        let digits = u128::from(self.digits);
        let product = if self.exponent >= 0 {
            digits.saturating_mul(power)
        } else {
            match (digits.checked_rem(power), digits.checked_div(power)) {
                (Some(0), Some(quotient)) => quotient,
                _ => return false,
            }
        };
        let odd = |number: u128, exponent: i32| {
            let twos = number.trailing_zeros();
            (number.wrapping_shr(twos), i64::from(exponent).saturating_add(i64::from(twos)))
        };
        odd(product, self.exponent) == odd(u128::from(significand), exponent)
    }

    fn neighbour(self, up: bool) -> Self {
        let step = if up { self.digits.saturating_add(1) } else { self.digits.saturating_sub(1) };
        Self { digits: step, ..self }
    }

    /// Whether these digits are read as `value`.
    fn gives<T: FromStr + PartialEq>(self, value: T) -> bool {
        let mut text = StackText::<SCIENTIFIC>::new();
        write!(text, "{}e{}", self.digits, self.exponent).is_ok()
            && text.as_str().parse::<T>().is_ok_and(|parsed| parsed == value)
    }

    fn write(mut self, f: &mut Formatter<'_>, fixed: Range<i32>) -> fmt::Result {
        while self.digits.is_multiple_of(10) && self.digits != 0 {
            self.digits /= 10;
            self.exponent = self.exponent.saturating_add(1);
        }
        let digits = Digits::of(self.digits);
        let digits = digits.as_slice();
        let count = i32::try_from(digits.len()).unwrap_or(0);
        // What the first digit counts: ten to this power.
        let first = self.exponent.saturating_add(count).saturating_sub(1);
        let mut out = Ascii::new(f);
        if fixed.contains(&first) {
            write_fixed(&mut out, digits, first)?;
        } else {
            write_with_point(&mut out, digits, 1)?;
            out.push_all(if first < 0 { b"e-" } else { b"e+" })?;
            let exponent = u64::from(first.unsigned_abs());
            if exponent >= 100 {
                out.push(digit(exponent / 100))?;
            }
            out.two_digits(exponent)?;
        }
        out.flush()
    }
}

/// Writes digits, the first of which counts ten to the power of `first`, without an exponent.
fn write_fixed(out: &mut Ascii<'_, '_>, digits: &[u8], first: i32) -> fmt::Result {
    if first < 0 {
        out.push_all(b"0.")?;
        (first.saturating_add(1)..0).try_for_each(|_| out.push(b'0'))?;
        return out.push_all(digits);
    }
    let before_point = usize::try_from(first).unwrap_or(0).saturating_add(1);
    write_with_point(out, digits, before_point)?;
    (digits.len()..before_point).try_for_each(|_| out.push(b'0'))
}

/// Writes digits with a point behind so many of them, if there are more.
fn write_with_point(out: &mut Ascii<'_, '_>, digits: &[u8], before_point: usize) -> fmt::Result {
    let (whole, fraction) = digits.split_at_checked(before_point).unwrap_or((digits, &[]));
    out.push_all(whole)?;
    if fraction.is_empty() {
        return Ok(());
    }
    out.push(b'.')?;
    out.push_all(fraction)
}

/// PostgreSQL's shortest digits of a positive number.
fn shortest<T>(value: T, binary: Binary) -> core::result::Result<Decimal, fmt::Error>
where
    T: LowerExp + FromStr + PartialEq + Copy,
{
    let mut scanner = Scanner::default();
    write!(scanner, "{value:e}")?;
    let found = scanner.decimal();
    for up in [false, true] {
        let other = found.neighbour(up);
        if found.digits % 2 == 1 && binary.is_between(found, other) && other.gives(value) {
            return Ok(other);
        }
    }
    if binary.significand % 2 == 1 || !binary.has_boundary(found) {
        return Ok(found);
    }
    let fits = |decimal: Decimal| !binary.has_boundary(decimal) && decimal.gives(value);
    for other in [found.neighbour(false), found.neighbour(true)] {
        if fits(other) {
            return Ok(other);
        }
    }
    for precision in 0..MOST_DIGITS {
        let mut scanner = Scanner::default();
        write!(scanner, "{value:.precision$e}")?;
        if fits(scanner.decimal()) {
            return Ok(scanner.decimal());
        }
    }
    Ok(found)
}

/// Reads what Rust writes with an exponent, such as `1.25e-7`.
#[derive(Default)]
struct Scanner {
    digits: u64,
    /// Digits behind the point.
    behind: i32,
    exponent: i32,
    part: Part,
    has_negative_exponent: bool,
}

#[derive(Default, PartialEq, Eq)]
enum Part {
    #[default]
    Whole,
    Fraction,
    Exponent,
}

impl Scanner {
    fn decimal(&self) -> Decimal {
        let exponent =
            if self.has_negative_exponent { self.exponent.wrapping_neg() } else { self.exponent };
        Decimal { digits: self.digits, exponent: exponent.wrapping_sub(self.behind) }
    }
}

impl Write for Scanner {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match byte {
                b'.' => self.part = Part::Fraction,
                b'e' => self.part = Part::Exponent,
                b'-' => self.has_negative_exponent = true,
                _ if self.part == Part::Exponent => {
                    let digit = i32::from(byte & 0xF);
                    self.exponent = self.exponent.wrapping_mul(10).wrapping_add(digit);
                }
                _ => {
                    let digit = u64::from(byte & 0xF);
                    self.digits = self.digits.wrapping_mul(10).wrapping_add(digit);
                    if self.part == Part::Fraction {
                        self.behind = self.behind.wrapping_add(1);
                    }
                }
            }
        }
        Ok(())
    }
}
