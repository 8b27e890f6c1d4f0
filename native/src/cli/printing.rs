//! Prints batches, and confirms what has been handed over.

use std::time::Instant;

use walscope_core::Lsn;
use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::transaction::{Assembler, Step};

use super::lines::{Brought, Lines, NoLine};
use super::output::Output;
use super::{Failure, say};
use crate::{Batch, Error, SpillFiles, StreamControl, Undecodable};

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
    /// What cannot be decoded is told, and the stream goes on behind it.
    pub(super) skip: bool,
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
                    let failure = undecodable_entry(*self.assembler.reader(), rest, error);
                    let skipped = self.assembler.skip(rest);
                    captured += skipped.unwrap_or_default();
                    // Where the next message begins may not be known.
                    result = if skipped.is_some() { printer.skip(failure) } else { Err(failure) };
                }
                Err(error) => result = Err(error.into()),
            }
            // The next connection's head is at the front of the next batch.
            if printer.lines.differs() {
                break;
            }
        }
        printer.output.capture(&bytes[..captured])?;
        if printer.lines.differs() {
            self.start_over();
        }
        self.control.tell_held(self.assembler.held_bytes());
        result
    }

    /// What was printed of a transaction is not what came again. The next connection sends it from its
    /// beginning, which a line announces.
    fn start_over(&mut self) {
        let (items, position) = (self.printer.lines.items, self.printer.lines.position());
        self.assembler.disconnect(items, position);
        self.control.start_over(items, position);
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
                Err(error) => return (printed, Err(Error::Decode(error).into())),
            };
            if self.is_beyond_end(&entry) {
                self.reached = true;
                break;
            }
            printed += length;
            match self.lines.write(&entry, &mut self.pending) {
                Ok(brought) => self.reached = self.is_end(brought),
                Err(error) if error.is_not_resumed() => break,
                Err(error) => {
                    if let Err(failure) = self.skip(without_line(&entry, error)) {
                        return (printed, Err(failure));
                    }
                }
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

    /// Tells of what cannot be decoded and goes on, if that is wanted.
    fn skip(&self, failure: Failure) -> Result<(), Failure> {
        if !self.skip {
            return Err(failure);
        }
        say(format_args!("walscope: skipped: {}", failure.message));
        Ok(())
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

/// What is wrong with the entry at the front of the input; the position of the error counts from
/// where the input began.
fn undecodable_entry(mut reader: Reader, input: &[u8], error: walscope_core::Error) -> Failure {
    let Ok(Next::Entry(entry, _)) = reader.next(input) else { return Error::Decode(error).into() };
    match error.offset().checked_sub(reader.data_offset()) {
        Some(offset) => {
            let error = walscope_core::Error::new(error.kind(), offset, error.context());
            undecodable(&entry, error)
        }
        // It came before, and is only told now.
        None => Error::Decode(error).into(),
    }
}

fn without_line(entry: &Entry<'_>, reason: NoLine) -> Failure {
    match (entry, reason) {
        (Entry::Data(data), NoLine::Value(bad)) => {
            let found = Undecodable::of_value(data.start, data.data, &bad);
            Error::Undecodable(Box::new(found)).into()
        }
        (_, reason) => undecodable(entry, reason.error()),
    }
}

/// The position of the error counts from the message's first byte.
fn undecodable(entry: &Entry<'_>, error: walscope_core::Error) -> Failure {
    match entry {
        Entry::Data(data) => {
            Error::Undecodable(Box::new(Undecodable::new(data.start, data.data, error))).into()
        }
        Entry::Head(_) | Entry::Keepalive(_) => Error::Decode(error).into(),
    }
}
