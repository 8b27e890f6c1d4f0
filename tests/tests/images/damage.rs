//! Frames that are cut or of which a byte is another one.

use super::record::{PAGE, restore};
use super::shape::shape;
use super::{at_once, contents, in_blocks};

/// Frames of all shapes, and what they are of.
fn frames() -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let pages = contents::ALL.into_iter().map(|(_, make)| make(400));
    pages.flat_map(|content| {
        let frames = [at_once(&content, 3), at_once(&content, 19), in_blocks(&content, 3, 200)];
        frames.map(|frame| (frame, content.clone()))
    })
}

/// What libzstd makes of a frame, if that is a content of this size.
fn by_libzstd(frame: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut content = vec![0; PAGE];
    let found = zstd::bulk::decompress_to_buffer(frame, &mut content).ok()?;
    content.truncate(found);
    (found == size).then_some(content)
}

#[test]
fn cut_frames_are_refused() {
    for (frame, content) in frames() {
        for length in 0..frame.len() {
            assert!(restore(&frame[..length], content.len()).is_err(), "{length} of {frame:x?}");
        }
        let longer = [&frame[..], &[0]].concat();
        assert!(restore(&longer, content.len()).is_err(), "a byte more than {frame:x?}");
    }
}

/// A page comes out where libzstd makes one, and it is the same. Of four streams of literals libzstd
/// does not look whether all of their bits are read, which RFC 8878 asks for (4.2.2): there a page may
/// come out of libzstd alone.
#[test]
fn damaged_frames_are_what_they_are_to_libzstd() {
    let (mut pages, mut refused) = (0, 0);
    for (mut frame, content) in frames() {
        let is_strict = shape(&frame).iter().all(|part| !part.starts_with("four streams"));
        for place in 0..frame.len() {
            let right = frame[place];
            for flip in [0x01, 0x08, 0x40, 0xFF, right] {
                frame[place] = right ^ flip;
                let ours = restore(&frame, content.len()).ok();
                let theirs = by_libzstd(&frame, content.len());
                if ours.is_some() || is_strict {
                    assert!(ours == theirs, "byte {place} ^ {flip:x} of {frame:x?}");
                }
                *if ours.is_some() { &mut pages } else { &mut refused } += 1;
            }
            frame[place] = right;
        }
    }
    println!("{pages} pages came out, {refused} frames were refused");
    assert!(pages > 1000 && refused > 1000, "{pages} pages, {refused} refused");
}
