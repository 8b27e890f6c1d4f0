//! Streamed transactions: what the assembler makes of pieces is what a plain model makes of them,
//! with and without storage, however the input is cut, and every row comes under the description
//! that it was written for. The input is a script of what a server does.

use std::collections::{BTreeMap, BTreeSet};

use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::pgoutput::{
    Begin, Column, Commit, Insert, Message, Prepare, StreamAbort, StreamCommit, StreamStart,
};
use walscope_core::transaction::{Assembler, NoStorage, Step, Storage, Tracker, View};
use walscope_core::{Error, Lsn, ReplicationMessage, Timestamp, XLogData, Xid};

use super::input::{Input, chunks};
use super::memory::bounded;

const LIMIT: u32 = 1 << 20;
const TIME: Timestamp = Timestamp(0);
const TRANSACTIONS: usize = 4;
/// Of one transaction: what it remembers of aborted ones must find room in the smallest budget.
const SUBTRANSACTIONS: u32 = 24;
const SMALLEST_BUDGET: usize = TRANSACTIONS * SUBTRANSACTIONS as usize * size_of::<Xid>();
const RELATION: &[u8] = b"\0\0\x40\x01public\0t\0d\0";
/// A column behind its name, which is one letter.
const COLUMN: &[u8] = b"\0\0\0\0\x17\xFF\xFF\xFF\xFF";

/// Checks a script.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let seed = input.u16();
    let budget = SMALLEST_BUDGET + usize::from(input.byte());
    let mut script = Script::default();
    while !input.is_empty() {
        script.step(&mut input);
    }
    let wire = &script.wire[..];
    let whole = bounded(wire.len(), 64 * 1024, 16, || {
        assemble(NoStorage::new(0), usize::MAX, [wire].into_iter())
    });
    assert_eq!(told(&whole), script.expected, "in one piece");
    let mut shelf = Shelf::default();
    let cut = assemble(&mut shelf, budget, chunks(wire, seed));
    assert_eq!(told(&cut), script.expected, "in pieces, through storage");
    assert!(shelf.0.keys().all(|xid| script.open.contains_key(&xid.0)), "left in storage");
}

/// What a consumer sees.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Begin(Xid, bool),
    /// The row's value, once for every column.
    Row(Xid, Vec<u8>),
    End(Xid),
}

/// A transaction that is being streamed.
#[derive(Default)]
struct Open {
    /// Its rows, each with its subtransaction.
    rows: Vec<(u32, Vec<u8>)>,
    /// Subtransactions that have begun and were not rolled back, and how many began.
    alive: Vec<u32>,
    begun: u32,
}

/// What a server with one table does. It describes the table where pgoutput does: once in each
/// streamed transaction, else once, and again after the table was altered (`RelationSyncEntry` in
/// `src/backend/replication/pgoutput/pgoutput.c`).
#[derive(Default)]
struct Script {
    wire: Vec<u8>,
    open: BTreeMap<u32, Open>,
    streaming: Option<u32>,
    next_xid: u32,
    next_lsn: u64,
    /// Columns of the table beyond its first one.
    columns: usize,
    described: bool,
    described_in: BTreeSet<u32>,
    expected: Vec<Told>,
}

impl Script {
    fn step(&mut self, input: &mut Input<'_>) {
        self.next_lsn += 16;
        match (self.streaming, input.below(8)) {
            (None, 0) => self.start_new(),
            (None, 1) => self.start_next_piece(input),
            (None, 2) => self.plain(input),
            (None, 3 | 4) => self.end(input),
            (None, 5) => self.abort(input),
            (None, 6) => self.abort_subtransaction(input),
            (None, _) => self.alter(input),
            (Some(_), 0) => {
                self.message(Message::StreamStop);
                self.streaming = None;
            }
            (Some(xid), 1) => {
                let open = self.open.entry(xid).or_default();
                if open.begun < SUBTRANSACTIONS {
                    open.begun += 1;
                    open.alive.push(xid + open.begun);
                }
            }
            (Some(_), 2) => self.keepalive(),
            (Some(_), 3) => self.alter(input),
            (Some(xid), _) => self.streamed_row(xid, input),
        }
    }

    fn start_new(&mut self) {
        if self.open.len() < TRANSACTIONS {
            self.next_xid += 100;
            self.open.insert(self.next_xid, Open::default());
            self.start(self.next_xid, true);
        }
    }

