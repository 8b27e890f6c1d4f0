//! Reads the log from chunks whose place nobody has to tell: the first page says where they belong.

use alloc::vec::Vec;

use super::error::Error;
use super::options::Options;
use super::page::{PageHeader, SHORT_HEADER};
use super::reader::Reader;
use super::record::Record;
use super::state::PAGE;
use super::version::Version;
use crate::index::OnError;
use crate::types::Lsn;

/// What is told of a scan.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A record.
    Record(Record<'a>),
    /// What is wrong with the log, or its end.
    Problem(Problem),
}

/// An error, with what `pg_waldump` tells along with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The error.
    pub error: Error,
    /// Where the last record began that was read; 0/0: none was.
    pub last_record: Lsn,
    /// Where the record begins that the error was found in.
    pub failed_record: Lsn,
}

/// Reads the log from chunks up to an error or an end, or beyond errors.
///
/// ```
/// # use walscope_core::{index::OnError, wal::{Found, Options, Scanner}};
/// /// Counts the records in pieces of a segment, and what is wrong with it.
/// fn count(pieces: &[&[u8]]) -> (usize, usize) {
///     let mut scanner = Scanner::new(Options::default(), None, OnError::Skip);
///     let (mut records, mut problems) = (0, 0);
///     for piece in pieces {
///         scanner.push(piece, |found| match found {
///             Found::Record(_) => records += 1,
///             Found::Problem(_) => problems += 1,
///         });
///     }
///     (records, problems)
/// }
/// # assert_eq!(count(&[b"no log at all, and none at all"]), (0, 1));
/// ```
#[derive(Clone, Debug)]
pub struct Scanner {
    options: Options,
    end: Option<Lsn>,
    on_error: OnError,
    /// Whether what looks like the log's end is one, though errors are skipped.
    stops_at_end: bool,
    /// The beginning of the first page, until it has come whole.
    head: Vec<u8>,
    reader: Option<Reader>,
    /// The error that reading has stopped at.
    stopped: Option<Problem>,
    /// The last error, if nothing was read since.
    last: Option<Error>,
}

impl Scanner {
    /// A scanner that has read nothing. Without [`Options::input`] the first page says where the log
    /// begins, and without [`Options::start`] reading begins there. Bytes at `end` and behind it are
    /// not looked at.
    pub fn new(options: Options, end: Option<Lsn>, on_error: OnError) -> Self {
        Self {
            options,
            end,
            on_error,
            stops_at_end: false,
            head: Vec::new(),
            reader: None,
            stopped: None,
            last: None,
        }
    }

    /// The same, but with errors skipped only up to what looks like the end of the log
    /// ([`Error::is_end`]).
    #[must_use]
    pub fn stopping_at_end(self, stops: bool) -> Self {
        Self { stops_at_end: stops, ..self }
    }

    /// The reader; `None`: its first page has not come.
    pub const fn reader(&self) -> Option<&Reader> {
        self.reader.as_ref()
    }

    /// Where the input begins; `None`: that is not known yet.
    pub const fn input(&self) -> Option<Lsn> {
        self.options.input
    }

    /// Where the next byte belongs; 0/0 while that is not known.
    pub fn position(&self) -> Lsn {
        self.reader.as_ref().map_or(Lsn::INVALID, Reader::position)
    }

    /// The error that reading has stopped at.
    pub const fn stopped(&self) -> Option<&Problem> {
        self.stopped.as_ref()
    }

    /// Whether nothing that may follow will be looked at.
    pub fn is_done(&self) -> bool {
        let position = self.position();
        self.stopped.is_some() || self.end.is_some_and(|end| position.is_valid() && position >= end)
    }

    /// How many bytes have come of a page that is not whole; 0 at the end of a page.
    pub fn partial_page(&self) -> usize {
        match &self.reader {
            None => self.head.len(),
            Some(reader) => {
                usize::try_from(reader.position().0.checked_rem(PAGE).unwrap_or(0)).unwrap_or(0)
            }
        }
    }

