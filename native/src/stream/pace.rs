//! When to read: at once while the stream is quiet, late and much while a backlog lasts.
//!
//! The server sends every message by itself. Whoever reads as soon as something is there makes a
//! system call for each of them, and keeps the server busy with waking it; a short pause lets them
//! gather.

use walscope_core::session::Micros;

/// How long messages may gather. Each pause costs some system calls, each message that came meanwhile
/// costs none. The runtime's clock ticks in milliseconds, so it becomes one more.
const PAUSE: Micros = 3_000;
/// A read that finds something within this, once there may be one, follows the read before.
const BACKLOG: Micros = 1_000;
/// So many reads that follow each other are those of a backlog. A small transaction takes fewer.
const READS: u32 = 4;

#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Since when there may be a read.
    since: Micros,
    /// Reads that followed each other.
    reads: u32,
    /// No reading before this.
    pause: Option<Micros>,
}

impl Pace {
    /// Whether nothing is to be read now.
    pub(super) fn pauses(&mut self, now: Micros) -> bool {
        if self.pause.is_some_and(|until| now >= until) {
            self.pause = None;
            self.since = now;
        }
        self.pause.is_some()
    }

    /// When the pause ends, if there is one.
    pub(super) const fn until(&self) -> Option<Micros> {
        self.pause
    }

    /// Something was read; `drained`: all there was.
    pub(super) fn has_read(&mut self, drained: bool, now: Micros) {
        let follows = now < self.since.saturating_add(BACKLOG);
        self.reads = if follows { self.reads.saturating_add(1) } else { 1 };
        self.since = now;
        if drained && self.reads >= READS {
            self.pause = Some(now.saturating_add(PAUSE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_silence_is_read_at_once() {
        let mut pace = Pace::default();
        for now in [0, 10_000, 20_000, 30_000, 40_000] {
            // A transaction of a few rows may come in pieces.
            for now in [now, now + 100, now + 200] {
                assert!(!pace.pauses(now));
                pace.has_read(true, now);
                assert!(!pace.pauses(now + 1), "the next message may follow at once");
            }
        }
    }

    #[test]
    fn a_backlog_gathers_and_its_tail_does_not_wait_for_ever() {
        let mut pace = Pace::default();
        for now in [0, 100, 200, 300] {
            assert!(!pace.pauses(now));
            pace.has_read(true, now);
        }
        assert!(pace.pauses(301));
        assert_eq!(pace.until(), Some(300 + PAUSE));
        // However late the pause is noticed to be over: what was found then follows.
        let late = 2_000 + PAUSE;
        assert!(!pace.pauses(late));
        pace.has_read(true, late + 10);
        assert!(pace.pauses(late + 11));
        let over = late + 10 + PAUSE;
        assert!(!pace.pauses(over));
        // There is more than fits: nothing needs to gather.
        pace.has_read(false, over + 100);
        assert!(!pace.pauses(over + 101));
        // Nothing was there for a while.
        pace.has_read(true, over + 100 + BACKLOG);
        assert!(!pace.pauses(over + 101 + BACKLOG));
    }
}
