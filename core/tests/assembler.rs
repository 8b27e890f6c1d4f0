//! Transactions that come in pieces come out whole.
//!
//! A script of messages is written twice, as a server streams it and as it would come without
//! streaming; the assembler has to make the second of the first, byte for byte.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::std_instead_of_alloc,
    reason = "what goes wrong here shall end the test"
)]

use std::collections::BTreeMap;

use walscope_core::capture::Reader;
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::pgoutput::{
    Begin, Commit, Message, Prepare, StreamAbort, StreamCommit, StreamStart,
};
use walscope_core::transaction::{Assembler, NoStorage, Step, Storage, View};
use walscope_core::{Error, ErrorKind, Lsn, ReplicationMessage, Timestamp, XLogData, Xid};

const NEVER_FULL: usize = usize::MAX;

/// A recording in the making.
#[derive(Default)]
struct Recording(Vec<u8>);

impl Recording {
    fn data(&mut self, lsn: u64, payload: &[u8]) -> &mut Self {
        let (start, server_time) = (Lsn(lsn), Timestamp(0));
        let data = XLogData { start, end: start, server_time, data: payload };
        let mut body = Vec::new();
        ReplicationMessage::XLogData(data).encode(&mut body);
        self.0.push(b'd');
        self.0.extend((body.len() as u32 + 4).to_be_bytes());
        self.0.extend(body);
        self
    }

    fn message(&mut self, lsn: u64, message: Message<'_>) -> &mut Self {
        let mut payload = Vec::new();
        message.encode(&mut payload);
        self.data(lsn, &payload)
    }

    fn start(&mut self, lsn: u64, xid: u32, first_segment: bool) -> &mut Self {
        self.message(lsn, Message::StreamStart(StreamStart { xid: Xid(xid), first_segment }))
    }

    fn stop(&mut self) -> &mut Self {
        self.message(0, Message::StreamStop)
    }

    fn abort(&mut self, xid: u32, subxid: u32) -> &mut Self {
        let abort = StreamAbort { xid: Xid(xid), subxid: Xid(subxid), abort: None };
        self.message(0, Message::StreamAbort(abort))
    }

    fn stream_commit(&mut self, lsn: u64, xid: u32) -> &mut Self {
        let (commit_lsn, end_lsn) = (Lsn(lsn), Lsn(lsn + 8));
        let commit_time = Timestamp(7);
        let commit = StreamCommit { xid: Xid(xid), commit_lsn, end_lsn, commit_time };
        self.message(lsn + 8, Message::StreamCommit(commit))
    }

    fn begin(&mut self, lsn: u64, commit: u64, xid: u32) -> &mut Self {
        let (commit_lsn, commit_time) = (Lsn(commit), Timestamp(7));
        self.message(lsn, Message::Begin(Begin { commit_lsn, commit_time, xid: Xid(xid) }))
    }

    fn commit(&mut self, lsn: u64) -> &mut Self {
        let (commit_lsn, end_lsn) = (Lsn(lsn), Lsn(lsn + 8));
        let commit_time = Timestamp(7);
        self.message(lsn + 8, Message::Commit(Commit { commit_lsn, end_lsn, commit_time }))
    }

    /// A row, in a piece if it has a (sub)transaction.
    fn row(&mut self, lsn: u64, subxid: Option<u32>, relation: u32, value: &str) -> &mut Self {
        let mut payload = vec![b'I'];
        payload.extend(subxid.into_iter().flat_map(u32::to_be_bytes));
        payload.extend(relation.to_be_bytes());
        payload.extend(b"N\0\x01t");
        payload.extend((value.len() as u32).to_be_bytes());
        payload.extend(value.as_bytes());
        self.data(lsn, &payload)
    }

    /// A description of a relation with one column of that name.
    fn relation(&mut self, subxid: Option<u32>, relation: u32, column: &str) -> &mut Self {
        let mut payload = vec![b'R'];
        payload.extend(subxid.into_iter().flat_map(u32::to_be_bytes));
        payload.extend(relation.to_be_bytes());
        payload.extend(b"public\0t\0d\0\x01\x01");
        payload.extend(column.as_bytes());
        payload.extend(b"\0\0\0\0\x19\xFF\xFF\xFF\xFF");
        self.data(0, &payload)
    }
}

