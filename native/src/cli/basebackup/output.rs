//! Where archives go: unpacked into directories, into files, to standard output, or nowhere.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use bytes::{Buf, Bytes};

use super::wal_files::create;
use crate::backup::{Injector, failed};
use crate::{Archive, Compression, CompressionMethod, Error, Packer, Result, Unpacker, unpacked};

/// Pieces that wait for the thread that decompresses.
const WAITING: usize = 16;
/// What it hands on at once.
const CHUNK: usize = 128 * 1024;

type Output = Box<dyn Write + Send>;

/// The archive that comes just now.
pub(super) enum ArchiveOutput {
    Nowhere,
    /// As it comes.
    File {
        path: PathBuf,
        packer: Packer<Output>,
    },
    /// Taken apart.
    Parsed(Parser),
    /// What the server compressed, decompressed and taken apart by a thread.
    Decompressed {
        thread: Decompressor,
        /// Files are put into it in the end.
        waits: bool,
    },
}

/// Who takes an archive apart.
pub(super) enum Parser {
    Unpacker(Box<Unpacker>),
    /// It becomes an archive again, with more files in it.
    Injector {
        path: PathBuf,
        injector: Box<Injector<Packer<Output>>>,
    },
}

impl ArchiveOutput {
    /// Unpacks into the directory, or into the tablespace's.
    pub(super) fn unpacking(unpacker: Unpacker, archive: &Archive) -> Result<Self> {
        let parser = Parser::Unpacker(Box::new(unpacker));
        match CompressionMethod::of_name(&archive.name) {
            None if archive.name.ends_with(".tar") => Ok(Self::Parsed(parser)),
            None => Err(Error::protocol(format!("cannot parse archive {:?}", archive.name))),
            Some(method) => Ok(Self::decompressed(parser, method)),
        }
    }

    fn decompressed(parser: Parser, method: CompressionMethod) -> Self {
        let waits = matches!(parser, Parser::Injector { .. });
        Self::Decompressed { thread: Decompressor::start(parser, method), waits }
    }

    /// Writes it to a file in the directory, or to standard output.
    pub(super) fn file(
        directory: &Path,
        archive: &Archive,
        compression: Option<&Compression>,
    ) -> Result<Self> {
        let suffix = compression.map_or("", |compression| compression.method.suffix());
        let (path, packer) = packer(directory, &format!("{}{suffix}", archive.name), compression)?;
        Ok(Self::File { path, packer })
    }

    /// The same with files in it: settings of recovery, and those that [`finish`](Self::finish) is given.
    /// What the server compressed is decompressed for that, and compressed again in the same way.
    pub(super) fn file_with_more(
        directory: &Path,
        archive: &Archive,
        compression: Option<&Compression>,
        settings: Option<String>,
    ) -> Result<Self> {
        let method = CompressionMethod::of_name(&archive.name);
        let suffix = match (compression, method) {
            (Some(compression), None) => compression.method.suffix(),
            _ => "",
        };
        let (path, packer) = packer(directory, &format!("{}{suffix}", archive.name), compression)?;
        let injector = Box::new(Injector::new(packer, settings));
        let parser = Parser::Injector { path, injector };
        Ok(match method {
            None => Self::Parsed(parser),
            Some(method) => Self::decompressed(parser, method),
        })
    }

    /// Whether [`finish`](Self::finish) has files to put into it.
    pub(super) fn waits(&self) -> bool {
        matches!(
            self,
            Self::Parsed(Parser::Injector { .. }) | Self::Decompressed { waits: true, .. }
        )
    }

    /// It will not become whole. What works on it has ended when this returns.
    pub(super) fn give_up(self) {
        if let Self::Decompressed { thread, .. } = self {
            // Why is known already.
            let _ = thread.finish();
        }
    }

    pub(super) fn write(&mut self, bytes: Bytes) -> Result<()> {
        match self {
            Self::Nowhere => Ok(()),
            Self::File { path, packer } => {
                packer.write_all(&bytes).map_err(|error| failed("write", path, error))
            }
            Self::Parsed(parser) => parser.write(&bytes),
            Self::Decompressed { thread, .. } => thread.write(bytes),
        }
    }

