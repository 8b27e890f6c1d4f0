//! What a physical stream gives.

use bytes::Bytes;
use walscope_core::{Lsn, TimelineId, Timestamp};

use crate::system::HistoryFile;

/// Something that a [`PhysicalStream`](super::PhysicalStream) gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PhysicalEvent {
    /// Bytes of the write-ahead log. Each begins where the one before ended, except after a
    /// [`Timeline`](Self::Timeline).
    Data(WalData),
    /// The server asks how far we are: before it is shut down it waits until everything it sent is
    /// flushed. It was answered with what was reported last; whoever can flush more should, and report
    /// that.
    FlushWanted,
    /// The timeline has ended, and the log goes on on another.
    Timeline(TimelineSwitch),
    /// The connection broke, and there is another. The data goes on where it was.
    Reconnected,
}

/// Bytes of the write-ahead log, as the server keeps it in its segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalData {
    /// The timeline.
    pub timeline: TimelineId,
    /// Where the bytes begin.
    pub start: Lsn,
    /// The end of the log on the server, as it said.
    pub server_end: Lsn,
    /// The server's clock when it sent this.
    pub server_time: Timestamp,
    /// The bytes. Those of one read share their memory.
    pub bytes: Bytes,
}

impl WalData {
    /// Where the bytes end.
    pub fn end(&self) -> Lsn {
        Lsn(self.start.0.saturating_add(self.bytes.len() as u64))
    }
}

/// A timeline has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineSwitch {
    /// The timeline that has ended.
    pub ended: TimelineId,
    /// The one that the log goes on on.
    pub timeline: TimelineId,
    /// Where it begins. What came of the old one beyond does not belong to the new one.
    pub switch: Lsn,
    /// Where the data goes on: at the beginning of the segment of `switch`, which the new timeline has in
    /// a file of its own.
    pub start: Lsn,
    /// The new timeline's history file.
    pub history: HistoryFile,
}