/// Storage that a test can look into.
#[derive(Debug, Default)]
struct Shelf(BTreeMap<Xid, Vec<u8>>);

impl Storage for &mut Shelf {
    type Error = Error;

    fn append(&mut self, xid: Xid, bytes: &[u8]) -> Result<(), Error> {
        self.0.entry(xid).or_default().extend(bytes);
        Ok(())
    }

    fn read(&mut self, xid: Xid, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        let from = &self.0[&xid][offset as usize..];
        into.copy_from_slice(&from[..into.len()]);
        Ok(())
    }

    fn remove(&mut self, xid: Xid) {
        self.0.remove(&xid);
    }
}

fn assembler<S: Storage>(storage: S, budget: usize) -> Assembler<S> {
    Assembler::new(View::Transactions, Reader::of_connection(MAX_MESSAGE), storage, budget)
}

/// What comes out of an input that is given in chunks of that size.
fn run<S: Storage>(
    assembler: &mut Assembler<S>,
    input: &[u8],
    chunk: usize,
) -> Result<Vec<u8>, S::Error> {
    let (mut out, mut begin, mut end) = (Vec::new(), 0, 0);
    loop {
        match assembler.next(&input[begin..end])? {
            Step::Pass(bytes) => {
                out.extend(&input[begin..begin + bytes]);
                begin += bytes;
            }
            Step::Hold(bytes) => begin += bytes,
            Step::Assembled(assembled) => out.extend(assembled.bytes),
            Step::NeedMore(_) if end == input.len() => return Ok(out),
            Step::NeedMore(_) => end = input.len().min(end + chunk),
        }
    }
}

/// The streamed form gives the whole one, cut anywhere, with and without storage.
#[track_caller]
fn gives(streamed: &Recording, whole: &Recording) {
    for chunk in [1, 7, 64, usize::MAX / 2] {
        let out = run(&mut assembler(NoStorage::new(0), NEVER_FULL), &streamed.0, chunk);
        assert!(out == Ok(whole.0.clone()), "in chunks of {chunk}");
    }
    for budget in [16, 100, 300] {
        let mut shelf = Shelf::default();
        let out = run(&mut assembler(&mut shelf, budget), &streamed.0, 64);
        assert!(out == Ok(whole.0.clone()), "with a budget of {budget}");
        assert!(shelf.0.is_empty(), "something is left in storage with a budget of {budget}");
    }
}

/// Red when pieces go to the transaction that began last.
#[test]
fn interleaved_transactions_come_out_whole_in_the_order_of_their_ends() {
    let (mut streamed, mut whole) = (Recording::default(), Recording::default());
    streamed.start(10, 1, true).relation(Some(1), 5, "a").row(10, Some(1), 5, "one").stop();
    streamed.start(20, 2, true).relation(Some(2), 5, "a").row(20, Some(2), 5, "two").stop();
    streamed.begin(25, 30, 3).relation(None, 5, "a").row(25, None, 5, "small").commit(30);
    streamed.start(40, 1, false).row(40, Some(1), 5, "three").stop();
    streamed.stream_commit(50, 2).stream_commit(60, 1);

    whole.begin(25, 30, 3).relation(None, 5, "a").row(25, None, 5, "small").commit(30);
    whole.begin(20, 50, 2).relation(None, 5, "a").row(20, None, 5, "two");
    // Both were described anew, and the small transaction's description is newer.
    whole.relation(None, 5, "a").commit(50);
    whole.begin(10, 60, 1).relation(None, 5, "a").row(10, None, 5, "one");
    whole.row(40, None, 5, "three").relation(None, 5, "a").commit(60);
    gives(&streamed, &whole);
}

