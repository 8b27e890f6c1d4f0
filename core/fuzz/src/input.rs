//! Makes choices from a fuzzer's bytes. Where they end, every choice is 0.

/// The bytes that were not used yet.
#[derive(Clone, Copy)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `limit`, of at most 256.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit.max(1)
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// So many bytes, or what is left.
    pub fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    /// Bytes behind their length.
    pub fn sized(&mut self) -> &'a [u8] {
        let length = self.u16().into();
        self.bytes(length)
    }
}

/// Cuts `data` into chunks whose sizes follow from `seed`, small ones above all.
pub fn chunks(mut data: &[u8], seed: u16) -> impl Iterator<Item = &[u8]> {
    let mut state = u32::from(seed) | 0x1_0000;
    core::iter::from_fn(move || {
        if data.is_empty() {
            return None;
        }
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let limit = if state.is_multiple_of(4) { 1000 } else { 20 };
        let size = (state >> 8) as usize % limit;
        let (chunk, rest) = data.split_at(size.min(data.len()));
        data = rest;
        Some(chunk)
    })
}
