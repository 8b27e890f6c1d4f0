//! Hours, minutes and seconds as `AppendSeconds` and `EncodeTimezone` write them
//! (`src/backend/utils/adt/datetime.c`).

use core::fmt::Result;

use super::ascii::{Ascii, digit};
use super::number::parse_digits;

pub(super) const MICROS_PER_SECOND: u64 = 1_000_000;
const MICROS_PER_MINUTE: u64 = 60 * MICROS_PER_SECOND;
const MICROS_PER_HOUR: u64 = 60 * MICROS_PER_MINUTE;
pub(super) const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Writes `HH:MM:SS`, and the microseconds without the zeros at their end.
pub(super) fn write_clock(out: &mut Ascii<'_, '_>, micros: u64) -> Result {
    let hours = micros / MICROS_PER_HOUR;
    if hours >= 100 {
        out.number(hours / 100)?;
    }
    out.two_digits(hours)?;
    out.push(b':')?;
    out.two_digits(micros / MICROS_PER_MINUTE % 60)?;
    out.push(b':')?;
    out.two_digits(micros / MICROS_PER_SECOND % 60)?;
    let mut fraction = micros % MICROS_PER_SECOND;
    if fraction != 0 {
        out.push(b'.')?;
    }
    while fraction != 0 {
        out.push(digit(fraction / (MICROS_PER_SECOND / 10)))?;
        fraction = fraction.wrapping_mul(10) % MICROS_PER_SECOND;
    }
    Ok(())
}

/// Reads `HH:MM:SS` with at most six digits behind a point; there may be more hours than a day has.
pub(super) fn parse_clock(text: &str) -> Option<u64> {
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let (minutes, seconds) = (parse_pair(minutes)?, parse_pair(seconds)?);
    let missing = 6_u32.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let fraction = parse_digits::<u64>(fraction)?.checked_mul(10_u64.pow(missing))?;
    parse_digits::<u64>(hours)?
        .checked_mul(MICROS_PER_HOUR)?
        .checked_add(minutes.checked_mul(MICROS_PER_MINUTE)?)?
        .checked_add(seconds.checked_mul(MICROS_PER_SECOND)?)?
        .checked_add(fraction)
}

/// Reads two digits.
pub(super) fn parse_pair(text: &str) -> Option<u64> {
    if text.len() == 2 { parse_digits(text) } else { None }
}

/// Writes an offset from UTC in seconds, positive to the east: `+HH`, `+HH:MM` or `+HH:MM:SS`.
pub(super) fn write_offset(out: &mut Ascii<'_, '_>, offset: i32) -> Result {
    out.push(if offset < 0 { b'-' } else { b'+' })?;
    let seconds = u64::from(offset.unsigned_abs());
    out.two_digits(seconds / 3600)?;
    if seconds % 3600 != 0 {
        out.push(b':')?;
        out.two_digits(seconds / 60 % 60)?;
    }
    if seconds % 60 != 0 {
        out.push(b':')?;
        out.two_digits(seconds % 60)?;
    }
    Ok(())
}

/// Splits a text before its offset from UTC, and reads that.
pub(super) fn split_offset(text: &str) -> Option<(&str, i32)> {
    let (clock, offset) = text.split_at_checked(text.rfind(['+', '-'])?)?;
    let mut seconds = 0_i32;
    let mut unit = 3600_i32;
    for part in offset.get(1..)?.split(':') {
        seconds = seconds.checked_add(unit.checked_mul(i32::try_from(parse_pair(part)?).ok()?)?)?;
        unit /= 60;
    }
    let complete = offset.len() <= "+HH:MM:SS".len();
    let seconds = if offset.starts_with('-') { seconds.checked_neg()? } else { seconds };
    complete.then_some((clock, seconds))
}
