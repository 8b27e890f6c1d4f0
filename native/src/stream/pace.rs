//! When to read: at once while the stream is quiet, late and much while a backlog lasts.
//!
//! The server sends every message by itself. Whoever reads as soon as something is there makes a
//! system call for each of them, and keeps the server busy with waking it; a short pause lets them
//! gather.

use walscope_core::session::Micros;

/// How long messages may gather at first, and at least. Each pause costs some system calls, each
/// message that came meanwhile costs none: while too little gathers, each is twice as long as the
/// last. The runtime's clock ticks in milliseconds, so all become one more.
const FIRST_PAUSE: Micros = 1_000;
/// When so many bytes have gathered, the pause is long enough: what the server and the system have for
/// them could be full in a longer one.
const ENOUGH: usize = 256 * 1024;
const HALF_ENOUGH: usize = ENOUGH / 2;
/// Where so few gather, waiting longer would save little.
const FEW: usize = 16 * 1024;
/// A read that finds something within this, once there may be one, follows the read before.
const BACKLOG: Micros = 1_000;
/// Who reads so few bytes, in a backlog, has caught up with the server.
const LITTLE: usize = 2 * 1024;
/// So many reads that follow each other are those of a backlog. A small transaction takes fewer.
const READS: u32 = 4;

#[derive(Debug)]
pub(super) struct Pace {
    /// No pause is longer.
    longest: Micros,
    /// How long the last one was; 0: there was none yet.
    length: Micros,
    /// Since when there may be a read.
    since: Micros,
    /// Reads that followed each other.
    reads: u32,
    /// Bytes that were read since the last pause.
    bytes: usize,
    /// No reading before this.
    pause: Option<Micros>,
}

impl Pace {
    /// Nothing gathers for longer than that, nothing at all where it is zero.
    pub(super) const fn new(longest: Micros) -> Self {
        Self { longest, length: 0, since: 0, reads: 0, bytes: 0, pause: None }
    }

    /// From the next pause on nothing gathers for longer than that.
    pub(super) const fn set_longest(&mut self, longest: Micros) {
        self.longest = longest;
    }

    /// Whether nothing is to be read now.
    pub(super) fn pauses(&mut self, now: Micros) -> bool {
        if self.pause.is_some_and(|until| now >= until) {
            self.pause = None;
            self.since = now;
        }
        self.pause.is_some()
    }

    /// There is to be no pause now.
    pub(super) const fn cancel(&mut self) {
        self.pause = None;
    }

    /// When the pause ends, if there is one.
    pub(super) const fn until(&self) -> Option<Micros> {
        self.pause
    }

    /// So many bytes were read; `more`: others are known to be there. Whether a pause begins: not while
    /// there is much.
    pub(super) fn has_read(&mut self, bytes: usize, more: bool, now: Micros) -> bool {
        if now >= self.since.saturating_add(BACKLOG) {
            self.begin_anew();
        }
        self.reads = self.reads.saturating_add(1);
        self.since = now;
        self.bytes = self.bytes.saturating_add(bytes);
        bytes < LITTLE && !more && self.gathers(now)
    }

    /// There was nothing to read. Whether a pause begins: not after one that brought nothing.
    pub(super) fn found_nothing(&mut self, now: Micros) -> bool {
        if self.bytes == 0 {
            self.begin_anew();
        }
        self.gathers(now)
    }

    fn gathers(&mut self, now: Micros) -> bool {
        if self.reads < READS || self.longest == 0 {
            return false;
        }
        let length = match (self.length, std::mem::take(&mut self.bytes)) {
            (last, 0..FEW | ENOUGH..) => last / 2,
            (last, FEW..HALF_ENOUGH) => last.saturating_mul(2),
            (last, _) => last,
        };
        self.length = length.clamp(FIRST_PAUSE, self.longest.max(FIRST_PAUSE));
        self.pause = Some(now.saturating_add(self.length));
        true
    }

    /// There is no backlog, for all that is known.
    const fn begin_anew(&mut self) {
        (self.reads, self.length) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Micros = 3_000;

    #[test]
    fn what_comes_after_silence_is_read_at_once() {
        let mut pace = Pace::new(LONGEST);
        for now in [0, 10_000, 20_000, 30_000, 40_000] {
            // A transaction of a few rows may come in pieces.
            for now in [now, now + 100, now + 200] {
                assert!(!pace.pauses(now));
                assert!(!pace.has_read(1, false, now));
                assert!(!pace.found_nothing(now + 1), "the next message may follow at once");
            }
        }
    }

    #[test]
    fn a_backlog_gathers_and_its_tail_does_not_wait_for_ever() {
        let mut pace = Pace::new(LONGEST);
        let mut now = 0;
        for _ in 0..2 {
            for read in 0..READS {
                assert!(read == 0 || !pace.found_nothing(now));
                now += 100;
                assert!(!pace.has_read(LITTLE, false, now));
            }
            for length in [FIRST_PAUSE, 2 * FIRST_PAUSE, LONGEST, LONGEST] {
                assert!(pace.found_nothing(now));
                assert_eq!(pace.until(), Some(now + length));
                assert!(pace.pauses(now + length - 1));
                // However late a pause is noticed to be over: what was found then follows.
                now += length + 2_000;
                assert!(!pace.pauses(now));
                assert!(!pace.has_read(FEW, false, now + 10));
            }
            assert!(pace.found_nothing(now + 20));
            now += 20 + LONGEST;
            assert!(!pace.pauses(now));
            // Nothing was there: whatever comes next is read at once.
            assert!(!pace.found_nothing(now));
            assert_eq!(pace.until(), None);
        }
    }

    #[test]
    fn a_pause_is_as_long_as_enough_takes() {
        let mut pace = Pace::new(100_000);
        let mut now = 0;
        for _ in 0..READS {
            assert!(!pace.has_read(LITTLE, false, now));
        }
        let mut lengths = Vec::new();
        for bytes in [0, FEW, HALF_ENOUGH, ENOUGH - 1, ENOUGH, 2 * ENOUGH, FEW, FEW - 1] {
            if bytes > 0 {
                assert!(!pace.has_read(bytes, true, now));
            }
            assert!(pace.found_nothing(now));
            let until = pace.until().expect("a pause");
            lengths.push((until - now) / FIRST_PAUSE);
            now = until;
            assert!(!pace.pauses(now));
        }
        assert_eq!(lengths, [1, 2, 2, 2, 1, 1, 2, 1]);
    }

    #[test]
    fn much_is_read_without_a_pause() {
        let mut pace = Pace::new(LONGEST);
        for now in 0..100 {
            assert!(!pace.has_read(LITTLE, false, now));
            assert!(!pace.pauses(now));
        }
        assert!(!pace.has_read(LITTLE - 1, true, 100));
        assert!(pace.has_read(LITTLE - 1, false, 100));
        assert!(pace.pauses(100));
    }

    #[test]
    fn nothing_gathers_where_nothing_may() {
        let mut pace = Pace::new(0);
        for now in 0..100 {
            assert!(!pace.has_read(1, false, now));
            assert!(!pace.found_nothing(now));
        }
    }
}
