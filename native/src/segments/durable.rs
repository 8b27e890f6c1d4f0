//! Files that survive a power cut: flushed, and their names too (`durable_rename`, `fsync_fname` of
//! `src/common/file_utils.c`).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A directory, and whether what is done there is flushed.
#[derive(Clone, Debug)]
pub(super) struct Durable {
    pub(super) directory: PathBuf,
    pub(super) sync: bool,
}

/// Says which file it was.
pub(super) fn named<T>(action: &'static str, path: &Path, result: io::Result<T>) -> Result<T> {
    result.map_err(|source| Error::File { action, path: path.to_owned(), source })
}

impl Durable {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Opens a file for writing, and makes it where it is missing.
    pub(super) fn open(&self, path: &Path, truncate: bool, mode: u32) -> Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(truncate);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        named("open", path, options.open(path))
    }

    /// Flushes a file and all that is known about it.
    pub(super) fn sync_file(&self, path: &Path, file: &File) -> Result<()> {
        if !self.sync {
            return Ok(());
        }
        named("flush", path, file.sync_all())
    }

    /// Flushes a file's contents.
    pub(super) fn sync_data(&self, path: &Path, file: &File) -> Result<()> {
        if !self.sync {
            return Ok(());
        }
        named("flush", path, file.sync_data())
    }

    /// Flushes the names in the directory.
    pub(super) fn sync_names(&self) -> Result<()> {
        if !self.sync || cfg!(not(unix)) {
            return Ok(());
        }
        let synced = File::open(&self.directory).and_then(|directory| directory.sync_all());
        named("flush", &self.directory, synced)
    }

    /// Gives a flushed file another name, for good.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        named("rename", from, fs::rename(from, to))?;
        self.sync_names()
    }

    /// Removes a file if it is there. Its name may come back after a power cut.
    #[cfg(feature = "compression")]
    pub(super) fn remove(&self, path: &Path) -> Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => named("remove", path, result),
        }
    }

    /// Writes a file under another name, and gives it its own when it is whole.
    pub(super) fn write_whole(&self, name: &str, contents: &[u8], mode: u32) -> Result<()> {
        let path = self.path(name);
        let unfinished = self.path(&format!("{name}.tmp"));
        let mut file = self.open(&unfinished, true, mode)?;
        named("write", &unfinished, file.write_all(contents))?;
        self.sync_file(&unfinished, &file)?;
        self.rename(&unfinished, &path)
    }

    /// Marks a file as archived.
    pub(super) fn mark_done(&self, name: &str, mode: u32) -> Result<()> {
        let path = self.directory.join("archive_status").join(format!("{name}.done"));
        let file = self.open(&path, true, mode)?;
        self.sync_file(&path, &file)
    }
}
