//! Prints batches, and confirms what has been handed over.

use std::time::Instant;

use walscope_core::{ErrorKind, Lsn};

use super::Failure;
use super::lines::{Brought, Lines};
use super::output::Output;
use crate::{Batch, StreamControl};

/// Lines are handed over when there are so many bytes of them.
const LINES_SIZE: usize = 256 * 1024;

/// The way of batches into standard output and a capture, and what is confirmed thereafter.
pub(super) struct Printing {
    pub(super) lines: Lines,
    /// Whether lines are printed at all.
    pub(super) print: bool,
    /// The stream ends when this is reached.
    pub(super) until: Option<Lsn>,
    pub(super) output: Output,
    /// Whether what was handed over is confirmed.
    pub(super) confirm: bool,
    pub(super) control: StreamControl,
    /// Lines that are not handed over yet.
    pub(super) pending: Vec<u8>,
    /// Something was handed over that is not durable yet, and so not confirmed.
    pub(super) unsynced: bool,
    /// The end was reached.
    pub(super) reached: bool,
}

impl Printing {
    /// Prints a batch, up to the end where that is reached, and confirms what is safe.
    pub(super) fn batch(&mut self, batch: &Batch) -> Result<(), Failure> {
        let result = self.entries(batch);
        // What came before an error is printed first.
        self.hand_over()?;
        self.unsynced = true;
        self.confirm_if_due()?;
        result
    }

    fn entries(&mut self, batch: &Batch) -> Result<(), Failure> {
        let mut entries = batch.entries();
        let mut captured = 0;
        let mut result = Ok(());
        while let Some(entry) = entries.next() {
            let brought = entry.and_then(|entry| self.lines.write(&entry, &mut self.pending));
            captured = entries.consumed();
            match brought {
                Ok(brought) if self.is_end(brought) => {
                    self.reached = true;
                    break;
                }
                Ok(_) => {}
                Err(error) => {
                    result = Err(undecodable(error));
                    break;
                }
            }
            if self.pending.len() >= LINES_SIZE {
                self.hand_over()?;
            }
        }
        self.output.capture(&batch.bytes()[..captured])?;
        result
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

    /// Confirms what was handed over, once it is durable.
    pub(super) fn confirm_if_due(&mut self) -> Result<(), Failure> {
        if self.unsynced && self.output.sync(Instant::now())? {
            self.confirm();
        }
        Ok(())
    }

    /// Makes everything durable and confirms it.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.output.sync_now()?;
        self.confirm();
        Ok(())
    }

    fn confirm(&mut self) {
        self.unsynced = false;
        if self.confirm {
            self.control.confirm_items(self.lines.items);
        }
    }
}

fn undecodable(error: walscope_core::Error) -> Failure {
    let hint = match error.kind() {
        ErrorKind::Unsupported => "Add --raw",
        _ => "Nothing from there on is confirmed: the slot still has it",
    };
    Failure::with_hint(format!("cannot decode the stream: {error}"), hint)
}
