//! The numbers of changes in their transaction.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use walscope_core::pgoutput::{Begin, Message, Prepare, StreamAbort};
use walscope_core::transaction::{Tracker, View};
use walscope_core::{ErrorKind, Lsn, Oid, Timestamp, Xid};

/// `R`, relation 16385, `public.t`, replica identity default, one column `id` of type int4, its key.
const RELATION: &[u8] = b"R\0\0\x40\x01public\0t\0d\0\x01\x01id\0\0\0\0\x17\xFF\xFF\xFF\xFF";
/// `I`, relation 16385, one column: 1.
const INSERT: &[u8] = b"I\0\0\x40\x01N\0\x01t\0\0\0\x011";
/// The same for a relation that was never described.
const STRANGER: &[u8] = b"I\0\0\x40\x02N\0\x01t\0\0\0\x011";
/// The same, cut.
const CUT: &[u8] = b"I\0\0\x40\x01N\0\x01t\0\0";

/// Red without the numbers in `Tracker::skipped`: keys of changes would depend on what was
/// skipped.
#[test]
fn what_is_skipped_keeps_its_number() {
    let mut tracker = Tracker::new(View::Transactions);
    let begin = Begin { commit_lsn: Lsn(9), commit_time: Timestamp(0), xid: Xid(7) };
    let mut bytes = Vec::new();
    Message::Begin(begin).encode(&mut bytes);
    tracker.next(&bytes).expect("a transaction begins");
    tracker.next(RELATION).expect("a relation");
    let mut seq = |payload: &'static [u8]| tracker.next(payload).map(|change| change.seq);
    assert_eq!(seq(INSERT), Ok(Some(0)));
    let stranger = seq(STRANGER).map_err(|error| error.kind());
    assert_eq!(stranger, Err(ErrorKind::UnknownRelation(Oid(16386))));
    assert!(seq(CUT).is_err());
    assert_eq!(seq(INSERT), Ok(Some(3)));
}

/// Red when `Tracker::begin` keeps the old transaction, and without the relations in
/// `Tracker::skipped`.
#[test]
fn what_comes_behind_something_skipped_is_not_taken_for_something_else() {
    let mut tracker = Tracker::new(View::Transactions);
    let begin = |commit, xid| {
        let mut bytes = Vec::new();
        let (commit_lsn, commit_time) = (Lsn(commit), Timestamp(0));
        Message::Begin(Begin { commit_lsn, commit_time, xid: Xid(xid) }).encode(&mut bytes);
        bytes
    };
    tracker.next(&begin(9, 7)).expect("a transaction begins");
    tracker.next(RELATION).expect("a relation");
    tracker.next(INSERT).expect("a row");
    assert!(tracker.next(b"C\x01").is_err());
    assert!(tracker.next(&begin(99, 8)).is_err(), "the last one has not ended");
    let change = tracker.next(INSERT).expect("a row");
    assert_eq!((change.xid, change.seq), (Some(Xid(8)), Some(0)));
    assert_eq!(tracker.transaction().map(|transaction| transaction.lsn), Some(Lsn(99)));

    assert!(tracker.next(&RELATION[..RELATION.len() - 1]).is_err());
    let row = tracker.next(INSERT).map_err(|error| error.kind());
    assert_eq!(row.map(|change| change.seq), Err(ErrorKind::UnknownRelation(Oid(16385))));
}

/// PostgreSQL 18 sends this of a transaction that was rolled back before it was decoded: there is
/// nothing in it, and its rollback follows.
#[test]
fn a_prepare_may_come_without_a_beginning() {
    let mut tracker = Tracker::new(View::Transactions);
    let prepare = Prepare {
        prepare_lsn: Lsn(9),
        end_lsn: Lsn(17),
        prepare_time: Timestamp(0),
        xid: Xid(7),
        gid: b"g",
    };
    let mut bytes = Vec::new();
    Message::Prepare(prepare).encode(&mut bytes);
    let change = tracker.next(&bytes).expect("an empty transaction");
    assert_eq!((change.xid, change.item, change.shown), (Some(Xid(7)), true, true));
    let transaction = tracker.transaction().expect("it is known");
    assert_eq!((transaction.lsn, transaction.gid.as_deref()), (prepare.prepare_lsn, Some("g")));
    assert!(!tracker.is_open());
}

