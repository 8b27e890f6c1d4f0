//! Huffman coding (RFC 8878, 4.2): the fewer bits a symbol has, the more cells of a table lead to it.
//!
//! A tree's description is a byte, and the weights of symbols from 0 on (4.2.1). A weight is 0 for a
//! symbol without a code, else the more, the shorter the code is. The last weight is not written, for
//! it is what makes the sum a power of two.
//!
//! | byte | weights behind it |
//! |---|---|
//! | 0 to 127 | so many bytes: the description of a table, and a stream for two states in turn (4.2.1.2) |
//! | 128 to 255 | 127 less than that, half a byte each, the high half first (4.2.1.1) |

use super::super::cursor::Cursor;
use super::bits::Stream;
use super::fse::Table;

/// The longest code.
const LONGEST: u32 = 11;
const CELLS: usize = 1 << LONGEST;
/// Symbols are bytes.
const SYMBOLS: usize = 256;
/// The first byte that says that weights are written as they are.
const DIRECT: u8 = 128;
/// Weights are 0 to the length of the longest code,
const WEIGHTS: usize = LONGEST as usize + 1;
/// and their table has an accuracy of at most 6.
const WEIGHT_CELLS: usize = 1 << 6;

#[derive(Clone, Copy, Debug)]
struct Cell {
    symbol: u8,
    bits: u8,
}

/// A table by which streams of bytes are read.
#[derive(Debug)]
pub(super) struct Huffman {
    cells: [Cell; CELLS],
    /// How many bits say a cell; `None`: there is no table yet.
    width: Option<u32>,
}

/// The weights of symbols.
struct Weights {
    of: [u8; SYMBOLS],
    count: usize,
}

impl Huffman {
    pub(super) const fn new() -> Self {
        Self { cells: [Cell { symbol: 0, bits: 0 }; CELLS], width: None }
    }

    /// Makes a table from a description.
    pub(super) fn describe(&mut self, source: &mut Cursor<'_>) -> Option<()> {
        self.width = None;
        let mut weights = Weights { of: [0; SYMBOLS], count: 0 };
        let head = source.u8()?;
        match head.checked_sub(DIRECT) {
            None => weights.read_stream(source.bytes(head.into())?)?,
            Some(more) => weights.read_halves(source, usize::from(more).checked_add(1)?)?,
        }
        let width = weights.complete()?;
        let mut at = 0_usize;
        for weight in 1..=width {
            let bits = u8::try_from(width.checked_add(1)?.checked_sub(weight)?).ok()?;
            let length = 1_usize.checked_shl(weight.checked_sub(1)?)?;
            let found = weights.of.iter().zip(0_u8..=u8::MAX);
            for (_, symbol) in found.filter(|(of, _)| u32::from(**of) == weight) {
                let end = at.checked_add(length)?;
                self.cells.get_mut(at..end)?.fill(Cell { symbol, bits });
                at = end;
            }
        }
        self.width = Some(width);
        Some(())
    }

    /// Fills `target` from a stream, which must end there (4.2.2). `None` also without a table.
    pub(super) fn decode(&self, stream: &[u8], target: &mut [u8]) -> Option<()> {
        let width = self.width?;
        let mut stream = Stream::new(stream)?;
        for byte in target {
            let cell = self.cells.get(stream.peek(width) as usize)?;
            stream.skip(cell.bits.into())?;
            *byte = cell.symbol;
        }
        stream.is_at_end().then_some(())
    }
}

impl Weights {
    fn push(&mut self, weight: u8) -> Option<()> {
        *self.of.get_mut(self.count)? = weight;
        self.count = self.count.checked_add(1)?;
        Some(())
    }

    /// Weights as they are written.
    fn read_halves(&mut self, source: &mut Cursor<'_>, count: usize) -> Option<()> {
        for byte in source.bytes(count.div_ceil(2))? {
            self.push(byte >> 4)?;
            if self.count < count {
                self.push(byte & 0x0F)?;
            }
        }
        Some(())
    }

    /// Weights by two states in turn, until there are too few bits for the next one of a state: then
    /// the other state says the last weight.
    fn read_stream(&mut self, source: &[u8]) -> Option<()> {
        let mut table = Table::<WEIGHT_CELLS>::new();
        let length = table.describe(source, WEIGHTS)?;
        let mut stream = Stream::new(source.get(length..)?)?;
        let mut state = table.start(&mut stream)?;
        let mut other = table.start(&mut stream)?;
        loop {
            self.push(state.symbol())?;
            let Some(next) = table.next(state, &mut stream) else { break };
            (state, other) = (other, next);
        }
        self.push(other.symbol())
    }

    /// Finds the last weight, and says how many bits the longest code has.
    fn complete(&mut self) -> Option<u32> {
        let cells = |weight: &u8| match weight {
            0 => Some(0),
            _ => 1_u32.checked_shl(u32::from(*weight).checked_sub(1)?),
        };
        let mut sum = 0_u32;
        for weight in &self.of {
            sum = sum.checked_add(cells(weight)?)?;
        }
        let width = sum.checked_ilog2()?.checked_add(1)?;
        let rest = 1_u32.checked_shl(width)?.checked_sub(sum)?;
        if width > LONGEST || !rest.is_power_of_two() {
            return None;
        }
        self.push(u8::try_from(rest.checked_ilog2()?.checked_add(1)?).ok()?)?;
        // The longest codes come in pairs.
        let longest = self.of.iter().filter(|weight| **weight == 1).count();
        (longest >= 2 && longest.is_multiple_of(2)).then_some(width)
    }
}