    fn start_next_piece(&mut self, input: &mut Input<'_>) {
        if let Some(xid) = self.choose(input) {
            self.start(xid, false);
        }
    }

    fn start(&mut self, xid: u32, first_segment: bool) {
        self.message(Message::StreamStart(StreamStart { xid: Xid(xid), first_segment }));
        self.streaming = Some(xid);
    }

    fn choose(&self, input: &mut Input<'_>) -> Option<u32> {
        self.open.keys().nth(input.below(self.open.len())).copied()
    }

    /// The table gets another number of columns, in a transaction that is not published.
    fn alter(&mut self, input: &mut Input<'_>) {
        self.columns = input.below(4);
        self.described = false;
        self.described_in.clear();
    }

    fn streamed_row(&mut self, xid: u32, input: &mut Input<'_>) {
        let open = self.open.entry(xid).or_default();
        let choice = input.below(open.alive.len() + 1);
        let sub = open.alive.get(choice).copied().unwrap_or(xid);
        let row = vec![input.byte(); self.columns + 1];
        open.rows.push((sub, row.clone()));
        if self.described_in.insert(xid) {
            self.describe(&sub.to_be_bytes());
        }
        self.row(&sub.to_be_bytes(), &row);
    }

    /// A transaction that is not streamed.
    fn plain(&mut self, input: &mut Input<'_>) {
        self.next_xid += 100;
        let (commit_lsn, xid) = (Lsn(self.next_lsn), Xid(self.next_xid));
        self.message(Message::Begin(Begin { commit_lsn, commit_time: TIME, xid }));
        if !self.described {
            self.described = true;
            self.describe(&[]);
        }
        let row = vec![input.byte(); self.columns + 1];
        self.row(&[], &row);
        let end_lsn = Lsn(self.next_lsn + 8);
        self.message(Message::Commit(Commit { commit_lsn, end_lsn, commit_time: TIME }));
        self.expected.extend([Told::Begin(xid, false), Told::Row(xid, row), Told::End(xid)]);
    }

    fn end(&mut self, input: &mut Input<'_>) {
        let Some(xid) = self.choose(input) else { return };
        let open = self.open.remove(&xid).unwrap_or_default();
        let (lsn, end_lsn) = (Lsn(self.next_lsn), Lsn(self.next_lsn + 8));
        let prepared = input.byte() & 1 != 0;
        let was_described_in = self.described_in.contains(&xid);
        let xid = Xid(xid);
        if prepared {
            let (prepare_lsn, prepare_time, gid) = (lsn, TIME, &b"g"[..]);
            let prepare = Prepare { prepare_lsn, end_lsn, prepare_time, xid, gid };
            self.message(Message::StreamPrepare(prepare));
        } else {
            let (commit_lsn, commit_time) = (lsn, TIME);
            let commit = StreamCommit { xid, commit_lsn, end_lsn, commit_time };
            self.message(Message::StreamCommit(commit));
            self.described |= was_described_in;
        }
        self.described_in.remove(&xid.0);
        self.expected.push(Told::Begin(xid, prepared));
        self.expected.extend(open.rows.into_iter().map(|(_, row)| Told::Row(xid, row)));
        self.expected.push(Told::End(xid));
    }

    fn abort(&mut self, input: &mut Input<'_>) {
        if let Some(xid) = self.choose(input) {
            self.open.remove(&xid);
            self.send_abort(xid, xid, input);
        }
    }

    fn abort_subtransaction(&mut self, input: &mut Input<'_>) {
        let Some(xid) = self.choose(input) else { return };
        let open = self.open.entry(xid).or_default();
        if open.alive.is_empty() {
            return;
        }
        let subxid = open.alive.swap_remove(input.below(open.alive.len()));
        open.rows.retain(|(of, _)| *of != subxid);
        self.send_abort(xid, subxid, input);
    }

    /// Of either form. Whatever was aborted, the server describes the table again.
    fn send_abort(&mut self, xid: u32, subxid: u32, input: &mut Input<'_>) {
        let abort = (input.byte() & 1 != 0).then_some((Lsn(self.next_lsn), TIME));
        self.described_in.remove(&xid);
        let (xid, subxid) = (Xid(xid), Xid(subxid));
        self.message(Message::StreamAbort(StreamAbort { xid, subxid, abort }));
    }

