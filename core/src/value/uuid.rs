//! `uuid`: sixteen bytes, as text in groups of hexadecimal digits (`uuid_out`, `uuid_send` in
//! `src/backend/utils/adt/uuid.c`).

use core::fmt::{self, Formatter};

use super::ascii::Ascii;
use super::bytea::hex_byte;
use super::invalid;
use crate::error::Result;

/// Bytes that have a hyphen before them.
const GROUPS: [usize; 4] = [4, 6, 8, 10];

pub(super) fn from_text(text: &str) -> Result<[u8; 16]> {
    let mut uuid = [0; 16];
    let mut rest = text.as_bytes();
    for (at, byte) in uuid.iter_mut().enumerate() {
        if GROUPS.contains(&at) {
            rest = rest.strip_prefix(b"-").ok_or_else(|| invalid("uuid"))?;
        }
        let (pair, behind) = rest.split_first_chunk().ok_or_else(|| invalid("uuid"))?;
        *byte = hex_byte(*pair).ok_or_else(|| invalid("uuid"))?;
        rest = behind;
    }
    if rest.is_empty() { Ok(uuid) } else { Err(invalid("uuid")) }
}

pub(super) fn write(f: &mut Formatter<'_>, uuid: &[u8; 16]) -> fmt::Result {
    let mut out = Ascii::new(f);
    for (at, &byte) in uuid.iter().enumerate() {
        if GROUPS.contains(&at) {
            out.push(b'-')?;
        }
        out.hex(byte)?;
    }
    out.flush()
}
