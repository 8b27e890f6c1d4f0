//! A session over virtual time: random schedules of messages, delays, confirmations and broken
//! connections. Whatever happens, the server keeps all that is not confirmed, and the consumer sees
//! every change once, in order.
//!
//! A failure names its seed; `WALSCOPE_SEED=n cargo test -p walscope-core --test simulation` repeats
//! it alone.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::VecDeque;

use walscope_core::pgoutput::{Begin, Commit, LogicalMessage, Message};
use walscope_core::session::{Action, Session, SessionOptions};
use walscope_core::transaction::{Tracker, View};
use walscope_core::{Lsn, PrimaryKeepalive, ReplicationMessage, Timestamp, XLogData, Xid};

const SCHEDULES: u64 = 10_000;
const RECORDS: usize = 12;
const STEPS: usize = 120;
const TIME: Timestamp = Timestamp(0);
const RELATION: &[u8] = b"R\0\0\x40\x01public\0t\0d\0\x01\x01id\0\0\0\0\x17\xFF\xFF\xFF\xFF";
const INSERT: &[u8] = b"I\0\0\x40\x01N\0\x01t\0\0\0\x011";

/// xorshift64*: good enough, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

/// A transaction's end in the log, or a message outside of transactions.
#[derive(Clone, Debug)]
struct Record {
    begins: Lsn,
    ends: Lsn,
    /// LSNs of the rows; `None`: a message.
    rows: Option<Vec<Lsn>>,
    xid: Xid,
}

/// What the consumer has seen: a row by transaction, number and LSN, or a message by its LSN.
type Seen = (Lsn, Option<u32>, Lsn);

fn log(random: &mut Random) -> Vec<Record> {
    let (mut records, mut position) = (Vec::new(), 1000);
    for xid in 0..RECORDS as u32 {
        let begins = Lsn(position + 10 + random.below(100));
        let ends = Lsn(begins.0 + 8);
        position = ends.0;
        // Rows lie anywhere before their commit: transactions overlap.
        let row = |random: &mut Random| Lsn(begins.0 - 1 - random.below(900).min(begins.0 - 1));
        let count = random.below(6);
        let is_message = random.below(5) == 0;
        let rows = (!is_message).then(|| (0..count).map(|_| row(random)).collect());
        records.push(Record { begins, ends, rows, xid: Xid(xid + 1) });
    }
    records
}

/// What comes over the wire.
enum Sent {
    Data(Lsn, Vec<u8>),
    /// Everything before this was looked at.
    Keepalive(Lsn),
}

fn data(lsn: Lsn, message: Message<'_>) -> Sent {
    let mut payload = Vec::new();
    message.encode(&mut payload);
    Sent::Data(lsn, payload)
}

/// What a server sends from `start` on: all that ends in the log behind it.
fn wire(records: &[Record], start: Lsn, random: &mut Random) -> VecDeque<Sent> {
    let mut sent = VecDeque::new();
    let mut described = false;
    for record in records.iter().filter(|record| record.begins >= start) {
        let (commit_lsn, end_lsn, commit_time) = (record.begins, record.ends, TIME);
        if let Some(rows) = &record.rows {
            let begin = Begin { commit_lsn, commit_time, xid: record.xid };
            sent.push_back(data(record.begins, Message::Begin(begin)));
            for row in rows {
                if !core::mem::replace(&mut described, true) {
                    sent.push_back(Sent::Data(Lsn(0), RELATION.to_vec()));
                }
                sent.push_back(Sent::Data(*row, INSERT.to_vec()));
                // The server has read the whole transaction before it sends its first row.
                if random.below(8) == 0 {
                    sent.push_back(Sent::Keepalive(record.ends));
                }
            }
            let commit = Commit { commit_lsn, end_lsn, commit_time };
            sent.push_back(data(record.ends, Message::Commit(commit)));
        } else {
            let (lsn, prefix, content) = (record.begins, &b"p"[..], &b""[..]);
            let message = LogicalMessage { xid: None, transactional: false, lsn, prefix, content };
            sent.push_back(data(lsn, Message::Message(message)));
        }
        if random.below(3) == 0 {
            sent.push_back(Sent::Keepalive(Lsn(record.ends.0 + random.below(9))));
        }
    }
    sent
}

