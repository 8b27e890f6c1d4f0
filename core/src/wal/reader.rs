//! Reads records from the bytes of the log as they come (`XLogReadRecord`, `XLogFindNextRecord`).

mod joint;
mod plain;

use alloc::vec::Vec;

use super::block::{self, BlockTable};
use super::checks::PageChecks;
use super::error::{Error, ErrorKind};
use super::options::Options;
use super::page::{LONG_HEADER, PAGE_SIZE, PageHeader, SHORT_HEADER, flag};
use super::record::{MAX_RECORD, RECORD_HEADER, Record, RecordHeader, RecordPlace, crc_is_right};
use super::rmgr::RmgrId;
use super::segment::{SegmentName, SegmentSize};
use super::state::{Found, PAGE, Page, Pending, Progress, Purpose, Resume, State, find_from};
use super::version::Version;
use crate::types::{Lsn, TimelineId};

pub use joint::Joint;
pub(super) use plain::Plain;

/// Records begin at multiples of this (`MAXIMUM_ALIGNOF`).
const ALIGNMENT: u64 = 8;

/// `XLOG_SWITCH`: the rest of the segment is empty.
const SWITCH: u8 = 0x40;

/// A record that was larger than this is not kept room for.
const KEPT: usize = 1 << 20;

/// Reads the log, whose bytes come in chunks of any size: whole files, or what a replication
/// connection sends.
///
/// A record that lies on one page and in one chunk is borrowed from there; others are put together in
/// the reader's own memory, which grows with what has come, not with what a record claims.
///
/// ```
/// # use walscope_core::wal::{Options, Reader, Error};
/// /// Counts the records in pieces of a segment.
/// fn count(pieces: &[&[u8]]) -> Result<usize, Error> {
///     let mut reader = Reader::new(Options::default());
///     let mut records = 0;
///     for piece in pieces {
///         let mut input = *piece;
///         while let Some(record) = reader.next(&mut input)? {
///             records += usize::from(record.lsn().is_valid());
///         }
///     }
///     Ok(records)
/// }
/// # assert_eq!(count(&[])?, 0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    checks: PageChecks,
    start: Lsn,
    limit: u32,
    /// Where the next byte of the input belongs.
    position: u64,
    state: State,
    /// The header of a page that has not come whole.
    header: [u8; LONG_HEADER],
    header_length: usize,
    page: Page,
    record: Pending,
    /// What has come of a record that is not borrowed.
    buffer: Vec<u8>,
    blocks: BlockTable,
    /// Where the last record begins that was right; 0: the next one need not follow any.
    previous: u64,
    /// What PostgreSQL has in `ReadRecPtr`.
    last_read: Lsn,
    overwritten: Lsn,
}

type Step<'i> = Result<Option<Found<'i>>, (ErrorKind, Lsn, Resume)>;

impl Reader {
    /// A reader that has read nothing.
    pub fn new(options: Options) -> Self {
        let Options { start, version, segment_size, timeline, system_identifier, .. } = options;
        let page_start = start.0.saturating_sub(start.0 % PAGE);
        let position = options.input.map_or(page_start, |lsn| lsn.0);
        Self {
            checks: PageChecks::new(version, segment_size, timeline, system_identifier),
            start,
            limit: options.limit.unwrap_or(MAX_RECORD),
            position,
            state: find_from(position),
            header: [0; LONG_HEADER],
            header_length: 0,
            page: Page::default(),
            record: Pending::default(),
            buffer: Vec::new(),
            blocks: BlockTable::default(),
            previous: 0,
            last_read: Lsn::INVALID,
            overwritten: Lsn::INVALID,
        }
    }

    /// Where the next byte of the input belongs.
    pub const fn position(&self) -> Lsn {
        Lsn(self.position)
    }

    /// The version, once a page has said it.
    pub const fn version(&self) -> Option<Version> {
        self.checks.version
    }

    /// The size of segments, once a page has said it.
    pub const fn segment_size(&self) -> Option<SegmentSize> {
        self.checks.segment_size
    }

    /// The timeline of the last page.
    pub const fn timeline(&self) -> TimelineId {
        self.checks.latest_timeline()
    }

    /// The segment that the next byte of the input belongs to.
    pub fn segment(&self) -> SegmentName {
        self.checks.segment(self.position())
    }

    /// Where the last record begins that was read; 0/0 before the first. `pg_waldump` names it when it
    /// tells an error.
    pub const fn last_record(&self) -> Lsn {
        self.last_read
    }

    /// The last record that was given up because the log says that its rest was never written; 0/0
    /// without one.
    pub const fn overwritten(&self) -> Lsn {
        self.overwritten
    }

