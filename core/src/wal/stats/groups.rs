//! Counts by relation, transaction, minute or place in the log, which `pg_waldump` does not have.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;
use core::num::NonZeroU64;

use super::count::Count;
use super::table::{write_header, write_row, write_total};
use crate::calendar::civil_from_days;
use crate::types::{Lsn, RelFileLocator, Timestamp, Xid};
use crate::wal::rmgr::xact::{Completion, Transaction};
use crate::wal::{Record, RmgrId, Zone};

/// What a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// A record is counted for the relation of its first block reference, an image for its own.
    Relation,
    /// Subtransactions are counted for their transaction once that has ended.
    Transaction,
    /// What was written up to an end of a transaction is counted for the minute of that end.
    Time,
    /// A record is counted for the part of the log that it begins in: of so many bytes, or of a segment.
    Lsn(Option<NonZeroU64>),
}

/// What has been counted by relation, transaction, minute or part of the log. It takes memory for each
/// of them.
#[derive(Clone, Debug)]
pub struct Groups(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Relations(BTreeMap<Option<RelFileLocator>, Count>),
    Transactions(BTreeMap<Xid, Count>),
    /// By minutes since 2000.
    Minutes {
        ended: BTreeMap<i64, Count>,
        open: Count,
    },
    /// By where they begin.
    Parts {
        size: Option<NonZeroU64>,
        parts: BTreeMap<Lsn, Count>,
    },
}

impl Groups {
    /// Nothing is counted yet.
    pub const fn new(by: GroupBy) -> Self {
        Self(match by {
            GroupBy::Relation => Kind::Relations(BTreeMap::new()),
            GroupBy::Transaction => Kind::Transactions(BTreeMap::new()),
            GroupBy::Time => Kind::Minutes {
                ended: BTreeMap::new(),
                open: Count { records: 0, bytes: 0, images: 0 },
            },
            GroupBy::Lsn(size) => Kind::Parts { size, parts: BTreeMap::new() },
        })
    }

    /// Counts a record.
    pub fn count(&mut self, record: &Record<'_>) {
        match &mut self.0 {
            Kind::Relations(relations) => count_relations(relations, record),
            Kind::Transactions(transactions) => count_transaction(transactions, record),
            Kind::Minutes { ended, open } => {
                open.add(record);
                if let Some((_, completion)) = completion(record) {
                    ended.entry(minute(completion.time)).or_default().plus(open);
                    *open = Count::default();
                }
            }
            Kind::Parts { size, parts } => {
                let (lsn, segment) = (record.lsn().0, record.place().segment_size.get());
                let size = size.map_or(u64::from(segment), NonZeroU64::get);
                let start = lsn.saturating_sub(lsn.checked_rem(size).unwrap_or(0));
                parts.entry(Lsn(start)).or_default().add(record);
            }
        }
    }

    /// The names of the groups with what was counted of them, the largest first; parts of the log
    /// in their order, and minutes, as a clock in `zone` shows them.
    pub fn rows(&self, zone: &dyn Zone) -> Vec<(String, Count)> {
        match &self.0 {
            Kind::Relations(relations) => largest_first(relations, |relation| match relation {
                Some(relation) => relation.to_string(),
                None => "(no relation)".to_string(),
            }),
            Kind::Transactions(transactions) => largest_first(transactions, |xid| match xid {
                Xid(0) => "(no transaction)".to_string(),
                xid => xid.to_string(),
            }),
            Kind::Minutes { ended, open } => {
                let rows = ended.iter().map(|(minute, count)| (clock(*minute, zone), *count));
                let open = Some(("(not ended)".to_string(), *open));
                rows.chain(open.filter(|(_, count)| count.records > 0)).collect()
            }
            Kind::Parts { parts, .. } => {
                parts.iter().map(|(start, count)| (start.to_string(), *count)).collect()
            }
        }
    }

    /// The table, with a row for each group.
    pub fn table(&self, zone: &dyn Zone) -> String {
        let mut out = String::new();
        // A string takes all that is written to it.
        let _ = write(&self.rows(zone), &mut out);
        out
    }
}

fn write(rows: &[(String, Count)], out: &mut String) -> fmt::Result {
    let total = Count::sum(rows.iter().map(|(_, count)| count));
    write_header(out)?;
    for (name, count) in rows {
        write_row(out, name, count, &total)?;
    }
    write_total(out, &total)
}

fn largest_first<K: Copy + Ord>(
    groups: &BTreeMap<K, Count>,
    name: impl Fn(K) -> String,
) -> Vec<(String, Count)> {
    let mut rows: Vec<_> = groups.iter().collect();
    // Those of one size keep the order of their names.
    rows.sort_by_key(|(_, count)| Reverse(count.all()));
    rows.into_iter().map(|(key, count)| (name(*key), *count)).collect()
}

fn count_relations(relations: &mut BTreeMap<Option<RelFileLocator>, Count>, record: &Record<'_>) {
    let first = record.blocks().next().map(|block| block.locator());
    let bytes = record.length_without_images().into();
    relations.entry(first).or_default().plus(&Count { records: 1, bytes, images: 0 });
    for block in record.blocks() {
        if let Some(image) = block.image() {
            let images = image.bytes().len() as u64;
            let of_image = Count { images, ..Count::default() };
            relations.entry(Some(block.locator())).or_default().plus(&of_image);
        }
    }
}

fn count_transaction(transactions: &mut BTreeMap<Xid, Count>, record: &Record<'_>) {
    let Some((ends, completion)) = completion(record) else {
        transactions.entry(record.xid()).or_default().add(record);
        return;
    };
    // The record that ends a prepared transaction is written by another.
    let xid = if ends == Ends::Prepared { completion.prepared_xid } else { record.xid() };
    let mut count = transactions.remove(&xid).unwrap_or_default();
    for subxid in completion.subxids.iter() {
        if let Some(of_subtransaction) = transactions.remove(&subxid) {
            count.plus(&of_subtransaction);
        }
    }
    count.add(record);
    transactions.insert(xid, count);
}

/// Which transaction a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Own,
    Prepared,
}

/// What a record says of the end of a transaction, if it is one.
fn completion<'a>(record: &Record<'a>) -> Option<(Ends, Completion<'a>)> {
    if record.rmgr() != RmgrId::TRANSACTION {
        return None;
    }
    match Transaction::decode(record)? {
        Transaction::Commit(completion) | Transaction::Abort(completion) => {
            Some((Ends::Own, completion))
        }
        Transaction::CommitPrepared(completion) | Transaction::AbortPrepared(completion) => {
            Some((Ends::Prepared, completion))
        }
        _ => None,
    }
}

/// Minutes since 2000.
const fn minute(time: Timestamp) -> i64 {
    const MICROS: i64 = 60_000_000;
    time.0.div_euclid(MICROS)
}

/// A minute since 2000, as a clock shows it.
fn clock(minute: i64, zone: &dyn Zone) -> String {
    const UNIX_TO_2000: i64 = 946_684_800;
    const DAY: i64 = 86_400;
    let seconds = minute.saturating_mul(60);
    let offset = zone.at(seconds.saturating_add(UNIX_TO_2000)).offset;
    let local = seconds.saturating_add(offset.into());
    let (year, month, day) = civil_from_days(local.div_euclid(DAY));
    let second = local.rem_euclid(DAY);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", second / 3600, second / 60 % 60)
}
