//! The segment that is being written.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::SegmentOptions;
use super::durable::{Durable, named};
#[cfg(feature = "compression")]
use super::packed::PackedFile;
use crate::error::{Error, Result};

/// What a file's name ends in until it is whole.
pub(super) const PARTIAL: &str = ".partial";
/// Zeros are written in blocks of this, where the file system cannot reserve room.
const ZEROS: usize = 1024 * 1024;

#[derive(Debug)]
pub(super) struct OpenSegment {
    /// The segment's name, which has no suffix.
    name: String,
    path: PathBuf,
    output: Output,
}

#[derive(Debug)]
enum Output {
    Plain(File),
    #[cfg(feature = "compression")]
    Packed(Box<PackedFile>),
}

impl OpenSegment {
    /// Opens the file of a segment whose first byte comes next. What a file holds already that was left
    /// by an earlier process stays until the same bytes are written over it.
    pub(super) fn open(durable: &Durable, options: &SegmentOptions, name: &str) -> Result<Self> {
        let partial = if options.partial { PARTIAL } else { "" };
        let path = durable.path(&format!("{name}{}{partial}", suffix(options)));
        let output = match &options.compression {
            #[cfg(feature = "compression")]
            Some(compression) => Output::Packed(Box::new(PackedFile::open(
                durable,
                &path,
                compression,
                options.mode,
            )?)),
            _ => Output::Plain(open_plain(durable, options, &path)?),
        };
        Ok(Self { name: name.to_owned(), path, output })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.output {
            Output::Plain(file) => named("write", &self.path, file.write_all(bytes)),
            #[cfg(feature = "compression")]
            Output::Packed(file) => file.write(bytes),
        }
    }

    pub(super) fn sync(&mut self, durable: &Durable) -> Result<()> {
        match &mut self.output {
            // Its length does not change, so that its contents are all there is to flush.
            Output::Plain(file) => durable.sync_data(&self.path, file),
            #[cfg(feature = "compression")]
            Output::Packed(file) => file.sync(durable),
        }
    }

    /// The segment is whole.
    pub(super) fn finish(self, durable: &Durable, options: &SegmentOptions) -> Result<()> {
        let whole = durable.path(&format!("{}{}", self.name, suffix(options)));
        match self.output {
            Output::Plain(file) => {
                durable.sync_file(&self.path, &file)?;
                if self.path != whole {
                    durable.rename(&self.path, &whole)?;
                }
            }
            #[cfg(feature = "compression")]
            Output::Packed(file) => file.finish(durable, &whole)?,
        }
        if options.mark_done {
            durable.mark_done(&self.name, options.mode)?;
        }
        Ok(())
    }

    /// The segment is not whole, and nothing more of it comes.
    pub(super) fn close(self, durable: &Durable) -> Result<()> {
        match self.output {
            Output::Plain(file) => durable.sync_file(&self.path, &file),
            #[cfg(feature = "compression")]
            Output::Packed(file) => file.close(durable),
        }
    }
}

/// What stands between a segment's name and `.partial`.
fn suffix(options: &SegmentOptions) -> &'static str {
    options.compression.map_or("", |compression| compression.method.suffix())
}

/// A file of the segment's full size. An earlier process may have been killed while it made it so.
fn open_plain(durable: &Durable, options: &SegmentOptions, path: &Path) -> Result<File> {
    let size = u64::from(options.size.get());
    let mut file = durable.open(path, false, options.mode)?;
    let length = named("look at", path, file.metadata())?.len();
    if length > size {
        return Err(Error::config_hint(
            format!("{} has {length} bytes, where a segment has {size}", path.display()),
            "It is of another cluster, or damaged: move it away",
        ));
    }
    if length < size {
        named("make room for", path, fill(&mut file, length, size))?;
        named("look at", path, io::Seek::rewind(&mut file))?;
    }
    durable.sync_file(path, &file)?;
    durable.sync_names()?;
    Ok(file)
}

/// Makes the file that long with zeros, so that a full disk shows here and not in the midst.
fn fill(file: &mut File, length: u64, size: u64) -> io::Result<()> {
    if reserve(file, size)? {
        return Ok(());
    }
    io::Seek::seek(file, io::SeekFrom::Start(length))?;
    let zeros = vec![0; ZEROS];
    let mut left = usize::try_from(size - length).unwrap_or(usize::MAX);
    while left > 0 {
        let block = left.min(ZEROS);
        file.write_all(zeros.get(..block).unwrap_or_default())?;
        left -= block;
    }
    Ok(())
}

/// Reserves room for the whole file; `false`: this file system cannot.
#[cfg(target_os = "linux")]
fn reserve(file: &File, size: u64) -> io::Result<bool> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    loop {
        match fallocate(file, FallocateFlags::empty(), 0, size) {
            Ok(()) => return Ok(true),
            Err(Errno::INTR) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(_file: &File, _size: u64) -> io::Result<bool> {
    Ok(false)
}
