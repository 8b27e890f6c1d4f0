//! Transactions as the log has them: who wrote how much, and how it ended.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use super::count::Count;
use crate::types::{Lsn, RelFileLocator, Timestamp, Xid};
use crate::wal::rmgr::standby::Standby;
use crate::wal::rmgr::xact::{Completion, Transaction};
use crate::wal::{Record, RmgrId};

/// How a transaction has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Not yet.
    #[default]
    Open,
    /// Committed.
    Committed,
    /// Rolled back.
    Aborted,
    /// Prepared, and neither committed nor rolled back yet.
    Prepared,
    /// Prepared, then committed.
    CommittedPrepared,
    /// Prepared, then rolled back.
    AbortedPrepared,
    /// Nothing ended it, and it runs no more: the server crashed.
    Lost,
}

impl Outcome {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Committed => "committed",
            Self::Aborted => "aborted",
            Self::Prepared => "prepared",
            Self::CommittedPrepared => "committed prepared",
            Self::AbortedPrepared => "aborted prepared",
            Self::Lost => "lost",
        }
    }
}

/// A transaction and what it has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionStats {
    /// Its number.
    pub xid: Xid,
    /// Its subtransactions, but for those that were rolled back alone.
    pub subxids: BTreeSet<Xid>,
    /// Subtransactions that were rolled back alone, as far as the log says that they are its own.
    pub aborted_subxids: BTreeSet<Xid>,
    /// How it has ended.
    pub outcome: Outcome,
    /// Where its first record begins.
    pub first: Lsn,
    /// Where its last record begins.
    pub last: Lsn,
    /// Where its last record ends.
    pub end: Lsn,
    /// When it was prepared.
    pub prepare_time: Option<Timestamp>,
    /// The name that it was prepared under.
    pub gid: Vec<u8>,
    /// When it was committed or rolled back.
    pub end_time: Option<Timestamp>,
    /// Its records, those of subtransactions and that of its end among them.
    pub count: Count,
    /// The relations whose pages it has changed.
    pub relations: BTreeSet<RelFileLocator>,
}

impl TransactionStats {
    fn add(&mut self, record: &Record<'_>, is_counted: bool) {
        if !self.first.is_valid() {
            self.first = record.lsn();
        }
        (self.last, self.end) = (record.lsn(), record.end());
        if is_counted {
            self.count.add(record);
            self.relations.extend(record.blocks().map(|block| block.locator()));
        }
    }

    /// Takes over what a subtransaction has written.
    fn join(&mut self, sub: Self) {
        if !self.first.is_valid() || sub.first < self.first {
            self.first = sub.first;
        }
        if sub.end > self.end {
            (self.last, self.end) = (sub.last, sub.end);
        }
        self.count.plus(&sub.count);
        self.relations.extend(sub.relations);
        self.subxids.extend(sub.subxids);
        self.aborted_subxids.extend(sub.aborted_subxids);
    }
}

/// Makes transactions from the records of the log, which come in their order.
///
/// It takes memory for each transaction that is open; those that have ended are handed out.
/// A subtransaction is known as one when its transaction ends, when the log says so before (with
/// `wal_level` at `logical` in its first record, else when there are more than 64), or never, if it was
/// rolled back alone: then it is a transaction of its own here.
///
/// ```
/// # use walscope_core::wal::{Error, Options, Reader};
/// # use walscope_core::wal::stats::{Outcome, Transactions};
/// /// How many transactions were committed in a part of the log.
/// fn committed(mut log: &[u8]) -> Result<usize, Error> {
///     let (mut reader, mut committed) = (Reader::new(Options::default()), 0);
///     let mut transactions = Transactions::new();
///     while let Some(record) = reader.next(&mut log)? {
///         transactions.take(&record, true);
///         while let Some(transaction) = transactions.next_ended() {
///             committed += usize::from(transaction.outcome == Outcome::Committed);
///         }
///     }
///     Ok(committed)
/// }
/// # assert_eq!(committed(&[])?, 0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Transactions {
    open: BTreeMap<Xid, TransactionStats>,
    /// Subtransactions of open transactions, and whose they are.
    tops: BTreeMap<Xid, Xid>,
    ended: VecDeque<TransactionStats>,
}

impl Transactions {
    /// Nothing was read yet.
    pub const fn new() -> Self {
        Self { open: BTreeMap::new(), tops: BTreeMap::new(), ended: VecDeque::new() }
    }

    /// Takes a record. One that is not counted may still end a transaction.
    pub fn take(&mut self, record: &Record<'_>, is_counted: bool) {
        let (xid, top) = (record.xid(), record.toplevel_xid());
        if xid != Xid(0) && top != Xid(0) {
            self.assign(top, xid);
        }
        match record.rmgr() {
            RmgrId::TRANSACTION => self.take_end(record, is_counted),
            RmgrId::STANDBY if xid == Xid(0) => self.take_running(record),
            _ => self.add(xid, record, is_counted),
        }
    }

    /// The next transaction that has ended; each comes out once.
    pub fn next_ended(&mut self) -> Option<TransactionStats> {
        self.ended.pop_front()
    }

    /// Those that have not ended, by their numbers.
    pub fn into_open(self) -> impl Iterator<Item = TransactionStats> {
        self.open.into_values()
    }

    /// How many transactions are open.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// The transaction that a number belongs to.
    fn entry(&mut self, xid: Xid) -> &mut TransactionStats {
        let xid = self.tops.get(&xid).copied().unwrap_or(xid);
        self.open.entry(xid).or_insert_with(|| TransactionStats { xid, ..Default::default() })
    }

