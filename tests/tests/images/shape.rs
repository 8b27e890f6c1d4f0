//! What frames are made of: as much of RFC 8878 as it takes to see that all of it was met.

/// What frames of one block are made of.
pub(crate) const OF_ONE_BLOCK: [&str; 16] = [
    "raw block",
    "raw literals",
    "one stream",
    "four streams",
    "weights as they are",
    "weights by a table",
    "no sequences",
    "sequences",
    "predefined literal lengths",
    "described literal lengths",
    "predefined offsets",
    "one offset",
    "described offsets",
    "predefined match lengths",
    "one match length",
    "described match lengths",
];

/// What only frames of several blocks have.
pub(crate) const OF_MORE_BLOCKS: [&str; 8] = [
    "RLE block",
    "RLE literals",
    "one stream, treeless",
    "four streams, treeless",
    "one literal length",
    "repeated literal lengths",
    "repeated offsets",
    "repeated match lengths",
];

const TABLES: [[&str; 3]; 4] = [
    ["predefined literal lengths", "predefined offsets", "predefined match lengths"],
    ["one literal length", "one offset", "one match length"],
    ["described literal lengths", "described offsets", "described match lengths"],
    ["repeated literal lengths", "repeated offsets", "repeated match lengths"],
];

/// The parts of a frame that is right.
pub(crate) fn shape(frame: &[u8]) -> Vec<&'static str> {
    let descriptor = frame[4];
    let size_length = [usize::from(descriptor >> 5 & 1), 2, 4, 8][usize::from(descriptor >> 6)];
    let mut rest = &frame[5 + usize::from(descriptor >> 5 & 1 ^ 1) + size_length..];
    let mut parts = Vec::new();
    while let [low, middle, high, blocks @ ..] = rest {
        let header = u32::from_le_bytes([*low, *middle, *high, 0]);
        let size = header as usize >> 3;
        let length = match header >> 1 & 3 {
            0 => {
                parts.push("raw block");
                size
            }
            1 => {
                parts.push("RLE block");
                1
            }
            _ => {
                block(&blocks[..size], &mut parts);
                size
            }
        };
        rest = &blocks[length..];
    }
    parts
}

fn block(block: &[u8], parts: &mut Vec<&'static str>) {
    let mut head = [0; 8];
    let length = block.len().min(8);
    head[..length].copy_from_slice(&block[..length]);
    let head = u64::from_le_bytes(head);
    let form = (head >> 2 & 3) as usize;
    let behind = match head & 3 {
        kind @ (0 | 1) => {
            let (shift, bits, length) = [(3, 5, 1), (4, 12, 2), (3, 5, 1), (4, 20, 3)][form];
            let size = (head >> shift & ((1 << bits) - 1)) as usize;
            parts.push(["raw literals", "RLE literals"][kind as usize]);
            length + if kind == 0 { size } else { 1 }
        }
        kind => {
            let (bits, length) = [(10, 3), (10, 3), (14, 4), (18, 5)][form];
            let size = (head >> (4 + bits) & ((1 << bits) - 1)) as usize;
            parts.push(match (kind, form) {
                (2, 0) => "one stream",
                (2, _) => "four streams",
                (_, 0) => "one stream, treeless",
                _ => "four streams, treeless",
            });
            if kind == 2 {
                let direct = block[length] >= 128;
                parts.push(if direct { "weights as they are" } else { "weights by a table" });
            }
            length + size
        }
    };
    let sequences = &block[behind..];
    let count_length = match sequences[0] {
        0 => return parts.push("no sequences"),
        1..128 => 1,
        128..255 => 2,
        255 => 3,
    };
    parts.push("sequences");
    let modes = sequences[count_length];
    for (table, shift) in [6, 4, 2].into_iter().enumerate() {
        parts.push(TABLES[usize::from(modes >> shift & 3)][table]);
    }
}
