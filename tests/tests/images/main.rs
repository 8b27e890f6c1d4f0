//! Page images that libzstd has compressed: core makes the pages again that libzstd makes of them, and
//! takes nothing that libzstd refuses.

mod contents;
mod damage;
mod record;
mod shape;

use std::collections::BTreeSet;
use std::io::Write;

use walscope_core::wal::{Compression, Options, PageHeader, Reader};
use walscope_tests::samples;

use contents::SIZES;
use record::{PAGE, restore};
use shape::shape;

/// PostgreSQL's own level, and all others.
const LEVELS: std::ops::RangeInclusive<i32> = -2..=22;
const DEFAULT_LEVEL: i32 = 3;

/// That a content comes out of a frame again.
#[track_caller]
fn check(frame: &[u8], content: &[u8], what: &dyn Fn() -> String) {
    match restore(frame, content.len()) {
        Ok(found) => assert!(found == content, "{}: another page", what()),
        Err(error) => panic!("{}: {error}", what()),
    }
}

/// What frames are made of that each say how long they are, as PostgreSQL's do.
fn at_once(content: &[u8], level: i32) -> Vec<u8> {
    zstd::bulk::compress(content, level).expect("a frame")
}

/// A frame of blocks of `size` bytes each, which can go on with the tables of those before.
fn in_blocks(content: &[u8], level: i32, size: usize) -> Vec<u8> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), level).expect("an encoder");
    encoder.set_pledged_src_size(Some(content.len() as u64)).expect("a size");
    for part in content.chunks(size) {
        encoder.write_all(part).expect("a part");
        encoder.flush().expect("a block");
    }
    encoder.finish().expect("a frame")
}

#[test]
fn pages_of_every_level_are_restored() {
    let mut seen = BTreeSet::new();
    for (name, make) in contents::ALL {
        for size in SIZES {
            let content = make(size);
            for level in LEVELS {
                let frame = at_once(&content, level);
                check(&frame, &content, &|| format!("{name}, {size} bytes, level {level}"));
                seen.extend(shape(&frame));
            }
        }
    }
    let missing: Vec<_> =
        shape::OF_ONE_BLOCK.into_iter().filter(|part| !seen.contains(part)).collect();
    assert!(missing.is_empty(), "not met: {missing:?}; met: {seen:?}");
}

#[test]
fn pages_of_several_blocks_are_restored() {
    let mut seen = BTreeSet::new();
    for (name, make) in contents::ALL {
        let content = make(PAGE);
        for level in LEVELS {
            for size in [300, 2000] {
                let frame = in_blocks(&content, level, size);
                check(&frame, &content, &|| format!("{name}, blocks of {size}, level {level}"));
                seen.extend(shape(&frame));
            }
        }
    }
    let missing: Vec<_> =
        shape::OF_MORE_BLOCKS.into_iter().filter(|part| !seen.contains(part)).collect();
    assert!(missing.is_empty(), "not met: {missing:?}; met: {seen:?}");
}

/// Pages of real logs, compressed as PostgreSQL does and by other levels; and the images that
/// PostgreSQL itself has compressed, as libzstd reads them.
#[test]
fn pages_of_real_logs_are_restored() {
    let (mut pages, mut own) = (0_usize, 0);
    for folder in samples::folders() {
        for (name, segment) in samples::segments(&folder) {
            each_page(&segment, |page, image| {
                if let Some(frame) = image {
                    let mut content = vec![0; PAGE];
                    let size =
                        zstd::bulk::decompress_to_buffer(frame, &mut content).expect("a frame");
                    check(frame, &content[..size], &|| format!("{name}: its own image"));
                    own += 1;
                }
                let level =
                    if pages.is_multiple_of(4) { pages as i32 / 4 % 23 } else { DEFAULT_LEVEL };
                check(&at_once(page, level), page, &|| format!("{name}, level {level}"));
                pages += 1;
            });
        }
    }
    println!("{pages} pages, {own} compressed by PostgreSQL");
    assert!(pages > 1000 && own > 0, "{pages} pages, {own} compressed by PostgreSQL");
}

/// Hands on each page that a segment has an image of, and the image if that is a Zstandard frame.
fn each_page(segment: &[u8], mut each: impl FnMut(&[u8], Option<&[u8]>)) {
    let Some(header) = PageHeader::decode(segment) else { return };
    let mut reader = Reader::new(Options { start: header.address, ..Options::default() });
    let mut rest = segment;
    // What is behind the last record is an error.
    while let Ok(Some(record)) = reader.next(&mut rest) {
        for block in record.blocks() {
            let Some(image) = block.image() else { continue };
            let mut page = [0; PAGE];
            record.restore_image(block.id(), &mut page).expect("a page");
            let is_zstd = image.compression() == Some(Compression::Zstd);
            each(&page, is_zstd.then(|| image.bytes()));
        }
    }
}