/// Red without `Held::is_aborted`.
#[test]
fn what_was_rolled_back_is_not_told() {
    let (mut streamed, mut whole) = (Recording::default(), Recording::default());
    streamed.start(10, 1, true).relation(Some(1), 5, "a").row(10, Some(1), 5, "kept");
    streamed.row(11, Some(2), 5, "gone").row(12, Some(3), 5, "gone too").stop();
    streamed.abort(1, 3).abort(1, 2);
    streamed.start(20, 1, false).row(20, Some(4), 5, "also kept").stop();
    streamed.start(30, 9, true).row(30, Some(9), 5, "all of it gone").stop().abort(9, 9);
    streamed.stream_commit(40, 1);
    whole.begin(10, 40, 1).relation(None, 5, "a").row(10, None, 5, "kept");
    whole.row(20, None, 5, "also kept").commit(40);
    gives(&streamed, &whole);
}

/// Red when `Replay` forgets a description that it does not tell.
#[test]
fn a_description_of_an_aborted_subtransaction_is_told_where_a_row_needs_it() {
    let (mut streamed, mut whole) = (Recording::default(), Recording::default());
    streamed.start(10, 1, true).relation(Some(2), 5, "a").row(10, Some(2), 5, "gone");
    streamed.relation(Some(2), 6, "b").row(11, Some(3), 5, "kept").stop();
    streamed.abort(1, 2).stream_commit(40, 1);
    whole.begin(10, 40, 1).relation(None, 5, "a").row(11, None, 5, "kept").commit(40);
    gives(&streamed, &whole);
}

/// Red without `Newest`: the rows of transaction 3 would be read as the old description has them.
#[test]
fn a_newer_description_is_told_again_behind_an_older_one() {
    let (mut streamed, mut whole) = (Recording::default(), Recording::default());
    streamed.start(10, 1, true).relation(Some(1), 5, "old").row(10, Some(1), 5, "1").stop();
    streamed.begin(20, 30, 2).relation(None, 5, "new").row(20, None, 5, "2").commit(30);
    streamed.stream_commit(40, 1);
    streamed.begin(50, 60, 3).row(50, None, 5, "3").commit(60);
    whole.begin(20, 30, 2).relation(None, 5, "new").row(20, None, 5, "2").commit(30);
    whole.begin(10, 40, 1).relation(None, 5, "old").row(10, None, 5, "1");
    whole.relation(None, 5, "new").commit(40);
    whole.begin(50, 60, 3).row(50, None, 5, "3").commit(60);
    gives(&streamed, &whole);
}

#[test]
fn a_prepared_transaction_begins_and_ends_as_one() {
    let (mut streamed, mut whole) = (Recording::default(), Recording::default());
    let prepare = Prepare {
        prepare_lsn: Lsn(40),
        end_lsn: Lsn(48),
        prepare_time: Timestamp(7),
        xid: Xid(1),
        gid: b"gid",
    };
    streamed.start(10, 1, true).row(10, Some(1), 5, "1").stop();
    streamed.message(48, Message::StreamPrepare(prepare));
    whole.message(10, Message::BeginPrepare(prepare)).row(10, None, 5, "1");
    whole.message(48, Message::Prepare(prepare));
    gives(&streamed, &whole);
}

/// Red without `Assembler::forget`: the server sends all of it again on the next connection.
#[test]
fn another_connection_begins_anew() {
    let mut head = Vec::new();
    walscope_core::capture::write_head(&mut head, "{}");
    let (mut streamed, mut whole) = (Recording::default(), Recording::default());
    streamed.start(10, 1, true).row(10, Some(1), 5, "1").stop();
    streamed.0.extend(&head);
    streamed.start(10, 1, true).row(10, Some(1), 5, "1").stop().stream_commit(40, 1);
    whole.0.extend(&head);
    whole.begin(10, 40, 1).row(10, None, 5, "1").commit(40);
    gives(&streamed, &whole);
}

/// Red without `is_undecoded` in `Assembler::take`: the text is taken for the beginning of a piece.
#[test]
fn what_another_plugin_wrote_is_passed_and_counted_message_by_message() {
    let mut recording = Recording::default();
    let plugin = r#"{"plugin":"another"}"#;
    walscope_core::capture::write_head(&mut recording.0, plugin);
    recording.data(10, b"Start").data(20, b"E").data(0, b"c");
    gives(&recording, &recording);
    let mut assembler = assembler(NoStorage::new(0), NEVER_FULL);
    run(&mut assembler, &recording.0, 64).expect("nothing is decoded");
    assert_eq!(assembler.items(), 3);
}

