//! A record with a page image, whatever its bytes are.

use walscope_core::wal::{
    BlockTable, Error, RECORD_HEADER, Record, RecordPlace, SegmentSize, Version, block_flag,
};
use walscope_core::{Lsn, TimelineId};

pub(crate) const PAGE: usize = 8192;

/// `BKPIMAGE_HAS_HOLE`, `BKPIMAGE_APPLY`, `BKPIMAGE_COMPRESS_ZSTD`
const HAS_HOLE: u8 = 0x01;
const APPLY: u8 = 0x02;
const ZSTD: u8 = 0x10;

/// What comes out of an image that is of `size` bytes of a page, 1 to 8192; the rest is its hole.
pub(crate) fn restore(image: &[u8], size: usize) -> Result<Vec<u8>, Error> {
    let hole = PAGE - size;
    let hole_at = if hole == 0 { 0 } else { size.div_ceil(2) };
    let bytes = record(image, hole_at, hole);
    let place = RecordPlace {
        lsn: Lsn(0x100_0028),
        end: Lsn(0x100_0028 + bytes.len() as u64),
        timeline: TimelineId(1),
        version: Version::V18,
        segment_size: SegmentSize::new(1 << 24).expect("a size"),
    };
    let mut blocks = BlockTable::default();
    let mut page = [0xFF; PAGE];
    Record::decode(&bytes, place, &mut blocks)?.restore_image(0, &mut page)?;
    let (front, back) = page.split_at(hole_at);
    assert!(back[..hole].iter().all(|byte| *byte == 0), "the hole is not zeros");
    Ok([front, &back[hole..]].concat())
}

/// The record: `XLogRecord`, `XLogRecordBlockHeader`, `XLogRecordBlockImageHeader`,
/// `XLogRecordBlockCompressHeader`, a relation and a block.
fn record(image: &[u8], hole_at: usize, hole: usize) -> Vec<u8> {
    let half = |number: usize| u16::try_from(number).expect("16 bits").to_le_bytes();
    let mut bytes = vec![0; RECORD_HEADER];
    bytes.extend([0, block_flag::HAS_IMAGE]);
    bytes.extend(half(0));
    bytes.extend([half(image.len()), half(hole_at)].concat());
    bytes.push(ZSTD | APPLY | if hole == 0 { 0 } else { HAS_HOLE });
    if hole > 0 {
        bytes.extend(half(hole));
    }
    bytes.extend([1663_u32, 5, 16384, 0].map(u32::to_le_bytes).concat());
    bytes.extend(image);
    let length = u32::try_from(bytes.len()).expect("32 bits");
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}
