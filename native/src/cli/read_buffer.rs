//! Memory that files are read into.

use std::ops::{Deref, DerefMut};

/// It begins at a multiple of this. A large vector begins 16 bytes behind the beginning of a page, and
/// to copy from a page to there, as the system does when it reads a file, takes some processors (AMD's
/// Zen 3) three times as long as to anywhere else.
const ALIGNMENT: usize = 64;

/// So many bytes, zeros at first.
#[derive(Debug)]
pub(super) struct ReadBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl ReadBuffer {
    pub(super) fn new(size: usize) -> Self {
        let bytes = vec![0; size + ALIGNMENT];
        // Where it cannot be said, as an interpreter of the code may not, any place will do.
        let start = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        Self { bytes, start, end: start + size }
    }
}

impl Deref for ReadBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }
}

impl DerefMut for ReadBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_its_size_and_its_place() {
        for size in [1, 100, 64 << 10, 256 << 10] {
            let mut buffer = ReadBuffer::new(size);
            assert_eq!(buffer.len(), size);
            assert_eq!(buffer.as_ptr().align_offset(ALIGNMENT), 0, "{size} bytes");
            buffer.fill(1);
            assert!(buffer.iter().all(|byte| *byte == 1));
        }
    }
}
