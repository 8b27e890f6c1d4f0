//! Records and their bytes.

use crate::wal::Record;

/// How many records, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Records.
    pub records: u64,
    /// Bytes of records without page images.
    pub bytes: u64,
    /// Bytes of page images.
    pub images: u64,
}

impl Count {
    /// Counts a record.
    #[inline]
    pub fn add(&mut self, record: &Record<'_>) {
        self.add_lengths(record.header().total_length, record.image_length());
    }

    /// Counts a record of such a length, page images and all.
    #[inline]
    pub(super) fn add_lengths(&mut self, total: u32, images: u32) {
        self.records = self.records.wrapping_add(1);
        let bytes = total.wrapping_sub(images);
        self.bytes = self.bytes.wrapping_add(bytes.into());
        self.images = self.images.wrapping_add(images.into());
    }

    /// Adds another count to this one.
    pub const fn plus(&mut self, other: &Self) {
        self.records = self.records.wrapping_add(other.records);
        self.bytes = self.bytes.wrapping_add(other.bytes);
        self.images = self.images.wrapping_add(other.images);
    }

    /// Takes another count, which is part of this one, out of it.
    pub(super) const fn minus(&mut self, part: &Self) {
        self.records = self.records.wrapping_sub(part.records);
        self.bytes = self.bytes.wrapping_sub(part.bytes);
        self.images = self.images.wrapping_sub(part.images);
    }

    /// The sum of counts.
    pub fn sum<'c>(counts: impl IntoIterator<Item = &'c Self>) -> Self {
        let mut sum = Self::default();
        counts.into_iter().for_each(|count| sum.plus(count));
        sum
    }

    /// All bytes: of records and page images.
    pub const fn all(&self) -> u64 {
        self.bytes.wrapping_add(self.images)
    }
}