/// PostgreSQL 18 sends this even where streaming is off. Red without `taken_back` in
/// `Tracker::streamed`.
#[test]
fn what_was_never_sent_may_be_taken_back() {
    let mut tracker = Tracker::new(View::Transactions);
    let abort = StreamAbort { xid: Xid(7), subxid: Xid(8), abort: None };
    let mut bytes = Vec::new();
    Message::StreamAbort(abort).encode(&mut bytes);
    let change = tracker.next(&bytes).expect("nothing is taken back");
    assert_eq!((change.item, change.shown), (false, false));
    assert!(!tracker.is_open());
    assert!(Tracker::new(View::Raw).next(&bytes).expect("raw").shown);
}

/// A tracker whose connection broke within a prepared transaction, after a row of it.
fn broken_within() -> Tracker {
    let mut tracker = Tracker::new(View::Transactions);
    let mut bytes = Vec::new();
    Message::BeginPrepare(PREPARE).encode(&mut bytes);
    tracker.next_at(Lsn(1), &bytes).expect("a transaction begins");
    tracker.next(RELATION).expect("a relation");
    assert!(tracker.next_at(Lsn(2), INSERT).expect("a row").shown);
    assert_eq!(tracker.resume(), None);
    tracker
}

const PREPARE: Prepare<'_> = Prepare {
    prepare_lsn: Lsn(9),
    end_lsn: Lsn(17),
    prepare_time: Timestamp(0),
    xid: Xid(7),
    gid: b"g",
};

/// What is shown in place of it on the connection behind the next one.
fn check_restart(tracker: &mut Tracker) {
    let mut bytes = Vec::new();
    Message::Prepare(PREPARE).encode(&mut bytes);
    let again = tracker.next(&bytes).map_err(|error| error.kind());
    assert_eq!(again.map(|change| change.shown), Err(ErrorKind::NotResumed), "it stays so");
    let restart = tracker.resume().expect("it is taken back");
    assert_eq!((restart.xid, restart.shown, restart.item), (Some(Xid(7)), true, false));
    let transaction = tracker.transaction().expect("it is known");
    assert_eq!((transaction.lsn, transaction.gid.as_deref()), (Lsn(9), Some("g")));
    assert!(!tracker.is_open());
    assert!(tracker.next(&bytes).expect("its end").shown);
    assert_eq!(tracker.resume(), None, "once");
}

/// Red without `differs` in `Delivery::reach`: the rows that were shown stay, and the end comes as that
/// of another transaction.
#[test]
fn the_mere_end_of_what_was_shown_in_part_takes_it_back() {
    let mut tracker = broken_within();
    let mut bytes = Vec::new();
    Message::Prepare(PREPARE).encode(&mut bytes);
    let end = tracker.next(&bytes).map_err(|error| error.kind());
    assert_eq!(end.map(|change| change.shown), Err(ErrorKind::NotResumed));
    check_restart(&mut tracker);
}

/// Red without `differs` in `Delivery::looked_at`: a consumer would wait for its end for ever.
#[test]
fn what_was_shown_in_part_and_does_not_come_again_is_taken_back() {
    let mut tracker = broken_within();
    assert_eq!(tracker.keepalive(Lsn(9)), Ok(()), "it may still come");
    let gone = tracker.keepalive(Lsn(17)).map_err(|error| error.kind());
    assert_eq!(gone, Err(ErrorKind::NotResumed));
    check_restart(&mut tracker);
}
