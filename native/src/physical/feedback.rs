//! What the server is told about us, and when: a state machine without IO. Time is an argument, in
//! microseconds of a monotonic clock.
//!
//! `walreceiver.c` (`XLogWalRcvSendReply`, `XLogWalRcvSendHSFeedback`) is the standby's side in
//! PostgreSQL.

use walscope_core::session::Micros;
use walscope_core::{HotStandbyFeedback, Lsn, StandbyStatusUpdate, Timestamp, Xid};

const SECOND: Micros = 1_000_000;
/// How long news of what is only written may wait for more.
const WRITTEN_DELAY: Micros = SECOND / 100;
/// How long the server may take to answer before it counts as dead.
const REPLY_TIMEOUT: Micros = 10 * SECOND;

/// How far a consumer of the write-ahead log is.
///
/// The server takes each for the truth: a commit that waits for a synchronous standby goes on, and what
/// a slot holds back before `flushed` may be removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WalPositions {
    /// The end of what is written: `synchronous_commit = remote_write` waits for it.
    pub written: Lsn,
    /// The end of what would survive a power cut: `synchronous_commit = on` waits for it, and a slot's
    /// `restart_lsn` follows it. [`Lsn::INVALID`]: this consumer does not say, and never counts as a
    /// synchronous standby.
    pub flushed: Lsn,
    /// The end of what queries see: `synchronous_commit = remote_apply` waits for it.
    /// [`Lsn::INVALID`]: nothing is applied here.
    pub applied: Lsn,
}

impl WalPositions {
    fn highest(self) -> Lsn {
        self.written.max(self.flushed).max(self.applied)
    }
}

/// Which rows a standby's queries still need, so that the primary does not clean them away.
///
/// A transaction id counts on beyond 32 bits by its epoch, as in the upper half of `pg_current_xact_id()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StandbyFeedback {
    /// The oldest transaction whose rows queries need; 0: none.
    pub xmin: Xid,
    /// The epoch of `xmin`.
    pub xmin_epoch: u32,
    /// The same for the system catalogs, which logical slots need; 0: none.
    pub catalog_xmin: Xid,
    /// The epoch of `catalog_xmin`.
    pub catalog_xmin_epoch: u32,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing before that time, unless something comes.
    Wait(Micros),
    /// Send this. The clock is filled in by who sends.
    Status(StandbyStatusUpdate),
    /// Send this. The clock is filled in by who sends.
    HotStandby(HotStandbyFeedback),
    /// The server is dead: it has been silent for so long, a question included.
    Dead(Micros),
}

#[derive(Debug)]
pub(super) struct Feedback {
    positions: WalPositions,
    told: WalPositions,
    /// The end of what came last.
    received: Lsn,
    /// The highest end of what came and belongs to the present timeline.
    came: Lsn,
    standby: Option<StandbyFeedback>,
    standby_due: bool,
    /// The longest time between two status updates.
    interval: Micros,
    last_status: Micros,
    reply_due: bool,
    stall_timeout: Micros,
    last_received: Micros,
    reading: bool,
    /// When the server was asked for a sign of life.
    asked: Option<Micros>,
}

impl Feedback {
    pub(super) fn new(start: Lsn, interval: Micros, stall_timeout: Micros) -> Self {
        let positions = WalPositions { written: start, ..WalPositions::default() };
        Self {
            positions,
            told: positions,
            received: start,
            came: start,
            standby: None,
            standby_due: false,
            interval,
            last_status: 0,
            reply_due: true,
            stall_timeout,
            last_received: 0,
            reading: true,
            asked: None,
        }
    }

    /// A new connection, whose data begins at `start`. The server is told at once how
    /// far we are.
    pub(super) fn resume(&mut self, start: Lsn, now: Micros) {
        self.received = start;
        self.last_received = now;
        self.asked = None;
        self.reply_due = true;
        self.standby_due = self.standby.is_some();
    }

    /// The log goes on on another timeline, from `start`, which has what came before `switch`. All of
    /// that can still be reported, by a consumer that has not seen the end of the old timeline yet.
    pub(super) fn switch(&mut self, switch: Lsn, start: Lsn, now: Micros) {
        self.came = self.came.min(switch);
        self.resume(start, now);
    }

    pub(super) fn positions(&self) -> WalPositions {
        self.positions
    }

