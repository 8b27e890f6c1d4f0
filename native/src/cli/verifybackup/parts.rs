//! Large files are read in parts, several at a time: so no thread is left alone with the last of them.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::checksum::Checksum;
use super::manifest::ManifestFile;
use super::report::Report;
use crate::ChecksumAlgorithm;
use crate::cli::pg_tool::{os, system_text};

/// The size of a part. To join the checksums of two takes some microseconds.
const PART: u64 = 16 << 20;

/// A file whose checksum is looked at.
pub(super) struct Reading<'m> {
    file: &'m ManifestFile,
    /// The size of a part; the last one goes on to the end of the file.
    part: u64,
    /// How many there are.
    pub(super) count: u64,
    /// The parts that were read.
    sums: Mutex<Vec<(u64, Sum)>>,
}

/// The checksum of what was read, and its size; an error is what `pg_verifybackup` says.
type Sum = Result<(Checksum, u64), String>;

impl<'m> Reading<'m> {
    pub(super) fn new(file: &'m ManifestFile) -> Self {
        Self::in_parts_of(file, PART)
    }

    fn in_parts_of(file: &'m ManifestFile, part: u64) -> Self {
        let count = match file.algorithm {
            ChecksumAlgorithm::Crc32c => file.size.div_ceil(part).max(1),
            // The checksums of parts say nothing of the whole.
            _ => 1,
        };
        Self { file, part, count, sums: Mutex::new(Vec::new()) }
    }

    /// Reads a part. Once all were read, an error is what is wrong with the file.
    pub(super) fn read(
        &self,
        part: u64,
        directory: &Path,
        buffer: &mut [u8],
        report: &Report,
    ) -> Result<(), String> {
        let sum = self.sum(part, directory, buffer, report);
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        sums.push((part, sum));
        if (sums.len() as u64) < self.count {
            return Ok(());
        }
        sums.sort_by_key(|(part, _)| *part);
        let sums = sums.drain(..).map(|(_, sum)| sum);
        let whole = sums.reduce(|before, sum| {
            let ((before, length), (checksum, more)) = (before?, sum?);
            Ok((before.join(checksum, more), length + more))
        });
        whole.map_or(Ok(()), |whole| self.check(whole?))
    }

    /// Reads a part to its end, or to the end of the file.
    fn sum(&self, part: u64, directory: &Path, buffer: &mut [u8], report: &Report) -> Sum {
        let cannot = |what: &str, error: &io::Error| {
            let (shown, text) = (self.shown(), system_text(error));
            format!("could not {what} file \"{shown}\": {text}")
        };
        let path = directory.join(os(&self.file.path));
        let mut input = File::open(path).map_err(|error| cannot("open", &error))?;
        if part > 0 {
            let start = SeekFrom::Start(part * self.part);
            input.seek(start).map_err(|error| cannot("read", &error))?;
        }
        let is_last = part + 1 == self.count;
        let mut input = input.take(if is_last { u64::MAX } else { self.part });
        let (mut checksum, mut size) = (Checksum::new(self.file.algorithm), 0);
        loop {
            match input.read(buffer) {
                Ok(0) => return Ok((checksum, size)),
                Ok(length) => {
                    size += length as u64;
                    checksum.update(&buffer[..length]);
                    report.add_done(length as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(cannot("read", &error)),
            }
        }
    }

    /// Whether a file that was read is what the manifest says.
    fn check(&self, (checksum, size): (Checksum, u64)) -> Result<(), String> {
        let (shown, file) = (self.shown(), self.file);
        if size != file.size {
            let expected = file.size;
            return Err(format!(
                "file \"{shown}\" should contain {expected} bytes, but read {size}"
            ));
        }
        let found = checksum.finish();
        if found.len() != file.checksum.len() {
            let (has, expected) = (file.checksum.len(), found.len());
            return Err(format!(
                "file \"{shown}\" has checksum of length {has}, but expected {expected}"
            ));
        }
        if found != file.checksum {
            return Err(format!("checksum mismatch for file \"{shown}\""));
        }
        Ok(())
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.file.path).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What is said of a file of these bytes that is read in parts of 1000.
    fn read(bytes: &[u8], file: &ManifestFile) -> Result<(), String> {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("a"), bytes).unwrap();
        let reading = Reading::in_parts_of(file, 1000);
        let report = Report::new("pg_verifybackup", false, false);
        let mut said = Ok(());
        // In whatever order they are read.
        for part in (0..reading.count).rev() {
            assert_eq!(said, Ok(()), "nothing is said before the last part");
            said = reading.read(part, directory.path(), &mut [0; 77], &report);
        }
        said
    }

    #[test]
    fn parts_make_a_whole() {
        let bytes: Vec<u8> = (0_u32..12_345).map(|n| (n * n / 8) as u8).collect();
        for (algorithm, count) in [(ChecksumAlgorithm::Crc32c, 1), (ChecksumAlgorithm::Sha256, 13)]
        {
            for length in [0, 1, 999, 1000, 1001, 12_000, bytes.len()] {
                let bytes = &bytes[..length];
                let mut checksum = Checksum::new(algorithm);
                checksum.update(bytes);
                let (path, size) = (b"a".to_vec(), length as u64);
                let file = ManifestFile { path, size, algorithm, checksum: checksum.finish() };
                assert!(Reading::in_parts_of(&file, 1000).count * count < 14);
                assert_eq!(read(bytes, &file), Ok(()), "{length} bytes, {algorithm}");
                for at in [0, length / 2, length.saturating_sub(1)] {
                    let mut other = bytes.to_vec();
                    let Some(byte) = other.get_mut(at) else { continue };
                    *byte ^= 1;
                    let expected = "checksum mismatch for file \"a\"".to_owned();
                    assert_eq!(read(&other, &file), Err(expected), "byte {at} of {length}");
                }
                for other in [length / 2, length + 2] {
                    let mut bytes = bytes.to_vec();
                    bytes.resize(other, 0);
                    let said =
                        format!("file \"a\" should contain {length} bytes, but read {other}");
                    let expected = if other == length { Ok(()) } else { Err(said) };
                    assert_eq!(read(&bytes, &file), expected, "{algorithm}");
                }
            }
        }
    }
}