/// A consumer with its connection, and the server that it talks to.
struct World {
    records: Vec<Record>,
    random: Random,
    wire: VecDeque<Sent>,
    session: Session,
    tracker: Tracker,
    now: u64,
    /// Received and not handed over.
    buffer: Vec<(Lsn, Vec<u8>)>,
    /// Items that were handed over, and where the last one ends.
    delivered: (u64, Lsn),
    confirmed: u64,
    seen: Vec<Seen>,
    /// Of the records, the items that the consumer has, in their order.
    items: u64,
    told: Lsn,
    reconnects: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let records = log(&mut random);
        let wire = wire(&records, Lsn(1000), &mut random);
        let options =
            SessionOptions { start: Lsn(1000), confirmed: Lsn(1000), ..SessionOptions::default() };
        Self {
            records,
            random,
            wire,
            session: Session::new(options, 0),
            tracker: Tracker::new(View::Transactions),
            now: 0,
            buffer: Vec::new(),
            delivered: (0, Lsn(0)),
            confirmed: 0,
            seen: Vec::new(),
            items: 0,
            told: Lsn(1000),
            reconnects: 0,
        }
    }

    fn step(&mut self) {
        match self.random.below(10) {
            0..=4 => self.receive(),
            5 | 6 => self.hand_over(),
            7 => self.confirm(),
            8 => self.wait(),
            _ if self.random.below(3) == 0 => self.reconnect(),
            _ => {}
        }
        self.check();
    }

    fn receive(&mut self) {
        let message = match self.wire.pop_front() {
            None => return,
            Some(Sent::Keepalive(end)) => {
                let keepalive = PrimaryKeepalive { end, server_time: TIME, reply_requested: false };
                return self
                    .session
                    .received(&ReplicationMessage::PrimaryKeepalive(keepalive), self.now)
                    .unwrap();
            }
            Some(Sent::Data(lsn, payload)) => (lsn, payload),
        };
        let (start, server_time) = (message.0, TIME);
        let data = XLogData { start, end: start, server_time, data: &message.1 };
        self.session.received(&ReplicationMessage::XLogData(data), self.now).unwrap();
        self.buffer.push(message);
    }

    fn hand_over(&mut self) {
        for (lsn, payload) in core::mem::take(&mut self.buffer) {
            let change = self.tracker.next_at(lsn, &payload).unwrap();
            self.items += u64::from(change.item);
            if !change.shown {
                continue;
            }
            match change.message {
                Message::Insert(_) => {
                    let commit = self.tracker.transaction().unwrap().lsn;
                    self.seen.push((commit, change.seq, lsn));
                }
                Message::Message(message) => self.seen.push((message.lsn, None, lsn)),
                _ => {}
            }
        }
        self.delivered = (self.session.items_received(), self.session.position());
        assert_eq!(self.items, self.delivered.0, "both count the same items");
    }

    fn confirm(&mut self) {
        if self.delivered.0 > self.confirmed {
            self.confirmed += 1 + self.random.below(self.delivered.0 - self.confirmed);
            self.session.confirm_items(self.confirmed);
        }
    }

    fn wait(&mut self) {
        self.now += self.random.below(12_000_000);
        while let Action::Send(status) = self.session.poll(self.now) {
            assert!(status.flushed >= self.told, "the flushed LSN goes back");
            self.told = status.flushed;
        }
    }

    fn reconnect(&mut self) {
        self.reconnects += 1;
        self.buffer.clear();
        self.session.resume(self.delivered.0, self.delivered.1, self.now);
        self.tracker.resume();
        let start = self.session.flushed_lsn();
        self.wire = wire(&self.records, start, &mut self.random);
    }

    /// A server that starts again at the flushed LSN sends everything that is not confirmed.
    fn check(&self) {
        let flushed = self.session.flushed_lsn();
        let unconfirmed = self.records.get(self.confirmed as usize);
        if let Some(record) = unconfirmed {
            assert!(record.begins >= flushed, "{record:?} is lost: {flushed} is flushed");
        }
    }

    fn finish(mut self) -> u32 {
        while !self.wire.is_empty() {
            self.receive();
        }
        self.hand_over();
        self.confirm();
        self.check();
        let mut expected = Vec::new();
        for record in &self.records {
            match &record.rows {
                None => expected.push((record.begins, None, record.begins)),
                Some(rows) => {
                    for (seq, row) in rows.iter().enumerate() {
                        expected.push((record.begins, Some(seq as u32), *row));
                    }
                }
            }
        }
        assert_eq!(self.seen, expected);
        self.reconnects
    }
}

/// Red, each by itself: without `keep` in `Session::boundary` for messages outside of transactions;
/// with `self.open` not looked at for keepalives; without `truncate` in `Session::resume`; without
/// `repeat_until` there or in `Delivery`; without `Repeat::Partly`.
#[test]
fn nothing_is_lost_and_nothing_is_seen_twice() {
    let only = std::env::var("WALSCOPE_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let mut reconnects = 0;
    for seed in only.map_or(1..=SCHEDULES, |seed| seed..=seed) {
        let schedule = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            for _ in 0..STEPS {
                world.step();
            }
            world.finish()
        });
        reconnects += schedule.unwrap_or_else(|cause| {
            eprintln!("WALSCOPE_SEED={seed}");
            std::panic::resume_unwind(cause)
        });
    }
    assert!(only.is_some() || reconnects > 10_000, "{reconnects} reconnects");
}