    pub(super) fn finish(self, files: &[(&str, &[u8])]) -> Result<()> {
        match self {
            Self::Nowhere => Ok(()),
            Self::File { path, packer } => finish_file(&path, packer),
            Self::Parsed(parser) => parser.finish(files),
            Self::Decompressed { thread, .. } => thread.finish()?.finish(files),
        }
    }
}

/// A file of that name in the directory, or standard output.
fn packer(
    directory: &Path,
    name: &str,
    compression: Option<&Compression>,
) -> Result<(PathBuf, Packer<Output>)> {
    let (output, path): (Output, _) = if directory == Path::new("-") {
        (Box::new(io::stdout()), PathBuf::from("standard output"))
    } else {
        let path = directory.join(name);
        (Box::new(create(&path)?), path)
    };
    let packer = Packer::new(output, compression);
    let packer = packer.map_err(|error| failed("write", &path, error))?;
    Ok((path, packer))
}

fn finish_file(path: &Path, packer: Packer<Output>) -> Result<()> {
    let finished = packer.finish().and_then(|mut output| output.flush());
    finished.map_err(|error| failed("write", path, error))
}

impl Parser {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Unpacker(unpacker) => unpacker.write(bytes),
            Self::Injector { path, injector } => {
                injector.write(bytes).map_err(|error| of_file(error, path))
            }
        }
    }

    fn finish(self, files: &[(&str, &[u8])]) -> Result<()> {
        match self {
            Self::Unpacker(unpacker) => unpacker.finish(),
            Self::Injector { path, injector } => {
                let packer = injector.finish(files).map_err(|error| of_file(error, &path))?;
                finish_file(&path, packer)
            }
        }
    }
}

fn of_file(error: Error, path: &Path) -> Error {
    match error {
        Error::Io(error) => failed("write", path, error),
        other => other,
    }
}

/// A thread that decompresses and takes apart what it is sent.
pub(super) struct Decompressor {
    pieces: SyncSender<Bytes>,
    thread: JoinHandle<Result<Parser>>,
}

impl Decompressor {
    fn start(parser: Parser, method: CompressionMethod) -> Self {
        let (pieces, receiver) = sync_channel(WAITING);
        let thread = std::thread::spawn(move || decompress(parser, receiver, method));
        Self { pieces, thread }
    }

    fn write(&mut self, bytes: Bytes) -> Result<()> {
        // Where the thread has ended, `finish` tells why.
        self.pieces.send(bytes).map_err(|_| Error::StreamClosed)
    }

    /// All has come; the archive's end is the caller's matter.
    fn finish(self) -> Result<Parser> {
        drop(self.pieces);
        let died = || Err(Error::protocol("the thread that decompresses died"));
        self.thread.join().unwrap_or_else(|_| died())
    }

    /// Why it does not take more.
    pub(super) fn failure(self, error: Error) -> Error {
        self.finish().err().unwrap_or(error)
    }
}

fn decompress(
    mut parser: Parser,
    pieces: Receiver<Bytes>,
    method: CompressionMethod,
) -> Result<Parser> {
    let bad = |error| Error::protocol(format!("an archive cannot be decompressed: {error}"));
    let mut input =
        unpacked(Pieces { pieces, current: Bytes::new() }, Some(method)).map_err(bad)?;
    let mut buffer = vec![0; CHUNK];
    loop {
        match input.read(&mut buffer).map_err(bad)? {
            0 => return Ok(parser),
            length => parser.write(&buffer[..length])?,
        }
    }
}

struct Pieces {
    pieces: Receiver<Bytes>,
    current: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.recv() {
                Ok(piece) => self.current = piece,
                Err(_) => return Ok(0),
            }
        }
        let length = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// The file of the manifest, which gets its name when all is durable.
#[derive(Debug)]
pub(super) struct ManifestFile {
    pub(super) temporary: PathBuf,
    pub(super) path: PathBuf,
    file: File,
}

impl ManifestFile {
    pub(super) fn create(directory: &Path) -> Result<Self> {
        let temporary = directory.join("backup_manifest.tmp");
        let file = create(&temporary)?;
        Ok(Self { temporary, path: directory.join("backup_manifest"), file })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| failed("write", &self.temporary, error))
    }
}
