//! The numbers of changes in their transaction.

use walscope_core::pgoutput::{Begin, Message};
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

/// Red without `number_skipped` in `Tracker::next`: keys of changes would depend on what was
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
