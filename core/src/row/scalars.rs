//! walscope's own types in rows, and as numbers or text in any other format.

use core::fmt::{self, Formatter};
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::types::{Lsn, Oid, Timestamp, Xid};
use crate::value::Date;

/// By these names the deserializer of a column knows what is asked for.
pub(super) const TIMESTAMP: &str = "$walscope::Timestamp";
pub(super) const DATE: &str = "$walscope::Date";

impl<'de> Deserialize<'de> for Timestamp {
    /// Elsewhere than in rows the number of microseconds.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = Number { expected: "a timestamp", number: PhantomData::<i64> };
        deserializer.deserialize_newtype_struct(TIMESTAMP, visitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Date {
    /// Elsewhere than in rows the number of days.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = Number { expected: "a date", number: PhantomData::<i32> };
        deserializer.deserialize_newtype_struct(DATE, visitor).map(Self)
    }
}

struct Number<T> {
    expected: &'static str,
    number: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Number<T> {
    type Value = T;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Xid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Lsn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(LsnVisitor)
    }
}

struct LsnVisitor;

impl Visitor<'_> for LsnVisitor {
    type Value = Lsn;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("an LSN")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Lsn, E> {
        text.parse().map_err(E::custom)
    }
}
