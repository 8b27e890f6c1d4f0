//! What a reader is told before it begins.

use super::segment::SegmentSize;
use super::version::Version;
use crate::types::{Lsn, TimelineId};

/// What a [`Reader`](super::Reader) is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Records that begin before are read, but not given. If this is no record's beginning, the first
    /// record behind it is given first.
    pub start: Lsn,
    /// Where the input begins. `None`: at the page that [`start`](Self::start) lies on. An input that
    /// does not begin with a page is skipped up to the next one.
    pub input: Option<Lsn>,
    /// The version. `None`: what the first page says.
    pub version: Option<Version>,
    /// The size of segments. `None`: what the first page of a segment says, 16 MB until then.
    pub segment_size: Option<SegmentSize>,
    /// The timeline in the file names of errors. `None`: that of the last page.
    pub timeline: Option<TimelineId>,
    /// The database system that pages must be of. `None`: any.
    pub system_identifier: Option<u64>,
    /// The longest record that is held. `None`: [`MAX_RECORD`](super::MAX_RECORD).
    pub limit: Option<u32>,
}
