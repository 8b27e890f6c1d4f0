//! Files for streamed transactions that are over the byte budget of memory.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use walscope_core::Xid;
use walscope_core::transaction::Storage;

use crate::error::{Error, Result};

/// A file per transaction, in one directory, made when it is needed.
///
/// The files have no names where the system allows that (`O_TMPFILE` on Linux), and are deleted on
/// their last close elsewhere: whatever ends the process, nothing is left behind.
#[derive(Debug)]
pub struct SpillFiles {
    directory: PathBuf,
    files: HashMap<Xid, SpillFile>,
}

#[derive(Debug)]
struct SpillFile {
    file: File,
    /// What was appended whole. Behind it may be the beginning of what did not fit.
    length: u64,
}

impl SpillFiles {
    /// Files in that directory; without one in the system's for temporary files.
    pub fn new(directory: Option<PathBuf>) -> Self {
        let directory = directory.unwrap_or_else(std::env::temp_dir);
        Self { directory, files: HashMap::new() }
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Spill { directory: self.directory.clone(), source }
    }

    fn file(&mut self, xid: Xid) -> io::Result<&mut SpillFile> {
        use std::collections::hash_map::Entry;
        match self.files.entry(xid) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let file = tempfile::tempfile_in(&self.directory)?;
                Ok(place.insert(SpillFile { file, length: 0 }))
            }
        }
    }
}

impl Storage for SpillFiles {
    type Error = Error;

    fn append(&mut self, xid: Xid, bytes: &[u8]) -> Result<()> {
        let appended = self.file(xid).and_then(|spilled| {
            spilled.file.seek(SeekFrom::Start(spilled.length))?;
            spilled.file.write_all(bytes)?;
            spilled.length += bytes.len() as u64;
            Ok(())
        });
        appended.map_err(|error| self.failed(error))
    }

    fn read(&mut self, xid: Xid, offset: u64, into: &mut [u8]) -> Result<()> {
        let read = self.file(xid).and_then(|spilled| {
            spilled.file.seek(SeekFrom::Start(offset))?;
            spilled.file.read_exact(into)
        });
        read.map_err(|error| self.failed(error))
    }

    fn remove(&mut self, xid: Xid) {
        self.files.remove(&xid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red when files are made by name: one would be left behind by a process that is killed.
    #[test]
    fn nothing_can_be_left_behind() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut files = SpillFiles::new(Some(directory.path().into()));
        files.append(Xid(1), b"abc").expect("it can be written");
        files.append(Xid(2), b"x").expect("it can be written");
        files.append(Xid(1), b"def").expect("it can be written");
        let mut read = [0; 4];
        files.read(Xid(1), 1, &mut read).expect("it can be read");
        assert_eq!(&read, b"bcde");
        let names = std::fs::read_dir(directory.path()).expect("it can be listed").count();
        assert_eq!(names, 0);
    }

    #[test]
    fn a_directory_that_cannot_be_written_to_is_named() {
        let mut files = SpillFiles::new(Some("/nonexistent/spill".into()));
        let error = files.append(Xid(1), b"abc").expect_err("there is no such directory");
        assert_eq!(error.code(), "WALSCOPE_SPILL");
        assert!(error.to_string().contains("/nonexistent/spill"), "{error}");
    }
}
