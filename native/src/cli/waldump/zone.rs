//! The machine's time zone.

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use walscope_core::wal::{Zone, ZoneTime};

/// More names than any zone has had.
const NAMES: usize = 64;

/// What `TZ` says, or the machine is set to.
#[derive(Debug)]
pub(super) struct LocalZone {
    zone: TimeZone,
    /// The abbreviations that were met so far.
    names: [OnceLock<String>; NAMES],
}

impl LocalZone {
    pub(super) fn new() -> Self {
        // Where there is none, the C library takes UTC.
        let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
        Self { zone, names: [const { OnceLock::new() }; NAMES] }
    }

    fn name(&self, name: &str) -> &str {
        let mut names = self.names.iter().map(|known| known.get_or_init(|| name.to_owned()));
        names.find(|known| *known == name).map_or("", String::as_str)
    }
}

impl Zone for LocalZone {
    fn at(&self, seconds: i64) -> ZoneTime<'_> {
        let info = self.zone.to_offset_info(timestamp(seconds));
        ZoneTime { offset: info.offset().seconds(), name: self.name(info.abbreviation()) }
    }
}

/// Seconds since 1970. What lies outside of the calendar becomes its end.
fn timestamp(seconds: i64) -> Timestamp {
    let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(seconds.clamp(first, last)).unwrap_or_default()
}
