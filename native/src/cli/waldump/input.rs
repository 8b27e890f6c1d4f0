//! The bytes of the log in their order, page by page, from segments or from standard input
//! (`WALDumpReadPage`).

use std::io::{self, Read};
use std::thread::sleep;
use std::time::Duration;

use walscope_core::wal::{PAGE_SIZE, PageHeader, SegmentName, SegmentSize, Version};
use walscope_core::{Lsn, TimelineId};

use super::directory::{Place, Range};
use super::messages::{Stop, system_text};
use super::segment_file::{SegmentFile, read_full};
use crate::cli::read_buffer::ReadBuffer;

const PAGE: u64 = PAGE_SIZE as u64;

/// What is read at once: little enough to be in the processor's nearer caches when it is looked at.
const CHUNK: usize = 64 * 1024;

/// How often a segment that is not there is looked for when the log is followed, and how long it is
/// waited in between: the server writes on a moment before the next file has its name.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// Where the bytes come from.
#[derive(Debug)]
pub(super) enum Input {
    Segments(Box<Segments>),
    Stream(Box<Stream>),
}

impl Input {
    /// Whole pages of the log from a position on; `None`: what was asked for is at its end. Up to
    /// `until` no page behind it is among them, and from there on they come one by one.
    pub(super) fn read(
        &mut self,
        position: Lsn,
        until: Lsn,
        version: Version,
    ) -> Result<Option<&[u8]>, Stop> {
        match self {
            Self::Segments(segments) => segments.read(position, until, version),
            Self::Stream(stream) => stream.read(position),
        }
    }
}

/// Segments in a directory or a tar file.
#[derive(Debug)]
pub(super) struct Segments {
    place: Place,
    size: SegmentSize,
    timeline: TimelineId,
    end: Option<Lsn>,
    follow: bool,
    /// Whether compressed segments are read, too: they can only be read from their beginning on.
    packed: bool,
    /// The segment that is open.
    open: Option<(u64, SegmentFile)>,
    buffer: ReadBuffer,
}

impl Segments {
    pub(super) fn new(range: &Range, follow: bool) -> Self {
        let Range { place, size, timeline, end, .. } = range;
        Self {
            place: place.clone(),
            size: *size,
            timeline: *timeline,
            end: *end,
            follow,
            packed: true,
            open: None,
            buffer: ReadBuffer::new(CHUNK),
        }
    }

    /// Of which compressed ones are not there.
    pub(super) fn plain(range: &Range) -> Self {
        Self { packed: false, ..Self::new(range, false) }
    }

    pub(super) fn read(
        &mut self,
        position: Lsn,
        until: Lsn,
        version: Version,
    ) -> Result<Option<&[u8]>, Stop> {
        let page = Lsn(position.0 - position.0 % PAGE);
        // Up to the end if that lies in the page.
        let wanted = match self.end {
            Some(end) if position >= end => return Ok(None),
            Some(end) => (end.0 - page.0).min(PAGE),
            None => PAGE,
        };
        let (number, offset) = (self.size.number(page), self.size.offset(page));
        let mut most = (self.size.get() - offset) as usize;
        if let Some(end) = self.end {
            most = usize::try_from(end.0 - page.0).unwrap_or(most).min(most);
        }
        let wished = if until > page { until.0 - page.0 } else { PAGE };
        let size = most.min(CHUNK).min(usize::try_from(wished).unwrap_or(CHUNK));
        self.open(number)?;
        let name = SegmentName { timeline: self.timeline, number, size: self.size };
        let Some((_, file)) = &mut self.open else { return Ok(None) };
        let read = file.read_at(&mut self.buffer[..size], offset.into());
        let length = read.map_err(|error| {
            let error = system_text(&error);
            Stop::fatal(format!(
                "could not read from file {}, offset {offset}: {error}",
                quoted(name, version)
            ))
        })?;
        if (length as u64) < wanted {
            let missing = wanted - length as u64;
            return Err(Stop::fatal(format!(
                "could not read from file {}, offset {}: read 0 of {missing}",
                quoted(name, version),
                u64::from(offset) + length as u64,
            )));
        }
        // A page that is not whole is not there, but for the last one.
        let whole = if length == size { length } else { length - length % PAGE_SIZE as usize };
        let skipped = usize::try_from(position.0 - page.0).unwrap_or_default();
        Ok(Some(&self.buffer[skipped..whole]))
    }

    fn open(&mut self, number: u64) -> Result<(), Stop> {
        if self.open.as_ref().is_some_and(|(open, _)| *open == number) {
            return Ok(());
        }
        let name = SegmentName { timeline: self.timeline, number, size: self.size }.to_string();
        let tries = if self.follow { TRIES } else { 1 };
        for _ in 0..tries {
            let file = self.place.open(name.as_ref())?;
            if let Some(file) = file.filter(|file| self.packed || file.is_plain()) {
                self.open = Some((number, file));
                return Ok(());
            }
            if self.follow {
                sleep(BETWEEN_TRIES);
            }
        }
        let missing = system_text(&io::Error::from_raw_os_error(NO_SUCH_FILE));
        Err(Stop::fatal(format!("could not find file \"{name}\": {missing}")))
    }
}

/// `ENOENT`
const NO_SUCH_FILE: i32 = 2;

/// PostgreSQL 17 began to put file names in quotation marks here.
fn quoted(name: SegmentName, version: Version) -> String {
    if version >= Version::V17 { format!("\"{name}\"") } else { name.to_string() }
}

/// The log on standard input, from some page on.
#[derive(Debug)]
pub(super) struct Stream {
    buffer: ReadBuffer,
    /// The first page, which was looked at before.
    first: Vec<u8>,
    end: Option<Lsn>,
}

impl Stream {
    /// Reads the first page and says where in the log it belongs.
    pub(super) fn begin(end: Option<Lsn>) -> Result<(Self, PageHeader), Stop> {
        let mut first = vec![0; PAGE_SIZE as usize];
        let length = read(&mut first)?;
        first.truncate(length);
        let Some(header) = PageHeader::decode(&first) else {
            let text = format!("could not read standard input: read {length} of {PAGE_SIZE}");
            return Err(Stop::fatal(text));
        };
        Ok((Self { buffer: ReadBuffer::new(CHUNK), first, end }, header))
    }

    fn read(&mut self, position: Lsn) -> Result<Option<&[u8]>, Stop> {
        let mut length = self.first.len();
        if length > 0 {
            self.buffer[..length].copy_from_slice(&self.first);
            self.first.clear();
        } else {
            length = read(&mut self.buffer)?;
        }
        if let Some(end) = self.end {
            let left = end.0.saturating_sub(position.0);
            length = usize::try_from(left).unwrap_or(length).min(length);
        }
        Ok(Some(&self.buffer[..length]).filter(|bytes| !bytes.is_empty()))
    }
}

fn read(buffer: &mut [u8]) -> Result<usize, Stop> {
    let input: &mut dyn Read = &mut io::stdin().lock();
    read_full(input, buffer).map_err(|error| {
        Stop::fatal(format!("could not read standard input: {}", system_text(&error)))
    })
}
