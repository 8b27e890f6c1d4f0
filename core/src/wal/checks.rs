//! The checks that a page must pass (`XLogReaderValidatePageHeader`).

use super::error::{Error, ErrorKind, Place};
use super::page::{LongHeader, PAGE_SIZE, PageHeader, flag};
use super::segment::{SegmentName, SegmentSize};
use super::version::Version;
use crate::types::{Lsn, TimelineId};

/// What pages are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageChecks {
    /// The version; `None` until a page has said it.
    pub(super) version: Option<Version>,
    /// The segment size; `None` until a page has said it.
    pub(super) segment_size: Option<SegmentSize>,
    /// The timeline in file names; `None`: that of the last page.
    pub(super) timeline: Option<TimelineId>,
    pub(super) system_identifier: Option<u64>,
    /// The last page that was right, and its timeline.
    latest: Lsn,
    latest_timeline: TimelineId,
}

impl PageChecks {
    pub(super) const fn new(
        version: Option<Version>,
        segment_size: Option<SegmentSize>,
        timeline: Option<TimelineId>,
        system_identifier: Option<u64>,
    ) -> Self {
        Self {
            version,
            segment_size,
            timeline,
            system_identifier,
            latest: Lsn::INVALID,
            latest_timeline: TimelineId(0),
        }
    }

    /// The version as far as it is known.
    pub(super) fn version(&self) -> Version {
        self.version.unwrap_or(Version::NEWEST)
    }

    /// The segment size as far as it is known.
    pub(super) fn segment_size(&self) -> SegmentSize {
        self.segment_size.unwrap_or_default()
    }

    /// The timeline of the last page.
    pub(super) const fn latest_timeline(&self) -> TimelineId {
        self.latest_timeline
    }

    /// Forgets which page was the last one: any may follow.
    pub(super) const fn forget_latest(&mut self) {
        self.latest = Lsn::INVALID;
        self.latest_timeline = TimelineId(0);
    }

    pub(super) fn place(&self) -> Place {
        Place {
            version: self.version(),
            timeline: self.timeline.unwrap_or(self.latest_timeline),
            size: self.segment_size(),
        }
    }

    /// The segment that a position lies in.
    pub(super) fn segment(&self, lsn: Lsn) -> SegmentName {
        let Place { timeline, size, .. } = self.place();
        SegmentName { timeline, number: size.number(lsn), size }
    }

    /// Checks the header of the page at `lsn`, in PostgreSQL's order.
    pub(super) fn check(&mut self, header: &PageHeader, lsn: Lsn) -> Result<(), Error> {
        let version = Version::from_magic(header.magic);
        if version.is_none() || self.version.is_some_and(|known| Some(known) != version) {
            return Err(self.error(ErrorKind::Magic(header.magic), lsn));
        }
        self.version = version;
        if header.info & !flag::ALL != 0 {
            return Err(self.error(ErrorKind::InfoBits(header.info), lsn));
        }
        match header.long {
            Some(long) => self.check_long(long, lsn)?,
            None if self.segment_size.is_some() && self.segment_size().offset(lsn) == 0 => {
                return Err(self.error(ErrorKind::InfoBits(header.info), lsn));
            }
            None => {}
        }
        if header.address != lsn {
            return Err(self.error(ErrorKind::PageAddress(header.address), lsn));
        }
        if lsn > self.latest && header.timeline < self.latest_timeline {
            let kind = ErrorKind::Timeline { found: header.timeline, last: self.latest_timeline };
            return Err(self.error(kind, lsn));
        }
        self.latest = lsn;
        self.latest_timeline = header.timeline;
        Ok(())
    }

    fn check_long(&mut self, long: LongHeader, lsn: Lsn) -> Result<(), Error> {
        if let Some(expected) = self.system_identifier
            && expected != long.system_identifier
        {
            let kind = ErrorKind::SystemIdentifier { found: long.system_identifier, expected };
            return Err(self.error(kind, lsn));
        }
        let size = SegmentSize::new(long.segment_size);
        if size.is_none() || self.segment_size.is_some_and(|known| Some(known) != size) {
            return Err(self.error(ErrorKind::SegmentSize(long.segment_size), lsn));
        }
        if long.block_size != PAGE_SIZE {
            return Err(self.error(ErrorKind::BlockSize(long.block_size), lsn));
        }
        self.segment_size = size;
        Ok(())
    }

    #[cold]
    fn error(&self, kind: ErrorKind, lsn: Lsn) -> Error {
        Error::new(kind, lsn, self.place())
    }
}
