//! `date`, `time`, `time with time zone`, `timestamp` and `timestamp with time zone` under
//! `DateStyle=ISO` and `TimeZone=UTC`.
//!
//! Binary forms (`date_send`, `time_send`, `timetz_send` in `src/backend/utils/adt/date.c`,
//! `timestamp_send` in `timestamp.c`), all numbers signed:
//!
//! | type | bytes |
//! |---|---|
//! | `date` | int32 days since 2000-01-01; the extremes are the infinities |
//! | `time` | int64 microseconds since midnight |
//! | `timetz` | int64 microseconds since midnight, int32 seconds *west* of UTC |
//! | `timestamp`, `timestamptz` | int64 microseconds since 2000-01-01; the extremes are the infinities |

use core::fmt::{self, Display, Formatter};

use super::ascii::Ascii;
use super::binary_form::fixed;
use super::clock::{
    MICROS_PER_DAY, MICROS_PER_SECOND, parse_clock, parse_pair, split_offset, write_clock,
    write_offset,
};
use super::invalid;
use super::number::parse_digits;
use crate::calendar::{civil_from_days, days_from_civil};
use crate::error::{ErrorKind, Result};
use crate::reader::Reader;
use crate::types::Timestamp;

/// Offsets from UTC stay under this many seconds (`TZDISP_LIMIT`).
const OFFSET_LIMIT: i32 = 16 * 3600;

/// A day: a number of days since 2000-01-01, or one of the infinities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

impl Date {
    /// `infinity`: later than every other.
    pub const INFINITY: Self = Self(i32::MAX);

    /// `-infinity`: earlier than every other.
    pub const NEG_INFINITY: Self = Self(i32::MIN);

    /// Whether this is neither of the infinities.
    pub const fn is_finite(self) -> bool {
        self.0 != i32::MAX && self.0 != i32::MIN
    }

    /// Year, month and day in the proleptic Gregorian calendar, the year counted astronomically: 0
    /// is 1 BC. `None` for the infinities.
    pub fn year_month_day(self) -> Option<(i32, u8, u8)> {
        let (year, month, day) = civil_from_days(i64::from(self.0));
        let (year, month) = (i32::try_from(year).ok()?, u8::try_from(month).ok()?);
        self.is_finite().then_some((year, month, u8::try_from(day).ok()?))
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        let parsed = match text {
            "infinity" => Some(Self::INFINITY),
            "-infinity" => Some(Self::NEG_INFINITY),
            _ => split_era(text)
                .and_then(|(date, era)| parse_date(date, era))
                .and_then(|days| i32::try_from(days).ok())
                .map(Self),
        };
        parsed.ok_or_else(|| invalid("date"))
    }

    pub(super) fn from_binary(bytes: &[u8]) -> Result<Self> {
        fixed(bytes, "date", Reader::i32).map(Self)
    }
}

impl Display for Date {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::INFINITY => f.write_str("infinity"),
            Self::NEG_INFINITY => f.write_str("-infinity"),
            Self(days) => {
                let mut out = Ascii::new(f);
                let era = write_date(&mut out, i64::from(days))?;
                out.push_all(era.suffix())?;
                out.flush()
            }
        }
    }
}

/// A time of day: microseconds since midnight, at most 24:00:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    micros: i64,
}

impl Time {
    /// Microseconds since midnight, from 0 to 86,400,000,000, which is 24:00:00.
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// Hour, minute, second and microseconds.
    pub const fn hour_minute_second(self) -> (u8, u8, u8, u32) {
        let micros = self.micros.unsigned_abs();
        let seconds = micros / MICROS_PER_SECOND;
        #[expect(clippy::cast_possible_truncation, reason = "a time has at most 24 hours")]
        let parts = ((seconds / 3600) as u8, (seconds / 60 % 60) as u8, (seconds % 60) as u8);
        (parts.0, parts.1, parts.2, (micros % MICROS_PER_SECOND) as u32)
    }

    /// A time from microseconds since midnight, if a day has so many.
    fn new(micros: i64) -> Option<Self> {
        (0..=MICROS_PER_DAY).contains(&micros).then_some(Self { micros })
    }

    fn parse(text: &str) -> Option<Self> {
        i64::try_from(parse_clock(text)?).ok().and_then(Self::new)
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| invalid("time"))
    }

    pub(super) fn from_binary(bytes: &[u8]) -> Result<Self> {
        fixed(bytes, "time", Self::read)
    }

    fn read(reader: &mut Reader<'_>, context: &'static str) -> Result<Self> {
        let start = *reader;
        let time = Self::new(reader.i64(context)?);
        time.ok_or_else(|| start.error(ErrorKind::InvalidBinary, context))
    }
}

impl Display for Time {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut out = Ascii::new(f);
        write_clock(&mut out, self.micros.unsigned_abs())?;
        out.flush()
    }
}

/// A time of day at an offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeTz {
    time: Time,
    utc_offset: i32,
}

