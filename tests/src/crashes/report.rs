//! What was hit, and what came of it.

use std::collections::BTreeMap;
use std::fmt;

use super::{Crash, CrashOptions};
use crate::Major;

/// Where a crash happened.
#[derive(Clone, Copy, Debug)]
pub struct Hits {
    /// What crashed.
    pub crash: Crash,
    /// Inside a block of a streamed transaction.
    pub in_block: bool,
    /// Between a PREPARE and its end, with another commit confirmed between.
    pub in_prepared: bool,
    /// Within 10 ms after a confirmation.
    pub after_confirmation: bool,
}

/// How many crashes were of one kind, and where.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    points: usize,
    in_block: usize,
    in_prepared: usize,
    after_confirmation: usize,
}

/// What was delivered more than once, to a process that did not pass its checkpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct Again {
    /// Transactions.
    pub transactions: u64,
    /// Their changes.
    pub changes: u64,
    /// Transactions that the server had said to be confirmed, and forgot in a crash.
    pub confirmed: u64,
}

/// The proof's result.
#[derive(Clone, Debug)]
pub struct Report {
    major: Major,
    seed: u64,
    counts: BTreeMap<Crash, Count>,
    /// The table at the end: rows and a hash, on both sides.
    pub table: String,
    /// Consumers.
    pub processes: i32,
    /// Transactions that the writers ended, rolled back ones too.
    pub written: u64,
    /// Transactions that the consumer has.
    pub transactions: u64,
    /// Their changes.
    pub changes: u64,
    /// How often the slot was looked at.
    pub samples: u64,
    /// What came again.
    pub again: Again,
    /// How long it took.
    pub seconds: u64,
}

impl Report {
    pub(super) fn new(options: &CrashOptions) -> Self {
        Self {
            major: options.major,
            seed: options.seed,
            counts: BTreeMap::new(),
            table: String::new(),
            processes: 0,
            written: 0,
            transactions: 0,
            changes: 0,
            samples: 0,
            again: Again::default(),
            seconds: 0,
        }
    }

    pub(super) fn add(&mut self, hits: Hits) {
        let count = self.counts.entry(hits.crash).or_default();
        count.points += 1;
        count.in_block += usize::from(hits.in_block);
        count.in_prepared += usize::from(hits.in_prepared);
        count.after_confirmation += usize::from(hits.after_confirmation);
    }

    fn sum(&self) -> Count {
        self.counts.values().fold(Count::default(), |sum, count| Count {
            points: sum.points + count.points,
            in_block: sum.in_block + count.in_block,
            in_prepared: sum.in_prepared + count.in_prepared,
            after_confirmation: sum.after_confirmation + count.after_confirmation,
        })
    }

    /// How many crashes there were.
    pub fn points(&self) -> usize {
        self.sum().points
    }

    fn server_restarts(&self) -> usize {
        let restarts = self.counts.iter().filter(|(crash, _)| crash.takes_server_down());
        restarts.map(|(_, count)| count.points).sum()
    }

    /// How often the place was hit that was hit least.
    pub fn least(&self) -> usize {
        let sum = self.sum();
        let places = [sum.in_block, sum.in_prepared, sum.after_confirmation];
        places.into_iter().min().unwrap_or_default().min(self.server_restarts())
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "consumer: SIGKILL",
            Self::Connection => "connection cut",
            Self::WalSender => "walsender: SIGTERM",
            Self::WalSenderKilled => "walsender: SIGKILL, server starts anew",
            Self::Server => "server: immediate stop, start",
            Self::Restart => "server: restart in order",
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "PostgreSQL {}, seed {}, {} s\n", self.major, self.seed, self.seconds)?;
        writeln!(
            f,
            "| crash | points | inside a streamed block | between PREPARE and its end | within 10 \
             ms after a confirmation |\n|---|---:|---:|---:|---:|"
        )?;
        let rows = self.counts.iter().map(|(crash, count)| (crash.to_string(), *count));
        for (name, count) in rows.chain([("together".to_owned(), self.sum())]) {
            let Count { points, in_block, in_prepared, after_confirmation } = count;
            writeln!(
                f,
                "| {name} | {points} | {in_block} | {in_prepared} | {after_confirmation} |"
            )?;
        }
        let Again { transactions, changes, confirmed } = self.again;
        writeln!(
            f,
            "\nThe server's table and the consumer's: {}. {} transactions with {} changes in {} \
             processes; the slot was looked at {} times. Came again where a process started at the \
             slot: {transactions} transactions with {changes} changes, {confirmed} of them confirmed \
             before a crash of the server; within a process, and from a checkpoint: 0.",
            self.table, self.transactions, self.changes, self.processes, self.samples
        )
    }
}
