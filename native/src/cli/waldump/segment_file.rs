//! Files of segments: plain ones, unfinished ones (`.partial`), compressed ones, as `pg_receivewal`
//! and archives keep them, and members of tar files.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;
use ruzstd::decoding::StreamingDecoder;

/// What may follow a segment's name, in the order in which it is looked for. `pg_waldump` knows only
/// the first.
const SUFFIXES: [&str; 8] =
    ["", ".gz", ".lz4", ".zst", ".partial", ".gz.partial", ".lz4.partial", ".zst.partial"];

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    Lz4,
    Zstd,
}

impl Packing {
    fn of(name: &str) -> Self {
        let name = name.strip_suffix(".partial").unwrap_or(name);
        if name.ends_with(".gz") || name.ends_with(".tgz") {
            Self::Gzip
        } else if name.ends_with(".lz4") {
            Self::Lz4
        } else if name.ends_with(".zst") {
            Self::Zstd
        } else {
            Self::None
        }
    }
}

/// Removes from a file name what may follow a segment's.
pub(super) fn without_suffix(name: &str) -> &str {
    let mut suffixes = SUFFIXES.iter().rev();
    suffixes.find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

/// Whether a directory's entry is a segment (`IsXLogFileName`), with one of the suffixes if `packed`.
pub(super) fn is_segment_name(name: &str, packed: bool) -> bool {
    let name = if packed { without_suffix(name) } else { name };
    name.len() == 24 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

/// A segment's file that is read.
pub(super) enum SegmentFile {
    Plain(File),
    /// One that is decompressed from its beginning on.
    Packed {
        path: PathBuf,
        packing: Packing,
        reader: Box<dyn Read + Send>,
        position: u64,
    },
    /// So many bytes of a tar file, which all its members share.
    Member {
        archive: Arc<Mutex<Self>>,
        start: u64,
        size: u64,
    },
}

impl std::fmt::Debug for SegmentFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(file) => f.debug_tuple("Plain").field(file).finish(),
            Self::Packed { path, packing, .. } => {
                f.debug_struct("Packed").field("path", path).field("packing", packing).finish()
            }
            Self::Member { start, size, .. } => {
                f.debug_struct("Member").field("start", start).field("size", size).finish()
            }
        }
    }
}

impl SegmentFile {
    /// Opens the file of a name, or of the name with one of the suffixes; `None`: there is none.
    pub(super) fn find(directory: &Path, name: &Path) -> io::Result<Option<Self>> {
        for suffix in SUFFIXES {
            let mut path = directory.join(name).into_os_string();
            path.push(suffix);
            match Self::open(Path::new(&path)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                found => return found.map(Some),
            }
        }
        Ok(None)
    }

    /// Opens a file, which is compressed if its name says so.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let packing = Packing::of(&path.to_string_lossy());
        if packing == Packing::None {
            return File::open(path).map(Self::Plain);
        }
        let reader = unpack(path, packing)?;
        Ok(Self::Packed { path: path.to_owned(), packing, reader, position: 0 })
    }

    /// Whether it can be read from anywhere on.
    pub(super) const fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Reads at an offset until `buffer` is full or the file is at its end, and returns how many bytes
    /// there were.
    pub(super) fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::Plain(file) => read_full(&mut At { file, offset }, buffer),
            Self::Packed { path, packing, reader, position } => {
                if *position > offset {
                    *reader = unpack(path, *packing)?;
                    *position = 0;
                }
                let skipped = io::copy(&mut reader.take(offset - *position), &mut io::sink());
                *position += until_cut(skipped)?;
                let length = if *position < offset { 0 } else { read_full(reader, buffer)? };
                *position += length as u64;
                Ok(length)
            }
            Self::Member { archive, start, size } => {
                let left = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
                let length = left.min(buffer.len());
                let mut archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
                archive.read_at(&mut buffer[..length], start.saturating_add(offset))
            }
        }
    }
}

/// Reads until the buffer is full or there is no more.
pub(super) fn read_full(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match until_cut(reader.read(&mut buffer[length..]))? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

/// A compressed file that is still being written has no end: what came before counts.
fn until_cut<N: Default>(result: io::Result<N>) -> io::Result<N> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(N::default()),
        result => result,
    }
}

fn unpack(path: &Path, packing: Packing) -> io::Result<Box<dyn Read + Send>> {
    let file = BufReader::new(File::open(path)?);
    Ok(match packing {
        Packing::None => Box::new(file),
        Packing::Gzip => Box::new(MultiGzDecoder::new(file)),
        Packing::Lz4 => Box::new(FrameDecoder::new(file)),
        Packing::Zstd => {
            let decoder = StreamingDecoder::new(file);
            Box::new(decoder.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?)
        }
    })
}

/// A place in a file.
struct At<'f> {
    file: &'f File,
    offset: u64,
}

impl Read for At<'_> {
    #[cfg(unix)]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt;
        let length = self.file.read_at(buffer, self.offset)?;
        self.offset += length as u64;
        Ok(length)
    }

    #[cfg(not(unix))]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::io::{Seek, SeekFrom};
        self.file.seek(SeekFrom::Start(self.offset))?;
        let length = self.file.read(buffer)?;
        self.offset += length as u64;
        Ok(length)
    }
}
