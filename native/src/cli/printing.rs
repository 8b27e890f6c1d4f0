//! Prints batches, and confirms what has been handed over.

use std::time::Instant;

use walscope_core::Lsn;
use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::transaction::{Assembler, Step};

use super::Failure;
use super::lines::{Brought, Lines};
use super::output::Output;
use crate::{Batch, Error, SpillFiles, StreamControl};

/// Lines are handed over when there are so many bytes of them.
const LINES_SIZE: usize = 256 * 1024;

/// The way of batches into standard output and a capture, and what is confirmed thereafter.
pub(super) struct Printing {
    pub(super) assembler: Assembler<SpillFiles>,
    pub(super) printer: Printer,
    /// Whether what was handed over is confirmed.
    pub(super) confirm: bool,
    pub(super) control: StreamControl,
    /// Something was handed over that is not durable yet, and so not confirmed.
    pub(super) unsynced: bool,
}

/// Prints entries, up to the end where that is reached.
pub(super) struct Printer {
    pub(super) lines: Lines,
    /// Whether lines are printed at all.
    pub(super) print: bool,
    /// The stream ends when this is reached.
    pub(super) until: Option<Lsn>,
    pub(super) output: Output,
    /// Lines that are not handed over yet.
    pub(super) pending: Vec<u8>,
    /// The end was reached.
    pub(super) reached: bool,
}

impl Printing {
    /// Prints a batch, up to the end where that is reached, and confirms what is safe.
    pub(super) fn batch(&mut self, batch: &Batch) -> Result<(), Failure> {
        let result = self.entries(batch);
        // What came before an error is printed first.
        self.printer.hand_over()?;
        self.unsynced = true;
        self.confirm_if_due()?;
        result
    }

    fn entries(&mut self, batch: &Batch) -> Result<(), Failure> {
        let (bytes, printer) = (batch.bytes(), &mut self.printer);
        let mut captured = 0;
        let mut result = Ok(());
        while !printer.reached && result.is_ok() {
            let rest = &bytes[captured..];
            match self.assembler.next(rest) {
                Ok(Step::Pass(length)) => {
                    let (printed, outcome) = printer.entries(&rest[..length]);
                    captured += printed;
                    result = outcome;
                }
                Ok(Step::Hold(length)) => captured += length,
                Ok(Step::Assembled(assembled)) => (_, result) = printer.entries(assembled.bytes),
                Ok(Step::NeedMore(_)) => break,
                Err(Error::Decode(error)) => {
                    captured += self.assembler.skip(rest).unwrap_or_default();
                    result = Err(undecodable(error));
                }
                Err(error) => result = Err(error.into()),
            }
        }
        printer.output.capture(&bytes[..captured])?;
        result
    }

    /// Confirms what was handed over, once it is durable.
    pub(super) fn confirm_if_due(&mut self) -> Result<(), Failure> {
        if self.unsynced && self.printer.output.sync(Instant::now())? {
            self.confirm();
        }
        Ok(())
    }

    /// Makes everything durable and confirms it.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.printer.output.sync_now()?;
        self.confirm();
        Ok(())
    }

    fn confirm(&mut self) {
        self.unsynced = false;
        if self.confirm {
            self.control.confirm_items(self.printer.lines.items);
        }
    }
}

impl Printer {
    /// Prints whole entries. Returns how many bytes they take, up to the end or an error and what is
    /// wrong included.
    fn entries(&mut self, bytes: &[u8]) -> (usize, Result<(), Failure>) {
        let mut reader = Reader::of_connection(MAX_MESSAGE);
        let mut printed = 0;
        while printed < bytes.len() {
            let (entry, length) = match reader.next(&bytes[printed..]) {
                Ok(Next::Entry(entry, length)) => (entry, length),
                Ok(Next::NeedMore(_)) => break,
                Err(error) => return (printed, Err(undecodable(error))),
            };
            if self.is_beyond_end(&entry) {
                self.reached = true;
                break;
            }
            printed += length;
            match self.lines.write(&entry, &mut self.pending) {
                Ok(brought) => self.reached = self.is_end(brought),
                Err(error) => return (printed, Err(undecodable(error))),
            }
            if self.reached {
                break;
            }
            if self.pending.len() >= LINES_SIZE
                && let Err(failure) = self.hand_over()
            {
                return (printed, Err(failure));
            }
        }
        (printed, Ok(()))
    }

    /// A message of another plugin does not say whether it ends a transaction, so that the first one
    /// past the end is left for the next run, as `pg_recvlogical` does.
    fn is_beyond_end(&self, entry: &Entry<'_>) -> bool {
        match (self.until, entry) {
            (Some(until), Entry::Data(data)) => self.lines.is_undecoded() && data.start > until,
            _ => false,
        }
    }

    fn is_end(&self, brought: Brought) -> bool {
        match (self.until, brought) {
            (Some(until), Brought::End(lsn) | Brought::Idle(lsn)) => lsn >= until,
            _ => false,
        }
    }

    fn hand_over(&mut self) -> Result<(), Failure> {
        if self.print {
            self.output.lines(&self.pending)?;
        }
        self.pending.clear();
        Ok(())
    }
}

fn undecodable(error: walscope_core::Error) -> Failure {
    Failure::with_hint(
        format!("cannot decode the stream: {error}"),
        "Nothing from there on is confirmed: the slot still has it",
    )
}
