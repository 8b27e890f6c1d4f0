//! Lists of numbers in records.

use crate::types::{Oid, RelFileLocator, Xid};
use crate::wal::cursor::Cursor;

/// Something of a fixed size that records have lists of.
pub trait Item: Sized {
    /// Its size in bytes.
    const SIZE: usize;

    /// One that `bytes` of that size are.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

macro_rules! items {
    ($($type:ty, $size:literal, $read:ident;)*) => {$(
        impl Item for $type {
            const SIZE: usize = $size;

            #[inline]
            fn decode(bytes: &[u8]) -> Option<Self> {
                Cursor::new(bytes).$read()
            }
        }
    )*};
}

items! {
    u16, 2, u16;
    Xid, 4, xid;
    Oid, 4, oid;
    RelFileLocator, 12, locator;
}

/// A list in a record, borrowed from it.
#[derive(Clone, Copy, Debug)]
pub struct List<'a, T> {
    bytes: &'a [u8],
    item: core::marker::PhantomData<T>,
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self { bytes: &[], item: core::marker::PhantomData }
    }
}

impl<'a, T: Item> List<'a, T> {
    /// So many of them from the cursor on. `None`: there are fewer.
    pub(crate) fn take(cursor: &mut Cursor<'a>, count: usize) -> Option<Self> {
        let bytes = cursor.bytes(count.checked_mul(T::SIZE)?)?;
        Some(Self { bytes, ..Self::default() })
    }

    /// As many as there are whole ones in `bytes`.
    pub(crate) fn all(bytes: &'a [u8]) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bytes.len().checked_div(T::SIZE).unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        self.bytes.chunks_exact(T::SIZE).filter_map(T::decode)
    }
}
