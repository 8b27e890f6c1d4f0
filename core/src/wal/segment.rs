//! Segments: the log is kept in files of one size, whose names say where they belong.

use core::fmt;

use crate::types::{Lsn, TimelineId};

/// The size of a segment: a power of two from 1 MB to 1 GB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SegmentSize(u32);

impl Default for SegmentSize {
    /// 16 MB, what `initdb` takes.
    fn default() -> Self {
        Self(16 << 20)
    }
}

impl SegmentSize {
    const MIN: u32 = 1 << 20;
    const MAX: u32 = 1 << 30;

    /// So many bytes, if a segment can have them (`IsValidWalSegSize`).
    pub const fn new(bytes: u32) -> Option<Self> {
        if bytes.is_power_of_two() && bytes >= Self::MIN && bytes <= Self::MAX {
            Some(Self(bytes))
        } else {
            None
        }
    }

    /// The size in bytes.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number of the segment that a position lies in.
    pub const fn number(self, lsn: Lsn) -> u64 {
        lsn.0 >> self.0.trailing_zeros()
    }

    /// How far into its segment a position lies.
    #[expect(clippy::cast_possible_truncation, reason = "less than the size")]
    pub const fn offset(self, lsn: Lsn) -> u32 {
        (lsn.0 & (self.0 as u64).wrapping_sub(1)) as u32
    }

    /// Where a segment begins.
    pub const fn start(self, number: u64) -> Lsn {
        Lsn(number << self.0.trailing_zeros())
    }

    /// The first segment boundary at a position or behind it.
    pub const fn boundary(self, lsn: Lsn) -> Lsn {
        match self.offset(lsn) {
            0 => lsn,
            offset => Lsn(lsn.0.saturating_add(self.0.saturating_sub(offset) as u64)),
        }
    }

    /// Segments of 4 GB of log: the file name splits the number by it.
    const fn per_file_id(self) -> u64 {
        (1 << 32) >> self.0.trailing_zeros()
    }
}

/// The name of a segment's file, such as `000000010000000000000037`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SegmentName {
    /// The timeline.
    pub timeline: TimelineId,
    /// The number of the segment.
    pub number: u64,
    /// The size of segments.
    pub size: SegmentSize,
}

impl SegmentName {
    /// Digits of a name.
    pub const LENGTH: usize = 24;

    /// Which segment of that size a file name names. What follows the digits (`.partial`) is not
    /// looked at; a lower-case name is none.
    pub fn parse(name: &str, size: SegmentSize) -> Option<Self> {
        let digits = name.get(..Self::LENGTH)?;
        if digits.bytes().any(|byte| !matches!(byte, b'0'..=b'9' | b'A'..=b'F')) {
            return None;
        }
        let part = |from: usize| u32::from_str_radix(digits.get(from..)?.get(..8)?, 16).ok();
        let (timeline, high, low) = (part(0)?, part(8)?, part(16)?);
        let number = u64::from(high).checked_mul(size.per_file_id())?.checked_add(low.into())?;
        Some(Self { timeline: TimelineId(timeline), number, size })
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shift = self.size.per_file_id().trailing_zeros();
        let low = self.number & self.size.per_file_id().wrapping_sub(1);
        write!(f, "{:08X}{:08X}{low:08X}", self.timeline.0, self.number >> shift)
    }
}

#[cfg(test)]
mod tests {
    extern crate alloc;
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        for bytes in [0, 1 << 19, (1 << 20) + 1, 3 << 20, 1 << 31] {
            assert_eq!(SegmentSize::new(bytes), None);
        }
    }

    /// `SELECT pg_walfile_name(…)` says the same on servers of these segment sizes.
    #[test]
    fn names_go_both_ways() {
        for (megabytes, lsn, name) in [
            (1, 0x0370_0000, "000000010000000000000037"),
            (16, 0x0370_0000, "000000010000000000000003"),
            (16, 0x1_2345_6789, "000000010000000100000023"),
            (1024, 0x16_C000_0000, "000000010000001600000003"),
        ] {
            let size = SegmentSize::new(megabytes << 20).unwrap();
            let number = size.number(Lsn(lsn));
            let segment = SegmentName { timeline: TimelineId(1), number, size };
            assert_eq!(segment.to_string(), name);
            assert_eq!(SegmentName::parse(name, size), Some(segment));
            assert_eq!(size.start(number).0 + u64::from(size.offset(Lsn(lsn))), lsn);
        }
        let size = SegmentSize::default();
        assert_eq!(SegmentName::parse("00000001000000000000003", size), None);
        assert_eq!(SegmentName::parse("00000001.history0000000000", size), None);
    }

    #[test]
    fn a_boundary_is_its_own() {
        let size = SegmentSize::new(1 << 20).unwrap();
        assert_eq!(size.boundary(Lsn(1 << 20)), Lsn(1 << 20));
        assert_eq!(size.boundary(Lsn((1 << 20) + 8)), Lsn(2 << 20));
    }
}
