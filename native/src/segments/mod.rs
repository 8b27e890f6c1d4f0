//! Writes the log into files of one segment each, as `pg_receivewal` does, so that nothing that was
//! reported as flushed is lost by a crash at any moment.
//!
//! `src/bin/pg_basebackup/receivelog.c` and `walmethods.c`.

mod archive;
mod durable;
mod open_segment;
#[cfg(feature = "compression")]
mod packed;

use std::path::{Path, PathBuf};

use walscope_core::wal::{SegmentName, SegmentSize};
use walscope_core::{Lsn, TimelineId};

pub use archive::{ArchiveEnd, archive_end};

use crate::backup::Compression;
use crate::error::{Error, Result};
use crate::system::HistoryFile;
use durable::Durable;
use open_segment::OpenSegment;

/// How segments are written.
#[derive(Clone, Debug)]
pub struct SegmentOptions {
    /// The size of the server's segments.
    pub size: SegmentSize,
    /// Whether a file's name ends in `.partial` until it is whole.
    pub partial: bool,
    /// Whether files and directory are flushed to disk. Without, what is reported as flushed may not
    /// survive a power cut.
    pub sync: bool,
    /// Whether whole files are marked as archived (`archive_status/NAME.done`), as in a base backup.
    pub mark_done: bool,
    /// How files are compressed. Needs the feature `compression`.
    pub compression: Option<Compression>,
    /// The permissions of files, as the server has them: `0o600` or `0o640`.
    pub mode: u32,
}

impl SegmentOptions {
    /// Files of that size, `.partial` until they are whole, flushed, not compressed.
    pub const fn new(size: SegmentSize) -> Self {
        Self { size, partial: true, sync: true, mark_done: false, compression: None, mode: 0o600 }
    }
}

/// Writes a log's segments into a directory.
///
/// Its calls block. After an error the writer writes and flushes nothing more; what
/// [`flushed`](Self::flushed) says is on disk all the same.
///
/// ```no_run
/// # async fn run(mut stream: walscope::PhysicalStream) -> Result<(), Box<dyn std::error::Error>> {
/// use walscope::{PhysicalEvent, SegmentOptions, SegmentWriter};
/// let info = stream.info().clone();
/// let options = SegmentOptions::new(info.segment_size);
/// let mut writer = SegmentWriter::new("/archive", options, info.timeline, info.start)?;
/// let control = stream.control();
/// while let Some(event) = stream.next().await? {
///     match event {
///         PhysicalEvent::Data(data) => writer.write_all(data.start, &data.bytes)?,
///         PhysicalEvent::FlushWanted => drop(writer.sync()?),
///         PhysicalEvent::Timeline(switch) => {
///             writer.write_history(&switch.history)?;
///             writer.go_on(switch.timeline, switch.start)?;
///         }
///         _ => {}
///     }
///     control.report(writer.positions())?;
/// }
/// writer.close()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SegmentWriter {
    durable: Durable,
    options: SegmentOptions,
    timeline: TimelineId,
    /// Where the next byte belongs.
    position: Lsn,
    flushed: Lsn,
    segment: Option<OpenSegment>,
    /// Something went wrong. The system says once that it could not flush; asked again it says that all is
    /// well, and what it lost stays lost.
    broken: bool,
}

impl SegmentWriter {
    /// A writer of the log of that timeline from `start` on, which is the beginning of a segment.
    ///
    /// # Errors
    ///
    /// A start within a segment; compression that this build does not have.
    pub fn new(
        directory: impl Into<PathBuf>,
        options: SegmentOptions,
        timeline: TimelineId,
        start: Lsn,
    ) -> Result<Self> {
        if options.compression.is_some() && !cfg!(feature = "compression") {
            return Err(Error::Unsupported {
                problem: "this build of walscope does not compress".into(),
                hint: Some("Build it with the feature compression".into()),
            });
        }
        let durable = Durable { directory: directory.into(), sync: options.sync };
        let mut writer = Self {
            durable,
            options,
            timeline,
            position: Lsn::INVALID,
            flushed: Lsn::INVALID,
            segment: None,
            broken: false,
        };
        writer.go_on(timeline, start)?;
        Ok(writer)
    }

    /// Goes on on another timeline, whose files begin at `start`, the beginning of a segment. The
    /// segment in hand stays as it is.
    ///
    /// # Errors
    ///
    /// What the file system says; a start within a segment.
    pub fn go_on(&mut self, timeline: TimelineId, start: Lsn) -> Result<()> {
        if self.options.size.offset(start) != 0 {
            return Err(Error::config(format!("{start} is not the beginning of a segment")));
        }
        self.close()?;
        (self.timeline, self.position, self.flushed) = (timeline, start, start);
        Ok(())
    }

