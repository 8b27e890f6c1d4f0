//! The promises about acknowledgement, on the state machine alone: what may be told to a server,
//! and when. Messages are made by the encoders; time is counted by hand.

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use walscope_core::pgoutput::{
    Begin, Commit, LogicalMessage, Message, Prepare, RollbackPrepared, StreamCommit,
};
use walscope_core::session::{Action, Items, Session, SessionOptions};
use walscope_core::{
    Lsn, PrimaryKeepalive, ReplicationMessage, StandbyStatusUpdate, Timestamp, XLogData, Xid,
};

const SECOND: u64 = 1_000_000;
const TIME: Timestamp = Timestamp(0);

struct Server {
    session: Session,
    now: u64,
}

impl Server {
    fn new(options: SessionOptions) -> Self {
        Self { session: Session::new(options, 0), now: 0 }
    }

    fn send(&mut self, lsn: u64, message: Message<'_>) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        let start = Lsn(lsn);
        let data = XLogData { start, end: start, server_time: TIME, data: &bytes };
        self.session.received(&ReplicationMessage::XLogData(data), self.now).unwrap();
    }

    fn begin(&mut self, commit: u64) {
        self.send(
            commit - 50,
            Message::Begin(Begin { commit_lsn: Lsn(commit), commit_time: TIME, xid: Xid(7) }),
        );
    }

    fn commit(&mut self, commit: u64) {
        let (commit_lsn, end_lsn) = (Lsn(commit), Lsn(commit + 10));
        self.send(commit + 10, Message::Commit(Commit { commit_lsn, end_lsn, commit_time: TIME }));
    }

    fn transaction(&mut self, commit: u64) {
        self.begin(commit);
        self.commit(commit);
    }

    fn message(&mut self, lsn: u64, transactional: bool) {
        let (prefix, content) = (&b"p"[..], &b"c"[..]);
        let lsn = Lsn(lsn);
        self.send(
            lsn.0,
            Message::Message(LogicalMessage { xid: None, transactional, lsn, prefix, content }),
        );
    }

    /// A message of a plugin that is not understood.
    fn undecoded(&mut self, lsn: u64) {
        let start = Lsn(lsn);
        let data = XLogData { start, end: start, server_time: TIME, data: b"BEGIN 7" };
        self.session.received(&ReplicationMessage::XLogData(data), self.now).unwrap();
    }

    fn keepalive(&mut self, end: u64, reply_requested: bool) {
        let keepalive = PrimaryKeepalive { end: Lsn(end), server_time: TIME, reply_requested };
        let message = ReplicationMessage::PrimaryKeepalive(keepalive);
        self.session.received(&message, self.now).unwrap();
    }

    fn flushed(&self) -> u64 {
        self.session.flushed_lsn().0
    }

    fn sent(&mut self) -> Option<StandbyStatusUpdate> {
        match self.session.poll(self.now) {
            Action::Send(status) => Some(status),
            _ => None,
        }
    }
}

#[test]
fn only_the_end_of_a_confirmed_transaction_is_flushed() {
    let mut server =
        Server::new(SessionOptions { start: Lsn(100), confirmed: Lsn(100), ..Default::default() });
    server.transaction(200);
    server.begin(300);
    // Received is not flushed: red without the line `confirmed` in `Session::confirm_items`.
    assert_eq!((server.session.received_lsn().0, server.flushed()), (250, 100));
    server.session.confirm_items(1);
    assert_eq!(server.flushed(), 210);
    server.session.confirm_items(9);
    assert_eq!(server.flushed(), 210, "an open transaction cannot be confirmed");
    server.commit(300);
    server.session.confirm_items(1);
    assert_eq!(server.flushed(), 210, "confirming less than before changes nothing");
    server.session.confirm_items(2);
    assert_eq!(server.flushed(), 310);
}

#[test]
fn flushed_never_goes_back() {
    let mut server = Server::new(SessionOptions {
        start: Lsn(1000),
        confirmed: Lsn(1000),
        ..Default::default()
    });
    server.transaction(200);
    server.session.confirm_items(1);
    assert_eq!(server.flushed(), 1000);
    server.keepalive(500, false);
    assert_eq!(server.flushed(), 1000);
}

