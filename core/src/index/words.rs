//! Numbers as words of a table, and texts as bytes beside it.

use alloc::vec::Vec;
use core::fmt::{self, Write};

/// Bytes that take in text.
pub(crate) struct Side<'a>(pub(crate) &'a mut Vec<u8>);

impl Write for Side<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0.extend_from_slice(part.as_bytes());
        Ok(())
    }
}

/// A number of 64 bits as two words, low word first.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "each half has 32 bits")]
pub(crate) const fn halves(value: u64) -> [i32; 2] {
    [(value as u32).cast_signed(), ((value >> 32) as u32).cast_signed()]
}

/// An offset or a length: batches are smaller than 2 GiB.
#[inline]
pub(crate) fn int(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
