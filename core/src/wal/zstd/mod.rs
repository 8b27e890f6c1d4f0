//! Zstandard frames of page images (RFC 8878), read for exactly this: one frame is one page, and the
//! page is what it may refer to, so that no frame writes, holds or takes longer than a page does.
//!
//! | section | bytes | is |
//! |---|---|---|
//! | 3.1.1 | 4 | the magic number |
//! | 3.1.1.1.1 | 1 | the descriptor: see [`descriptor`] |
//! | 3.1.1.1.2 | 0, 1 | how far back references may reach; left out where the page is one segment |
//! | 3.1.1.1.4 | 0, 1, 2, 4, 8 | the size of the content |
//! | 3.1.1.2 | 3, and content | blocks, up to one that is marked as the last |
//!
//! PostgreSQL writes them by `ZSTD_compress` (`xloginsert.c`), which adds no checksum and no
//! dictionary: what has one is refused, for neither is looked at here. So is what lies behind the frame.

mod bits;
mod fse;
#[cfg(all(test, feature = "alloc"))]
mod hostile;
mod huffman;
mod literals;
mod sequences;

use super::block::BLOCK_SIZE;
use super::cursor::Cursor;
use super::window::Window;
use huffman::Huffman;
use sequences::Sequences;

const MAGIC: u32 = 0xFD2F_B528;

/// Bits of a frame's descriptor. One has no meaning.
mod descriptor {
    pub(super) const SIZE: u8 = 0xC0;
    pub(super) const SINGLE_SEGMENT: u8 = 0x20;
    pub(super) const RESERVED: u8 = 0x08;
    pub(super) const CHECKSUM: u8 = 0x04;
    pub(super) const DICTIONARY: u8 = 0x03;
}

/// A block's header: whether it is the last, of which kind it is, and its size (3.1.1.2).
mod block {
    pub(super) const LAST: u32 = 1;
    pub(super) const KIND_SHIFT: u32 = 1;
    pub(super) const KIND: u32 = 3;
    pub(super) const SIZE_SHIFT: u32 = 3;
    pub(super) const RAW: u32 = 0;
    pub(super) const RLE: u32 = 1;
    pub(super) const COMPRESSED: u32 = 2;
}

/// Fills `target` with what the frame `source` says. `None`: it does not fill it, or is no frame.
pub(super) fn decompress(source: &[u8], target: &mut [u8]) -> Option<()> {
    let mut source = Cursor::new(source);
    if content_size(&mut source)?.is_some_and(|size| size != target.len() as u64) {
        return None;
    }
    let mut window = Window::new(target);
    let mut blocks = Blocks::new();
    loop {
        let [low, middle, high] = source.array()?;
        let header = u32::from_le_bytes([low, middle, high, 0]);
        let size = usize::try_from(header >> block::SIZE_SHIFT).ok()?;
        match header >> block::KIND_SHIFT & block::KIND {
            block::RAW => window.append(source.bytes(size)?)?,
            block::RLE => window.fill(source.u8()?, size)?,
            block::COMPRESSED => blocks.decompress(source.bytes(size)?, &mut window)?,
            _ => return None,
        }
        if header & block::LAST != 0 {
            break;
        }
    }
    (source.rest().is_empty() && window.room() == 0).then_some(())
}

/// Reads a frame's header: how long its content is, if it says so.
fn content_size(frame: &mut Cursor<'_>) -> Option<Option<u64>> {
    if frame.u32()? != MAGIC {
        return None;
    }
    let descriptor = frame.u8()?;
    let refused = descriptor::RESERVED | descriptor::CHECKSUM | descriptor::DICTIONARY;
    if descriptor & refused != 0 {
        return None;
    }
    let is_single = descriptor & descriptor::SINGLE_SEGMENT != 0;
    if !is_single {
        // The window, which is larger than the page or the page itself.
        frame.u8()?;
    }
    Some(match (descriptor & descriptor::SIZE) >> descriptor::SIZE.trailing_zeros() {
        0 if is_single => Some(frame.u8()?.into()),
        0 => None,
        1 => Some(u64::from(frame.u16()?).saturating_add(256)),
        2 => Some(frame.u32()?.into()),
        _ => Some(frame.u64()?),
    })
}

/// What compressed blocks hand to the next one, and room for the literals of one.
struct Blocks {
    huffman: Huffman,
    sequences: Sequences,
    literals: [u8; BLOCK_SIZE as usize],
}

impl Blocks {
    const fn new() -> Self {
        Self {
            huffman: Huffman::new(),
            sequences: Sequences::new(),
            literals: [0; BLOCK_SIZE as usize],
        }
    }

    /// A compressed block (3.1.1.3): literals, and sequences that put them in their places.
    fn decompress(&mut self, block: &[u8], window: &mut Window<'_>) -> Option<()> {
        let mut block = Cursor::new(block);
        let literals = literals::decode(&mut block, &mut self.huffman, &mut self.literals)?;
        self.sequences.execute(block, literals, window)
    }
}
