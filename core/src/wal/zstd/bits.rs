//! Bits: descriptions of tables are read from their first byte on (RFC 8878, 4.1.1), streams of symbols
//! from their last one (4.1, 4.2.2).

/// Eight bytes from a byte on, zeros where there are less.
#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The low bits of a word; fewer than 32.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "it is shorter than that")]
const fn low(word: u64, count: u32) -> u32 {
    (word & !u64::MAX.wrapping_shl(count)) as u32
}

/// The byte of a bit, and the bit in it.
#[inline]
const fn place(bit: usize) -> (usize, usize) {
    (bit >> 3, bit & 7)
}

/// Bits from the first one on.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next bits, fewer than 32, zeros behind the end. They are not taken.
    pub(super) fn peek(&self, count: u32) -> u32 {
        let (byte, bit) = place(self.at);
        low(word(self.bytes, byte) >> bit, count)
    }

    /// Takes bits, if they are there.
    pub(super) fn skip(&mut self, count: u32) -> Option<()> {
        let at = self.at.checked_add(count as usize)?;
        self.at = (at.div_ceil(8) <= self.bytes.len()).then_some(at)?;
        Some(())
    }

    /// How many bytes were begun.
    pub(super) const fn length(&self) -> usize {
        self.at.div_ceil(8)
    }
}

/// Bits from the last one back to the first.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    bytes: &'a [u8],
    left: usize,
}

impl<'a> Stream<'a> {
    /// The stream's end is its highest bit that is set, which its last byte must have.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes.last()?.checked_ilog2()?;
        let left = bytes.len().checked_sub(1)?.checked_mul(8)?.checked_add(end as usize)?;
        Some(Self { bytes, left })
    }

    /// The next bits, fewer than 32, zeros before the beginning. They are not taken.
    #[inline]
    pub(super) fn peek(&self, count: u32) -> u32 {
        let count_all = count as usize;
        match self.left.checked_sub(count_all) {
            Some(at) => {
                let (byte, bit) = place(at);
                low(word(self.bytes, byte) >> bit, count)
            }
            None => low(word(self.bytes, 0) << count_all.saturating_sub(self.left), count),
        }
    }

    /// Takes bits, if they are there.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) -> Option<()> {
        self.left = self.left.checked_sub(count as usize)?;
        Some(())
    }

    /// Takes bits, fewer than 32, if they are there, and says which.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        let bits = self.peek(count);
        self.skip(count)?;
        Some(bits)
    }

    /// Whether all bits were taken.
    pub(super) const fn is_at_end(&self) -> bool {
        self.left == 0
    }
}
