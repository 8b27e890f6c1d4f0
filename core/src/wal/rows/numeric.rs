//! `numeric` on disk (`numeric.c`): a header, and words of base 10000.
//!
//! | header | is |
//! |---|---|
//! | `0b11xx_…`, 2 bytes | NaN, infinity or -infinity |
//! | `0b10sd_dddd_dwww_wwww`, 2 bytes | sign, scale, and weight of 7 bits with sign |
//! | `0bss_…`, 2 bytes and 2 bytes | sign (00 or 01) and scale of 14 bits; weight |

use alloc::vec::Vec;

use crate::wal::cursor::Cursor;

const KIND: u16 = 0xC000;
const SPECIAL: u16 = 0xC000;
const SHORT: u16 = 0x8000;
const SHORT_NEGATIVE: u16 = 0x2000;
const SHORT_SCALE: u16 = 0x1F80;
const SHORT_WEIGHT_NEGATIVE: u16 = 0x0040;
const SHORT_WEIGHT: u16 = 0x003F;
const LONG_SCALE: u16 = 0x3FFF;
/// The bits that tell the special values apart.
const SPECIAL_SIGN: u16 = 0xF000;
const NEGATIVE: u16 = 0x4000;

/// Header: words, weight, sign, scale; then the words.
pub(super) fn binary_form(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut fields = Cursor::new(bytes);
    let header = fields.u16()?;
    let (weight, sign, scale) = match header & KIND {
        SPECIAL => (0, header & SPECIAL_SIGN, 0),
        SHORT => {
            let negative = header & SHORT_WEIGHT_NEGATIVE != 0;
            let weight = header & SHORT_WEIGHT | if negative { !SHORT_WEIGHT } else { 0 };
            let sign = if header & SHORT_NEGATIVE != 0 { NEGATIVE } else { 0 };
            (weight, sign, (header & SHORT_SCALE) >> 7)
        }
        sign => (fields.u16()?, sign, header & LONG_SCALE),
    };
    let (words, rest) = fields.rest().as_chunks::<2>();
    if !rest.is_empty() || sign & SPECIAL == SPECIAL && !words.is_empty() {
        return None;
    }
    for number in [u16::try_from(words.len()).ok()?, weight, sign, scale] {
        out.extend(number.to_be_bytes());
    }
    words.iter().for_each(|word| out.extend(word.iter().rev()));
    Some(())
}
