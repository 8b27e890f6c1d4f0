//! Reads the log in order from a position on.

use walscope_core::Lsn;
use walscope_core::wal::stats::Statistics;
use walscope_core::wal::{Error, Joint, PAGE_SIZE, Reader, Record, Version};

use super::input::Input;
use super::interrupt::Interrupt;
use super::messages::Stop;

/// What stands for bytes that nobody looks at: those behind a switch of segments.
const SKIPPED: [u8; PAGE_SIZE as usize] = [0; PAGE_SIZE as usize];

/// How reading has ended.
pub(super) enum End {
    /// What was asked for is done, or its end is reached.
    Done,
    /// A record begins behind the part that was to be read. It was read, too, and went to
    /// [`Taker::behind`].
    Behind,
    /// No record begins in the part that was to be read.
    Nothing,
    /// The log is not right here, or has ended.
    Error(Error),
}

/// What takes records as they are read.
pub(super) trait Taker {
    /// The first record of all, before it is taken.
    fn begin(&mut self, first: &Record<'_>);

    /// Takes a record. Returns whether it was the last one that is wanted.
    fn take(&mut self, record: &Record<'_>) -> Result<bool, Stop>;

    /// Takes the first record that begins behind the part that was to be read.
    fn behind(&mut self, record: &Record<'_>);

    /// What all records can go to without being looked at one by one; `None`: that cannot be.
    fn bulk(&mut self) -> Option<&mut Statistics>;
}

/// How far reading has come.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) reader: Reader,
    /// Where the last record ends, whatever filter it passes; 0/0: none was read.
    pub(super) end: Lsn,
    /// Up to where nobody looks at what comes next.
    skip: Lsn,
    /// What the reader went by behind its first record.
    pub(super) first: Option<Joint>,
}

impl Progress {
    pub(super) const fn new(reader: Reader) -> Self {
        Self { reader, end: Lsn::INVALID, skip: Lsn::INVALID, first: None }
    }

    /// Begins again where the last record ends, with a new reader.
    pub(super) fn begin_again(&mut self, reader: Reader) {
        self.reader = reader;
        self.skip = Lsn::INVALID;
    }

    /// Reads up to an error, the end of the input, or the last record that is wanted; of the log up to
    /// `until` all records that begin there, and the one behind them. Before the first page the
    /// version is `version`.
    pub(super) fn read_on(
        &mut self,
        input: &mut Input,
        until: Lsn,
        version: Version,
        interrupt: &Interrupt,
        taker: &mut impl Taker,
    ) -> Result<End, Stop> {
        let is_stream = matches!(input, Input::Stream(_));
        loop {
            let position = self.reader.position();
            if position >= until && !self.end.is_valid() {
                return Ok(End::Nothing);
            }
            let mut bytes = if position < self.skip {
                let left = usize::try_from(self.skip.0 - position.0).unwrap_or(usize::MAX);
                &SKIPPED[..left.min(SKIPPED.len())]
            } else {
                let version = self.reader.version().unwrap_or(version);
                match input.read(position, until, version)? {
                    Some(bytes) => bytes,
                    None => return Ok(End::Done),
                }
            };
            if interrupt.came() {
                return Ok(End::Done);
            }
            // What comes through a pipe cannot be skipped but by reading it.
            if self.end.is_valid() && position < until && !is_stream {
                self.read_bulk(&mut bytes, taker);
            }
            loop {
                if interrupt.came() {
                    return Ok(End::Done);
                }
                // Not moved out of the result, which would wait for the bytes that were just written.
                match &self.reader.next(&mut bytes) {
                    Ok(Some(record)) => {
                        if !self.end.is_valid() {
                            taker.begin(record);
                        }
                        self.end = record.end();
                        if !is_stream {
                            self.skip = self.end;
                        }
                        if record.lsn() >= until {
                            taker.behind(record);
                            self.first = self.first.or_else(|| self.reader.joint());
                            return Ok(End::Behind);
                        }
                        if taker.take(record)? {
                            return Ok(End::Done);
                        }
                        self.first = self.first.or_else(|| self.reader.joint());
                    }
                    Ok(None) => break,
                    Err(error) => return Ok(End::Error(*error)),
                }
            }
        }
    }

    /// Counts all records that end in `bytes`, if they need not be looked at one by one. An error comes
    /// again when the next record is asked for.
    fn read_bulk(&mut self, bytes: &mut &[u8], taker: &mut impl Taker) {
        let Some(statistics) = taker.bulk() else { return };
        let _ = statistics.read(&mut self.reader, bytes);
        // In a table that is new nothing may have been counted.
        if statistics.end().is_valid() {
            self.end = statistics.end();
            self.skip = self.end;
        }
    }
}
