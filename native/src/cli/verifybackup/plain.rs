//! A backup that is unpacked: its files are those of the manifest, with their sizes and checksums.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::Verification;
use super::control::{self, CONTROL_FILE};
use super::parts::Reading;
use crate::ChecksumAlgorithm;
use crate::cli::pg_tool::system_text;
use crate::cli::read_buffer::ReadBuffer;

/// What is read at once.
const CHUNK: usize = 256 * 1024;

impl Verification<'_> {
    /// Looks at everything in the directory; an error ends all.
    pub(super) fn verify_plain(&mut self) -> Result<(), String> {
        let directory = self.settings.directory.clone();
        fs::read_dir(&directory).map_err(|error| {
            let text = system_text(&error);
            format!("could not open directory \"{}\": {text}", directory.display())
        })?;
        self.directory(&directory, b"")?;
        self.missing();
        if self.settings.checksums && !self.report.stops() {
            self.checksums();
        }
        Ok(())
    }

    fn directory(&mut self, path: &Path, relative: &[u8]) -> Result<(), String> {
        let names: io::Result<Vec<_>> = fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
        let names = match names {
            Ok(names) => names,
            Err(error) => {
                let text = system_text(&error);
                let shown = path.display();
                self.report.error(&format!("could not open directory \"{shown}\": {text}"));
                self.ignore.push(relative.to_vec());
                return Ok(());
            }
        };
        for name in names {
            if self.report.stops() {
                break;
            }
            let mut below = relative.to_vec();
            if !below.is_empty() {
                below.push(b'/');
            }
            below.extend_from_slice(name.as_encoded_bytes());
            if !self.ignores(&below) {
                self.file(&path.join(name), below)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, relative: Vec<u8>) -> Result<(), String> {
        let shown = String::from_utf8_lossy(&relative).into_owned();
        let found = match fs::metadata(path) {
            Ok(found) => found,
            Err(error) => {
                let text = system_text(&error);
                self.report.error(&format!("could not stat file or directory \"{shown}\": {text}"));
                self.ignore.push(relative);
                return Ok(());
            }
        };
        if found.is_dir() {
            return self.directory(path, &relative);
        }
        if !found.is_file() {
            self.report.error(&format!("\"{shown}\" is not a regular file or directory"));
            return Ok(());
        }
        let Some(index) = self.manifest.index.get(&relative).copied() else {
            self.report.error(&format!("\"{shown}\" is present on disk but not in the manifest"));
            return Ok(());
        };
        self.matched[index] = true;
        let (size, expected) = (found.len(), self.manifest.files[index].size);
        if size != expected {
            self.report.error(&format!(
                "\"{shown}\" has size {size} on disk but size {expected} in the manifest"
            ));
            self.bad[index] = true;
        }
        if self.manifest.version != 1 && relative == CONTROL_FILE {
            let shown = path.display().to_string();
            let bytes = fs::read(path).map_err(|error| {
                format!("could not read file \"{shown}\": {}", system_text(&error))
            })?;
            control::check(&bytes, self.manifest.system_identifier, &shown)?;
        }
        Ok(())
    }

    /// Files of the manifest that are not there.
    pub(super) fn missing(&self) {
        for (file, matched) in self.manifest.files.iter().zip(&self.matched) {
            if !matched && !self.ignores(&file.path) && !self.report.stops() {
                let shown = String::from_utf8_lossy(&file.path);
                let text = format!("\"{shown}\" is present in the manifest but not on disk");
                self.report.error(&text);
            }
        }
    }

    /// Reads all files, several at a time; the largest first, so that little is left for the end.
    fn checksums(&self) {
        let files = self.manifest.files.iter().enumerate();
        let mut files: Vec<_> = files
            .filter(|(index, file)| {
                self.matched[*index]
                    && !self.bad[*index]
                    && file.algorithm != ChecksumAlgorithm::None
                    && !self.ignores(&file.path)
            })
            .map(|(_, file)| file)
            .collect();
        files.iter().for_each(|file| self.report.add_total(file.size));
        files.sort_by_key(|file| std::cmp::Reverse(file.size));
        let readings: Vec<_> = files.into_iter().map(Reading::new).collect();
        let parts =
            readings.iter().flat_map(|reading| (0..reading.count).map(move |part| (reading, part)));
        // An iterator that threads take from in turns.
        let parts = Mutex::new(parts);
        let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            let mut buffer = ReadBuffer::new(CHUNK);
            while let Some((reading, part)) = next().filter(|_| !self.report.stops()) {
                let read = reading.read(part, &self.settings.directory, &mut buffer, &self.report);
                read.unwrap_or_else(|text| self.report.error(&text));
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            (1..threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        self.report.end();
    }
}
