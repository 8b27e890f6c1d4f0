//! `walscope decode`: the changes in a capture.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use walscope_core::ErrorKind;
use walscope_core::capture::{Format, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::transaction::{Assembler, Step, View};

use super::lines::{Lines, NoLine};
use super::output::Output;
use super::pieces::Pieces;
use super::values::ValueOptions;
use super::{Failure, say};
use crate::{Error, Plugin, SpillFiles};

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
    #[command(flatten)]
    pieces: Pieces,
    #[command(flatten)]
    values: ValueOptions,
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
    let view = if arguments.raw { View::Raw } else { View::Transactions };
    let mut assembler = arguments.pieces.assembler(view, Reader::new(MAX_MESSAGE));
    let mut printer = Printer {
        lines: Lines::new(view, &Plugin::Pgoutput, arguments.values.values()?),
        output: Output::new(None)?,
        pending: Vec::new(),
        skip: arguments.skip_unknown,
        differs: None,
        path,
    };
    let result = read_all(input, &mut assembler, &mut printer);
    let result = match printer.differs.take() {
        Some(failure) if printer.lines.differs() => result.and(Err(failure)),
        _ => result,
    };
    // What came before an error is printed first.
    printer.hand_over()?;
    for xid in assembler.held() {
        let path = path.display();
        say(format_args!("walscope: {path}: transaction {xid} does not end here: not printed"));
    }
    result
}

fn read_all(
    mut input: impl Read,
    assembler: &mut Assembler<SpillFiles>,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let mut buffer = Vec::new();
    loop {
        let read = input.by_ref().take(READ_SIZE).read_to_end(&mut buffer);
        let read = read.map_err(|error| Failure::file("read", printer.path, &error))?;
        let consumed = print_whole(&buffer, assembler, printer)?;
        buffer.drain(..consumed);
        if read == 0 {
            let mut reader = *assembler.reader();
            return reader.finish(&buffer).map_err(|error| printer.failure(&error.into()));
        }
    }
}

/// Prints what is whole at the front of the buffer and returns how many bytes that takes.
fn print_whole(
    buffer: &[u8],
    assembler: &mut Assembler<SpillFiles>,
    printer: &mut Printer<'_>,
) -> Result<usize, Failure> {
    let mut consumed = 0;
    loop {
        let rest = &buffer[consumed..];
        let position = assembler.reader().offset();
        let format = assembler.reader().format();
        match assembler.next(rest) {
            Ok(Step::Pass(length)) => {
                // The first entry tells the format.
                let format = assembler.reader().format();
                printer.entries(format, &rest[..length], |offset| position + offset as u64)?;
                consumed += length;
            }
            Ok(Step::Assembled(assembled)) => {
                printer.entries(format, assembled.bytes, |offset| assembled.source(offset))?;
            }
            Ok(Step::Hold(length)) => consumed += length,
            Ok(Step::NeedMore(_)) => return Ok(consumed),
            Err(Error::Decode(error)) => {
                let error = error.into();
                let length = assembler.skip(rest).ok_or_else(|| printer.failure(&error))?;
                printer.skip(&error)?;
                consumed += length;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

struct Printer<'a> {
    lines: Lines,
    output: Output,
    /// Lines that are not printed yet.
    pending: Vec<u8>,
    skip: bool,
    /// What came again of a transaction is not what was printed: the next connection, if the capture
    /// has one, begins it again.
    differs: Option<Failure>,
    path: &'a Path,
}

impl Printer<'_> {
    /// Prints whole entries; `source` says where in the input a byte of them came.
    fn entries(
        &mut self,
        format: Option<Format>,
        bytes: &[u8],
        source: impl Fn(usize) -> u64,
    ) -> Result<(), Failure> {
        let format = format.unwrap_or(Format::Capture);
        let mut reader = Reader::of_format(format, MAX_MESSAGE);
        let mut rest = bytes;
        while !rest.is_empty() {
            let next = reader.next(rest).map_err(|error| self.failure(&error.into()))?;
            let Next::Entry(entry, length) = next else { break };
            if let Err(error) = self.lines.write(&entry, &mut self.pending) {
                let offset = reader.data_offset().saturating_add(error.error().offset());
                let position = source(usize::try_from(offset).unwrap_or(usize::MAX));
                let error = error.at(position);
                if error.is_not_resumed() {
                    self.differs = Some(self.failure(&error));
                } else {
                    self.skip(&error)?;
                }
            }
            rest = &rest[length..];
            if self.pending.len() >= LINES_SIZE {
                self.hand_over()?;
            }
        }
        Ok(())
    }

    /// Tells of what cannot be decoded and goes on, if that is wanted.
    fn skip(&self, error: &NoLine) -> Result<(), Failure> {
        let failure = self.failure(error);
        if !self.skip {
            return Err(failure);
        }
        say(failure);
        Ok(())
    }

    fn hand_over(&mut self) -> Result<(), Failure> {
        self.output.lines(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    fn failure(&self, error: &NoLine) -> Failure {
        let message = format!("{}: {error}", self.path.display());
        match error.error().kind() {
            ErrorKind::UnknownRelation(_) => Failure::with_hint(
                message,
                "The head of the capture is missing: record from the start of a connection",
            ),
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
