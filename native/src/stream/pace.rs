//! When to read: at once while the stream is quiet, late and much while a backlog lasts.
//!
//! The server sends every message by itself. Whoever reads as soon as something is there makes a
//! system call for each of them, and keeps the server busy with waking it; a short pause lets them
//! gather.

use walscope_core::session::Micros;

/// How long messages may gather.
const PAUSE: Micros = 500;
/// Reads that follow each other in less than this are those of a backlog.
const BACKLOG: Micros = 2_000;

#[derive(Debug, Default)]
pub(super) struct Pace {
    last_read: Option<Micros>,
    /// No reading before this.
    pause: Option<Micros>,
}

impl Pace {
    /// Whether nothing is to be read now.
    pub(super) fn pauses(&mut self, now: Micros) -> bool {
        if self.pause.is_some_and(|until| now >= until) {
            self.pause = None;
        }
        self.pause.is_some()
    }

    /// When the pause ends, if there is one.
    pub(super) const fn until(&self) -> Option<Micros> {
        self.pause
    }

    /// Something was read; `drained`: all there was.
    pub(super) fn has_read(&mut self, drained: bool, now: Micros) {
        let backlog = self.last_read.is_some_and(|last| now < last + BACKLOG);
        self.last_read = Some(now);
        if drained && backlog {
            self.pause = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_silence_is_read_at_once() {
        let mut pace = Pace::default();
        for now in [0, 10_000, 20_000] {
            assert!(!pace.pauses(now));
            pace.has_read(true, now);
            assert!(!pace.pauses(now + 1), "the next message may follow at once");
        }
    }

    #[test]
    fn a_backlog_gathers_and_its_tail_does_not_wait_for_ever() {
        let mut pace = Pace::default();
        pace.has_read(true, 0);
        pace.has_read(true, 100);
        assert!(pace.pauses(101));
        assert_eq!(pace.until(), Some(100 + PAUSE));
        assert!(!pace.pauses(100 + PAUSE));
        // There is more than fits: nothing needs to gather.
        pace.has_read(false, 700);
        assert!(!pace.pauses(701));
    }
}