    pub(super) fn received(&self) -> Lsn {
        self.received
    }

    /// Something came from the server.
    pub(super) fn heard(&mut self, now: Micros) {
        self.last_received = now;
        self.asked = None;
    }

    /// Data came, up to there.
    pub(super) fn has(&mut self, end: Lsn) {
        self.received = end;
        self.came = self.came.max(end);
    }

    /// The server wants to know.
    pub(super) fn asked_for(&mut self) {
        self.reply_due = true;
    }

    /// How far the consumer is. The highest of them may not be beyond what came, or the server would
    /// remove what nobody has.
    ///
    /// # Errors
    ///
    /// The end of what came.
    pub(super) fn report(&mut self, positions: WalPositions) -> Result<(), Lsn> {
        let came = self.came.max(self.positions.highest());
        if positions.highest() > came {
            return Err(came);
        }
        self.positions = positions;
        Ok(())
    }

    /// What the consumer's queries need. `None` takes back what was said before.
    pub(super) fn set_standby(&mut self, standby: Option<StandbyFeedback>) {
        self.standby_due |= self.standby.is_some() || standby.is_some();
        self.standby = standby;
    }

    /// Whether we read: while the consumer is slow, the server's silence means nothing.
    pub(super) fn set_reading(&mut self, reading: bool, now: Micros) {
        if reading && !self.reading {
            self.heard(now);
        }
        self.reading = reading;
    }

    /// What to do now.
    pub(super) fn poll(&mut self, now: Micros) -> Action {
        if let Some(asked) = self.asked.filter(|_| self.reading)
            && now >= asked.saturating_add(REPLY_TIMEOUT)
        {
            return Action::Dead(now.saturating_sub(self.last_received));
        }
        let silent = self.reading
            && self.asked.is_none()
            && now >= self.last_received.saturating_add(self.stall_timeout);
        if silent {
            self.asked = Some(now);
        }
        if silent || self.reply_due || now >= self.status_time() {
            return Action::Status(self.status(silent, now));
        }
        if std::mem::take(&mut self.standby_due) {
            return Action::HotStandby(self.hot_standby());
        }
        Action::Wait(self.status_time().min(self.silence_time()))
    }

    /// The status that ends a session.
    pub(super) fn status(&mut self, reply_requested: bool, now: Micros) -> StandbyStatusUpdate {
        // The server forgets what a standby's queries need when it is not told again.
        self.standby_due |=
            self.standby.is_some() && now >= self.last_status.saturating_add(self.interval);
        self.reply_due = false;
        self.last_status = now;
        self.told = self.positions;
        let WalPositions { written, flushed, applied } = self.positions;
        StandbyStatusUpdate {
            received: written,
            flushed,
            applied,
            client_time: Timestamp::default(),
            reply_requested,
        }
    }

    fn hot_standby(&self) -> HotStandbyFeedback {
        let StandbyFeedback { xmin, xmin_epoch, catalog_xmin, catalog_xmin_epoch } =
            self.standby.unwrap_or_default();
        HotStandbyFeedback {
            client_time: Timestamp::default(),
            xmin,
            xmin_epoch,
            catalog_xmin,
            catalog_xmin_epoch,
        }
    }

    /// When the next status is due. A commit waits for the news that something is flushed or applied:
    /// that goes out at once.
    fn status_time(&self) -> Micros {
        let (now, told) = (self.positions, self.told);
        let delay = if (now.flushed, now.applied) != (told.flushed, told.applied) {
            return 0;
        } else if now.written != told.written {
            WRITTEN_DELAY.min(self.interval)
        } else {
            self.interval
        };
        self.last_status.saturating_add(delay)
    }

