//! What checkpoints cost: how much log lies between them, and how many page images follow each.

use alloc::collections::VecDeque;

use super::count::Count;
use crate::types::Lsn;
use crate::wal::rmgr::xlog::Xlog;
use crate::wal::{Record, RmgrId};

/// A checkpoint, and the log from its redo point to the redo point of the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckpointStats {
    /// Where redo begins.
    pub redo: Lsn,
    /// Where its record begins; 0/0: it is not in the log that was read, which lies before the first
    /// redo point.
    pub lsn: Lsn,
    /// When it was begun, in seconds since 1970.
    pub time: i64,
    /// Whether it was made at a shutdown, or at the end of recovery.
    pub is_shutdown: bool,
    /// Bytes of log since the redo point before; `None`: the checkpoint before was not read.
    pub distance: Option<u64>,
    /// What the server expects of the next distance (`CheckPointDistanceEstimate`), if it was started
    /// with the first checkpoint that was read, or at a shutdown checkpoint behind it.
    pub estimate: Option<u64>,
    /// The records from its redo point on. The page images are its cost: a page's first change behind
    /// a redo point writes the whole page.
    pub following: Count,
}

/// Makes [`CheckpointStats`] from the records of the log, which come in their order.
///
/// Before PostgreSQL 17 the log says only later where a redo point was. Which records lie before and
/// which behind it is exact for up to 65,536 records since the redo point before; of more, a few behind
/// it are counted as lying before it: of a million records some thirty at most.
#[derive(Clone, Debug, Default)]
pub struct Checkpoints {
    /// The last checkpoint.
    last: CheckpointStats,
    trail: Trail,
    /// The last redo point that has a record of its own.
    mark: Option<(Lsn, Count)>,
    /// In bytes, as the server's.
    estimate: f64,
}

impl Checkpoints {
    /// Nothing was read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a record. With that of a checkpoint, what lies before its redo point is complete: the
    /// checkpoint before, or first what has no checkpoint before it.
    pub fn take(&mut self, record: &Record<'_>, is_counted: bool) -> Option<CheckpointStats> {
        let said = match record.rmgr() {
            RmgrId::XLOG => Xlog::decode(record),
            _ => None,
        };
        let (checkpoint, is_shutdown) = match said {
            Some(Xlog::CheckpointShutdown(checkpoint)) => (checkpoint, true),
            Some(Xlog::CheckpointOnline(checkpoint)) => (checkpoint, false),
            said => {
                if let Some(Xlog::CheckpointRedo(_)) = said {
                    self.mark = Some((record.lsn(), self.trail.total));
                }
                self.trail.add(record, is_counted);
                return None;
            }
        };
        let before = match self.mark.take() {
            Some((lsn, before)) if lsn == checkpoint.redo => before,
            _ => self.trail.before(checkpoint.redo),
        };
        let mut whole = self.last;
        whole.following = before;
        let last = Some(self.last).filter(|last| last.lsn.is_valid());
        let distance = last.map(|last| checkpoint.redo.0.saturating_sub(last.redo.0));
        if let Some(distance) = distance {
            self.estimate = moved(self.estimate, distance);
        }
        self.last = CheckpointStats {
            redo: checkpoint.redo,
            lsn: record.lsn(),
            time: checkpoint.time,
            is_shutdown,
            distance,
            estimate: distance.map(|_| rounded(self.estimate)),
            following: Count::default(),
        };
        if is_shutdown {
            self.estimate = 0.0;
        }
        self.trail.begin_after(&before, checkpoint.redo);
        self.trail.add(record, is_counted);
        Some(whole).filter(|whole| whole.lsn.is_valid() || whole.following.records > 0)
    }

    /// The last checkpoint, with all that was read behind its redo point; without a checkpoint, all
    /// that was read.
    pub fn last(&self) -> CheckpointStats {
        CheckpointStats { following: self.trail.total, ..self.last }
    }
}

/// `UpdateCheckPointDistanceEstimate`: it rises at once and falls slowly.
fn moved(estimate: f64, distance: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "as the server does")]
    let distance = distance as f64;
    if estimate < distance { distance } else { 0.90 * estimate + 0.10 * distance }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of distances")]
const fn rounded(estimate: f64) -> u64 {
    estimate as u64
}

/// How many counts are remembered.
const POINTS: usize = 65_536;

/// What was counted since the last redo point, and what of it when.
#[derive(Clone, Debug, Default)]
struct Trail {
    total: Count,
    /// Where records begin, in their order, and what was counted before.
    points: VecDeque<(Lsn, Count)>,
    /// How many records lie between two points, less one.
    between: u64,
    /// Records since the last point.
    since: u64,
}

impl Trail {
    fn add(&mut self, record: &Record<'_>, is_counted: bool) {
        if self.since >= self.between || self.points.is_empty() {
            if self.points.len() >= POINTS {
                self.thin_out();
            }
            self.points.push_back((record.lsn(), self.total));
            self.since = 0;
        } else {
            self.since = self.since.saturating_add(1);
        }
        if is_counted {
            self.total.add(record);
        }
    }

    /// Every other point goes.
    fn thin_out(&mut self) {
        let mut keeps = false;
        self.points.retain(|_| {
            keeps = !keeps;
            keeps
        });
        self.between = self.between.saturating_mul(2).saturating_add(1);
    }

    /// What was counted of records before a position.
    fn before(&self, lsn: Lsn) -> Count {
        let behind = self.points.partition_point(|(at, _)| *at < lsn);
        self.points.get(behind).map_or(self.total, |(_, count)| *count)
    }

    /// Begins anew with what lies behind a redo point.
    fn begin_after(&mut self, before: &Count, redo: Lsn) {
        let behind = self.points.partition_point(|(at, _)| *at < redo);
        self.points.drain(..behind);
        self.total.minus(before);
        (self.between, self.since) = (0, 0);
        for (_, count) in &mut self.points {
            count.minus(before);
        }
    }
}
