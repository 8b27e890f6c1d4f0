//! Where data goes: standard output, and a capture file.

use std::fs::{File, OpenOptions};
use std::io::{self, Stdout, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Failure;

/// Files are made durable at most this often.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// Standard output, and a capture where one is wanted. What was written counts as handed over once
/// it is flushed, and, where it went into a regular file, durable.
#[derive(Debug)]
pub(super) struct Output {
    stdout: Stdout,
    /// Standard output as a file, where it is a regular one.
    stdout_file: Option<File>,
    capture: Option<(File, PathBuf)>,
    last_sync: Option<Instant>,
}

impl Output {
    pub(super) fn new(capture: Option<&Path>) -> Result<Self, Failure> {
        let capture = match capture {
            None => None,
            Some(path) => Some((open_capture(path)?, path.to_path_buf())),
        };
        Ok(Self { stdout: io::stdout(), stdout_file: regular_stdout(), capture, last_sync: None })
    }

    /// Writes bytes of the stream to the capture.
    pub(super) fn capture(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.capture {
            None => Ok(()),
            Some((file, path)) => {
                file.write_all(bytes).map_err(|error| Failure::file("write to", path, &error))
            }
        }
    }

    /// Writes lines and hands them over to whoever reads them.
    pub(super) fn lines(&mut self, lines: &[u8]) -> Result<(), Failure> {
        let mut stdout = self.stdout.lock();
        stdout
            .write_all(lines)
            .and_then(|()| stdout.flush())
            .map_err(|error| stdout_failure(&error))
    }

    /// Makes durable what was written, if that is due. Returns whether everything is.
    pub(super) fn sync(&mut self, now: Instant) -> Result<bool, Failure> {
        let files = self.stdout_file.is_some() || self.capture.is_some();
        if files && self.last_sync.is_some_and(|last| now < last + SYNC_INTERVAL) {
            return Ok(false);
        }
        self.sync_now()?;
        self.last_sync = Some(now);
        Ok(true)
    }

    /// Makes durable what was written.
    pub(super) fn sync_now(&mut self) -> Result<(), Failure> {
        if let Some(stdout) = &self.stdout_file {
            stdout.sync_data().map_err(|error| stdout_failure(&error))?;
        }
        if let Some((file, path)) = self.capture.as_ref().filter(|(file, _)| is_regular(file)) {
            file.sync_data().map_err(|error| Failure::file("make durable", path, &error))?;
        }
        Ok(())
    }

    /// When a sync that was not due will be.
    pub(super) fn sync_due(&self) -> Option<Instant> {
        self.last_sync.map(|last| last + SYNC_INTERVAL)
    }
}

/// Opens a new capture. One that is there already holds what may have been confirmed, and would
/// never come again: it is not written over.
fn open_capture(path: &Path) -> Result<File, Failure> {
    let file = OpenOptions::new().append(true).create(true).open(path);
    let file = file.map_err(|error| Failure::file("create", path, &error))?;
    let metadata = file.metadata().map_err(|error| Failure::file("read", path, &error))?;
    if metadata.is_file() && metadata.len() > 0 {
        return Err(Failure::with_hint(
            format!("{} is there already", path.display()),
            "Choose another name: captures can be joined with cat",
        ));
    }
    Ok(file)
}

pub(super) fn stdout_failure(error: &io::Error) -> Failure {
    Failure::new(format!("cannot write to standard output: {error}"))
}

/// Only a regular file can be made durable.
fn is_regular(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file())
}

/// Standard output, if it is a regular file; a pipe or a terminal has nothing to make durable.
#[cfg(unix)]
fn regular_stdout() -> Option<File> {
    use std::os::fd::AsFd;
    let file = File::from(io::stdout().as_fd().try_clone_to_owned().ok()?);
    is_regular(&file).then_some(file)
}

#[cfg(not(unix))]
fn regular_stdout() -> Option<File> {
    None
}