    /// When the server's silence has to be acted upon.
    fn silence_time(&self) -> Micros {
        match (self.reading, self.asked) {
            (false, _) => Micros::MAX,
            (true, Some(asked)) => asked.saturating_add(REPLY_TIMEOUT),
            (true, None) => self.last_received.saturating_add(self.stall_timeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feedback() -> Feedback {
        let mut feedback = Feedback::new(Lsn(100), 10 * SECOND, 30 * SECOND);
        assert!(matches!(feedback.poll(0), Action::Status(_)), "the server is told of us");
        feedback
    }

    #[test]
    fn flushed_goes_out_at_once_and_written_soon() {
        let mut feedback = feedback();
        feedback.has(Lsn(300));
        assert_eq!(feedback.poll(0), Action::Wait(10 * SECOND));
        let written = WalPositions { written: Lsn(200), ..WalPositions::default() };
        assert_eq!(feedback.report(written), Ok(()));
        assert_eq!(feedback.poll(0), Action::Wait(WRITTEN_DELAY));
        let flushed = WalPositions { flushed: Lsn(200), ..written };
        assert_eq!(feedback.report(flushed), Ok(()));
        let Action::Status(status) = feedback.poll(1) else { panic!("a status is due") };
        assert_eq!((status.received, status.flushed, status.applied), (Lsn(200), Lsn(200), Lsn(0)));
        assert_eq!(feedback.poll(1), Action::Wait(1 + 10 * SECOND));
    }

    /// Red without the check in `report`: the server would remove what nobody has.
    #[test]
    fn what_did_not_come_cannot_be_reported() {
        let mut feedback = feedback();
        feedback.has(Lsn(300));
        for (written, flushed, applied) in [(301, 0, 0), (300, 301, 0), (300, 300, 301)] {
            let positions = WalPositions {
                written: Lsn(written),
                flushed: Lsn(flushed),
                applied: Lsn(applied),
            };
            assert_eq!(feedback.report(positions), Err(Lsn(300)));
        }
    }

    /// Red when `report` looks at `received` alone: a consumer behind the stream would be refused.
    #[test]
    fn what_two_timelines_share_can_be_reported_after_the_switch() {
        let mut feedback = feedback();
        feedback.has(Lsn(320));
        feedback.switch(Lsn(310), Lsn(256), 0);
        let flushed = |lsn| WalPositions { written: Lsn(lsn), flushed: Lsn(lsn), applied: Lsn(0) };
        assert_eq!(feedback.report(flushed(311)), Err(Lsn(310)));
        assert_eq!(feedback.report(flushed(310)), Ok(()));
        feedback.has(Lsn(300));
        assert_eq!(feedback.report(flushed(311)), Err(Lsn(310)));
        feedback.has(Lsn(400));
        assert_eq!(feedback.report(flushed(400)), Ok(()));
    }

    #[test]
    fn needs_of_queries_are_said_again_with_every_status_and_taken_back() {
        let mut feedback = feedback();
        let needs = StandbyFeedback { xmin: Xid(700), xmin_epoch: 1, ..Default::default() };
        feedback.set_standby(Some(needs));
        for now in [0, 10 * SECOND, 20 * SECOND] {
            if now > 0 {
                feedback.heard(now);
                assert!(matches!(feedback.poll(now), Action::Status(_)));
            }
            let Action::HotStandby(said) = feedback.poll(now) else { panic!("{now}") };
            assert_eq!((said.xmin, said.xmin_epoch, said.catalog_xmin), (Xid(700), 1, Xid(0)));
            assert!(matches!(feedback.poll(now), Action::Wait(_)));
        }
        feedback.set_standby(None);
        let Action::HotStandby(said) = feedback.poll(20 * SECOND) else { panic!("taken back") };
        assert_eq!(said.xmin, Xid(0));
        assert!(matches!(feedback.poll(20 * SECOND), Action::Wait(_)));
    }

    #[test]
    fn a_silent_server_is_asked_and_then_given_up_unless_we_do_not_read() {
        let mut feedback = Feedback::new(Lsn(0), 100 * SECOND, 30 * SECOND);
        assert!(matches!(feedback.poll(0), Action::Status(_)));
        let Action::Status(question) = feedback.poll(30 * SECOND) else { panic!("a question") };
        assert!(question.reply_requested);
        assert_eq!(feedback.poll(30 * SECOND), Action::Wait(40 * SECOND));
        feedback.set_reading(false, 35 * SECOND);
        assert_eq!(feedback.poll(40 * SECOND), Action::Wait(130 * SECOND));
        feedback.set_reading(true, 50 * SECOND);
        assert_eq!(feedback.poll(50 * SECOND), Action::Wait(80 * SECOND));
        assert!(matches!(feedback.poll(80 * SECOND), Action::Status(_)));
        assert_eq!(feedback.poll(90 * SECOND), Action::Dead(40 * SECOND));
    }
}
