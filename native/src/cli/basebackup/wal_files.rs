//! Where streamed log is put: into `pg_wal` of an unpacked backup, or into `pg_wal.tar`
//! (`walmethods.c`).

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use walscope_core::wal::{SegmentName, SegmentSize};
use walscope_core::{Lsn, TimelineId};

use crate::backup::{TarWriter, failed, make_private_directory};
use crate::{Compression, Error, HistoryFile, Packer, Result, SegmentOptions, SegmentWriter};

/// Files that say of each segment that it needs no archiving.
const STATUS: &str = "archive_status";

/// Where it is to be put.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// `pg_wal`; with a directory for the summaries of PostgreSQL 17.
    Directory { path: PathBuf, summaries: bool },
    /// `pg_wal.tar`.
    Tar { path: PathBuf, compression: Option<Compression> },
}

#[derive(Debug)]
pub(super) enum WalFiles {
    Directory(SegmentWriter),
    Tar(Box<WalArchive>),
}

impl WalFiles {
    /// Makes the directory, unless it is there as a link, or the archive. The log begins at `start`.
    pub(super) fn create(
        place: Place,
        size: SegmentSize,
        mode: u32,
        timeline: TimelineId,
        start: Lsn,
    ) -> Result<Self> {
        match place {
            Place::Directory { path, summaries } => {
                let names = [Some(STATUS), summaries.then_some("summaries")];
                let below = names.into_iter().flatten().map(|name| path.join(name));
                std::iter::once(path.clone()).chain(below).try_for_each(|path| make(&path))?;
                // All is flushed at the end.
                let options = SegmentOptions {
                    partial: false,
                    sync: false,
                    mark_done: true,
                    mode,
                    ..SegmentOptions::new(size)
                };
                Ok(Self::Directory(SegmentWriter::new(path, options, timeline, start)?))
            }
            Place::Tar { path, compression } => {
                let file = create(&path)?;
                let packer = Packer::new(file, compression.as_ref());
                let packer = packer.map_err(|error| failed("write", &path, error))?;
                let tar = TarWriter::new(packer);
                let whole = start;
                Ok(Self::Tar(Box::new(WalArchive {
                    path,
                    tar,
                    size,
                    timeline,
                    position: start,
                    whole,
                })))
            }
        }
    }

    /// Writes more of the log, and returns the end of the last segment that is whole.
    pub(super) fn write(&mut self, start: Lsn, bytes: &[u8]) -> Result<Lsn> {
        match self {
            Self::Directory(writer) => {
                writer.write_all(start, bytes)?;
                Ok(writer.flushed())
            }
            Self::Tar(archive) => archive.write(start, bytes),
        }
    }

    /// A timeline's history.
    pub(super) fn history(&mut self, file: &HistoryFile) -> Result<()> {
        match self {
            Self::Directory(writer) => writer.write_history(file),
            Self::Tar(archive) => archive.history(file),
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self::Directory(mut writer) => writer.close(),
            Self::Tar(archive) => archive.finish(),
        }
    }
}

/// The log in a tar file.
#[derive(Debug)]
pub(super) struct WalArchive {
    path: PathBuf,
    tar: TarWriter<Packer<File>>,
    size: SegmentSize,
    timeline: TimelineId,
    position: Lsn,
    whole: Lsn,
}

impl WalArchive {
    fn write(&mut self, start: Lsn, bytes: &[u8]) -> Result<Lsn> {
        if start != self.position {
            let text = format!("the log comes from {start} where {} is next", self.position);
            return Err(Error::protocol(text));
        }
        let written = self.write_segments(bytes);
        written.map_err(|error| failed("write", &self.path, error))?;
        Ok(self.whole)
    }

    fn write_segments(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let number = self.size.number(self.position);
            let name = SegmentName { timeline: self.timeline, number, size: self.size }.to_string();
            if self.size.offset(self.position) == 0 {
                self.tar.begin(&name, self.size.get().into(), now())?;
            }
            let room = self.size.get() - self.size.offset(self.position);
            let (taken, rest) = bytes.split_at((room as usize).min(bytes.len()));
            self.tar.write(taken)?;
            self.position.0 += taken.len() as u64;
            bytes = rest;
            if taken.len() == room as usize {
                self.end(&name)?;
                self.whole = self.position;
            }
        }
        Ok(())
    }

    /// A file is whole.
    fn end(&mut self, name: &str) -> io::Result<()> {
        self.tar.end()?;
        self.tar.begin(&format!("{STATUS}/{name}.done"), 0, now())?;
        self.tar.end()
    }

    fn history(&mut self, file: &HistoryFile) -> Result<()> {
        let content = file.content.as_bytes();
        let begun = self.tar.begin(&file.name, content.len() as u64, now());
        let written =
            begun.and_then(|()| self.tar.write(content)).and_then(|()| self.end(&file.name));
        written.map_err(|error| failed("write", &self.path, error))
    }

    fn finish(mut self) -> Result<()> {
        // What is missing of the last segment is zeros.
        let finished = self.tar.end().and_then(|()| self.tar.finish()).and_then(Packer::finish);
        finished.map(drop).map_err(|error| failed("write", &self.path, error))
    }
}

fn make(path: &Path) -> Result<()> {
    match make_private_directory(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.map_err(|error| failed("create", path, error)),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A new file that only its owner sees.
pub(super) fn create(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map_err(|error| failed("create", path, error))
}

/// A link to where the log is.
#[cfg(unix)]
pub(super) fn link(target: &Path, path: &Path) -> Result<()> {
    std::os::unix::fs::symlink(target, path).map_err(|error| failed("create", path, error))
}

/// A link to where the log is.
#[cfg(not(unix))]
pub(super) fn link(target: &Path, path: &Path) -> Result<()> {
    std::os::windows::fs::symlink_dir(target, path).map_err(|error| failed("create", path, error))
}
