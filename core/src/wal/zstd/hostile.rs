//! Frames that were made to do harm. Every one of them is an error, in no memory but the stack's.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use allocation_counter::measure;

use super::decompress;

/// What all frames here claim to make: a page.
const PAGE: usize = 8192;
/// A frame's beginning: its magic number, one segment of a page.
const HEADER: [u8; 7] = [0x28, 0xB5, 0x2F, 0xFD, 0x60, 0x00, 0x1F];

const RAW: u32 = 0;
const RLE: u32 = 1;
const COMPRESSED: u32 = 2;
const RESERVED: u32 = 3;

/// The modes of the three tables of sequences.
const ONE_CODE: u8 = 0x54;
const FSE: u8 = 0xA8;
const REPEAT: u8 = 0xFC;

/// What is written before.
const START: &[u8] = b"12345678";

/// Two literals: `aa`.
const LITERALS: [u8; 2] = [2 << 3 | 1, b'a'];

fn block(frame: &mut Vec<u8>, last: u32, kind: u32, size: usize, content: &[u8]) {
    frame.extend(&((size as u32) << 3 | kind << 1 | last).to_le_bytes()[..3]);
    frame.extend(content);
}

/// A frame of a compressed block that claims to write `length` bytes, and of what is left of the page.
fn compressed(parts: &[&[u8]], length: usize) -> Vec<u8> {
    let mut frame = HEADER.to_vec();
    let content = parts.concat();
    block(&mut frame, 0, RAW, START.len(), START);
    block(&mut frame, 0, COMPRESSED, content.len(), &content);
    block(&mut frame, 1, RLE, PAGE.saturating_sub(START.len() + length), b"z");
    frame
}

/// That it is refused, and in no memory at all.
#[track_caller]
fn refuse(what: &str, frame: &[u8]) {
    let mut target = [0; PAGE];
    let mut result = None;
    let counted = measure(|| result = decompress(frame, &mut target));
    assert_eq!(result, None, "{what}");
    assert_eq!(counted.bytes_max, 0, "{what}");
}

/// Red where `Window::repeat` does not look at how much room there is.
#[test]
fn matches_beyond_the_page_are_refused() {
    // 2,000 of up to 131,074 bytes each, in 4 KB.
    let literals = [0x80 | 0x0C | 1, 0x3E << 1, 0, b'a'];
    let (length_code, offset_code, longest_match) = (1, 0, 52);
    let sequences = [0x80 | 7, 0xD0, ONE_CODE, length_code, offset_code, longest_match];
    let mut bits = vec![0xFF; 4000];
    bits.push(1);
    refuse("long", &compressed(&[&literals, &sequences, &bits], PAGE));
    // As many as a block can have, from no bits at all.
    let (length_code, offset_code, match_code) = (0, 0, 31);
    let sequences = [0xFF, 0xFF, 0xFF, ONE_CODE, length_code, offset_code, match_code];
    refuse("many", &compressed(&[&LITERALS, &sequences, &[1]], PAGE));
}

/// Red where `Recent::offset` makes 1 of 0; never ends where `Window::repeat` takes a distance of 0.
#[test]
fn offsets_to_nowhere_are_refused() {
    let frame = |literals: u8, offset_code: u8, bits: &[u8]| {
        compressed(&[&LITERALS, &[1, ONE_CODE, literals, offset_code, 0], bits], 5)
    };
    // Behind no literals the value 2 is the third of the last offsets, 8: there is something.
    let mut page = [0; PAGE];
    assert_eq!(decompress(&frame(0, 1, &[0b10]), &mut page), Some(()));
    assert_eq!(page.first_chunk(), Some(b"12345678123aaz"));
    // The value 3 is the last one less 1: nothing.
    refuse("zero", &frame(0, 1, &[0b11]));
    // 11 back, where 10 bytes are written, and as far as can be said.
    refuse("eleven", &frame(2, 3, &[0b1110]));
    refuse("far", &frame(0, 31, &[0xFF; 4]));
}

#[test]
fn codes_that_do_not_exist_are_refused() {
    for [literals, offset, length] in
        [[36, 0, 0], [255, 0, 0], [0, 32, 0], [0, 64, 0], [0, 255, 0], [0, 0, 53], [0, 0, 255]]
    {
        let sequences = [1, ONE_CODE, literals, offset, length];
        // As many bits as the codes may have.
        for end in 0..64 {
            let bits = [&vec![0xFF; end / 8][..], &[1 << (end % 8)]].concat();
            refuse(&format!("{sequences:?}"), &compressed(&[&LITERALS, &sequences, &bits], 5));
        }
    }
}

