//! Page images: what their headers say, and the pages restored from them (`RestoreBlockImage`).

use super::block::BLOCK_SIZE;
use super::cursor::Cursor;
use super::error::ErrorKind;
use super::pglz;
use super::version::Version;

/// A page of a table or an index.
pub type Page = [u8; BLOCK_SIZE as usize];

/// How a page image is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// PostgreSQL's own way.
    Pglz,
    /// LZ4, a bare block; since PostgreSQL 15.
    Lz4,
    /// Zstandard, a frame; since PostgreSQL 15.
    Zstd,
}

impl Compression {
    /// The name, as `pg_waldump` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pglz => "pglz",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// Bits of `bimg_info`. Two of them changed their places in PostgreSQL 15.
mod bit {
    pub(super) const HAS_HOLE: u8 = 0x01;
    pub(super) const COMPRESSED_14: u8 = 0x02;
    pub(super) const APPLY_14: u8 = 0x04;
    pub(super) const APPLY: u8 = 0x02;
    pub(super) const PGLZ: u8 = 0x04;
    pub(super) const LZ4: u8 = 0x08;
    pub(super) const ZSTD: u8 = 0x10;
}

/// What a record says of a page image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) length: u16,
    hole_offset: u16,
    hole_length: u16,
    info: u8,
}

impl Header {
    /// The header at the cursor; `None`: it is cut.
    pub(super) fn decode(fields: &mut Cursor<'_>, version: Version) -> Option<Self> {
        let mut header = Self {
            length: fields.u16()?,
            hole_offset: fields.u16()?,
            info: fields.u8()?,
            hole_length: 0,
        };
        header.hole_length = match (header.compression(version), header.has_hole()) {
            (Some(_), true) => fields.u16()?,
            (Some(_), false) => 0,
            // It wraps if the image is longer than a page, which is refused then.
            (None, _) => BLOCK_SIZE.wrapping_sub(header.length),
        };
        Some(header)
    }

    const fn has_hole(&self) -> bool {
        self.info & bit::HAS_HOLE != 0
    }

    /// Whether the hole's length is written.
    pub(super) const fn has_hole_length(&self, version: Version) -> bool {
        self.has_hole() && self.compression(version).is_some()
    }

    const fn compression(&self, version: Version) -> Option<Compression> {
        let (pglz, newer) = match version {
            Version::V14 => (bit::COMPRESSED_14, false),
            _ => (bit::PGLZ, true),
        };
        if self.info & pglz != 0 {
            Some(Compression::Pglz)
        } else if newer && self.info & bit::LZ4 != 0 {
            Some(Compression::Lz4)
        } else if newer && self.info & bit::ZSTD != 0 {
            Some(Compression::Zstd)
        } else {
            None
        }
    }

    const fn apply(&self, version: Version) -> bool {
        let apply = match version {
            Version::V14 => bit::APPLY_14,
            _ => bit::APPLY,
        };
        self.info & apply != 0
    }

    /// PostgreSQL's checks, in its order. `data_length` is that of the block's data, which one of the
    /// texts prints.
    pub(super) fn check(&self, version: Version, data_length: u16) -> Result<(), ErrorKind> {
        let Self { length, hole_offset, hole_length, .. } = *self;
        let compressed = self.compression(version).is_some();
        if self.has_hole() && (hole_offset == 0 || hole_length == 0 || length == BLOCK_SIZE) {
            return Err(ErrorKind::ImageHole {
                offset: hole_offset,
                length: hole_length,
                image: length,
            });
        }
        if !self.has_hole() && (hole_offset != 0 || hole_length != 0) {
            return Err(ErrorKind::ImageHoleUnexpected {
                offset: hole_offset,
                length: hole_length,
            });
        }
        if compressed && length == BLOCK_SIZE {
            return Err(ErrorKind::ImageCompressed(length));
        }
        if !self.has_hole() && !compressed && length != BLOCK_SIZE {
            return Err(ErrorKind::ImageLength(data_length));
        }
        Ok(())
    }
}

/// The image of a page, borrowed from its record.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    pub(super) header: Header,
    pub(super) bytes: &'a [u8],
    pub(super) version: Version,
}

impl<'a> Image<'a> {
    /// The image as it is in the record: without its hole, perhaps compressed.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where the hole begins that was left out; 0 without one.
    pub const fn hole_offset(&self) -> u16 {
        self.header.hole_offset
    }

    /// How long the hole is; 0 without one.
    pub const fn hole_length(&self) -> u16 {
        self.header.hole_length
    }

    /// How it is compressed; `None`: not at all.
    pub const fn compression(&self) -> Option<Compression> {
        self.header.compression(self.version)
    }

    /// Whether redo puts it in the page's place. Else it is there to be compared with
    /// (`wal_consistency_checking`).
    pub const fn apply(&self) -> bool {
        self.header.apply(self.version)
    }

    /// `bimg_info`, whose bits mean other things in PostgreSQL 14 than later.
    pub const fn info(&self) -> u8 {
        self.header.info
    }

    /// Makes the page: decompresses the image and fills its hole with zeros. `block` is for errors.
    pub(super) fn restore(&self, block: u8, page: &mut Page) -> Result<(), ErrorKind> {
        let failed = ErrorKind::ImageDecompression(block);
        let mut scratch = [0; BLOCK_SIZE as usize];
        let size = BLOCK_SIZE.checked_sub(self.hole_length()).ok_or(failed)?;
        let content = match self.compression() {
            None => self.bytes,
            Some(method) => {
                let content = scratch.get_mut(..usize::from(size)).ok_or(failed)?;
                decompress(method, self.bytes, content, block)?;
                content
            }
        };
        let hole = usize::from(self.hole_offset());
        let behind = hole.saturating_add(usize::from(self.hole_length()));
        let parts = content.split_at_checked(hole).zip(page.split_at_mut_checked(hole));
        let ((front, back), (page_front, page_back)) = parts.ok_or(failed)?;
        page_front.copy_from_slice(front);
        let length = behind.saturating_sub(hole);
        let (gap, page_back) = page_back.split_at_mut_checked(length).ok_or(failed)?;
        gap.fill(0);
        if back.len() != page_back.len() {
            return Err(failed);
        }
        page_back.copy_from_slice(back);
        Ok(())
    }
}

fn decompress(
    method: Compression,
    source: &[u8],
    target: &mut [u8],
    block: u8,
) -> Result<(), ErrorKind> {
    let whole = match method {
        Compression::Pglz => pglz::decompress(source, target).is_some(),
        #[cfg(feature = "lz4")]
        Compression::Lz4 => {
            lz4_flex::block::decompress_into(source, target).is_ok_and(|size| size == target.len())
        }
        #[cfg(not(feature = "lz4"))]
        Compression::Lz4 => return Err(ErrorKind::ImageUnsupported { block, method: "LZ4" }),
        Compression::Zstd => super::zstd::decompress(source, target).is_some(),
    };
    if whole { Ok(()) } else { Err(ErrorKind::ImageDecompression(block)) }
}
