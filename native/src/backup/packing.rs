//! Compresses archives, and takes compressed ones apart.

use std::fmt;
use std::io::{self, Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use lz4::{BlockSize, ContentChecksum};

use super::compression::{Compression, CompressionMethod};

/// Compresses what is written to it, as `pg_basebackup` does (`src/fe_utils/astreamer_gzip.c` and its
/// neighbours).
pub enum Packer<W: Write> {
    /// Leaves it as it is.
    Plain(W),
    /// `gzip`.
    Gzip(Box<GzEncoder<W>>),
    /// `lz4`.
    Lz4(Box<lz4::Encoder<W>>),
    /// `zstd`.
    Zstd(Box<zstd::Encoder<'static, W>>),
}

impl<W: Write> Packer<W> {
    /// Writes to there, compressed in that way.
    ///
    /// # Errors
    ///
    /// Details that the method does not have.
    pub fn new(output: W, compression: Option<&Compression>) -> io::Result<Self> {
        let Some(compression) = compression else { return Ok(Self::Plain(output)) };
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
        compression.check().map_err(invalid)?;
        let level = compression.level;
        Ok(match compression.method {
            CompressionMethod::Gzip => {
                let level = level.and_then(|level| u32::try_from(level).ok());
                let level = level.map_or_else(flate2::Compression::default, |level| {
                    flate2::Compression::new(level)
                });
                Self::Gzip(Box::new(GzEncoder::new(output, level)))
            }
            CompressionMethod::Lz4 => {
                let mut builder = lz4::EncoderBuilder::new();
                builder.block_size(BlockSize::Max256KB).checksum(ContentChecksum::NoChecksum);
                builder.level(level.and_then(|level| u32::try_from(level).ok()).unwrap_or(0));
                Self::Lz4(Box::new(builder.build(output)?))
            }
            CompressionMethod::Zstd => {
                let level = level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL);
                let mut encoder = zstd::Encoder::new(output, level)?;
                if let Some(workers) = compression.workers {
                    encoder.multithread(workers)?;
                }
                encoder.long_distance_matching(compression.long)?;
                Self::Zstd(Box::new(encoder))
            }
        })
    }

    /// Writes what is left, and returns what it wrote to.
    ///
    /// # Errors
    ///
    /// What the output says.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(output) => Ok(output),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Lz4(encoder) => {
                let (output, result) = encoder.finish();
                result.map(|()| output)
            }
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> fmt::Debug for Packer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Gzip(_) => "Gzip",
            Self::Lz4(_) => "Lz4",
            Self::Zstd(_) => "Zstd",
        })
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(output) => output.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Lz4(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(output) => output.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Lz4(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}

/// Reads what is compressed in that way.
///
/// # Errors
///
/// What is not compressed so.
pub fn unpacked<'r>(
    input: impl Read + Send + 'r,
    method: Option<CompressionMethod>,
) -> io::Result<Box<dyn Read + Send + 'r>> {
    Ok(match method {
        None => Box::new(input),
        Some(CompressionMethod::Gzip) => Box::new(MultiGzDecoder::new(input)),
        Some(CompressionMethod::Lz4) => Box::new(lz4_flex::frame::FrameDecoder::new(input)),
        Some(CompressionMethod::Zstd) => Box::new(zstd::Decoder::new(input)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(text: &str, bytes: &[u8]) -> Vec<u8> {
        let compression: Compression = text.parse().expect(text);
        let mut packer = Packer::new(Vec::new(), Some(&compression)).expect(text);
        bytes.chunks(1000).for_each(|chunk| packer.write_all(chunk).expect(text));
        packer.finish().expect(text)
    }

    fn unpack(text: &str, packed: &[u8]) -> io::Result<Vec<u8>> {
        let compression: Compression = text.parse().expect(text);
        let mut bytes = Vec::new();
        unpacked(packed, Some(compression.method))?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn what_was_packed_comes_back_and_what_is_cut_off_is_noticed() {
        let bytes: Vec<u8> = (0..300_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        for text in
            ["gzip", "gzip:1", "lz4", "lz4:9", "zstd", "zstd:1", "zstd:level=5,workers=2,long"]
        {
            let packed = pack(text, &bytes);
            assert!(packed.len() < bytes.len() / 2, "{text}: {}", packed.len());
            assert!(unpack(text, &packed).expect(text) == bytes, "{text}");
            // The last 4 bytes of lz4's are a mark of the end, which is not missed.
            for length in [packed.len() / 2, packed.len() - 5] {
                assert!(unpack(text, &packed[..length]).is_err(), "{text}: {length} bytes");
            }
        }
    }
}
