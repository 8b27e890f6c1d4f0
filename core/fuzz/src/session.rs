//! A session: whatever comes and whatever is confirmed, the server is never told more than the end of
//! what was confirmed, and never less than before. The input is a sequence of steps.

use walscope_core::pgoutput::{Begin, Commit, LogicalMessage, Message, Prepare, StreamStart};
use walscope_core::session::{Action, Session, SessionOptions};
use walscope_core::{
    Lsn, PrimaryKeepalive, ReplicationMessage, StandbyStatusUpdate, Timestamp, XLogData, Xid,
};

use super::input::Input;
use super::memory::bounded;

const TIME: Timestamp = Timestamp(0);

/// Checks a sequence of steps.
pub fn run(data: &[u8]) {
    bounded(data.len(), 8 * 1024, 64, || {
        let mut input = Input(data);
        let mut model = Model::new(&mut input);
        while !input.is_empty() {
            model.step(&mut input);
        }
    });
}

/// What the session was given, kept plainly.
struct Model {
    session: Session,
    options: SessionOptions,
    now: u64,
    open: bool,
    /// What becomes flushed when an item is confirmed: the end of a transaction, or nothing.
    items: Vec<Option<Lsn>>,
    /// Ends of keepalives that came outside of a transaction, and the number of items before each.
    keepalives: Vec<(Lsn, usize)>,
    told: Lsn,
    received: Lsn,
}

