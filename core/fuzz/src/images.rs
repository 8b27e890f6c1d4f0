//! Page images, whatever their bytes are: all of a page comes out of them or an error, and nothing is
//! allocated for it. The input is a byte that says how the image is compressed, two for the length of
//! what it is of, and the image.

use walscope_core::wal::{
    BlockTable, Page, RECORD_HEADER, Record, RecordPlace, SegmentSize, Version, block_flag,
};
use walscope_core::{Lsn, TimelineId};

use super::input::Input;
use super::memory::bounded;

const PAGE: u16 = 8192;

/// `BKPIMAGE_HAS_HOLE`, `BKPIMAGE_COMPRESS_PGLZ`, `_LZ4`, `_ZSTD`
const HAS_HOLE: u8 = 0x01;
const METHODS: [u8; 3] = [0x10, 0x08, 0x04];

/// Checks an image.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let method = METHODS[input.below(METHODS.len())];
    let size = input.u16() % PAGE + 1;
    let bytes = record(input.bytes(usize::from(u16::MAX)), method, PAGE - size);
    let place = RecordPlace {
        lsn: Lsn(0x28),
        end: Lsn(0x28 + bytes.len() as u64),
        timeline: TimelineId(1),
        version: Version::V18,
        segment_size: SegmentSize::new(1 << 24).expect("a size"),
    };
    let mut blocks = BlockTable::default();
    let Ok(record) = Record::decode(&bytes, place, &mut blocks) else { return };
    let [over_zeros, over_ones] = [0, 0xFF].map(|byte| {
        let mut page: Page = [byte; PAGE as usize];
        bounded(bytes.len(), 0, 0, || record.restore_image(0, &mut page)).map(|()| page)
    });
    assert_eq!(over_zeros, over_ones, "a part of the page is not written");
}

/// The record of an image.
fn record(image: &[u8], method: u8, hole: u16) -> Vec<u8> {
    let (hole_at, info) = if hole == 0 { (0, method) } else { (1, method | HAS_HOLE) };
    let mut bytes = vec![0; RECORD_HEADER];
    bytes.extend([0, block_flag::HAS_IMAGE, 0, 0]);
    bytes.extend((image.len() as u16).to_le_bytes());
    bytes.extend(u16::to_le_bytes(hole_at));
    bytes.push(info);
    if hole > 0 {
        bytes.extend(hole.to_le_bytes());
    }
    bytes.extend([0; 16]);
    bytes.extend(image);
    let length = bytes.len() as u32;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}
