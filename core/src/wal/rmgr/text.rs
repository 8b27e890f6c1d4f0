//! Writes the pieces that descriptions are made of, as PostgreSQL's `printf` does.

use alloc::vec::Vec;

use super::zone::Zone;
use crate::calendar::civil_from_days;
use crate::types::{Lsn, RelFileLocator, Timestamp};
use crate::wal::{Fork, Version, digits};

/// A text that is being written. Each method appends.
pub(crate) struct Text<'o> {
    out: &'o mut Vec<u8>,
    zone: &'o dyn Zone,
    version: Version,
}

impl<'o> Text<'o> {
    /// Texts of a version go to the end of `out`, times in `zone`.
    pub(crate) const fn new(out: &'o mut Vec<u8>, zone: &'o dyn Zone, version: Version) -> Self {
        Self { out, zone, version }
    }

    /// Whether the texts are those of `version` or a later one.
    #[inline]
    pub(crate) fn since(&self, version: Version) -> bool {
        self.version >= version
    }

    /// `%s`
    #[inline]
    pub(crate) fn str(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// `%s` of what need not be UTF-8.
    #[inline]
    pub(crate) fn bytes(&mut self, text: &[u8]) -> &mut Self {
        self.out.extend_from_slice(text);
        self
    }

    /// `%u`
    #[inline]
    pub(crate) fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        digits::decimal(self.out, number.into(), 1);
        self
    }

    /// `%d`
    pub(crate) fn signed(&mut self, number: impl Into<i64>) -> &mut Self {
        self.signed_padded(number.into(), 1)
    }

    /// `%X`, of so many digits at least.
    #[inline]
    pub(crate) fn hex(&mut self, number: impl Into<u64>, digits: u32) -> &mut Self {
        digits::hexadecimal(self.out, number.into(), digits);
        self
    }

    /// `%c` of T or F
    pub(crate) fn truth(&mut self, truth: bool) -> &mut Self {
        self.str(if truth { "T" } else { "F" })
    }

    /// `%X/%X`
    #[inline]
    pub(crate) fn lsn(&mut self, lsn: Lsn) -> &mut Self {
        self.hex(lsn.0 >> 32, 1).str("/").hex(lsn.0 & 0xFFFF_FFFF, 1)
    }

    /// `%u:%u` of a transaction id of 64 bits, which begins with its epoch.
    pub(crate) fn full_xid(&mut self, xid: u64) -> &mut Self {
        self.number(xid >> 32).str(":").number(xid & 0xFFFF_FFFF)
    }

    /// `%u/%u/%u` of a relation's files.
    pub(crate) fn locator(&mut self, locator: RelFileLocator) -> &mut Self {
        self.number(locator.tablespace.0)
            .str("/")
            .number(locator.database.0)
            .str("/")
            .number(locator.relation.0)
    }

    /// The path of a relation's file (`relpathperm`).
    pub(crate) fn path(&mut self, locator: RelFileLocator, fork: Fork) -> &mut Self {
        const GLOBAL: u32 = 1664;
        const DEFAULT: u32 = 1663;
        match locator.tablespace.0 {
            GLOBAL => self.str("global/"),
            DEFAULT => self.str("base/").number(locator.database.0).str("/"),
            tablespace => {
                let version = self.version;
                self.str("pg_tblspc/").number(tablespace).str("/PG_").number(version.major());
                self.str("_").number(version.catalog()).str("/");
                self.number(locator.database.0).str("/")
            }
        };
        self.number(locator.relation.0);
        match fork.name() {
            Some(name) if fork != Fork::MAIN => self.str("_").str(name),
            _ => self,
        }
    }

    /// A point in time (`timestamptz_to_str` of client programs, which counts in whole seconds
    /// towards 2000).
    pub(crate) fn time(&mut self, time: Timestamp) -> &mut Self {
        const UNIX_TO_2000: i64 = 946_684_800;
        const DAY: i64 = 86_400;
        let (seconds, micros) = (time.0 / 1_000_000, time.0 % 1_000_000);
        let zone = self.zone.at(seconds.saturating_add(UNIX_TO_2000));
        let local = seconds.saturating_add(zone.offset.into());
        let (days, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, day) = civil_from_days(days);
        self.signed(year).str("-").signed_padded(month, 2).str("-").signed_padded(day, 2);
        self.str(" ").signed_padded(second / 3600, 2);
        self.str(":").signed_padded(second / 60 % 60, 2);
        self.str(":").signed_padded(second % 60, 2);
        self.str(".").signed_padded(micros, 6).str(" ").str(zone.name)
    }

