//! LSNs that the reader of our output is done with, from standard input.

use std::future::pending;
use std::io::{self, BufRead};

use tokio::sync::mpsc;

use super::Failure;
use crate::StreamControl;

/// How many lines may wait. Whoever writes faster waits.
const QUEUE: usize = 64;

/// Confirms what standard input says, where that is wanted.
#[derive(Debug)]
pub(super) struct Acknowledgements {
    lines: Option<mpsc::Receiver<io::Result<String>>>,
    control: StreamControl,
}

impl Acknowledgements {
    /// Nobody confirms by standard input.
    pub(super) fn none(control: StreamControl) -> Self {
        Self { lines: None, control }
    }

    /// Reads standard input in a thread of its own, for a terminal or pipe cannot be waited for
    /// otherwise.
    pub(super) fn from_stdin(control: StreamControl) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        std::thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                if sender.blocking_send(line).is_err() {
                    break;
                }
            }
        });
        Self { lines: Some(receiver), control }
    }

    /// Waits for the next line and confirms it. Dropping the future loses none.
    pub(super) async fn next(&mut self) -> Result<(), Failure> {
        let Some(lines) = &mut self.lines else { return pending().await };
        match lines.recv().await {
            Some(line) => self.confirm(line),
            None => Err(Failure::with_hint(
                "standard input has ended: nothing more could be confirmed",
                "Keep it open, or use --ack auto or --ack none",
            )),
        }
    }

    /// Waits until the first `items` items are confirmed, or standard input has ended.
    pub(super) async fn rest(&mut self, items: u64) -> Result<(), Failure> {
        while self.control.status().confirmed_items < items {
            let Some(lines) = &mut self.lines else { break };
            match lines.recv().await {
                Some(line) => self.confirm(line)?,
                None => break,
            }
        }
        Ok(())
    }

    fn confirm(&self, line: io::Result<String>) -> Result<(), Failure> {
        let line =
            line.map_err(|error| Failure::new(format!("cannot read standard input: {error}")))?;
        let text = line.trim();
        if text.is_empty() {
            return Ok(());
        }
        let lsn = text.parse().map_err(|error| {
            Failure::with_hint(
                format!("standard input: \"{text}\" is {error}"),
                "Write back the endLsn of commits, one a line",
            )
        })?;
        self.control.acknowledge(lsn, None).map_err(|ahead| {
            Failure::with_hint(
                format!("standard input: {ahead}"),
                "Write back the endLsn of commits that were printed",
            )
        })?;
        Ok(())
    }
}