    /// Reads a chunk, and hands each record and each error on.
    pub fn push(&mut self, chunk: &[u8], each: impl FnMut(Found<'_>)) {
        self.push_to(chunk, &mut Each(each));
    }

    /// Reads a chunk in another way than record by record.
    pub(super) fn push_to(&mut self, chunk: &[u8], sink: &mut impl Sink) {
        let chunk = self.begin(chunk, sink);
        self.read(chunk, sink);
    }

    /// Begins as soon as it is known where the log does. Returns what is left of the chunk.
    fn begin<'c>(&mut self, chunk: &'c [u8], sink: &mut impl Sink) -> &'c [u8] {
        if self.reader.is_some() {
            return chunk;
        }
        if let Some(input) = self.options.input {
            self.begin_at(input);
            return chunk;
        }
        let missing = SHORT_HEADER.saturating_sub(self.head.len());
        let (front, rest) = chunk.split_at_checked(missing).unwrap_or((chunk, &[]));
        self.head.extend_from_slice(front);
        if self.head.len() < SHORT_HEADER {
            return rest;
        }
        let head = core::mem::take(&mut self.head);
        self.begin_at(PageHeader::decode_start(&head).map_or(Lsn::INVALID, |address| {
            // An address within a page is wrong, which the page's checks say.
            Lsn(address.0.saturating_sub(address.0.checked_rem(PAGE).unwrap_or(0)))
        }));
        self.read(&head, sink);
        rest
    }

    fn begin_at(&mut self, input: Lsn) {
        if !self.options.start.is_valid() {
            self.options.start = input;
        }
        self.options.input = Some(input);
        self.reader = Some(Reader::new(self.options));
    }

    fn read(&mut self, chunk: &[u8], sink: &mut impl Sink) {
        let Some(reader) = &mut self.reader else { return };
        if self.stopped.is_some() {
            return;
        }
        let mut input = match self.end {
            Some(end) => {
                let room = end.0.saturating_sub(reader.position().0);
                let room = usize::try_from(room).unwrap_or(usize::MAX);
                chunk.get(..room).unwrap_or(chunk)
            }
            None => chunk,
        };
        loop {
            let before = reader.last_record();
            let result = sink.read(reader, &mut input);
            if reader.last_record() != before {
                self.last = None;
            }
            let Err(error) = result else { return };
            let problem = Problem {
                error,
                last_record: reader.last_record(),
                failed_record: reader.failed_record(),
            };
            // Behind the end of the log page after page is as empty as the one before.
            let is_new = !self.last.is_some_and(|last| last.is_end() && error.is_end());
            self.last = Some(error);
            if is_new {
                sink.problem(problem);
            }
            if self.on_error == OnError::Stop || (self.stops_at_end && error.is_end()) {
                self.stopped = Some(problem);
                return;
            }
            reader.resync();
        }
    }
}

/// What takes in the log.
pub(super) trait Sink {
    /// Reads all records that are in the input.
    fn read(&mut self, reader: &mut Reader, input: &mut &[u8]) -> Result<(), Error>;

    /// Takes in an error.
    fn problem(&mut self, problem: Problem);
}

/// Hands on record by record.
struct Each<F>(F);

impl<F: FnMut(Found<'_>)> Sink for Each<F> {
    fn read(&mut self, reader: &mut Reader, input: &mut &[u8]) -> Result<(), Error> {
        while let Some(record) = reader.next(input)? {
            (self.0)(Found::Record(record));
        }
        Ok(())
    }

    fn problem(&mut self, problem: Problem) {
        (self.0)(Found::Problem(problem));
    }
}

impl PageHeader {
    /// The address in a page's header whose magic number is that of a version.
    fn decode_start(bytes: &[u8]) -> Option<Lsn> {
        // The long part, which need not have come yet, says nothing of the address.
        let mut short = [0; SHORT_HEADER];
        short.copy_from_slice(bytes.get(..SHORT_HEADER)?);
        if let Some(flags) = short.get_mut(2..4) {
            flags.fill(0);
        }
        let header = Self::decode(&short)?;
        Version::from_magic(header.magic).map(|_| header.address)
    }
}