    /// The record whose beginning has come, but not its end.
    pub const fn pending(&self) -> Option<Lsn> {
        match self.state {
            State::Record if self.position > self.record.start => Some(Lsn(self.record.start)),
            State::Rest | State::Header(Purpose::Rest) => Some(Lsn(self.record.start)),
            _ => None,
        }
    }

    /// Where the record begins that an error was found in, which the error's own text does not always
    /// say; of an error in a page, where the last record began.
    pub const fn failed_record(&self) -> Lsn {
        Lsn(self.record.start)
    }

    /// Checks the first page of the segment at `lsn`, as PostgreSQL does where it begins to read in the
    /// midst of one. It says version and segment size, too. Bytes that are no whole header are not
    /// looked at.
    ///
    /// # Errors
    ///
    /// When the page is not right.
    pub fn check_page(&mut self, lsn: Lsn, bytes: &[u8]) -> Result<(), Error> {
        match PageHeader::decode(bytes) {
            Some(header) => self.checks.check(&header, lsn),
            None => Ok(()),
        }
    }

    /// The next record. Its bytes are taken from the front of `input`; `None`: all of it was taken, and
    /// more is needed.
    ///
    /// # Errors
    ///
    /// When the log is not right here, or has ended. The same error comes again until
    /// [`resync`](Self::resync).
    pub fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Record<'a>>, Error> {
        if let Some(Plain { header, place, bytes, .. }) = self.plain(input) {
            return Ok(Some(Record::new(header, place, bytes, &self.blocks)));
        }
        self.next_by_steps(input)
    }

    /// The next record, whatever it may be.
    fn next_by_steps<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Record<'a>>, Error> {
        loop {
            if let State::Failed(error, _) = self.state {
                return Err(error);
            }
            let found = match self.step(input) {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(None),
                Err((kind, lsn, resume)) => {
                    let error = Error::new(kind, lsn, self.checks.place());
                    self.state = State::Failed(error, resume);
                    return Err(error);
                }
            };
            self.last_read = found.place.lsn;
            if found.place.lsn < self.start {
                continue;
            }
            let bytes = match found.bytes {
                Some(bytes) => bytes,
                None => &self.buffer,
            };
            let Found { header, place, .. } = found;
            return Ok(Some(Record::new(header, place, bytes, &self.blocks)));
        }
    }

    /// Goes on after an error with the first record that begins behind it, on the next page if its end
    /// is not known. That record need not follow the last one.
    pub fn resync(&mut self) {
        let State::Failed(_, resume) = self.state else { return };
        self.previous = 0;
        self.header_length = 0;
        self.checks.forget_latest();
        match resume {
            Resume::NextPage => self.state = find_from(self.position),
            Resume::ThisPage => self.find(),
            Resume::Record(until) => self.state = State::Skip { until, then: Purpose::Record },
        }
    }

    /// Reads to the end of the next record.
    fn step<'i>(&mut self, input: &mut &'i [u8]) -> Step<'i> {
        loop {
            match self.state {
                State::Skip { until, then } => {
                    let left = usize::try_from(until.saturating_sub(self.position));
                    let size = left.unwrap_or(usize::MAX).min(input.len());
                    self.take(input, size);
                    if self.position < until {
                        return Ok(None);
                    }
                    if then != Purpose::Record || until.is_multiple_of(PAGE) {
                        self.state = State::Header(then);
                    } else {
                        self.begin_record();
                    }
                }
                State::Header(purpose) => {
                    let Some(header) = self.page_header(input) else { return Ok(None) };
                    self.enter(&header, purpose)?;
                }
                State::Record => match self.begun(input)? {
                    Progress::NeedMore => return Ok(None),
                    Progress::Page => {}
                    Progress::Found(found) => return Ok(Some(found)),
                },
                State::Rest => match self.rest(input)? {
                    Progress::NeedMore => return Ok(None),
                    Progress::Page => {}
                    Progress::Found(found) => return Ok(Some(found)),
                },
                State::Failed(..) => return Ok(None),
            }
        }
    }

    /// Takes bytes from the front of the input.
    fn take<'i>(&mut self, input: &mut &'i [u8], size: usize) -> &'i [u8] {
        let (taken, rest) = input.split_at_checked(size).unwrap_or((input, &[]));
        *input = rest;
        self.position = self.position.saturating_add(taken.len() as u64);
        taken
    }

    /// The header of the page that the position is at; `None`: it has not come whole.
    fn page_header(&mut self, input: &mut &[u8]) -> Option<PageHeader> {
        if self.header_length == 0
            && let Some(header) = PageHeader::decode(input)
        {
            self.take(input, header.length());
            return Some(header);
        }
        loop {
            let come = self.header.get(..self.header_length).unwrap_or_default();
            let header = PageHeader::decode(come);
            if header.is_some() {
                self.header_length = 0;
                return header;
            }
            let wanted = if self.header_length < SHORT_HEADER { SHORT_HEADER } else { LONG_HEADER };
            let size = wanted.saturating_sub(self.header_length).min(input.len());
            if size == 0 {
                return None;
            }
            let bytes = self.take(input, size);
            let end = self.header_length.saturating_add(size);
            if let Some(room) = self.header.get_mut(self.header_length..end) {
                room.copy_from_slice(bytes);
            }
            self.header_length = end;
        }
    }

    /// Looks at the header of a page, and what it means for what is being read.
    fn enter(
        &mut self,
        header: &PageHeader,
        purpose: Purpose,
    ) -> Result<(), (ErrorKind, Lsn, Resume)> {
        let start = self.position.saturating_sub(header.length() as u64);
        if let Err(error) = self.checks.check(header, Lsn(start)) {
            return Err((error.kind(), error.lsn(), Resume::NextPage));
        }
        self.page = Page {
            start,
            header: u32::try_from(header.length()).unwrap_or_default(),
            remaining: header.remaining,
            contrecord: header.has(flag::FIRST_IS_CONTRECORD),
        };
        let record = Lsn(self.record.start);
        match purpose {
            Purpose::Find => {
                self.find();
                return Ok(());
            }
            Purpose::Record => {}
            Purpose::Rest if header.has(flag::FIRST_IS_OVERWRITE_CONTRECORD) => {
                self.overwritten = record;
            }
            Purpose::Rest if !self.page.contrecord => {
                return Err((ErrorKind::ContrecordMissing, record, Resume::ThisPage));
            }
            Purpose::Rest => {
                let come = u32::try_from(self.buffer.len()).unwrap_or(u32::MAX);
                let expected = self.record.total.saturating_sub(come);
                let found = header.remaining;
                if found == 0 || found != expected {
                    let kind = ErrorKind::ContrecordLength { found, expected };
                    return Err((kind, record, Resume::ThisPage));
                }
                let part = found.min(PAGE_SIZE.saturating_sub(self.page.header));
                self.record.until = self.buffer.len().saturating_add(part as usize);
                self.state = State::Rest;
                return Ok(());
            }
        }
        if self.page.contrecord {
            let lsn = Lsn(self.position);
            return Err((ErrorKind::ContrecordRequested, lsn, Resume::ThisPage));
        }
        self.begin_record();
        Ok(())
    }

    /// Goes to the first record that begins on this page, or to the next page. The position is behind
    /// the page's header.
    fn find(&mut self) {
        self.previous = 0;
        if !self.page.contrecord {
            self.begin_record();
            return;
        }
        let rest = self.position.saturating_add(aligned(self.page.remaining.into()));
        self.state = if rest < self.page.end() {
            State::Skip { until: rest, then: Purpose::Record }
        } else {
            State::Skip { until: self.page.end(), then: Purpose::Find }
        };
    }

    /// A record begins at the position, which is behind a page's header.
    fn begin_record(&mut self) {
        self.buffer.clear();
        if self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        }
        self.record = Pending { start: self.position, ..Pending::default() };
        self.state = State::Record;
    }

    /// Reads the part of a record on the page that it begins on.
    fn begun<'i>(
        &mut self,
        input: &mut &'i [u8],
    ) -> Result<Progress<'i>, (ErrorKind, Lsn, Resume)> {
        let room = self.page.end().saturating_sub(self.record.start);
        let room = usize::try_from(room).unwrap_or_default();
        let head = RECORD_HEADER.min(room);
        if self.buffer.is_empty()
            && let Some(bytes) = input.get(..head)
        {
            self.check_begin(bytes)?;
            let total = self.record.total as usize;
            if total <= room && input.len() >= total {
                let bytes = self.take(input, total);
                return self.complete(bytes, Some(bytes)).map(Progress::Found);
            }
        }
        if self.record.total == 0 {
            if !self.fill(input, head) {
                return Ok(Progress::NeedMore);
            }
            let bytes = core::mem::take(&mut self.buffer);
            let checked = self.check_begin(&bytes);
            self.buffer = bytes;
            checked?;
        }
        let total = self.record.total as usize;
        if !self.fill(input, total.min(room)) {
            return Ok(Progress::NeedMore);
        }
        if total <= room {
            return self.complete_buffer().map(Progress::Found);
        }
        self.state = State::Header(Purpose::Rest);
        Ok(Progress::Page)
    }

    /// Reads the part of a record on a page that it goes on on.
    fn rest<'i>(&mut self, input: &mut &'i [u8]) -> Result<Progress<'i>, (ErrorKind, Lsn, Resume)> {
        if !self.fill(input, self.record.until) {
            return Ok(Progress::NeedMore);
        }
        let lsn = Lsn(self.record.start);
        if !self.record.checked {
            let header = RecordHeader::decode(&self.buffer).unwrap_or_default();
            self.check_header(&header)?;
        }
        if self.record.total > self.limit {
            let kind = ErrorKind::RecordTooLong(self.record.total);
            return Err((kind, lsn, Resume::NextPage));
        }
        if self.buffer.len() < self.record.total as usize {
            self.state = State::Header(Purpose::Rest);
            return Ok(Progress::Page);
        }
        self.complete_buffer().map(Progress::Found)
    }

    /// Moves bytes from the input to the buffer until that has so many. Says whether it has.
    fn fill(&mut self, input: &mut &[u8], until: usize) -> bool {
        let size = until.saturating_sub(self.buffer.len()).min(input.len());
        let bytes = self.take(input, size);
        self.buffer.extend_from_slice(bytes);
        self.buffer.len() >= until
    }

    /// Looks at the beginning of a record: its header, or what of it is on this page.
    fn check_begin(&mut self, bytes: &[u8]) -> Result<(), (ErrorKind, Lsn, Resume)> {
        if let Some(header) = RecordHeader::decode(bytes) {
            return self.check_header(&header);
        }
        let length = bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        self.check_length(length)
    }

    fn check_length(&mut self, length: u32) -> Result<(), (ErrorKind, Lsn, Resume)> {
        if (length as usize) < RECORD_HEADER {
            return Err(self.refused(ErrorKind::RecordLength(length)));
        }
        self.record.total = length;
        Ok(())
    }

    /// `ValidXLogRecordHeader`.
    fn check_header(&mut self, header: &RecordHeader) -> Result<(), (ErrorKind, Lsn, Resume)> {
        self.check_length(header.total_length)?;
        self.record.checked = true;
        if !header.rmgr.is_valid(self.checks.version()) {
            return Err(self.refused(ErrorKind::ResourceManager(header.rmgr.0)));
        }
        let follows = match self.previous {
            0 => header.prev.0 < self.record.start,
            previous => header.prev.0 == previous,
        };
        if !follows {
            return Err(self.refused(ErrorKind::PrevLink(header.prev)));
        }
        Ok(())
    }

    #[cold]
    const fn refused(&self, kind: ErrorKind) -> (ErrorKind, Lsn, Resume) {
        (kind, Lsn(self.record.start), Resume::NextPage)
    }

    fn complete_buffer<'i>(&mut self) -> Result<Found<'i>, (ErrorKind, Lsn, Resume)> {
        let buffer = core::mem::take(&mut self.buffer);
        let found = self.complete(&buffer, None);
        self.buffer = buffer;
        found
    }

    /// Checks a whole record and takes it apart. The position is at its end.
    fn complete<'i>(
        &mut self,
        record: &[u8],
        bytes: Option<&'i [u8]>,
    ) -> Result<Found<'i>, (ErrorKind, Lsn, Resume)> {
        let lsn = Lsn(self.record.start);
        let header = RecordHeader::decode(record).unwrap_or_default();
        // Records are aligned in the log, and pages are whole numbers of that.
        let end = Lsn(aligned(self.position));
        if !crc_is_right(record) {
            // A page that it goes on on has said where it ends, too.
            let spans = self.page.start > self.record.start;
            let resume = if spans { Resume::Record(end.0) } else { Resume::NextPage };
            return Err((ErrorKind::Checksum, lsn, resume));
        }
        let switch = header.rmgr == RmgrId::XLOG && header.rmgr_info() == SWITCH;
        let segment_size = self.checks.segment_size();
        let end = if switch { segment_size.boundary(end) } else { end };
        self.previous = lsn.0;
        self.state = State::Skip { until: end.0, then: Purpose::Record };
        let version = self.checks.version();
        if version == Version::V14 {
            self.last_read = lsn;
        }
        block::decode(record, version, &mut self.blocks)
            .map_err(|kind| (kind, self.last_read, Resume::Record(end.0)))?;
        let timeline = self.checks.latest_timeline();
        let place = RecordPlace { lsn, end, timeline, version, segment_size };
        Ok(Found { header, place, bytes })
    }
}

/// `MAXALIGN`.
const fn aligned(position: u64) -> u64 {
    let mask = ALIGNMENT.wrapping_sub(1);
    position.saturating_add(mask) & !mask
}
