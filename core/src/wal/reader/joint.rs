//! Where two readers of one log meet.

use super::{Purpose, Reader, State};
use crate::types::Lsn;
use crate::wal::checks::PageChecks;
use crate::wal::state::Page;

/// All that decides what a [`Reader`] will read behind the record that it has just read, and what it
/// will say of it.
///
/// Several readers can read a log that lies there whole: each begins at another page. Where the one
/// before comes to the first record that the one behind it has read, and their joints there are equal,
/// it would read what that one has read, to the last check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joint {
    position: u64,
    until: u64,
    previous: u64,
    last_read: Lsn,
    page: Page,
    checks: PageChecks,
    limit: u32,
}

impl Reader {
    /// What it goes by. `None`: it has not just read a record.
    pub const fn joint(&self) -> Option<Joint> {
        let State::Skip { until, then: Purpose::Record } = self.state else { return None };
        let Self { position, previous, last_read, page, checks, limit, .. } = *self;
        if previous == 0 {
            return None;
        }
        Some(Joint { position, until, previous, last_read, page, checks, limit })
    }
}
