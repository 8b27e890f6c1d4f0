//! Records that lie whole on one page and in one chunk, and have nothing unusual: nearly all do. They are
//! taken here at one go. Whatever else there may be is left for the reader's steps, which tell what is
//! wrong.

use super::{Purpose, Reader, SWITCH, State, aligned};
use crate::types::Lsn;
use crate::wal::block::{self, BlockTable};
use crate::wal::record::{RECORD_HEADER, RecordHeader, RecordPlace, crc_is};
use crate::wal::rmgr::RmgrId;
use crate::wal::state::Pending;
use crate::wal::version::Version;

/// A record that was taken.
pub(in crate::wal) struct Plain<'i, T> {
    pub(in crate::wal) header: RecordHeader,
    pub(in crate::wal) place: RecordPlace,
    pub(in crate::wal) bytes: &'i [u8],
    /// What it was taken apart for.
    pub(in crate::wal) found: T,
}

impl Reader {
    /// Takes the next record with its block references from the front of `input`. `None`: it is not a
    /// plain one, and nothing was taken.
    #[inline]
    pub(super) fn plain<'i>(&mut self, input: &mut &'i [u8]) -> Option<Plain<'i, ()>> {
        self.take_plain(input, |bytes, version, blocks| block::decode(bytes, version, blocks).ok())
    }

    /// Takes the next record from the front of `input`, and of its parts only the length of its page
    /// images. `None`: it is not a plain one, and nothing was taken.
    #[inline]
    pub(in crate::wal) fn plain_length<'i>(
        &mut self,
        input: &mut &'i [u8],
    ) -> Option<Plain<'i, u32>> {
        self.take_plain(input, |bytes, version, _| block::image_length(bytes, version))
    }

    #[inline]
    fn take_plain<'i, T>(
        &mut self,
        input: &mut &'i [u8],
        take_apart: impl FnOnce(&'i [u8], Version, &mut BlockTable) -> Option<T>,
    ) -> Option<Plain<'i, T>> {
        let State::Skip { until, then: Purpose::Record } = self.state else { return None };
        // The first record that is given may follow any.
        if self.previous == 0 || self.last_read < self.start {
            return None;
        }
        let version = self.checks.version?;
        let gap = usize::try_from(until.checked_sub(self.position)?).ok()?;
        let rest = input.get(gap..)?;
        let header = RecordHeader::decode(rest)?;
        let total = header.total_length as usize;
        if total < RECORD_HEADER
            || u64::from(header.total_length) > self.page.end().checked_sub(until)?
            || header.prev.0 != self.previous
            || !header.rmgr.is_valid(version)
            || (header.rmgr == RmgrId::XLOG && header.rmgr_info() == SWITCH)
        {
            return None;
        }
        let (bytes, rest) = rest.split_at_checked(total)?;
        if !crc_is(header.crc, bytes) {
            return None;
        }
        let found = take_apart(bytes, version, &mut self.blocks)?;
        *input = rest;
        self.position = until.saturating_add(header.total_length.into());
        self.previous = until;
        let (lsn, end) = (Lsn(until), Lsn(aligned(self.position)));
        self.last_read = lsn;
        self.record = Pending { start: until, ..Pending::default() };
        self.state = State::Skip { until: end.0, then: Purpose::Record };
        let (timeline, segment_size) = (self.checks.latest_timeline(), self.checks.segment_size());
        let place = RecordPlace { lsn, end, timeline, version, segment_size };
        Some(Plain { header, place, bytes, found })
    }
}
