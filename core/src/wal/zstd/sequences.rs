//! The sequences of a compressed block (RFC 8878, 3.1.1.3.2): each is a number of literals, and then a
//! match, which is what was written before at an offset.
//!
//! | bytes | is |
//! |---|---|
//! | 1 to 3 | the number of sequences; without any the block ends there |
//! | 1 | the modes of three tables, two bits each: literal lengths, offsets, match lengths; two bits are 0 |
//! | varies | the tables, in this order |
//! | rest | the stream: a state of each table, and then what each sequence has |
//!
//! Codes are symbols of the tables. A code stands for a number, to which bits from the stream are added.

use super::super::cursor::Cursor;
use super::super::window::Window;
use super::bits::Stream;
use super::fse::Table;

/// How a table comes (3.1.1.3.2.1).
mod mode {
    pub(super) const PREDEFINED: u8 = 0;
    pub(super) const RLE: u8 = 1;
    pub(super) const COMPRESSED: u8 = 2;
    pub(super) const BITS: u8 = 3;
}

/// What a table is of: its codes, and how many cells each has where the table is predefined
/// (3.1.1.3.2.2).
struct Kind {
    codes: usize,
    accuracy: u32,
    counts: &'static [i16],
}

const OF_LITERAL_LENGTHS: Kind = Kind {
    codes: 36,
    accuracy: 6,
    counts: &[
        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1,
        1, 1, -1, -1, -1, -1,
    ],
};
const OF_OFFSETS: Kind = Kind {
    codes: 32,
    accuracy: 5,
    counts: &[
        1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
    ],
};
const OF_MATCH_LENGTHS: Kind = Kind {
    codes: 53,
    accuracy: 6,
    counts: &[
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
};

/// What codes of lengths stand for (3.1.1.3.2.1.1): the first ones for the lengths from `least` on, the
/// others for a length each, to which so many bits are added.
struct Lengths {
    direct: u8,
    least: u32,
    long: &'static [u32],
    bits: &'static [u32],
}

const LITERALS: Lengths = Lengths {
    direct: 16,
    least: 0,
    long: &[
        16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384,
        32768, 65536,
    ],
    bits: &[1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
};
const MATCHES: Lengths = Lengths {
    direct: 32,
    least: 3,
    long: &[
        35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387,
        32771, 65539,
    ],
    bits: &[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
};

/// What blocks hand to the next one: the tables and the last three offsets.
#[derive(Debug)]
pub(super) struct Sequences {
    literal_lengths: Table<512>,
    offsets: Table<256>,
    match_lengths: Table<512>,
    recent: Recent,
}

impl Sequences {
    pub(super) const fn new() -> Self {
        Self {
            literal_lengths: Table::new(),
            offsets: Table::new(),
            match_lengths: Table::new(),
            recent: Recent([1, 4, 8]),
        }
    }

    /// Writes a block's literals and matches. `None`: they do not fit, or are none.
    pub(super) fn execute(
        &mut self,
        mut section: Cursor<'_>,
        mut literals: &[u8],
        window: &mut Window<'_>,
    ) -> Option<()> {
        let count = count(&mut section)?;
        if count == 0 {
            window.append(literals)?;
            return section.rest().is_empty().then_some(());
        }
        let modes = section.u8()?;
        if modes & mode::BITS != 0 {
            return None;
        }
        set(&mut self.literal_lengths, modes >> 6, &mut section, &OF_LITERAL_LENGTHS)?;
        set(&mut self.offsets, modes >> 4 & mode::BITS, &mut section, &OF_OFFSETS)?;
        set(&mut self.match_lengths, modes >> 2 & mode::BITS, &mut section, &OF_MATCH_LENGTHS)?;
        let mut stream = Stream::new(section.rest())?;
        let mut literal_length = self.literal_lengths.start(&mut stream)?;
        let mut offset = self.offsets.start(&mut stream)?;
        let mut match_length = self.match_lengths.start(&mut stream)?;
        for left in (0..count).rev() {
            let value = offset_value(offset.symbol(), &mut stream)?;
            let length = MATCHES.length(match_length.symbol(), &mut stream)?;
            let before = LITERALS.length(literal_length.symbol(), &mut stream)?;
            let (copied, behind) = literals.split_at_checked(before)?;
            window.append(copied)?;
            literals = behind;
            window.repeat(self.recent.offset(value, before == 0)?, length)?;
            if left > 0 {
                literal_length = self.literal_lengths.next(literal_length, &mut stream)?;
                match_length = self.match_lengths.next(match_length, &mut stream)?;
                offset = self.offsets.next(offset, &mut stream)?;
            }
        }
        window.append(literals)?;
        stream.is_at_end().then_some(())
    }
}

/// The number of sequences: below 128 in a byte, below 32,512 in two, the high one first.
fn count(section: &mut Cursor<'_>) -> Option<u32> {
    let first = section.u8()?;
    match first {
        0..128 => Some(first.into()),
        128..255 => Some(u32::from(first & 0x7F) << 8 | u32::from(section.u8()?)),
        255 => u32::from(section.u16()?).checked_add(0x7F00),
    }
}

/// Makes a table, or leaves the one that there is.
fn set<const N: usize>(
    table: &mut Table<N>,
    mode: u8,
    section: &mut Cursor<'_>,
    kind: &Kind,
) -> Option<()> {
    match mode {
        mode::PREDEFINED => table.build(kind.accuracy, kind.counts),
        mode::RLE => table.of_one(section.u8()?),
        mode::COMPRESSED => {
            let length = table.describe(section.rest(), kind.codes)?;
            section.bytes(length).map(|_| ())
        }
        _ => Some(()),
    }
}

impl Lengths {
    #[inline]
    fn length(&self, code: u8, stream: &mut Stream<'_>) -> Option<usize> {
        let length = match code.checked_sub(self.direct) {
            None => u32::from(code).checked_add(self.least)?,
            Some(long) => {
                let bits = *self.bits.get(usize::from(long))?;
                self.long.get(usize::from(long))?.checked_add(stream.take(bits)?)?
            }
        };
        usize::try_from(length).ok()
    }
}

/// A value is a power of two, which its code says, and as many bits (3.1.1.3.2.1.1).
#[inline]
fn offset_value(code: u8, stream: &mut Stream<'_>) -> Option<usize> {
    let code = u32::from(code);
    usize::try_from(1_u32.checked_shl(code)? | stream.take(code)?).ok()
}

/// The last three offsets (3.1.1.5), the last one first.
#[derive(Debug)]
struct Recent([usize; 3]);

impl Recent {
    /// The offset of a value: 1 to 3 are the last ones. Behind no literals the last one makes no sense,
    /// so 1 and 2 are those before it, and 3 is the last one less 1.
    #[inline]
    fn offset(&mut self, value: usize, without_literals: bool) -> Option<usize> {
        let [first, second, third] = self.0;
        let new = match (value, without_literals) {
            (1, false) => return Some(first),
            (1, true) | (2, false) => {
                self.0 = [second, first, third];
                return Some(second);
            }
            (2, true) | (3, false) => third,
            (3, true) => first.checked_sub(1)?,
            _ => value.checked_sub(self.0.len())?,
        };
        self.0 = [new, first, second];
        Some(new)
    }
}