#[test]
fn items_are_counted_as_a_session_counts_them() {
    let mut streamed = Recording::default();
    streamed.start(10, 1, true).row(10, Some(1), 5, "1").stop();
    streamed.begin(20, 30, 2).row(20, None, 5, "2").commit(30);
    streamed.data(35, b"M\0\0\0\0\0\0\0\0\x23p\0\0\0\0\0").stream_commit(40, 1);
    let mut assembler = assembler(NoStorage::new(0), NEVER_FULL);
    run(&mut assembler, &streamed.0, 64).expect("it can be assembled");
    assert_eq!(assembler.items(), 3);
}

/// Red when a transaction over the budget stays in memory.
#[test]
fn without_storage_a_transaction_over_the_budget_is_refused() {
    let mut streamed = Recording::default();
    streamed.start(10, 1, true);
    for _ in 0..10 {
        streamed.row(10, Some(1), 5, "a value of some bytes");
    }
    streamed.stop().stream_commit(40, 1);
    let mut assembler = assembler(NoStorage::new(300), 300);
    let error = run(&mut assembler, &streamed.0, 64).expect_err("it is over the budget");
    assert_eq!(error.kind(), ErrorKind::OverBudget { budget: 300 });
    assert!(assembler.held_bytes().0 <= 300);
}

/// Red without `keep_budget` in `Assembler::take`: nothing else comes that would ask for the budget.
#[test]
fn what_was_rolled_back_counts_too() {
    let mut streamed = Recording::default();
    streamed.start(10, 1, true).row(10, Some(1), 5, "1").stop();
    for subxid in 2..2_000 {
        streamed.abort(1, subxid);
    }
    let mut assembler = assembler(NoStorage::new(5_000), 5_000);
    let error = run(&mut assembler, &streamed.0, 64).expect_err("it is over the budget");
    assert_eq!(error.kind(), ErrorKind::OverBudget { budget: 5_000 });
}

/// Red without `LEAST_BUDGET`: a budget of nothing is to mean storage for every message.
#[test]
fn without_a_budget_a_few_subtransactions_can_be_rolled_back() {
    let mut streamed = Recording::default();
    streamed.start(10, 1, true).row(10, Some(1), 5, "1").stop();
    streamed.abort(1, 2).abort(1, 3).abort(1, 1);
    let mut shelf = Shelf::default();
    run(&mut assembler(&mut shelf, 0), &streamed.0, 64).expect("it finds room");
    assert!(shelf.0.is_empty(), "what was rolled back stays in storage");
}

/// Red without the check in `Assembler::start`: the beginning would be missing without a word.
#[test]
fn a_transaction_whose_beginning_is_missing_is_an_error() {
    let mut streamed = Recording::default();
    streamed.start(10, 1, false).row(10, Some(1), 5, "1").stop().stream_commit(40, 1);
    let error = run(&mut assembler(NoStorage::new(0), NEVER_FULL), &streamed.0, 64);
    let found = error.map_err(|error| (error.kind(), error.offset()));
    assert_eq!(found, Err((ErrorKind::UnexpectedMessage(b'S'), 30)));
}

#[test]
fn assembled_bytes_know_where_they_came_from() {
    let mut streamed = Recording::default();
    streamed.start(10, 1, true);
    let row = streamed.0.len() as u64 + 30;
    streamed.row(10, Some(1), 5, "1").stop().stream_commit(40, 1);
    let mut assembler = assembler(NoStorage::new(0), NEVER_FULL);
    let mut input = streamed.0.as_slice();
    loop {
        match assembler.next(input).expect("it can be assembled") {
            Step::Pass(bytes) | Step::Hold(bytes) => input = &input[bytes..],
            Step::NeedMore(_) => panic!("nothing was assembled"),
            Step::Assembled(assembled) => {
                let begin_size = 30 + 21;
                assert_eq!(assembled.source(begin_size + 30), row);
                assert_eq!(assembled.source(begin_size + 30 + 1), row + 1 + 4);
                return;
            }
        }
    }
}
