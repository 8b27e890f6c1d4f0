//! Tables of finite state entropy (RFC 8878, 4.1): a state is a cell of a table, says a symbol, and says
//! which bits of a stream lead to the next state.
//!
//! A table's description is bits (4.1.1):
//!
//! | bits | is |
//! |---|---|
//! | 4 | the accuracy less 5: the table has two to the power of that cells |
//! | varies | for each symbol: how many cells it has, plus 1; 0: one, as the least likely |
//! | 2 | behind a symbol without cells: how many more have none; behind 3 the same again |

use super::bits::{Bits, Stream};

/// More symbols than any table is for.
const SYMBOLS: usize = 64;
const LEAST_ACCURACY: u32 = 5;
/// A symbol that has one cell, behind those of all others.
const LEAST_LIKELY: i16 = -1;
/// What a description says of symbols without cells at most at once.
const ALL_SKIPPED: u32 = 3;

#[derive(Clone, Copy, Debug)]
struct Cell {
    symbol: u8,
    /// How many bits lead on,
    bits: u8,
    /// and what is added to them.
    base: u16,
}

/// A table of at most `N` cells.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    cells: [Cell; N],
    /// How many bits say a state; `None`: there is no table yet.
    accuracy: Option<u32>,
}

/// A cell of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct State(Cell);

impl State {
    #[inline]
    pub(super) const fn symbol(self) -> u8 {
        self.0.symbol
    }
}

impl<const N: usize> Table<N> {
    pub(super) const fn new() -> Self {
        Self { cells: [Cell { symbol: 0, bits: 0, base: 0 }; N], accuracy: None }
    }

    /// Makes a table that always says the same symbol.
    pub(super) fn of_one(&mut self, symbol: u8) -> Option<()> {
        *self.cells.first_mut()? = Cell { symbol, bits: 0, base: 0 };
        self.accuracy = Some(0);
        Some(())
    }

    /// Makes a table from a description at the beginning of `source`, of symbols below `symbols`. Says
    /// how long the description is.
    pub(super) fn describe(&mut self, source: &[u8], symbols: usize) -> Option<usize> {
        let mut bits = Bits::new(source);
        let accuracy = bits.peek(4).checked_add(LEAST_ACCURACY)?;
        bits.skip(4)?;
        let mut counts = [0; SYMBOLS];
        let mut rest = i16::try_from(1_u32.checked_shl(accuracy)?).ok()?;
        let mut counts_left = counts.get_mut(..symbols)?.iter_mut();
        while rest > 0 {
            let count = read_count(&mut bits, rest)?;
            *counts_left.next()? = count;
            rest = rest.checked_sub(count.checked_abs()?)?;
            let mut are_skipped = count == 0;
            while are_skipped {
                let skipped = bits.peek(2);
                bits.skip(2)?;
                for _ in 0..skipped {
                    counts_left.next()?;
                }
                are_skipped = skipped == ALL_SKIPPED;
            }
        }
        self.build(accuracy, &counts)?;
        Some(bits.length())
    }

    /// Makes a table from how many cells each symbol has (4.1.1, "From normalized distribution to
    /// decoding tables").
    pub(super) fn build(&mut self, accuracy: u32, counts: &[i16]) -> Option<()> {
        self.accuracy = None;
        let size = 1_usize.checked_shl(accuracy)?;
        let cells = self.cells.get_mut(..size)?;
        let mut likely = size;
        for (symbol, count) in (0_u8..).zip(counts) {
            if *count == LEAST_LIKELY {
                likely = likely.checked_sub(1)?;
                cells.get_mut(likely)?.symbol = symbol;
            }
        }
        let step = (size >> 1).checked_add(size >> 3)?.checked_add(3)?;
        let turns = (0..size).map(|turn| turn.wrapping_mul(step) & size.wrapping_sub(1));
        let mut places = turns.filter(|place| *place < likely);
        for (symbol, count) in (0_u8..).zip(counts) {
            for _ in 0..*count {
                cells.get_mut(places.next()?)?.symbol = symbol;
            }
        }
        let mut next = [1_u16; SYMBOLS];
        for (next, count) in next.iter_mut().zip(counts) {
            *next = count.unsigned_abs();
        }
        for cell in cells {
            let next = next.get_mut(usize::from(cell.symbol))?;
            let bits = accuracy.checked_sub(next.checked_ilog2()?)?;
            cell.bits = u8::try_from(bits).ok()?;
            cell.base =
                u16::try_from(usize::from(*next).checked_shl(bits)?.checked_sub(size)?).ok()?;
            *next = next.checked_add(1)?;
        }
        self.accuracy = Some(accuracy);
        Some(())
    }

    /// The state that a stream begins with; `None` also without a table.
    pub(super) fn start(&self, stream: &mut Stream<'_>) -> Option<State> {
        self.cell(stream.take(self.accuracy?)?)
    }

    /// The state behind another one.
    #[inline]
    pub(super) fn next(&self, state: State, stream: &mut Stream<'_>) -> Option<State> {
        let bits = stream.take(state.0.bits.into())?;
        self.cell(bits.checked_add(state.0.base.into())?)
    }

    #[inline]
    fn cell(&self, number: u32) -> Option<State> {
        self.cells.get(number as usize).copied().map(State)
    }
}

/// How many cells a symbol has, of the `rest` that no other has: a number up to that plus 1, which
/// takes a bit less if it is one of the small ones.
fn read_count(bits: &mut Bits<'_>, rest: i16) -> Option<i16> {
    let largest = u32::from(rest.checked_add(1)?.unsigned_abs());
    let width = largest.checked_ilog2()?;
    let half = 1_u32.checked_shl(width)?;
    let short = half.wrapping_shl(1).wrapping_sub(1).checked_sub(largest)?;
    let both = bits.peek(width.checked_add(1)?);
    let low = both & half.wrapping_sub(1);
    let value = if low < short {
        bits.skip(width)?;
        low
    } else {
        bits.skip(width.checked_add(1)?)?;
        if both < half { both } else { both.checked_sub(short)? }
    };
    i16::try_from(value).ok()?.checked_sub(1)
}
