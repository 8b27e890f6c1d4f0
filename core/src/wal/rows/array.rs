//! Arrays on disk (`array.h`), behind the header of four bytes that all values of varying length have.
//!
//! | bytes | field |
//! |---|---|
//! | int32 | number of dimensions |
//! | int32 | where the elements begin, if some are NULL, counted with the header of four bytes; else 0 |
//! | uint32 | the elements' type |
//! | int32 each | lengths of dimensions |
//! | int32 each | lower bounds of dimensions |
//! | bits | which elements are not NULL, if some are |
//! | | elements, each at a place that its type wants, counted with the header of four bytes |

use alloc::vec::Vec;

use super::binary;
use super::varlena::{Varlena, extent};
use crate::types::Oid;
use crate::value::types;
use crate::wal::cursor::Cursor;

/// The header that is left out, which places count.
const HEADER: usize = 4;

/// `MAXALIGN`
const ALIGNMENT: usize = 8;

/// `MAXDIM`
const MAX_DIMENSIONS: usize = 6;

/// Number of dimensions, whether some are NULL, type; lengths and lower bounds; each element with its
/// length, -1 for NULL.
pub(super) fn binary_form(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut fields = Cursor::new(bytes);
    let (dimensions, data, element) = (fields.count()?, fields.count()?, fields.oid()?);
    if dimensions > MAX_DIMENSIONS {
        return None;
    }
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        lengths.push(fields.i32()?);
    }
    out.extend(u32::try_from(dimensions).ok()?.to_be_bytes());
    out.extend(u32::from(data != 0).to_be_bytes());
    out.extend(element.0.to_be_bytes());
    for length in &lengths {
        out.extend(length.to_be_bytes());
        out.extend(fields.i32()?.to_be_bytes());
    }
    let mut count = usize::from(dimensions > 0);
    for length in &lengths {
        count = count.checked_mul(usize::try_from(*length).ok()?)?;
    }
    let headers = bytes.len().checked_sub(fields.rest().len())?.checked_add(HEADER)?;
    let (nulls, begin) = if data == 0 {
        (None, headers.checked_next_multiple_of(ALIGNMENT)?)
    } else {
        (Some(fields.rest().get(..count.div_ceil(8))?), data)
    };
    elements(bytes, begin, (element, count), nulls, out)
}

fn elements(
    bytes: &[u8],
    begin: usize,
    (element, count): (Oid, usize),
    nulls: Option<&[u8]>,
    out: &mut Vec<u8>,
) -> Option<()> {
    // More elements than bytes there cannot be, but for NULLs, which have a bit each.
    if count > bytes.len().checked_mul(8)? {
        return None;
    }
    let mut at = begin;
    for number in 0..count {
        if let Some(nulls) = nulls
            && nulls.get(number / 8)? >> (number % 8) & 1 == 0
        {
            out.extend((-1_i32).to_be_bytes());
            continue;
        }
        let length_at = out.len();
        out.extend([0; 4]);
        at = self::element(bytes, at, element, out)?;
        let length = out.len().checked_sub(length_at)?.checked_sub(4)?;
        let length = i32::try_from(length).ok()?.to_be_bytes();
        out.get_mut(length_at..length_at.checked_add(4)?)?.copy_from_slice(&length);
    }
    Some(())
}

/// An element at a place. Gives the place behind it.
fn element(bytes: &[u8], at: usize, element: Oid, out: &mut Vec<u8>) -> Option<usize> {
    let from = |at: usize| bytes.get(at.checked_sub(HEADER)?..);
    if let Some((size, align)) = binary::fixed_size(element) {
        let at = at.checked_next_multiple_of(align)?;
        binary::binary_form(element, from(at)?.get(..size)?, out)?;
        return at.checked_add(size);
    }
    // These are the only ones whose places are multiples of 8.
    if matches!(element, types::PATH | types::POLYGON) {
        return None;
    }
    let at = if *from(at)?.first()? == 0 { at.checked_next_multiple_of(HEADER)? } else { at };
    let (_, length) = extent(from(at)?)?;
    let value = Varlena::decode(from(at)?.get(..length)?)?.value().ok()??;
    binary::binary_form(element, &value, out)?;
    at.checked_add(length)
}