    /// ` %u` of each.
    pub(crate) fn spaced<T: Into<u64>>(&mut self, numbers: impl Iterator<Item = T>) -> &mut Self {
        for number in numbers {
            self.str(" ").number(number);
        }
        self
    }

    /// ` [a, b]` (`array_desc`, since PostgreSQL 16).
    pub(crate) fn array<T>(
        &mut self,
        items: impl Iterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.str(" [");
        for (number, item) in items.enumerate() {
            if number > 0 {
                self.str(", ");
            }
            each(self, item);
        }
        self.str("]")
    }

    /// ` [1, 2]`
    pub(crate) fn numbers<T: Into<u64>>(&mut self, items: impl Iterator<Item = T>) -> &mut Self {
        self.array(items, |text, item| {
            text.number(item);
        })
    }

    fn signed_padded(&mut self, number: i64, width: u32) -> &mut Self {
        let width = if number < 0 {
            self.str("-");
            width.saturating_sub(1)
        } else {
            width
        };
        digits::decimal(self.out, number.unsigned_abs(), width.max(1));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Oid;
    use crate::wal::{Utc, ZoneTime};
    use alloc::string::String;

    fn text(write: impl FnOnce(&mut Text<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Text::new(&mut out, &Utc, Version::V17));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_those_of_printf() {
        assert_eq!(text(|text| _ = text.number(0_u32).str(" ").number(u64::MAX)), {
            "0 18446744073709551615"
        });
        assert_eq!(text(|text| _ = text.signed(-5).str(" ").signed(i64::MIN)), {
            "-5 -9223372036854775808"
        });
        assert_eq!(text(|text| _ = text.hex(0xAB_u8, 4).str(" ").hex(0_u8, 1)), "00AB 0");
        assert_eq!(text(|text| _ = text.lsn(Lsn(0x1_0000_0BCD))), "1/BCD");
        assert_eq!(text(|text| _ = text.full_xid(0x1_0000_0007)), "1:7");
        assert_eq!(text(|text| _ = text.numbers([1_u16, 2].into_iter())), " [1, 2]");
        assert_eq!(text(|text| _ = text.numbers(core::iter::empty::<u16>())), " []");
    }

    /// As `pg_waldump` prints them; of what lies before 2000, the rest of a second is negative.
    #[test]
    fn times_are_those_of_client_programs() {
        for (micros, expected) in [
            (0, "2000-01-01 00:00:00.000000 UTC"),
            (848_671_200_123_456, "2026-11-22 14:00:00.123456 UTC"),
            (-1_000_005, "1999-12-31 23:59:59.-00005 UTC"),
        ] {
            assert_eq!(text(|text| _ = text.time(Timestamp(micros))), expected);
        }
        struct Kolkata;
        impl Zone for Kolkata {
            fn at(&self, _: i64) -> ZoneTime<'_> {
                ZoneTime { offset: 19_800, name: "IST" }
            }
        }
        let mut out = Vec::new();
        Text::new(&mut out, &Kolkata, Version::V17).time(Timestamp(0));
        assert_eq!(out, b"2000-01-01 05:30:00.000000 IST");
    }

    #[test]
    fn paths_are_those_of_files() {
        let locator = |tablespace, database| RelFileLocator {
            tablespace: Oid(tablespace),
            database: Oid(database),
            relation: Oid(3),
        };
        assert_eq!(text(|text| _ = text.path(locator(1664, 9), Fork::FSM)), "global/3_fsm");
        assert_eq!(text(|text| _ = text.path(locator(1663, 9), Fork::MAIN)), "base/9/3");
        assert_eq!(
            text(|text| _ = text.path(locator(7, 9), Fork::INIT)),
            "pg_tblspc/7/PG_17_202406281/9/3_init"
        );
    }
}
