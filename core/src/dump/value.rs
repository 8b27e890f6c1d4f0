//! Values of fields.

use crate::types::{Lsn, Timestamp};

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Unsigned(u64),
    /// A number that may be negative.
    Signed(i64),
    /// A number that may have a fraction.
    Float(f64),
    /// A position in the log.
    Lsn(Lsn),
    /// A point in time.
    Time(Timestamp),
    /// A text, which ought to be UTF-8.
    Text(&'a [u8]),
    /// One of several things that have names; `None`: of no known name.
    Named {
        /// Its number.
        number: i64,
        /// Its name.
        name: Option<&'static str>,
    },
    /// Bits that have names.
    Flags(Flags),
    /// Several numbers.
    Numbers(Numbers<'a>),
}

/// Bits that have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    /// The bits.
    pub bits: u32,
    pub(crate) names: &'static [(u32, &'static str)],
}

impl Flags {
    /// The names of the bits that are set and have one.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let is_set = move |(bit, _): &&(u32, &str)| self.bits & bit != 0;
        self.names.iter().filter(is_set).map(|(_, name)| *name)
    }

    /// The bits that are set and have no name.
    pub fn unnamed(self) -> u32 {
        self.names.iter().fold(self.bits, |bits, (bit, _)| bits & !bit)
    }
}

/// Numbers of two or four bytes each, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers<'a> {
    pub(crate) bytes: &'a [u8],
    /// 2 or 4.
    pub(crate) size: u8,
}

impl<'a> Numbers<'a> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.bytes.len().checked_div(self.size.into()).unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = u32> + use<'a> {
        self.bytes.chunks_exact(usize::from(self.size).max(1)).map(|bytes| {
            bytes.iter().rev().fold(0, |number: u32, byte| number << 8 | u32::from(*byte))
        })
    }
}
