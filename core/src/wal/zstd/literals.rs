//! The literals of a compressed block (RFC 8878, 3.1.1.3.1), behind a header of 1 to 5 bytes:
//!
//! | bits | is |
//! |---|---|
//! | 2 | the kind: as they are; one byte for all; with a tree before them; by the tree of a block before |
//! | 1, 2 | the form of the sizes: how long they are, and whether there is one stream or four |
//! | 5, 12, 20 | the number of literals, of the first two kinds; |
//! | 10, 14, 18 | of the others, |
//! | 10, 14, 18 | and how long they are in the block, with the tree |

use super::super::cursor::Cursor;
use super::huffman::Huffman;

const RAW: u8 = 0;
const RLE: u8 = 1;
const COMPRESSED: u8 = 2;

/// Streams begin with the sizes of all but the last, two bytes each (3.1.1.3.1.6).
const STREAMS: usize = 4;

/// Reads the literals at the beginning of a block. They, or what they come from, go to `room`; more
/// than that has would not fit into the page.
pub(super) fn decode<'a>(
    block: &mut Cursor<'_>,
    huffman: &mut Huffman,
    room: &'a mut [u8],
) -> Option<&'a [u8]> {
    let head = *block.rest().first()?;
    let (kind, form) = (head & 3, head >> 2 & 3);
    if kind == RAW || kind == RLE {
        let (skipped, width) = match form {
            0 | 2 => (3, 1),
            1 => (4, 2),
            _ => (4, 3),
        };
        let length = number(block.bytes(width)?) >> skipped;
        let literals = room.get_mut(..usize::try_from(length).ok()?)?;
        match kind {
            RAW => literals.copy_from_slice(block.bytes(literals.len())?),
            _ => literals.fill(block.u8()?),
        }
        return Some(literals);
    }
    let (bits, width) = match form {
        0 | 1 => (10, 3),
        2 => (14, 4),
        _ => (18, 5),
    };
    let sizes = number(block.bytes(width)?) >> 4;
    let size = |sizes: u64| usize::try_from(sizes & !u64::MAX.wrapping_shl(bits)).ok();
    let literals = room.get_mut(..size(sizes)?)?;
    let mut streams = Cursor::new(block.bytes(size(sizes >> bits)?)?);
    if kind == COMPRESSED {
        huffman.describe(&mut streams)?;
    }
    if form == 0 {
        huffman.decode(streams.rest(), literals)?;
    } else {
        decode_streams(huffman, streams, literals)?;
    }
    Some(literals)
}

/// All but the last of the streams make a quarter of the literals each, rounded up.
fn decode_streams(huffman: &Huffman, mut source: Cursor<'_>, literals: &mut [u8]) -> Option<()> {
    let sizes = [source.u16()?, source.u16()?, source.u16()?];
    let quarter = literals.len().div_ceil(STREAMS);
    let mut rest = literals;
    for size in sizes {
        let (part, behind) = rest.split_at_mut_checked(quarter)?;
        huffman.decode(source.bytes(size.into())?, part)?;
        rest = behind;
    }
    huffman.decode(source.rest(), rest)
}

/// A number of up to eight bytes, the low ones first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
