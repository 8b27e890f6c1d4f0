//! What hosts ask about one record whose bytes they have kept.

use alloc::vec::Vec;

use crate::index::words::int;
use crate::types::{Lsn, TimelineId};
use crate::wal::{Block, Compression, Record, RecordPlace, SegmentSize, Version};

/// Words that say where a record lies: its beginning (2), its end (2), timeline, major version, size of
/// segments.
pub const PLACE_WORDS: usize = 7;

/// Words that say what a block reference has: its number; fork; flags; tablespace, database, relation;
/// block number; offset of the data in the record, or -1, and its length; offset of the page image, or
/// -1, and its length; where the image's hole begins and how long it is; how the image is compressed
/// (0 not, 1 pglz, 2 lz4, 3 zstd); `bimg_info`; 1 if redo puts the image in the page's place.
pub const BLOCK_WORDS: usize = 16;

/// A record's place from the words that say it; `None`: they are none.
pub fn place(words: &[i32]) -> Option<RecordPlace> {
    let &[low, high, end_low, end_high, timeline, major, size] = words else { return None };
    let lsn = |low: i32, high: i32| {
        Lsn(u64::from(high.cast_unsigned()) << 32 | u64::from(low.cast_unsigned()))
    };
    Some(RecordPlace {
        lsn: lsn(low, high),
        end: lsn(end_low, end_high),
        timeline: TimelineId(timeline.cast_unsigned()),
        version: Version::from_major(major.cast_unsigned())?,
        segment_size: SegmentSize::new(size.cast_unsigned())?,
    })
}

/// The words of a record's block references, in the order of their numbers.
pub fn blocks(record: &Record<'_>) -> Vec<i32> {
    let references = record.blocks();
    let mut words = Vec::with_capacity(references.len().saturating_mul(BLOCK_WORDS));
    for reference in references {
        words.extend_from_slice(&block(&reference));
    }
    words
}

fn block(block: &Block<'_>) -> [i32; BLOCK_WORDS] {
    let locator = block.locator();
    let part = |range: Option<core::ops::Range<usize>>| match range {
        Some(range) => [int(range.start), int(range.len())],
        None => [-1, 0],
    };
    let [data_at, data_length] = part(block.data_range());
    let [image_at, image_length] = part(block.image_range());
    let image = block.image();
    let compression = match image.and_then(|image| image.compression()) {
        None => 0,
        Some(Compression::Pglz) => 1,
        Some(Compression::Lz4) => 2,
        Some(Compression::Zstd) => 3,
    };
    [
        block.id().into(),
        block.fork().0.into(),
        block.flags().into(),
        locator.tablespace.0.cast_signed(),
        locator.database.0.cast_signed(),
        locator.relation.0.cast_signed(),
        block.number().cast_signed(),
        data_at,
        data_length,
        image_at,
        image_length,
        image.map_or(0, |image| image.hole_offset().into()),
        image.map_or(0, |image| image.hole_length().into()),
        compression,
        image.map_or(0, |image| image.info().into()),
        image.is_some_and(|image| image.apply()).into(),
    ]
}