    fn add(&mut self, xid: Xid, record: &Record<'_>, is_counted: bool) {
        if xid != Xid(0) {
            let entry = self.entry(xid);
            if entry.xid != xid {
                entry.subxids.insert(xid);
            }
            entry.add(record, is_counted);
        }
    }

    /// A subtransaction belongs to a transaction, and is there.
    fn keep(&mut self, top: Xid, sub: Xid) {
        self.assign(top, sub);
        let entry = self.entry(top);
        if entry.xid != sub {
            entry.subxids.insert(sub);
        }
    }

    /// A subtransaction belongs to a transaction. One of which nothing was read, or no more, may have
    /// been rolled back already (`xactGetCommittedChildren` is not asked for an assignment).
    fn assign(&mut self, top: Xid, sub: Xid) {
        let top = self.tops.get(&top).copied().unwrap_or(top);
        if top == sub || self.tops.contains_key(&sub) {
            return;
        }
        let found = self.open.remove(&sub);
        self.tops.insert(sub, top);
        let below = found.iter().flat_map(|sub| sub.subxids.iter().chain(&sub.aborted_subxids));
        for sub in below {
            self.tops.insert(*sub, top);
        }
        if let Some(found) = found {
            let entry = self.entry(top);
            entry.subxids.insert(sub);
            entry.join(found);
        }
    }

    fn take_end(&mut self, record: &Record<'_>, is_counted: bool) {
        let xid = record.xid();
        match Transaction::decode(record) {
            Some(Transaction::Commit(end)) => {
                self.end(xid, Outcome::Committed, &end, record, is_counted);
            }
            Some(Transaction::Abort(end)) if self.tops.contains_key(&xid) => {
                self.add(xid, record, is_counted);
                self.abort_alone(xid, &end);
            }
            Some(Transaction::Abort(end)) => {
                self.end(xid, Outcome::Aborted, &end, record, is_counted);
            }
            // Another has written these.
            Some(Transaction::CommitPrepared(end)) => {
                let xid = end.prepared_xid;
                self.end(xid, Outcome::CommittedPrepared, &end, record, is_counted);
            }
            Some(Transaction::AbortPrepared(end)) => {
                let xid = end.prepared_xid;
                self.end(xid, Outcome::AbortedPrepared, &end, record, is_counted);
            }
            Some(Transaction::Prepare(prepare)) => {
                prepare.subxids.iter().for_each(|sub| self.keep(xid, sub));
                self.add(xid, record, is_counted);
                if xid != Xid(0) {
                    let entry = self.entry(xid);
                    entry.outcome = Outcome::Prepared;
                    entry.prepare_time = Some(prepare.time);
                    entry.gid = name(prepare.gid);
                }
            }
            Some(Transaction::Assignment { toplevel, subxids }) => {
                subxids.iter().for_each(|sub| self.assign(toplevel, sub));
                self.add(xid, record, is_counted);
            }
            _ => self.add(xid, record, is_counted),
        }
    }

    fn end(
        &mut self,
        xid: Xid,
        outcome: Outcome,
        end: &Completion<'_>,
        record: &Record<'_>,
        is_counted: bool,
    ) {
        if xid == Xid(0) {
            return;
        }
        end.subxids.iter().for_each(|sub| self.keep(xid, sub));
        self.add(xid, record, is_counted);
        let Some(mut ended) = self.open.remove(&xid) else { return };
        for sub in ended.subxids.iter().chain(&ended.aborted_subxids) {
            self.tops.remove(sub);
        }
        ended.outcome = outcome;
        ended.end_time = Some(end.time);
        if !end.gid.is_empty() {
            ended.gid = name(end.gid);
        }
        self.ended.push_back(ended);
    }

    /// A subtransaction was rolled back, its transaction goes on.
    fn abort_alone(&mut self, xid: Xid, end: &Completion<'_>) {
        let top = self.entry(xid).xid;
        end.subxids.iter().for_each(|sub| self.keep(top, sub));
        let entry = self.entry(xid);
        for sub in end.subxids.iter().chain([xid]) {
            if entry.subxids.remove(&sub) {
                entry.aborted_subxids.insert(sub);
            }
        }
    }

    /// What does not run and has not ended never will: it was lost in a crash. Prepared ones outlive that.
    /// Who ends a transaction is in the log with that before it stops running (`LogStandbySnapshot`).
    fn take_running(&mut self, record: &Record<'_>) {
        let Some(Standby::RunningXacts(running)) = Standby::decode(record) else { return };
        let (oldest, next) = (running.oldest_running_xid, running.next_xid);
        let runs: BTreeSet<Xid> = running.xids.iter().chain(running.subxids.iter()).collect();
        let is_over = |xid: Xid| {
            // Not all subtransactions may be told, and what one is may not be known.
            let all_told = !running.subxid_overflow && precedes(xid, next);
            precedes(xid, oldest) || (all_told && !runs.contains(&xid))
        };
        let is_lost = |transaction: &TransactionStats| {
            transaction.outcome == Outcome::Open && is_over(transaction.xid)
        };
        let lost = self.open.values().filter(|transaction| is_lost(transaction));
        let lost: Vec<_> = lost.map(|transaction| transaction.xid).collect();
        for mut lost in lost.iter().filter_map(|xid| self.open.remove(xid)) {
            for sub in lost.subxids.iter().chain(&lost.aborted_subxids) {
                self.tops.remove(sub);
            }
            lost.outcome = Outcome::Lost;
            self.ended.push_back(lost);
        }
    }
}

/// Whether a transaction is older than another (`TransactionIdPrecedes`): numbers go round.
const fn precedes(first: Xid, second: Xid) -> bool {
    first.0.wrapping_sub(second.0).cast_signed() < 0
}

/// A name without the zero byte behind it.
fn name(gid: &[u8]) -> Vec<u8> {
    gid.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
}