impl TimeTz {
    /// The time of day, at the place with the offset.
    pub const fn time(self) -> Time {
        self.time
    }

    /// The offset in seconds, positive to the east of Greenwich.
    pub const fn utc_offset(self) -> i32 {
        self.utc_offset
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        split_offset(text)
            .and_then(|(clock, utc_offset)| Some(Self { time: Time::parse(clock)?, utc_offset }))
            .ok_or_else(|| invalid("timetz"))
    }

    pub(super) fn from_binary(bytes: &[u8]) -> Result<Self> {
        fixed(bytes, "timetz", |reader, context| {
            let time = Time::read(reader, context)?;
            let start = *reader;
            let west = reader.i32(context)?;
            if west.unsigned_abs() >= OFFSET_LIMIT.unsigned_abs() {
                return Err(start.error(ErrorKind::InvalidBinary, context));
            }
            Ok(Self { time, utc_offset: west.saturating_neg() })
        })
    }
}

impl Display for TimeTz {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut out = Ascii::new(f);
        write_clock(&mut out, self.time.micros.unsigned_abs())?;
        write_offset(&mut out, self.utc_offset)?;
        out.flush()
    }
}

pub(super) fn timestamp_from_text(text: &str) -> Result<Timestamp> {
    parse_timestamp(text, |clock| Some((clock, 0))).ok_or_else(|| invalid("timestamp"))
}

pub(super) fn timestamptz_from_text(text: &str) -> Result<Timestamp> {
    parse_timestamp(text, split_offset).ok_or_else(|| invalid("timestamptz"))
}

/// `split` separates the time of day from its offset from UTC.
fn parse_timestamp(
    text: &str,
    split: impl FnOnce(&str) -> Option<(&str, i32)>,
) -> Option<Timestamp> {
    match text {
        "infinity" => return Some(Timestamp::INFINITY),
        "-infinity" => return Some(Timestamp::NEG_INFINITY),
        _ => {}
    }
    let (text, era) = split_era(text)?;
    let (date, clock) = text.split_once(' ')?;
    let (clock, offset) = split(clock)?;
    let days = parse_date(date, era)?;
    let offset = i64::from(offset).checked_mul(1_000_000)?;
    let micros = i64::try_from(parse_clock(clock)?).ok()?.checked_sub(offset)?;
    days.checked_mul(MICROS_PER_DAY)?.checked_add(micros).map(Timestamp)
}

/// Writes a timestamp with `zone` behind its time.
pub(super) fn write_timestamp(
    f: &mut Formatter<'_>,
    timestamp: Timestamp,
    zone: &str,
) -> fmt::Result {
    match timestamp {
        Timestamp::INFINITY => return f.write_str("infinity"),
        Timestamp::NEG_INFINITY => return f.write_str("-infinity"),
        _ => {}
    }
    let mut out = Ascii::new(f);
    let era = write_date(&mut out, timestamp.0.div_euclid(MICROS_PER_DAY))?;
    out.push(b' ')?;
    write_clock(&mut out, timestamp.0.rem_euclid(MICROS_PER_DAY).unsigned_abs())?;
    out.push_all(zone.as_bytes())?;
    out.push_all(era.suffix())?;
    out.flush()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Era {
    BeforeChrist,
    AnnoDomini,
}

impl Era {
    const fn suffix(self) -> &'static [u8] {
        match self {
            Self::BeforeChrist => b" BC",
            Self::AnnoDomini => b"",
        }
    }
}

fn split_era(text: &str) -> Option<(&str, Era)> {
    Some(match text.strip_suffix(" BC") {
        Some(text) => (text, Era::BeforeChrist),
        None => (text, Era::AnnoDomini),
    })
}

/// Writes `YYYY-MM-DD`; the era goes behind everything else.
fn write_date(out: &mut Ascii<'_, '_>, days: i64) -> core::result::Result<Era, fmt::Error> {
    let (year, month, day) = civil_from_days(days);
    let (era, year) = if year > 0 {
        (Era::AnnoDomini, year.unsigned_abs())
    } else {
        (Era::BeforeChrist, year.unsigned_abs().saturating_add(1))
    };
    if year >= 10_000 {
        out.number(year / 10_000)?;
    }
    out.four_digits(year)?;
    out.push(b'-')?;
    out.two_digits(month.unsigned_abs())?;
    out.push(b'-')?;
    out.two_digits(day.unsigned_abs())?;
    Ok(era)
}

/// Days since 2000-01-01 of `YYYY-MM-DD`, whose year has at least four digits.
fn parse_date(text: &str, era: Era) -> Option<i64> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let (month, day) = (parse_pair(month)?, parse_pair(day)?);
    let written = parse_digits::<i32>(year)?;
    if written == 0 || year.len() < 4 {
        return None;
    }
    let year = match era {
        Era::AnnoDomini => written,
        Era::BeforeChrist => 1_i32.checked_sub(written)?,
    };
    days_from_civil(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
}
