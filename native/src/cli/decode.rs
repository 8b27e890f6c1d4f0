//! `walscope decode`: the changes in a capture.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use walscope_core::ErrorKind;
use walscope_core::capture::{Next, Reader};
use walscope_core::frame::MAX_MESSAGE;

use super::lines::Lines;
use super::output::Output;
use super::{Failure, say};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A capture (.walcap) or output of pg_recvlogical with pgoutput; - for standard input
    file: PathBuf,
    /// Print every message as it came
    #[arg(long)]
    raw: bool,
    /// Go on behind what cannot be decoded; each is told on standard error
    #[arg(long)]
    skip_unknown: bool,
}

/// What is read at once.
const READ_SIZE: u64 = 1024 * 1024;
/// Lines are handed over when there are so many bytes of them.
const LINES_SIZE: usize = 256 * 1024;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = arguments.file.as_path();
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(|error| Failure::file("open", path, &error))?)
    };
    let mut decoding = Decoding {
        reader: Reader::new(MAX_MESSAGE),
        lines: Lines::new(arguments.raw),
        output: Output::new(None)?,
        pending: Vec::new(),
        skip: arguments.skip_unknown,
        path,
    };
    let result = decoding.read_all(input);
    // What came before an error is printed first.
    decoding.hand_over()?;
    result
}

struct Decoding<'a> {
    reader: Reader,
    lines: Lines,
    output: Output,
    /// Lines that are not printed yet.
    pending: Vec<u8>,
    skip: bool,
    path: &'a Path,
}

impl Decoding<'_> {
    fn read_all(&mut self, mut input: impl Read) -> Result<(), Failure> {
        let mut buffer = Vec::new();
        loop {
            let read = input.by_ref().take(READ_SIZE).read_to_end(&mut buffer);
            let read = read.map_err(|error| Failure::file("read", self.path, &error))?;
            let consumed = self.entries(&buffer)?;
            buffer.drain(..consumed);
            if read == 0 {
                return self.reader.finish(&buffer).map_err(|error| self.failure(error));
            }
        }
    }

    /// Prints all whole entries at the front of the buffer and returns how many bytes they take.
    fn entries(&mut self, buffer: &[u8]) -> Result<usize, Failure> {
        let mut consumed = 0;
        loop {
            let rest = &buffer[consumed..];
            if rest.is_empty() {
                return Ok(consumed);
            }
            let (length, result) = match self.reader.next(rest) {
                Ok(Next::NeedMore(_)) => return Ok(consumed),
                Ok(Next::Entry(entry, length)) => {
                    let result = self.lines.write(&entry, &mut self.pending).map(|_| ());
                    let position = self.reader.data_offset();
                    (Some(length), result.map_err(|error| error.shifted(position)))
                }
                Err(error) => (self.reader.skip(rest), Err(error)),
            };
            match (length, result) {
                (Some(length), Ok(())) => consumed += length,
                (Some(length), Err(error)) if self.skip => {
                    say(self.failure(error));
                    consumed += length;
                }
                (_, Err(error)) => return Err(self.failure(error)),
                (None, Ok(())) => return Ok(consumed),
            }
            if self.pending.len() >= LINES_SIZE {
                self.hand_over()?;
            }
        }
    }

    fn hand_over(&mut self) -> Result<(), Failure> {
        self.output.lines(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    fn failure(&self, error: walscope_core::Error) -> Failure {
        let message = format!("{}: {error}", self.path.display());
        match error.kind() {
            ErrorKind::UnknownRelation(_) => Failure::with_hint(
                message,
                "The head of the capture is missing: record from the start of a connection",
            ),
            ErrorKind::Unsupported if self.reader.format().is_some() => {
                Failure::with_hint(message, "Use --raw")
            }
            ErrorKind::UnknownFormat => {
                Failure::with_hint(message, "Record one with walscope stream --capture FILE")
            }
            ErrorKind::Unsupported => Failure::with_hint(
                message,
                "This version reads captures and output of pg_recvlogical",
            ),
            ErrorKind::Cut { .. } => {
                Failure::with_hint(message, "Everything before it has been printed")
            }
            _ => Failure::new(message),
        }
    }
}
