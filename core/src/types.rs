//! The small types that PostgreSQL's protocols and files are written in, and their text forms.

use core::fmt;
use core::str::FromStr;

use crate::calendar::civil_from_days;

/// A position in the write-ahead log: bytes since its beginning.
///
/// Displayed as PostgreSQL does (`pg_lsn`): two hexadecimal halves, unpadded, upper case.
///
/// ```
/// # use walscope_core::Lsn;
/// let lsn: Lsn = "16/B374D848".parse()?;
/// assert_eq!(lsn.0, 0x16_B374_D848);
/// assert_eq!(lsn.to_string(), "16/B374D848");
/// # Ok::<(), walscope_core::LsnParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl Lsn {
    /// `0/0`, which PostgreSQL calls `InvalidXLogRecPtr`: no position.
    pub const INVALID: Self = Self(0);

    /// Whether this is a position at all.
    pub const fn is_valid(self) -> bool {
        self.0 != 0
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

/// A text that is no LSN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LsnParseError;

impl fmt::Display for LsnParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an LSN: two hexadecimal numbers of at most 8 digits with a slash between them are expected, such as 16/B374D848")
    }
}

impl core::error::Error for LsnParseError {}

impl FromStr for Lsn {
    type Err = LsnParseError;

    fn from_str(text: &str) -> Result<Self, LsnParseError> {
        let (high, low) = text.split_once('/').ok_or(LsnParseError)?;
        Ok(Self(u64::from(lsn_half(high)?) << 32 | u64::from(lsn_half(low)?)))
    }
}

/// One half of an LSN. `from_str_radix` alone would accept a sign.
fn lsn_half(text: &str) -> Result<u32, LsnParseError> {
    if text.is_empty() || text.len() > 8 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(LsnParseError);
    }
    u32::from_str_radix(text, 16).map_err(|_| LsnParseError)
}

/// A transaction id of 32 bits, without its epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xid(pub u32);

impl fmt::Display for Xid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An object identifier: of a type, a relation, a tablespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(pub u32);

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A timeline: it rises by one with each promotion or point-in-time recovery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimelineId(pub u32);

impl fmt::Display for TimelineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a relation's files lie: `RelFileLocator` (`RelFileNode` before PostgreSQL 16).
///
/// Displayed as `tablespace/database/relfilenumber`, as `pg_waldump` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelFileLocator {
    /// The tablespace.
    pub tablespace: Oid,
    /// The database; 0 for a shared relation.
    pub database: Oid,
    /// The relation's file number.
    pub relation: Oid,
}

impl fmt::Display for RelFileLocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tablespace, self.database, self.relation)
    }
}

/// A point in time: microseconds since 2000-01-01 00:00:00 UTC (`TimestampTz`).
///
/// Displayed as ISO 8601 in UTC with six fractional digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Microseconds from the Unix epoch (1970) to PostgreSQL's (2000).
    const UNIX_OFFSET: i64 = 946_684_800_000_000;

    /// `infinity`: later than every other.
    pub const INFINITY: Self = Self(i64::MAX);

    /// `-infinity`: earlier than every other.
    pub const NEG_INFINITY: Self = Self(i64::MIN);

    /// Whether this is neither of the infinities.
    pub const fn is_finite(self) -> bool {
        self.0 != i64::MAX && self.0 != i64::MIN
    }

    /// From microseconds since 1970-01-01 00:00:00 UTC.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros.saturating_sub(Self::UNIX_OFFSET))
    }

    /// Microseconds since 1970-01-01 00:00:00 UTC.
    pub const fn to_unix_micros(self) -> i64 {
        self.0.saturating_add(Self::UNIX_OFFSET)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MICROS_PER_DAY: i64 = 86_400_000_000;
        let days = self.0.div_euclid(MICROS_PER_DAY);
        let micros = self.0.rem_euclid(MICROS_PER_DAY);
        let (year, month, day) = civil_from_days(days);
        let seconds = micros / 1_000_000;
        // Years beyond 9999 or before 0 take ISO 8601's expanded form, which JavaScript reads too.
        if (0..=9999).contains(&year) {
            write!(f, "{year:04}")?;
        } else {
            write!(f, "{year:+07}")?;
        }
        write!(
            f,
            "-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:06}Z",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            micros % 1_000_000
        )
    }
}

#[cfg(test)]
mod tests {
    extern crate alloc;
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn lsn_text_goes_both_ways() {
        for text in ["0/0", "0/15287A8", "16/B374D848", "FFFFFFFF/FFFFFFFF"] {
            assert_eq!(text.parse::<Lsn>().map(|lsn| lsn.to_string()), Ok(text.to_string()));
        }
        assert_eq!("00000000/015287a8".parse(), Ok(Lsn(0x0152_87A8)));
    }

    #[test]
    fn what_is_no_lsn_is_refused() {
        for text in
            ["", "0", "/", "0/", "/0", "+1/0", "1/-1", "123456789/0", "0/0/0", "g/0", " 0/0"]
        {
            assert_eq!(text.parse::<Lsn>(), Err(LsnParseError), "{text}");
        }
    }

    /// Expected texts are those of `SELECT to_char(timestamp '2000-01-01' + …)` on a server.
    #[test]
    fn timestamps_are_iso_8601() {
        for (micros, text) in [
            (0, "2000-01-01T00:00:00.000000Z"),
            (-1, "1999-12-31T23:59:59.999999Z"),
            (5_097_600_000_000, "2000-02-29T00:00:00.000000Z"),
            (848_671_200_123_456, "2026-11-22T14:00:00.123456Z"),
            (-946_684_800_000_000, "1970-01-01T00:00:00.000000Z"),
            (252_455_615_999_999_999, "9999-12-31T23:59:59.999999Z"),
            (252_455_616_000_000_000, "+010000-01-01T00:00:00.000000Z"),
        ] {
            assert_eq!(Timestamp(micros).to_string(), text);
        }
        assert_eq!(Timestamp::from_unix_micros(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Timestamp(7).to_unix_micros(), 946_684_800_000_007);
    }

    #[test]
    fn extreme_timestamps_do_not_panic() {
        for micros in [i64::MIN, i64::MAX] {
            assert!(!Timestamp(micros).to_string().is_empty());
        }
    }
}
