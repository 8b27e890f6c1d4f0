//! `interval` under `IntervalStyle=postgres`.
//!
//! Binary form (`interval_send` in `src/backend/utils/adt/timestamp.c`):
//!
//! | bytes | field |
//! |---|---|
//! | int64 | microseconds |
//! | int32 | days |
//! | int32 | months |
//!
//! The infinities of PostgreSQL 17 and later have all three at their extremes.

use core::fmt::{self, Display, Formatter};

use super::ascii::Ascii;
use super::binary_form::fixed;
use super::clock::{parse_clock, write_clock};
use super::{invalid, number};
use crate::error::Result;

/// A span of time. The three parts do not convert into one another: months and days differ in
/// length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Months, twelve to a year.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

impl Interval {
    /// `infinity`: longer than every other.
    pub const INFINITY: Self = Self { months: i32::MAX, days: i32::MAX, micros: i64::MAX };

    /// `-infinity`: shorter than every other.
    pub const NEG_INFINITY: Self = Self { months: i32::MIN, days: i32::MIN, micros: i64::MIN };

    /// Whether this is neither of the infinities.
    pub fn is_finite(self) -> bool {
        self != Self::INFINITY && self != Self::NEG_INFINITY
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| invalid("interval"))
    }

    pub(super) fn from_binary(bytes: &[u8]) -> Result<Self> {
        fixed(bytes, "interval", |reader, context| {
            let (micros, days) = (reader.i64(context)?, reader.i32(context)?);
            Ok(Self { months: reader.i32(context)?, days, micros })
        })
    }
}

/// Reads parts such as `1 year`, `-2 mons`, `+3 days`, and a time at the end.
fn parse(text: &str) -> Option<Interval> {
    match text {
        "infinity" => return Some(Interval::INFINITY),
        "-infinity" => return Some(Interval::NEG_INFINITY),
        _ => {}
    }
    let mut interval = Interval { months: 0, days: 0, micros: 0 };
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        let unsigned = word.strip_prefix(['-', '+']).unwrap_or(word);
        if unsigned.contains(':') {
            let micros = parse_clock(unsigned)?;
            interval.micros = if word.starts_with('-') {
                0_i64.checked_sub_unsigned(micros)?
            } else {
                i64::try_from(micros).ok()?
            };
            return if words.next().is_none() { Some(interval) } else { None };
        }
        let count = number::parse::<i32>(word.strip_prefix('+').unwrap_or(word))?;
        match words.next()?.trim_end_matches('s') {
            "year" => interval.months = count.checked_mul(12)?,
            "mon" => interval.months = interval.months.checked_add(count)?,
            "day" => interval.days = count,
            _ => return None,
        }
    }
    Some(interval)
}

impl Display for Interval {
    /// `EncodeInterval` and `AddPostgresIntPart` in `src/backend/utils/adt/datetime.c`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::INFINITY => return f.write_str("infinity"),
            Self::NEG_INFINITY => return f.write_str("-infinity"),
            _ => {}
        }
        let mut out = Ascii::new(f);
        let mut is_first = true;
        // A part behind a negative one shows its plus sign.
        let mut behind_negative = false;
        for (count, unit) in
            [(self.months / 12, "year"), (self.months % 12, "mon"), (self.days, "day")]
        {
            if count == 0 {
                continue;
            }
            if !is_first {
                out.push(b' ')?;
            }
            write_sign(&mut out, count < 0, behind_negative)?;
            out.number(count.unsigned_abs().into())?;
            out.push(b' ')?;
            out.push_all(unit.as_bytes())?;
            if count != 1 {
                out.push(b's')?;
            }
            (is_first, behind_negative) = (false, count < 0);
        }
        if is_first || self.micros != 0 {
            if !is_first {
                out.push(b' ')?;
            }
            write_sign(&mut out, self.micros < 0, behind_negative)?;
            write_clock(&mut out, self.micros.unsigned_abs())?;
        }
        out.flush()
    }
}

fn write_sign(out: &mut Ascii<'_, '_>, negative: bool, behind_negative: bool) -> fmt::Result {
    match (negative, behind_negative) {
        (true, _) => out.push(b'-'),
        (false, true) => out.push(b'+'),
        (false, false) => Ok(()),
    }
}
