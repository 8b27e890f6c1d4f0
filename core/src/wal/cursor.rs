//! Reads the little-endian fields of the log's structures, aligned or not.

#[cfg(feature = "alloc")]
use crate::types::Timestamp;
use crate::types::{Lsn, Oid, RelFileLocator, Xid};

/// The rest of some bytes. What does not fit any more is `None`, and nothing is taken then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub(crate) fn $name(&mut self) -> Option<$type> {
            self.array().map(<$type>::from_le_bytes)
        }
    )*};
}

impl<'a> Cursor<'a> {
    /// Reads `bytes` from their beginning.
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Reads `bytes` from an offset on; nothing is there behind their end.
    #[inline]
    pub(crate) fn at(bytes: &'a [u8], offset: usize) -> Self {
        Self { rest: bytes.get(offset..).unwrap_or_default() }
    }

    /// What was not read yet.
    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `N` bytes.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    /// The next `length` bytes.
    #[inline]
    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(head)
    }

    integers! {
        /// One byte.
        u8: u8;
        /// One byte, signed.
        #[cfg(feature = "alloc")]
        i8: i8;
        /// Two bytes, unsigned.
        u16: u16;
        /// Four bytes, unsigned.
        u32: u32;
        /// Four bytes, signed.
        #[cfg(feature = "alloc")]
        i32: i32;
        /// Eight bytes, unsigned.
        u64: u64;
        /// Eight bytes, signed.
        #[cfg(feature = "alloc")]
        i64: i64;
    }

    /// How many there are of something, four bytes: a negative number is none.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn count(&mut self) -> Option<usize> {
        self.i32().map(|count| usize::try_from(count).unwrap_or(0))
    }

    /// A text up to its zero byte, or to the end.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn string(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == 0).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(1..).unwrap_or_default();
        Some(text)
    }

    /// A boolean, one byte.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn bool(&mut self) -> Option<bool> {
        self.u8().map(|byte| byte != 0)
    }

    /// A position in the log.
    #[inline]
    pub(crate) fn lsn(&mut self) -> Option<Lsn> {
        self.u64().map(Lsn)
    }

    /// A transaction id.
    #[inline]
    pub(crate) fn xid(&mut self) -> Option<Xid> {
        self.u32().map(Xid)
    }

    /// An object identifier.
    #[inline]
    pub(crate) fn oid(&mut self) -> Option<Oid> {
        self.u32().map(Oid)
    }

    /// A point in time.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn timestamp(&mut self) -> Option<Timestamp> {
        self.i64().map(Timestamp)
    }

    /// Where a relation's files lie: tablespace, database, file number.
    #[inline]
    pub(crate) fn locator(&mut self) -> Option<RelFileLocator> {
        let bytes = self.array::<12>()?;
        let mut fields = Cursor::new(&bytes);
        Some(RelFileLocator {
            tablespace: fields.oid()?,
            database: fields.oid()?,
            relation: fields.oid()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_takes_nothing() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        assert_eq!(cursor.u16(), Some(0x0201));
        assert_eq!(cursor.u16(), None);
        assert_eq!(cursor.rest(), &[3]);
        assert_eq!(Cursor::at(&[1, 2], 3).u8(), None);
    }
}
