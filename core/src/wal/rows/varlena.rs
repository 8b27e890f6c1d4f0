//! Values of varying length (`varatt.h`): with short and long headers, compressed, or elsewhere.
//!
//! | first byte | header |
//! |---|---|
//! | `0b0000_0001` | 1 byte, 1 byte of kind, and what says where the value is |
//! | `0bxxxx_xxx1` | 1 byte: the length with it |
//! | `0bxxxx_xx00` | 4 bytes, at a place that the type wants: the length with them, times 4 |
//! | `0bxxxx_xx10` | the same; 4 bytes follow with the length when decompressed, and in the upper two bits the method |

use alloc::borrow::Cow;
use alloc::vec;

use super::error::RowError;
use crate::types::Oid;
use crate::wal::cursor::Cursor;
use crate::wal::pglz;

/// `VARTAG_ONDISK`, the only kind that gets to disk.
const ON_DISK: u8 = 18;

/// The bits of a length beside two that say something else.
const LENGTH: u32 = 0x3FFF_FFFF;

/// What nothing is compressed better than. More is claimed by who wants to take memory.
const BEST_RATIO: usize = 256;

/// A value of varying length, as a row has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Varlena<'a> {
    /// As it is.
    Plain(&'a [u8]),
    /// Compressed.
    Compressed {
        /// 0 pglz, 1 LZ4.
        method: u8,
        /// How long it is when decompressed.
        size: u32,
        /// The compressed value.
        bytes: &'a [u8],
    },
    /// In the table's TOAST table. The log has it there, as rows of that table.
    Toast(ToastPointer),
}

/// Where a value is that is not in its row: `varatt_external`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToastPointer {
    /// How long it is, with its header of four bytes.
    pub raw_size: i32,
    /// How many bytes there are, perhaps compressed.
    pub size: u32,
    /// How they are compressed if they are: 0 pglz, 1 LZ4.
    pub method: u8,
    /// Its number (`chunk_id`).
    pub value: Oid,
    /// The TOAST table's OID.
    pub relation: Oid,
}

impl ToastPointer {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(bytes);
        let raw_size = fields.i32()?;
        let size = fields.u32()?;
        let [.., method] = (size >> 30).to_be_bytes();
        Some(Self {
            raw_size,
            size: size & LENGTH,
            method,
            value: fields.oid()?,
            relation: fields.oid()?,
        })
    }
}

/// How long the header of the value at the beginning of `bytes` is, and the value with it; `None`: it
/// is no value. Only the first four bytes are looked at.
pub(super) fn extent(bytes: &[u8]) -> Option<(usize, usize)> {
    const EXTERNAL: usize = 2 + 16;
    let first = *bytes.first()?;
    let (header, length) = match first {
        1 => (2, EXTERNAL),
        odd if odd & 1 == 1 => (1, usize::from(odd >> 1)),
        _ => (4, usize::try_from(Cursor::new(bytes).u32()? >> 2).ok()?),
    };
    (length >= header).then_some((header, length))
}

impl<'a> Varlena<'a> {
    /// The value that all of `bytes` is.
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (header, length) = extent(bytes)?;
        let payload = bytes.get(header..length)?;
        match *bytes.first()? {
            1 if bytes.get(1) == Some(&ON_DISK) => ToastPointer::decode(payload).map(Self::Toast),
            1 => None,
            long if long & 3 == 2 => {
                let mut fields = Cursor::new(payload);
                let info = fields.u32()?;
                let [.., method] = (info >> 30).to_be_bytes();
                Some(Self::Compressed { method, size: info & LENGTH, bytes: fields.rest() })
            }
            _ => Some(Self::Plain(payload)),
        }
    }

    /// The value, decompressed if need be; `None`: it is elsewhere.
    ///
    /// # Errors
    ///
    /// When it cannot be decompressed.
    pub fn value(&self) -> Result<Option<Cow<'a, [u8]>>, RowError> {
        match *self {
            Self::Plain(bytes) => Ok(Some(Cow::Borrowed(bytes))),
            Self::Toast(_) => Ok(None),
            Self::Compressed { method, size, bytes } => {
                let size = usize::try_from(size).map_err(|_| RowError::Compressed)?;
                if size > bytes.len().saturating_mul(BEST_RATIO) {
                    return Err(RowError::Compressed);
                }
                let mut value = vec![0; size];
                decompress(method, bytes, &mut value)?;
                Ok(Some(Cow::Owned(value)))
            }
        }
    }
}

fn decompress(method: u8, bytes: &[u8], value: &mut [u8]) -> Result<(), RowError> {
    let whole = match method {
        0 => pglz::decompress(bytes, value).is_some(),
        #[cfg(feature = "lz4")]
        1 => lz4_flex::block::decompress_into(bytes, value).is_ok_and(|size| size == value.len()),
        _ => return Err(RowError::Method { method }),
    };
    if whole { Ok(()) } else { Err(RowError::Compressed) }
}