#[test]
fn an_idle_keepalive_is_flushed_once_all_before_it_is() {
    let mut server = Server::new(SessionOptions::default());
    server.keepalive(150, false);
    assert_eq!(server.flushed(), 150);
    server.transaction(200);
    server.keepalive(260, false);
    assert_eq!(server.flushed(), 150, "the transaction is not confirmed yet");
    server.session.confirm_items(1);
    assert_eq!(server.flushed(), 260);
    server.begin(300);
    server.keepalive(280, false);
    assert_eq!(server.flushed(), 260, "a transaction is open");
    server.commit(300);
    assert_eq!(server.flushed(), 260);
}

#[test]
fn a_message_outside_of_transactions_holds_back_the_idle_rule() {
    let mut server = Server::new(SessionOptions::default());
    server.message(120, false);
    server.keepalive(150, false);
    assert_eq!(server.flushed(), 0, "the message is not confirmed yet");
    server.session.confirm_items(1);
    assert_eq!(server.flushed(), 150);
    server.begin(200);
    server.message(190, true);
    server.commit(200);
    assert_eq!(server.session.items_received(), 2, "a transactional message is no item of its own");
}

#[test]
fn idle_advance_can_be_switched_off() {
    let mut server = Server::new(SessionOptions { idle_advance: false, ..Default::default() });
    server.keepalive(150, false);
    assert_eq!((server.flushed(), server.session.received_lsn().0), (0, 150));
}

#[test]
fn streamed_and_prepared_transactions_are_items() {
    let mut server = Server::new(SessionOptions::default());
    let (commit_lsn, end_lsn) = (Lsn(300), Lsn(310));
    let commit = StreamCommit { xid: Xid(7), commit_lsn, end_lsn, commit_time: TIME };
    server.send(310, Message::StreamCommit(commit));
    let prepare = Prepare {
        prepare_lsn: Lsn(400),
        end_lsn: Lsn(410),
        prepare_time: TIME,
        xid: Xid(8),
        gid: b"g",
    };
    server.send(350, Message::BeginPrepare(prepare));
    assert!(server.session.in_transaction());
    server.keepalive(380, false);
    server.send(410, Message::Prepare(prepare));
    server.session.confirm_items(1);
    assert_eq!(server.flushed(), 310, "a keepalive inside of a prepared transaction is not idle");
    server.session.confirm_items(2);
    assert_eq!(server.flushed(), 410);
}

#[test]
fn a_manual_confirmation_is_rounded_down_to_a_delivered_end() {
    let mut server =
        Server::new(SessionOptions { start: Lsn(100), confirmed: Lsn(100), ..Default::default() });
    for commit in [200, 300, 400] {
        server.transaction(commit);
    }
    assert_eq!(server.session.confirm_lsn(Lsn(299), 2), Ok(Lsn(210)));
    assert_eq!(server.session.confirm_lsn(Lsn(300), 2), Ok(Lsn(310)), "a commit's LSN names it");
    assert_eq!(server.session.confirm_lsn(Lsn(250), 2), Ok(Lsn(310)), "never back");
    // Received, but not handed over: red without `take` in `Session::confirm_lsn`.
    let ahead = server.session.confirm_lsn(Lsn(410), 2).unwrap_err();
    assert_eq!((ahead.asked, ahead.delivered), (Lsn(410), Lsn(310)));
    assert_eq!(server.flushed(), 310);
    assert_eq!(server.session.confirm_lsn(Lsn(410), 3), Ok(Lsn(410)));
}

#[test]
fn a_reply_is_sent_at_once_when_the_server_asks() {
    let mut server = Server::new(SessionOptions::default());
    assert_eq!(server.sent(), None);
    server.keepalive(150, true);
    let status = server.sent().unwrap();
    assert_eq!(
        (status.received, status.flushed, status.reply_requested),
        (Lsn(150), Lsn(150), false)
    );
    assert_eq!(server.sent(), None, "one answer is enough");
}

