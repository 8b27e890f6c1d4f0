//! Streamed transactions: what the assembler makes of pieces is what a plain model makes of them,
//! with and without storage, however the input is cut. The input is a script.

use std::collections::BTreeMap;

use walscope_core::capture::Reader;
use walscope_core::pgoutput::{Begin, Commit, Message, StreamAbort, StreamCommit, StreamStart};
use walscope_core::transaction::{Assembler, NoStorage, Step, Storage, View};
use walscope_core::{Error, Lsn, ReplicationMessage, Timestamp, XLogData, Xid};

use super::input::{Input, chunks};

const LIMIT: u32 = 1 << 20;
const TIME: Timestamp = Timestamp(0);
const TRANSACTIONS: usize = 4;
const SUBTRANSACTIONS: usize = 3;
/// A relation with one column; behind its tag may stand a (sub)transaction.
const RELATION: &[u8] = b"\0\0\x40\x01public\0t\0d\0\x01\x01id\0\0\0\0\x17\xFF\xFF\xFF\xFF";

/// Checks a script.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let seed = input.u16();
    let budget = usize::from(input.byte());
    let mut script = Script::default();
    while !input.is_empty() {
        script.step(&mut input);
    }
    let whole = rows(&assemble(NoStorage::new(0), usize::MAX, [&script.wire[..]].into_iter()));
    assert_eq!(whole, script.expected, "in one piece");
    let mut shelf = Shelf::default();
    let cut = rows(&assemble(&mut shelf, budget + 64, chunks(&script.wire, seed)));
    assert_eq!(cut, script.expected, "in pieces, through storage");
    assert!(shelf.0.len() <= script.open.len(), "something is left in storage");
}

/// A message in its transaction: 0 outside of any, and its tag and value.
type Told = (u32, u8, u8);

#[derive(Default)]
struct Script {
    wire: Vec<u8>,
    /// By transaction: its rows, each with the subtransaction.
    open: BTreeMap<u32, Vec<(u32, u8)>>,
    streaming: Option<u32>,
    next_xid: u32,
    next_lsn: u64,
    expected: Vec<Told>,
}

impl Script {
    fn step(&mut self, input: &mut Input<'_>) {
        self.next_lsn += 16;
        match (self.streaming, input.below(8)) {
            (None, 0 | 1) => self.start(input),
            (None, 2) => self.plain(input),
            (None, 3) => self.commit(input),
            (None, 4) => self.abort(input),
            (None, 5) => self.keepalive(),
            (None, _) => self.start(input),
            (Some(_), 0) => {
                self.message(Message::StreamStop);
                self.streaming = None;
            }
            (Some(xid), 1) => {
                let mut payload = vec![b'R'];
                payload.extend(subxid(xid, input).to_be_bytes());
                payload.extend(RELATION);
                self.data(&payload);
            }
            (Some(xid), _) => {
                let (sub, value) = (subxid(xid, input), input.byte());
                self.data(&row(Some(sub), value));
                self.open.entry(xid).or_default().push((sub, value));
            }
        }
    }

    fn start(&mut self, input: &mut Input<'_>) {
        let known =
            self.choose(input).filter(|_| self.open.len() >= TRANSACTIONS || input.below(2) == 0);
        let xid = known.unwrap_or_else(|| {
            self.next_xid += 100;
            self.next_xid
        });
        let first_segment = known.is_none();
        self.open.entry(xid).or_default();
        self.message(Message::StreamStart(StreamStart { xid: Xid(xid), first_segment }));
        self.streaming = Some(xid);
    }

    fn choose(&self, input: &mut Input<'_>) -> Option<u32> {
        self.open.keys().nth(input.below(self.open.len())).copied()
    }

    /// A transaction that is not streamed.
    fn plain(&mut self, input: &mut Input<'_>) {
        self.next_xid += 100;
        let (commit_lsn, xid) = (Lsn(self.next_lsn), self.next_xid);
        self.message(Message::Begin(Begin { commit_lsn, commit_time: TIME, xid: Xid(xid) }));
        let value = input.byte();
        self.data(&row(None, value));
        let end_lsn = Lsn(self.next_lsn + 8);
        self.message(Message::Commit(Commit { commit_lsn, end_lsn, commit_time: TIME }));
        self.expected.extend([(xid, b'B', 0), (xid, b'I', value), (xid, b'C', 0)]);
    }

    fn commit(&mut self, input: &mut Input<'_>) {
        if let Some(xid) = self.choose(input) {
            self.end(xid);
        }
    }

    fn end(&mut self, xid: u32) {
        let (commit_lsn, end_lsn) = (Lsn(self.next_lsn), Lsn(self.next_lsn + 8));
        let commit = StreamCommit { xid: Xid(xid), commit_lsn, end_lsn, commit_time: TIME };
        self.message(Message::StreamCommit(commit));
        self.expected.push((xid, b'B', 0));
        let rows = self.open.remove(&xid).unwrap_or_default();
        self.expected.extend(rows.into_iter().map(|(_, value)| (xid, b'I', value)));
        self.expected.push((xid, b'C', 0));
    }

    fn abort(&mut self, input: &mut Input<'_>) {
        let Some(xid) = self.choose(input) else { return };
        let sub = subxid(xid, input);
        self.message(Message::StreamAbort(StreamAbort {
            xid: Xid(xid),
            subxid: Xid(sub),
            abort: None,
        }));
        if sub == xid {
            self.open.remove(&xid);
        } else if let Some(rows) = self.open.get_mut(&xid) {
            rows.retain(|(of, _)| *of != sub);
            // A server sends nothing more of what was rolled back, and a script might.
            self.end(xid);
        }
    }

    fn keepalive(&mut self) {
        let mut body = vec![b'k'];
        body.extend(self.next_lsn.to_be_bytes());
        body.extend([0; 9]);
        self.frame(&body);
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

fn subxid(xid: u32, input: &mut Input<'_>) -> u32 {
    xid + input.below(SUBTRANSACTIONS) as u32
}

fn row(subxid: Option<u32>, value: u8) -> Vec<u8> {
    let mut payload = vec![b'I'];
    payload.extend(subxid.into_iter().flat_map(u32::to_be_bytes));
    payload.extend(b"\0\0\x40\x01N\0\x01t\0\0\0\x01");
    payload.push(value);
    payload
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
        }
    }
    assert!(pending.is_empty(), "{} bytes are left", pending.len());
    out
}

/// The beginnings, rows and ends in frames.
fn rows(mut wire: &[u8]) -> Vec<Told> {
    const HEADER: usize = 30;
    let (mut told, mut xid) = (Vec::new(), 0);
    while let Some(length) = wire.get(1..5) {
        let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize + 1;
        let (frame, rest) = wire.split_at(length);
        wire = rest;
        match frame.get(HEADER..) {
            Some([b'B', begin @ ..]) => {
                xid = u32::from_be_bytes(begin[16..20].try_into().expect("four bytes"));
                told.push((xid, b'B', 0));
            }
            Some([b'I', .., value]) => told.push((xid, b'I', *value)),
            Some([b'C', ..]) => told.push((xid, b'C', 0)),
            _ => {}
        }
    }
    told
}
