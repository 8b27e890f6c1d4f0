//! Time zones: descriptions have times as the machine's clock shows them.

/// A time zone. A program that has no other takes [`Utc`].
pub trait Zone {
    /// What holds at so many seconds since 1970.
    fn at(&self, seconds: i64) -> ZoneTime<'_>;
}

/// What holds in a time zone at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneTime<'a> {
    /// Seconds ahead of UTC.
    pub offset: i32,
    /// The abbreviation, such as `CEST` (`%Z`).
    pub name: &'a str,
}

/// Coordinated universal time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utc;

impl Zone for Utc {
    fn at(&self, _: i64) -> ZoneTime<'_> {
        ZoneTime { offset: 0, name: "UTC" }
    }
}