#[test]
fn a_status_goes_out_every_third_of_the_servers_timeout() {
    for (timeout, expected) in
        [(6 * SECOND, 2 * SECOND), (60 * SECOND, 10 * SECOND), (0, 10 * SECOND)]
    {
        let options = SessionOptions { wal_sender_timeout: timeout, ..Default::default() };
        let mut server = Server::new(options);
        server.session.set_reading(false, 0);
        assert_eq!(server.session.poll(0), Action::Wait(expected));
        server.now = expected - 1;
        assert_eq!(server.sent(), None);
        server.now = expected;
        assert!(server.sent().is_some(), "also while the consumer is slow and nothing is read");
        assert_eq!(server.session.poll(expected), Action::Wait(2 * expected));
    }
}

#[test]
fn a_confirmation_is_told_soon_and_together_with_others() {
    let mut server = Server::new(SessionOptions::default());
    server.transaction(200);
    server.transaction(300);
    server.now = SECOND;
    server.session.confirm_items(1);
    assert_eq!(server.sent().map(|status| status.flushed), Some(Lsn(210)));
    server.session.confirm_items(2);
    let Action::Wait(until) = server.session.poll(SECOND) else { panic!("told twice at once") };
    assert!(until < 2 * SECOND);
    server.now = until;
    assert_eq!(server.sent().map(|status| status.flushed), Some(Lsn(310)));
}

#[test]
fn silence_is_asked_about_and_then_the_server_is_dead() {
    let mut server = Server::new(SessionOptions::default());
    server.now = 30 * SECOND;
    assert!(server.sent().unwrap().reply_requested);
    server.now = 39 * SECOND;
    assert!(!matches!(server.session.poll(server.now), Action::Dead(_)));
    server.keepalive(1, false);
    server.now = 41 * SECOND;
    assert!(!matches!(server.session.poll(server.now), Action::Dead(_)), "it has answered");
    server.now = 69 * SECOND;
    assert!(server.sent().unwrap().reply_requested);
    server.now = 79 * SECOND;
    assert_eq!(server.session.poll(server.now), Action::Dead(40 * SECOND));
}

#[test]
fn silence_means_nothing_while_nothing_is_read() {
    let mut server = Server::new(SessionOptions::default());
    server.session.set_reading(false, 0);
    for second in 1..200 {
        server.now = second * SECOND;
        match server.session.poll(server.now) {
            Action::Dead(_) => panic!("dead at {second} s"),
            Action::Send(status) => assert!(!status.reply_requested),
            Action::Wait(_) => {}
        }
    }
    server.session.set_reading(true, server.now);
    server.now += 29 * SECOND;
    let status = server.sent();
    assert!(status.is_none_or(|status| !status.reply_requested), "silence counts from now on");
}

/// Red when `flushed` begins at `start` in `Session::new`: whoever looks at a slot from further on
/// would take its backlog from its consumer.
#[test]
fn a_start_beyond_what_is_confirmed_confirms_nothing() {
    let options = SessionOptions {
        start: Lsn(500),
        confirmed: Lsn(100),
        confirms: false,
        ..Default::default()
    };
    let mut server = Server::new(options);
    server.keepalive(700, true);
    server.transaction(800);
    let status = server.sent().unwrap();
    assert_eq!((status.received, status.flushed, status.applied), (Lsn(810), Lsn(100), Lsn(100)));
    server.session.confirm_items(9);
    assert_eq!((server.flushed(), server.session.items_received()), (100, 1));
    assert_eq!(server.session.items_outstanding(), 0, "nothing is kept for a confirmation");
}

/// Red when a missing commit LSN counts as 0/0 in `Item::is_meant_by`.
#[test]
fn an_lsn_of_zero_confirms_nothing() {
    let mut server = Server::new(SessionOptions::default());
    let rollback = RollbackPrepared {
        prepare_end_lsn: Lsn(150),
        end_lsn: Lsn(310),
        prepare_time: TIME,
        rollback_time: TIME,
        xid: Xid(7),
        gid: b"g",
    };
    server.send(310, Message::RollbackPrepared(rollback));
    assert_eq!(server.session.confirm_lsn(Lsn(0), 1), Ok(Lsn(0)));
    assert_eq!(server.session.confirm_lsn(Lsn(310), 1), Ok(Lsn(310)));
}