#[test]
fn blocks_beyond_the_page_are_refused() {
    let mut frame = HEADER.to_vec();
    block(&mut frame, 1, RLE, (1 << 21) - 1, b"a");
    refuse("RLE", &frame);
    let mut frame = HEADER.to_vec();
    for _ in 0..1000 {
        block(&mut frame, 0, RLE, PAGE, b"a");
    }
    refuse("many", &frame);
    // Literals of a megabyte, and then no sequences.
    refuse("literals", &compressed(&[&[0xFD, 0xFF, 0xFF, b'a'], &[0]], PAGE));
}

/// Red where tables and trees begin as something, or `execute` does not look at the modes' last bits or
/// whether it is at the stream's end.
#[test]
fn what_is_not_there_is_refused() {
    refuse("the tree before", &compressed(&[&[3, 0x40, 0, 1], &[0]], 0));
    for bits in 0..=u8::MAX {
        refuse("the tables before", &compressed(&[&LITERALS, &[1, REPEAT, bits]], 5));
    }
    let reserved = [1, ONE_CODE | 2, 0, 1, 0, 0b10];
    refuse("reserved bits", &compressed(&[&LITERALS, &reserved], 5));
    let more = [1, ONE_CODE, 0, 1, 0, 0xAA, 0b10];
    refuse("bits that are not read", &compressed(&[&LITERALS, &more], 5));
    refuse("no stream", &compressed(&[&LITERALS, &[1, ONE_CODE, 0, 0, 0]], 5));
    refuse("no end of a stream", &compressed(&[&LITERALS, &[1, ONE_CODE, 0, 0, 0, 0]], 5));
    let mut frame = HEADER.to_vec();
    block(&mut frame, 1, RESERVED, PAGE, &[0; PAGE]);
    refuse("a block of no kind", &frame);
}

/// Tables and trees that begin in all ways: none does harm.
#[test]
fn descriptions_take_no_memory() {
    for start in (0..=u16::MAX).step_by(7) {
        let [first, second] = start.to_le_bytes();
        let sequences =
            [1, FSE, first, second, 0xA5, 0x5A, first, second, 0, 0xFF, second, first, 1];
        let tables = compressed(&[&LITERALS, &sequences], 5);
        let weights = [2 | 12 << 6, 4, 6, first, second, 0xA5, 0x5A, first, second];
        let weights = compressed(&[&weights, &[0x77; 8], &[0]], 67);
        for frame in [tables, weights] {
            let mut target = [0; PAGE];
            let counted = measure(|| _ = decompress(&frame, &mut target));
            assert_eq!(counted.bytes_max, 0, "{start:04x}");
        }
    }
}

/// Red without one of `content_size`'s checks, without that of its size, or without those at the end of
/// [`decompress`].
#[test]
fn frames_that_are_not_a_page_are_refused() {
    let mut whole = HEADER.to_vec();
    block(&mut whole, 1, RLE, PAGE, b"a");
    let mut target = [0; PAGE];
    assert_eq!(decompress(&whole, &mut target), Some(()));
    assert_eq!(target, [b'a'; PAGE]);
    for length in 0..whole.len() {
        refuse("cut", &whole[..length]);
    }
    refuse("one byte more", &[&whole[..], &[0]].concat());
    refuse("two frames", &[&whole[..], &whole[..]].concat());
    refuse("a skippable frame", &[&[0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 0], &whole[..]].concat());
    for (what, place, byte) in [
        ("another magic number", 3, 0xFE),
        ("another size", 5, 1),
        ("a reserved bit", 4, 0x68),
        ("a dictionary", 4, 0x61),
        ("a checksum", 4, 0x64),
    ] {
        let mut frame = whole.clone();
        frame[place] = byte;
        refuse(what, &frame);
        // With what such a frame has besides, too.
        if what == "a dictionary" {
            frame.insert(5, 1);
        } else if what == "a checksum" {
            frame.extend([0; 4]);
        }
        refuse(what, &frame);
    }
    let mut short = HEADER.to_vec();
    block(&mut short, 1, RAW, 3, b"abc");
    refuse("less than a page", &short);
}