impl Model {
    fn new(input: &mut Input<'_>) -> Self {
        let flags = input.byte();
        let options = SessionOptions {
            start: Lsn(input.u16().into()),
            confirmed: Lsn(input.u16().into()),
            wal_sender_timeout: u64::from(input.u16()) * 1000,
            idle_advance: flags & 1 != 0,
            stall_timeout: u64::from(input.u16()) * 1000,
            confirms: flags & 2 != 0,
            ..SessionOptions::default()
        };
        Self {
            session: Session::new(options, 0),
            options,
            now: 0,
            open: false,
            items: Vec::new(),
            keepalives: Vec::new(),
            told: options.confirmed,
            received: options.start,
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let flushed = self.session.flushed_lsn();
        match input.byte() % 12 {
            0 => self.begin(input),
            1 => self.commit(input),
            2 => self.message(input),
            3 => self.prepare(input),
            4 => self.keepalive(input),
            5 => self.session.confirm_items(input.byte().into()),
            6 => self.confirm_lsn(input),
            7 => {
                self.now += u64::from(input.u16()) * 10_000;
                self.poll();
            }
            8 => self.session.set_reading(input.byte() & 1 != 0, self.now),
            9 => {
                self.session.suspend_idle_advance();
                self.options.idle_advance = false;
                self.keepalives.retain(|(end, _)| *end <= flushed);
            }
            10 => self.streamed(input),
            _ => self.any(input.sized()),
        }
        self.check(flushed);
    }

    fn begin(&mut self, input: &mut Input<'_>) {
        let commit_lsn = Lsn(input.u16().into());
        self.open = true;
        self.send(&Message::Begin(Begin { commit_lsn, commit_time: TIME, xid: Xid(7) }));
    }

    fn commit(&mut self, input: &mut Input<'_>) {
        let (commit_lsn, end_lsn) = (Lsn(input.u16().into()), Lsn(input.u16().into()));
        self.open = false;
        self.items.push(Some(end_lsn));
        self.send(&Message::Commit(Commit { commit_lsn, end_lsn, commit_time: TIME }));
    }

    fn prepare(&mut self, input: &mut Input<'_>) {
        let (prepare_lsn, end_lsn) = (Lsn(input.u16().into()), Lsn(input.u16().into()));
        let gid = &b"g"[..];
        self.open = false;
        self.items.push(Some(end_lsn));
        let prepare = Prepare { prepare_lsn, end_lsn, prepare_time: TIME, xid: Xid(7), gid };
        self.send(&Message::Prepare(prepare));
    }

    fn message(&mut self, input: &mut Input<'_>) {
        let (transactional, lsn) = (input.byte() & 1 != 0, Lsn(input.u16().into()));
        let (prefix, content) = (&b"p"[..], &b"c"[..]);
        if !transactional {
            self.items.push(None);
        }
        let message = LogicalMessage { xid: None, transactional, lsn, prefix, content };
        self.send(&Message::Message(message));
    }

    /// A piece of a streamed transaction begins and ends: nothing of that is confirmed.
    fn streamed(&mut self, input: &mut Input<'_>) {
        let first_segment = input.byte() & 1 != 0;
        self.send(&Message::StreamStart(StreamStart { xid: Xid(8), first_segment }));
        self.send(&Message::StreamStop);
    }

    /// Bytes that begin like a row: a session lets them pass.
    fn any(&mut self, bytes: &[u8]) {
        let payload = [b"I", bytes].concat();
        self.receive(&payload, Lsn(1));
    }

    fn send(&mut self, message: &Message<'_>) {
        let mut payload = Vec::new();
        message.encode(&mut payload);
        self.receive(&payload, Lsn(self.items.len() as u64));
    }

    fn receive(&mut self, data: &[u8], start: Lsn) {
        let data = XLogData { start, end: Lsn(2), server_time: TIME, data };
        self.received = self.received.max(start).max(Lsn(2));
        let message = ReplicationMessage::XLogData(data);
        self.session.received(&message, self.now).expect("a sound message");
    }

    fn keepalive(&mut self, input: &mut Input<'_>) {
        let (end, reply_requested) = (Lsn(input.u16().into()), input.byte() & 1 != 0);
        if !self.open && self.options.idle_advance && self.options.confirms {
            self.keepalives.push((end, self.items.len()));
        }
        self.received = self.received.max(end);
        let keepalive = PrimaryKeepalive { end, server_time: TIME, reply_requested };
        let message = ReplicationMessage::PrimaryKeepalive(keepalive);
        self.session.received(&message, self.now).expect("a keepalive");
    }

    fn confirm_lsn(&mut self, input: &mut Input<'_>) {
        let (lsn, delivered) = (Lsn(input.u16().into()), u64::from(input.byte()));
        let confirmed = self.session.items_confirmed();
        let flushed = self.session.flushed_lsn();
        match self.session.confirm_lsn(lsn, delivered) {
            Ok(now_flushed) => {
                assert_eq!(now_flushed, self.session.flushed_lsn());
                let limit = delivered.max(confirmed);
                assert!(self.session.items_confirmed() <= limit, "more than was delivered");
            }
            Err(error) => {
                assert!(error.asked > error.delivered, "{error}");
                assert_eq!(self.session.items_confirmed(), confirmed);
                assert_eq!(self.session.flushed_lsn(), flushed);
            }
        }
    }

    /// A host polls until there is nothing to do; that must come.
    fn poll(&mut self) {
        for _ in 0..4 {
            match self.session.poll(self.now) {
                Action::Wait(until) => {
                    assert!(until > self.now, "waiting for what has been");
                    return;
                }
                Action::Send(status) => self.status(&status),
                Action::Dead(_) => return,
            }
        }
        panic!("there is always something to send");
    }

    fn status(&mut self, status: &StandbyStatusUpdate) {
        assert_eq!(status.flushed, self.session.flushed_lsn());
        assert_eq!(status.applied, status.flushed);
        assert!(status.flushed >= self.told, "the flushed LSN goes back");
        self.told = status.flushed;
        assert_eq!(StandbyStatusUpdate::decode(&status.encode()), Ok(*status));
    }

    /// The promises, counted from all that was ever given.
    fn check(&self, flushed_before: Lsn) {
        let session = &self.session;
        let confirmed = usize::try_from(session.items_confirmed()).expect("a count");
        assert!(confirmed <= self.items.len());
        assert_eq!(session.items_received(), self.items.len() as u64);
        assert_eq!(session.received_lsn(), self.received);
        assert_eq!(session.in_transaction(), self.open);
        let flushed = session.flushed_lsn();
        assert!(flushed >= flushed_before, "the flushed LSN goes back");
        if !self.options.confirms {
            assert_eq!(flushed, self.options.confirmed, "somebody only looks");
            return;
        }
        let ends = self.items.iter().take(confirmed).flatten().copied();
        let least = ends.clone().max().unwrap_or_default().max(self.options.confirmed);
        assert!(flushed >= least, "a confirmation is lost");
        let idle = self.keepalives.iter().filter(|(_, items)| *items <= confirmed);
        let most = idle.map(|(end, _)| *end).max().unwrap_or_default().max(least);
        assert!(flushed <= most, "{flushed} was not confirmed, only {most}");
    }
}
