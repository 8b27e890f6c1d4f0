//! The bounds-checked cursor: the only code of this crate that takes bytes apart.

use core::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::types::{Lsn, Oid, Timestamp, Xid};

/// The length of a value that is NULL.
const NULL_LENGTH: i32 = -1;

/// Reads big-endian fields of a message from the front of a slice.
///
/// `base` is the position of the slice's first byte in the whole input: errors and ranges speak of
/// positions there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// Position in the input of the first byte after `rest`; the cursor is `end - rest.len()`.
    end: u64,
}

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub(crate) fn $name(&mut self, context: &'static str) -> Result<$type> {
            self.array(context).map(<$type>::from_be_bytes)
        }
    )*};
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`, whose first byte lies at position `base` of the input.
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8], base: u64) -> Self {
        Self { rest: bytes, end: base.saturating_add(bytes.len() as u64) }
    }

    /// The position of the next byte.
    #[inline]
    pub(crate) const fn offset(&self) -> u64 {
        self.end.saturating_sub(self.rest.len() as u64)
    }

    /// What has not been read yet.
    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// An error at the cursor.
    #[cold]
    pub(crate) const fn error(&self, kind: ErrorKind, context: &'static str) -> Error {
        Error::new(kind, self.offset(), context)
    }

    #[cold]
    fn end_of_input(&self, wanted: usize, context: &'static str) -> Error {
        let needed = wanted.saturating_sub(self.rest.len()) as u64;
        Error::new(ErrorKind::UnexpectedEnd { needed }, self.end, context)
    }

    /// The next `N` bytes.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self, context: &'static str) -> Result<[u8; N]> {
        match self.rest.split_first_chunk::<N>() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(*head)
            }
            None => Err(self.end_of_input(N, context)),
        }
    }

    integers! {
        /// One byte.
        u8: u8;
        /// Two bytes, unsigned.
        u16: u16;
        /// Two bytes, signed.
        i16: i16;
        /// Four bytes, unsigned.
        u32: u32;
        /// Four bytes, signed.
        i32: i32;
        /// Eight bytes, unsigned.
        u64: u64;
        /// Eight bytes, signed.
        i64: i64;
        /// A number of double precision.
        f64: f64;
    }

    /// An LSN (eight bytes).
    #[inline]
    pub(crate) fn lsn(&mut self, context: &'static str) -> Result<Lsn> {
        self.u64(context).map(Lsn)
    }

    /// A transaction id (four bytes).
    #[inline]
    pub(crate) fn xid(&mut self, context: &'static str) -> Result<Xid> {
        self.u32(context).map(Xid)
    }

    /// An object identifier (four bytes).
    #[inline]
    pub(crate) fn oid(&mut self, context: &'static str) -> Result<Oid> {
        self.u32(context).map(Oid)
    }

    /// A point in time (eight bytes).
    #[inline]
    pub(crate) fn timestamp(&mut self, context: &'static str) -> Result<Timestamp> {
        self.i64(context).map(Timestamp)
    }

    /// The next `length` bytes.
    #[inline]
    pub(crate) fn bytes(&mut self, length: usize, context: &'static str) -> Result<&'a [u8]> {
        match self.rest.split_at_checked(length) {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(self.end_of_input(length, context)),
        }
    }

    /// Bytes after their length, a signed number of four bytes that may not be negative.
    #[inline]
    pub(crate) fn sized_bytes(&mut self, context: &'static str) -> Result<&'a [u8]> {
        let start = *self;
        let length = self.i32(context)?;
        match usize::try_from(length) {
            Ok(length) => self.bytes(length, context),
            Err(_) => Err(start.error(ErrorKind::InvalidLength(i64::from(length)), context)),
        }
    }

    /// Bytes after their length, where a length of -1 stands for NULL.
    #[inline]
    pub(crate) fn nullable_bytes(&mut self, context: &'static str) -> Result<Option<&'a [u8]>> {
        let mut ahead = *self;
        if ahead.i32(context)? == NULL_LENGTH {
            *self = ahead;
            return Ok(None);
        }
        self.sized_bytes(context).map(Some)
    }

    /// Bytes up to a zero byte, which is read too but not returned.
    #[inline]
    pub(crate) fn string(&mut self, context: &'static str) -> Result<&'a [u8]> {
        let end = self.rest.iter().position(|&byte| byte == 0);
        match end.and_then(|end| self.rest.split_at_checked(end)) {
            Some((text, rest)) => {
                self.rest = rest.get(1..).unwrap_or_default();
                Ok(text)
            }
            None => Err(self.error(ErrorKind::UnterminatedString, context)),
        }
    }

    /// An error unless everything has been read.
    #[inline]
    pub(crate) fn finish(&self, context: &'static str) -> Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(self.error(ErrorKind::TrailingBytes { left: self.rest.len() as u64 }, context))
    }
}

/// Where `part`, a slice of `whole`, lies in it; `None` when it is a slice of something else.
///
/// Decoded messages borrow their fields from the input, so a field's place needs no record of its
/// own: addresses say it. Nothing is read through them.
#[inline]
pub(crate) fn range_in(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields_and_keeps_the_position() {
        let mut reader = Reader::new(&[1, 0, 2, b'a', 0, 0, 0, 0, 1, 9, 7], 100);
        assert_eq!(reader.u8("a"), Ok(1));
        assert_eq!(reader.u16("b"), Ok(2));
        assert_eq!(reader.string("c"), Ok(&b"a"[..]));
        assert_eq!(reader.offset(), 105);
        assert_eq!(reader.sized_bytes("d"), Ok(&[9][..]));
        let error = reader.finish("e").map_err(|error| (error.kind(), error.offset()));
        assert_eq!(error, Err((ErrorKind::TrailingBytes { left: 1 }, 110)));
    }

    #[test]
    fn an_end_too_early_says_how_much_is_missing_and_where() {
        let mut reader = Reader::new(&[1, 2], 10);
        let error = Error::new(ErrorKind::UnexpectedEnd { needed: 2 }, 12, "x");
        assert_eq!(reader.u32("x"), Err(error));
        let mut reader = Reader::new(&[0xFF, 0xFF, 0xFF, 0xFF], 10);
        assert_eq!(reader.sized_bytes("x"), Err(Error::new(ErrorKind::InvalidLength(-1), 10, "x")));
        let mut reader = Reader::new(b"abc", 10);
        assert_eq!(reader.string("x"), Err(Error::new(ErrorKind::UnterminatedString, 10, "x")));
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn a_part_knows_its_place() {
        let whole = [0_u8; 8];
        assert_eq!(range_in(&whole, whole.get(2..5).unwrap_or_default()), Some(2..5));
        assert_eq!(range_in(whole.get(4..).unwrap_or_default(), &whole), None);
    }
}
