//! What compressed page images are unpacked into. What is written is what may be referred to: the page
//! is its own window.

/// A page that is written from its beginning on, never beyond its end.
#[derive(Debug)]
pub(super) struct Window<'a> {
    target: &'a mut [u8],
    at: usize,
}

impl<'a> Window<'a> {
    /// Nothing is written yet.
    pub(super) const fn new(target: &'a mut [u8]) -> Self {
        Self { target, at: 0 }
    }

    /// How much is not written yet.
    pub(super) const fn room(&self) -> usize {
        self.target.len().saturating_sub(self.at)
    }

    /// Writes a byte.
    #[inline]
    pub(super) fn push(&mut self, byte: u8) -> Option<()> {
        *self.target.get_mut(self.at)? = byte;
        self.at = self.at.checked_add(1)?;
        Some(())
    }

    /// Writes bytes.
    #[inline]
    pub(super) fn append(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.at.checked_add(bytes.len())?;
        self.target.get_mut(self.at..end)?.copy_from_slice(bytes);
        self.at = end;
        Some(())
    }

    /// Writes a byte so many times.
    pub(super) fn fill(&mut self, byte: u8, length: usize) -> Option<()> {
        let end = self.at.checked_add(length)?;
        self.target.get_mut(self.at..end)?.fill(byte);
        self.at = end;
        Some(())
    }

    /// Writes again what lies `distance` bytes back, over and over if that is less than `length`.
    #[inline]
    pub(super) fn repeat(&mut self, distance: usize, length: usize) -> Option<()> {
        let start = self.at.checked_sub(distance)?;
        if distance == 0 || length > self.room() {
            return None;
        }
        let end = self.at.checked_add(length)?;
        while self.at < end {
            // What is there is a whole number of repetitions.
            let size = self.at.checked_sub(start)?.min(end.checked_sub(self.at)?);
            self.target.copy_within(start..start.checked_add(size)?, self.at);
            self.at = self.at.checked_add(size)?;
        }
        Some(())
    }
}
