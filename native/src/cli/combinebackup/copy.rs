//! Copies whole files (`src/bin/pg_combinebackup/copy_file.c`).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use crate::cli::pg_tool::Stop;
use crate::cli::read_buffer::ReadBuffer;
use crate::cli::verifybackup::checksum::Checksum;

/// What is read at once.
const CHUNK: usize = 256 * 1024;

/// How a whole file gets into the new backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CopyMethod {
    Copy,
    /// Sharing its blocks on disk, where the file system can.
    Clone,
    /// Under another name. Then changes of the one are changes of the other.
    Link,
}

/// Copies a file, with its checksum if one is wanted.
pub(super) fn copy_file(
    from: &Path,
    to: &Path,
    mode: u32,
    method: CopyMethod,
    checksum: Option<&mut Checksum>,
) -> Result<(), Stop> {
    match (method, checksum) {
        (CopyMethod::Copy, Some(checksum)) => copy_with(from, to, mode, checksum),
        (CopyMethod::Copy, None) => {
            let mut output = create(to, mode)?;
            let copied = open(from)?;
            let copied = io::copy(&mut &copied, &mut output);
            copied.map(drop).map_err(|error| Stop::file("write to file", to, &error))
        }
        (method, checksum) => {
            if method == CopyMethod::Link {
                fs::hard_link(from, to)
                    .map_err(|error| Stop::file("create link to file", from, &error))?;
            } else {
                clone(from, to, mode)?;
            }
            checksum.map_or(Ok(()), |checksum| {
                read(from, |bytes| {
                    checksum.update(bytes);
                    Ok(())
                })
            })
        }
    }
}

fn copy_with(from: &Path, to: &Path, mode: u32, checksum: &mut Checksum) -> Result<(), Stop> {
    let mut output = create(to, mode)?;
    read(from, |bytes| {
        checksum.update(bytes);
        output.write_all(bytes).map_err(|error| Stop::file("write to file", to, &error))
    })
}

fn read(path: &Path, mut take: impl FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
    let mut input = open(path)?;
    let mut buffer = ReadBuffer::new(CHUNK);
    loop {
        match input.read(&mut buffer).map_err(|error| Stop::file("read file", path, &error))? {
            0 => return Ok(()),
            length => take(&buffer[..length])?,
        }
    }
}

#[cfg(target_os = "linux")]
fn clone(from: &Path, to: &Path, mode: u32) -> Result<(), Stop> {
    let output = create(to, mode)?;
    let cloned = rustix::fs::ioctl_ficlone(&output, &open(from)?);
    cloned.map_err(|error| Stop::file("clone file", from, &error.into()))
}

#[cfg(not(target_os = "linux"))]
fn clone(_from: &Path, _to: &Path, _mode: u32) -> Result<(), Stop> {
    Err(Stop::new("file cloning not supported on this platform"))
}

pub(super) fn open(path: &Path) -> Result<File, Stop> {
    File::open(path).map_err(|error| Stop::file("open file", path, &error))
}

/// A new file with these permissions.
pub(super) fn create(path: &Path, mode: u32) -> Result<File, Stop> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(mode);
    }
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path).map_err(|error| Stop::file("create file", path, &error))
}
