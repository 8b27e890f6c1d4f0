//! `jsonb` on disk (`jsonb.h`): containers in each other.
//!
//! | bytes | field |
//! |---|---|
//! | uint32 | 28 bits: how many items or pairs; what it is: 1 a single value, 2 an object, 4 an array |
//! | uint32 each | for each item, or for all keys and then for all values: 28 bits: the length, or, if the highest bit is set, where it ends; 3 bits: what it is |
//! | | the items, numbers and containers at multiples of 4 |

use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::{numeric, varlena::Varlena};
use crate::value::{Value, types};
use crate::wal::cursor::Cursor;

/// The version of what is sent, which is this byte and the document's text (`jsonb_send`).
const VERSION: u8 = 1;

/// Containers in each other that are read. PostgreSQL's limit is its stack, and so is ours.
const MAX_DEPTH: usize = 256;

const COUNT: u32 = 0x0FFF_FFFF;
const SCALAR: u32 = 0x1000_0000;
const OBJECT: u32 = 0x2000_0000;
const ARRAY: u32 = 0x4000_0000;
const HAS_OFFSET: u32 = 0x8000_0000;

/// The text as PostgreSQL writes it, behind the version.
pub(super) fn binary_form(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.push(VERSION);
    container(bytes, MAX_DEPTH, out)
}

fn container(bytes: &[u8], depth: usize, out: &mut Vec<u8>) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let header = Cursor::new(bytes).u32()?;
    let count = usize::try_from(header & COUNT).ok()?;
    let is_object = header & OBJECT != 0;
    if !is_object && header & ARRAY == 0 {
        return None;
    }
    let items = Items::decode(bytes, if is_object { count.checked_mul(2)? } else { count })?;
    if header & SCALAR != 0 {
        return items.get(0)?.write(depth, out);
    }
    out.push(if is_object { b'{' } else { b'[' });
    // The values' places are known once the keys' lengths are summed up.
    let mut values = items;
    if is_object {
        values.skip(count)?;
    }
    let mut keys = items;
    for number in 0..count {
        if number > 0 {
            out.extend_from_slice(b", ");
        }
        if is_object {
            keys.next()?.write(depth, out)?;
            out.extend_from_slice(b": ");
        }
        values.next()?.write(depth, out)?;
    }
    out.push(if is_object { b'}' } else { b']' });
    Some(())
}

/// The items of a container, one after the other.
#[derive(Clone, Copy)]
struct Items<'a> {
    entries: Cursor<'a>,
    data: &'a [u8],
    /// Where the item before ends.
    end: usize,
}

#[derive(Clone, Copy)]
struct Item<'a> {
    kind: u32,
    /// With what fills up the place before it.
    bytes: &'a [u8],
    /// How much that is, if its place has to be a multiple of 4.
    filled: usize,
}

impl<'a> Items<'a> {
    fn decode(bytes: &'a [u8], count: usize) -> Option<Self> {
        const ENTRY: usize = 4;
        let (_, rest) = bytes.split_at_checked(ENTRY)?;
        let (entries, data) = rest.split_at_checked(count.checked_mul(ENTRY)?)?;
        Some(Self { entries: Cursor::new(entries), data, end: 0 })
    }

    fn get(mut self, number: usize) -> Option<Item<'a>> {
        self.skip(number)?;
        self.next()
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        for _ in 0..count {
            self.next()?;
        }
        Some(())
    }

    fn next(&mut self) -> Option<Item<'a>> {
        let entry = self.entries.u32()?;
        let number = usize::try_from(entry & COUNT).ok()?;
        let begin = self.end;
        self.end = if entry & HAS_OFFSET == 0 { begin.checked_add(number)? } else { number };
        let bytes = self.data.get(begin..self.end)?;
        let filled = begin.checked_next_multiple_of(4)?.checked_sub(begin)?;
        Some(Item { kind: entry >> 28 & 7, bytes, filled })
    }
}

impl Item<'_> {
    fn write(&self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        match self.kind {
            0 => string(self.bytes, out),
            1 => number(self.bytes.get(self.filled..)?, out),
            2 => keyword(b"false", out),
            3 => keyword(b"true", out),
            4 => keyword(b"null", out),
            5 => container(self.bytes.get(self.filled..)?, depth, out),
            _ => None,
        }
    }
}

fn keyword(word: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(word);
    Some(())
}

/// `escape_json`
fn string(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.push(b'"');
    for byte in bytes {
        match byte {
            0x08 => out.extend_from_slice(b"\\b"),
            0x0C => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            0..b' ' => write!(Text(out), "\\u{byte:04x}").ok()?,
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
    Some(())
}

fn number(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let value = Varlena::decode(bytes)?.value().ok()??;
    let mut sent = Vec::new();
    numeric::binary_form(&value, &mut sent)?;
    let value = Value::from_binary(types::NUMERIC, &sent).ok()?;
    write!(Text(out), "{value}").ok()
}

/// Text that goes to the end of bytes.
struct Text<'o>(&'o mut Vec<u8>);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