#[test]
fn a_message_outside_of_transactions_is_confirmed_by_its_own_lsn() {
    let mut server = Server::new(SessionOptions::default());
    server.message(120, false);
    server.keepalive(150, false);
    assert_eq!(server.session.confirm_lsn(Lsn(120), 1), Ok(Lsn(150)), "then the server is idle");
    server.message(220, false);
    server.transaction(300);
    assert!(server.session.confirm_lsn(Lsn(230), 2).is_err(), "beyond what was delivered");
    assert_eq!(server.session.confirm_lsn(Lsn(220), 2), Ok(Lsn(150)), "it is no end of anything");
    assert_eq!(server.session.confirm_lsn(Lsn(220), 2), Ok(Lsn(150)), "and may be said again");
    assert_eq!(server.session.confirm_lsn(Lsn(310), 3), Ok(Lsn(310)));
    assert_eq!(server.session.items_outstanding(), 0);
}

/// A server with another plugin, whose slot is confirmed up to 100.
fn undecoded() -> Server {
    Server::new(SessionOptions {
        start: Lsn(100),
        confirmed: Lsn(100),
        items: Items::EveryMessage,
        ..Default::default()
    })
}

/// Red without the line of `Item::Undecoded` in `Item::flushes`, and when `Session::received` takes
/// messages of other plugins for pgoutput's.
#[test]
fn every_message_of_another_plugin_flushes_its_own_position_once_confirmed() {
    let mut server = undecoded();
    // Two transactions that overlapped: begin, row, commit; the LSNs go back between them.
    for lsn in [200, 210, 300, 180, 220, 400] {
        server.undecoded(lsn);
    }
    assert_eq!((server.session.items_received(), server.flushed()), (6, 100));
    let mut flushed = Vec::new();
    for items in 1..=6 {
        server.session.confirm_items(items);
        flushed.push(server.flushed());
    }
    // Never back: red without `max` in `Session::confirm_items`.
    assert_eq!(flushed, [200, 210, 300, 300, 300, 400]);
}

#[test]
fn a_message_that_is_not_the_last_at_its_position_flushes_nothing() {
    let mut server = undecoded();
    for lsn in [200, 0, 300] {
        server.undecoded(lsn);
    }
    server.session.confirm_items(2);
    assert_eq!(server.flushed(), 200);
}

/// Red without `self.confirmed >= items` in `Session::advance_idle`.
#[test]
fn a_keepalive_between_undecoded_messages_waits_for_those_before_it() {
    let mut server = undecoded();
    server.undecoded(200);
    server.undecoded(210);
    server.keepalive(280, false);
    server.undecoded(220);
    server.session.confirm_items(1);
    assert_eq!(server.flushed(), 200);
    server.session.confirm_items(2);
    assert_eq!(server.flushed(), 280);
}

#[test]
fn an_lsn_confirms_the_undecoded_messages_up_to_it() {
    let mut server = undecoded();
    for lsn in [200, 210, 300, 180, 220, 400] {
        server.undecoded(lsn);
    }
    // Not handed over yet: red when `confirm_lsn` does not look at `delivered`.
    assert!(server.session.confirm_lsn(Lsn(300), 2).is_err());
    assert_eq!(server.flushed(), 100);
    assert_eq!(server.session.confirm_lsn(Lsn(299), 6), Ok(Lsn(210)));
    assert_eq!(server.session.confirm_lsn(Lsn(300), 6), Ok(Lsn(300)));
    assert!(server.session.confirm_lsn(Lsn(401), 6).is_err());
    assert_eq!(server.session.confirm_lsn(Lsn(400), 6), Ok(Lsn(400)));
    assert_eq!(server.session.items_outstanding(), 0);
}