    /// Where the next byte belongs: the end of what is written.
    pub fn position(&self) -> Lsn {
        self.position
    }

    /// The end of what is on disk for good.
    pub fn flushed(&self) -> Lsn {
        self.flushed
    }

    /// The timeline that is written.
    pub fn timeline(&self) -> TimelineId {
        self.timeline
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.durable.directory
    }

    /// What can be told the server. Nothing is applied here.
    pub fn positions(&self) -> crate::WalPositions {
        crate::WalPositions { written: self.position, flushed: self.flushed, applied: Lsn::INVALID }
    }

    /// Writes bytes that begin at `start`.
    ///
    /// # Errors
    ///
    /// What the file system says; bytes that do not follow on those before.
    pub fn write_all(&mut self, start: Lsn, mut bytes: &[u8]) -> Result<()> {
        let mut start = start;
        while !bytes.is_empty() {
            let written = self.write(start, bytes)?;
            start = self.position;
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// Writes as many of the bytes, which begin at `start`, as there is room for in the segment, and
    /// returns how many. A segment that is whole by that gets its name, and is flushed.
    ///
    /// # Errors
    ///
    /// What the file system says; bytes that do not follow on those before.
    pub fn write(&mut self, start: Lsn, bytes: &[u8]) -> Result<usize> {
        if start != self.position {
            return Err(Error::protocol(format!(
                "the log comes from {start} where {} is next",
                self.position
            )));
        }
        if self.broken {
            return Err(Error::protocol("nothing is written any more after an error"));
        }
        let written = self.write_next(start, bytes);
        self.broken = written.is_err();
        written
    }

    fn write_next(&mut self, start: Lsn, bytes: &[u8]) -> Result<usize> {
        let size = self.options.size;
        let room = size.get() - size.offset(start);
        let taken = bytes.get(..room as usize).unwrap_or(bytes);
        let segment = match &mut self.segment {
            Some(segment) => segment,
            None => {
                let number = size.number(start);
                let name = SegmentName { timeline: self.timeline, number, size };
                let opened = OpenSegment::open(&self.durable, &self.options, &name.to_string())?;
                self.segment.insert(opened)
            }
        };
        segment.write(taken)?;
        self.position.0 += taken.len() as u64;
        if taken.len() == room as usize
            && let Some(segment) = self.segment.take()
        {
            segment.finish(&self.durable, &self.options)?;
            self.flushed = self.position;
        }
        Ok(taken.len())
    }

    /// Flushes what is written to disk, and returns its end.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn sync(&mut self) -> Result<Lsn> {
        if self.flushed != self.position && !self.broken {
            if let Some(segment) = &mut self.segment {
                let synced = segment.sync(&self.durable);
                self.broken = synced.is_err();
                synced?;
            }
            self.flushed = self.position;
        }
        Ok(self.flushed)
    }

    /// Closes the file in hand, flushed. It keeps its name: the segment is not whole. After an error it
    /// is closed as it is.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn close(&mut self) -> Result<()> {
        if let Some(segment) = self.segment.take()
            && !self.broken
        {
            let closed = segment.close(&self.durable);
            self.broken = closed.is_err();
            closed?;
            self.flushed = self.position;
        }
        Ok(())
    }

    /// The name of the file in hand, without the directory.
    pub fn file_name(&self) -> Option<String> {
        let path = self.segment.as_ref()?.path();
        path.file_name().map(|name| name.to_string_lossy().into_owned())
    }

    /// Whether a timeline's history file is there. The first timeline has none.
    pub fn has_history(&self, timeline: TimelineId) -> bool {
        timeline <= TimelineId(1) || self.durable.path(&history_name(timeline)).exists()
    }

    /// Writes a timeline's history file, unless it is there.
    ///
    /// # Errors
    ///
    /// What the file system says; a name that is not the timeline's.
    pub fn write_history(&self, file: &HistoryFile) -> Result<()> {
        if self.has_history(file.timeline) {
            return Ok(());
        }
        let name = history_name(file.timeline);
        if file.name != name {
            return Err(Error::protocol(format!(
                "the server calls the history file of timeline {} \"{}\"",
                file.timeline, file.name
            )));
        }
        self.durable.write_whole(&name, file.content.as_bytes(), self.options.mode)?;
        if self.options.mark_done {
            self.durable.mark_done(&name, self.options.mode)?;
        }
        Ok(())
    }
}

/// `TLHistoryFileName`.
fn history_name(timeline: TimelineId) -> String {
    format!("{:08X}.history", timeline.0)
}