    fn keepalive(&mut self) {
        let mut body = vec![b'k'];
        body.extend(self.next_lsn.to_be_bytes());
        body.extend([0; 9]);
        self.frame(&body);
    }

    fn describe(&mut self, xid: &[u8]) {
        let columns = self.columns as u8 + 1;
        let mut payload = [b"R", xid, RELATION, &[columns]].concat();
        for number in 0..columns {
            payload.extend([0, b'a' + number, 0]);
            payload.extend(&COLUMN[1..]);
        }
        self.data(&payload);
    }

    fn row(&mut self, xid: &[u8], values: &[u8]) {
        let mut payload = [b"I", xid, b"\0\0\x40\x01N\0", &[values.len() as u8]].concat();
        for value in values {
            payload.extend(b"t\0\0\0\x01");
            payload.push(*value);
        }
        self.data(&payload);
    }

    fn message(&mut self, message: Message<'_>) {
        let mut payload = Vec::new();
        message.encode(&mut payload);
        self.data(&payload);
    }

    fn data(&mut self, payload: &[u8]) {
        let start = Lsn(self.next_lsn);
        let data = XLogData { start, end: start, server_time: TIME, data: payload };
        let mut body = Vec::new();
        ReplicationMessage::XLogData(data).encode(&mut body);
        self.frame(&body);
    }

    fn frame(&mut self, body: &[u8]) {
        self.wire.push(b'd');
        self.wire.extend((body.len() as u32 + 4).to_be_bytes());
        self.wire.extend(body);
    }
}

/// Storage in memory.
#[derive(Debug, Default)]
struct Shelf(BTreeMap<Xid, Vec<u8>>);

impl Storage for &mut Shelf {
    type Error = Error;

    fn append(&mut self, xid: Xid, bytes: &[u8]) -> Result<(), Error> {
        self.0.entry(xid).or_default().extend(bytes);
        Ok(())
    }

    fn read(&mut self, xid: Xid, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        into.copy_from_slice(&self.0[&xid][offset as usize..][..into.len()]);
        Ok(())
    }

    fn remove(&mut self, xid: Xid) {
        self.0.remove(&xid);
    }
}

fn assemble<'a, S: Storage<Error = Error>>(
    storage: S,
    budget: usize,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let reader = Reader::of_connection(LIMIT);
    let mut assembler = Assembler::new(View::Transactions, reader, storage, budget);
    let (mut pending, mut out) = (Vec::new(), Vec::new());
    for chunk in chunks {
        pending.extend_from_slice(chunk);
        loop {
            match assembler.next(&pending).expect("the script is sound") {
                Step::Pass(bytes) => out.extend(pending.drain(..bytes)),
                Step::Hold(bytes) => drop(pending.drain(..bytes)),
                Step::Assembled(assembled) => out.extend(assembled.bytes),
                Step::NeedMore(_) => break,
            }
            assert!(assembler.held_bytes().0 <= budget, "over the budget");
        }
    }
    assert!(pending.is_empty(), "{} bytes are left", pending.len());
    out
}

/// What a consumer sees in entries that hold whole transactions. The tracker refuses a row whose
/// table was described otherwise.
fn told(mut wire: &[u8]) -> Vec<Told> {
    let mut reader = Reader::of_connection(LIMIT);
    let mut tracker = Tracker::new(View::Transactions);
    let mut told = Vec::new();
    while let Next::Entry(entry, length) = reader.next(wire).expect("an entry") {
        wire = &wire[length..];
        let Entry::Data(data) = entry else { continue };
        let change = tracker.next(data.data).expect("a message in its place");
        let xid = change.xid;
        match change.message {
            Message::Begin(begin) => told.push(Told::Begin(begin.xid, false)),
            Message::BeginPrepare(begin) => told.push(Told::Begin(begin.xid, true)),
            Message::Insert(insert) => told.extend(xid.map(|xid| Told::Row(xid, values(&insert)))),
            Message::Commit(_) | Message::Prepare(_) => told.extend(xid.map(Told::End)),
            Message::Relation(_) => {}
            other => panic!("nobody sent {other:?}"),
        }
    }
    assert!(wire.is_empty(), "half an entry");
    told
}

fn values(insert: &Insert<'_>) -> Vec<u8> {
    let value = |column| match column {
        Column::Text([value]) => *value,
        other => panic!("nobody sent {other:?}"),
    };
    insert.new.iter().map(value).collect()
}
