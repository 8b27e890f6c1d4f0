//! A segment that is compressed as it is written.
//!
//! A compressed file cannot be gone on with in its midst. What an earlier process left of the segment
//! stays as it is while the segment is written anew beside it, and is replaced once there is more of it
//! on disk than there was: a crash at any moment leaves all that was flushed.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::durable::{Durable, named};
use crate::backup::{Compression, CompressionMethod, Packer, unpacked};
use crate::error::Result;

/// What the name of the new file ends in while the old one is kept.
const NEW: &str = ".new";

#[derive(Debug)]
pub(super) struct PackedFile {
    /// Where the segment is.
    path: PathBuf,
    /// Where it is written: there, or beside.
    writing: PathBuf,
    packer: Packer<File>,
    /// The same file, for flushing.
    file: File,
    written: u64,
    /// How many bytes of the segment an earlier process left.
    kept: u64,
}

impl PackedFile {
    pub(super) fn open(
        durable: &Durable,
        path: &Path,
        compression: &Compression,
        mode: u32,
    ) -> Result<Self> {
        let kept = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            opened => {
                let file = named("open", path, opened)?;
                // What is not on disk does not count as kept.
                durable.sync_file(path, &file)?;
                durable.sync_names()?;
                named("read", path, readable(file, compression.method))?
            }
        };
        let writing = if kept > 0 { beside(path) } else { path.to_owned() };
        let file = durable.open(&writing, true, mode)?;
        let handle = named("open", &writing, file.try_clone())?;
        let packer = named("write", &writing, Packer::new(file, Some(compression)))?;
        durable.sync_file(&writing, &handle)?;
        durable.sync_names()?;
        Ok(Self { path: path.to_owned(), writing, packer, file: handle, written: 0, kept })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.written += bytes.len() as u64;
        named("write", &self.writing, self.packer.write_all(bytes))
    }

    /// What is written is on disk after this, in the new file or in the old one.
    pub(super) fn sync(&mut self, durable: &Durable) -> Result<()> {
        if self.kept > 0 && self.written <= self.kept {
            return Ok(());
        }
        named("write", &self.writing, self.packer.flush())?;
        durable.sync_data(&self.writing, &self.file)?;
        if self.kept > 0 {
            durable.rename(&self.writing, &self.path)?;
            self.writing.clone_from(&self.path);
            self.kept = 0;
        }
        Ok(())
    }

    pub(super) fn finish(self, durable: &Durable, whole: &Path) -> Result<()> {
        named("write", &self.writing, self.packer.finish())?;
        durable.sync_file(&self.writing, &self.file)?;
        if self.writing != whole {
            durable.rename(&self.writing, whole)?;
        }
        if self.kept > 0 && self.path != whole {
            durable.remove(&self.path)?;
        }
        Ok(())
    }

    pub(super) fn close(mut self, durable: &Durable) -> Result<()> {
        if self.kept > 0 && self.written <= self.kept {
            return durable.remove(&self.writing);
        }
        self.sync(durable)?;
        // The end of the compressed data, which a reader need not miss.
        named("write", &self.path, self.packer.finish())?;
        durable.sync_file(&self.path, &self.file)
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(NEW);
    beside.into()
}

/// How many bytes can be read of a compressed file that may have no end.
fn readable(file: File, method: CompressionMethod) -> io::Result<u64> {
    // Without that not even its head is whole.
    let Ok(mut reader) = unpacked(io::BufReader::new(file), Some(method)) else { return Ok(0) };
    let mut buffer = vec![0; 64 * 1024];
    let mut count = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(count),
            Ok(length) => count += length as u64,
            Err(error) if error.raw_os_error().is_some() => return Err(error),
            // It was cut there.
            Err(_) => return Ok(count),
        }
    }
}
