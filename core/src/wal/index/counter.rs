//! Statistics of chunks, for hosts that want nothing else of the log.

use alloc::string::String;
use alloc::vec::Vec;

use crate::types::Lsn;
use crate::wal::scan::Sink;
use crate::wal::stats::{Count, GroupBy, Groups, Statistics, StatisticsBy};
use crate::wal::{Error, Problem, Reader, Scanner, Utc, Version};

/// How many errors are kept of those that are skipped.
const KEPT: usize = 100;

/// What the rows of the statistics are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountBy {
    /// Resource managers, or kinds of records.
    Kind(StatisticsBy),
    /// Relations, transactions, minutes.
    Group(GroupBy),
}

impl CountBy {
    /// By the name that JavaScript has for it.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "rmgr" => Self::Kind(StatisticsBy::Rmgr),
            "record" => Self::Kind(StatisticsBy::Record),
            "relation" => Self::Group(GroupBy::Relation),
            "transaction" => Self::Group(GroupBy::Transaction),
            "time" => Self::Group(GroupBy::Time),
            _ => return None,
        })
    }
}

/// Counts the records of chunks.
#[derive(Debug)]
pub struct Counter {
    scanner: Scanner,
    by: CountBy,
    counted: Counted,
}

#[derive(Debug)]
struct Counted {
    statistics: Statistics,
    groups: Option<Groups>,
    problems: Vec<Problem>,
    skipped: u64,
}

impl Sink for Counted {
    fn read(&mut self, reader: &mut Reader, input: &mut &[u8]) -> Result<(), Error> {
        let Some(groups) = &mut self.groups else { return self.statistics.read(reader, input) };
        while let Some(record) = reader.next(input)? {
            self.statistics.count(&record);
            groups.count(&record);
        }
        Ok(())
    }

    fn problem(&mut self, problem: Problem) {
        if self.problems.len() < KEPT {
            self.problems.push(problem);
        } else {
            self.skipped = self.skipped.saturating_add(1);
        }
    }
}

impl Counter {
    /// A counter of what a scanner finds.
    pub fn new(scanner: Scanner, by: CountBy) -> Self {
        let groups = match by {
            CountBy::Kind(_) => None,
            CountBy::Group(by) => Some(Groups::new(by)),
        };
        let (statistics, problems) = (Statistics::new(), Vec::new());
        Self { scanner, by, counted: Counted { statistics, groups, problems, skipped: 0 } }
    }

    /// What reads.
    pub const fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// Counts a chunk.
    pub fn push(&mut self, chunk: &[u8]) {
        self.scanner.push_to(chunk, &mut self.counted);
    }

    /// Where the first record begins that was counted, and where the last one ends.
    pub const fn range(&self) -> (Lsn, Lsn) {
        (self.counted.statistics.start(), self.counted.statistics.end())
    }

    /// The first errors, and how many there were behind them.
    pub fn problems(&self) -> (&[Problem], u64) {
        (&self.counted.problems, self.counted.skipped)
    }

    /// The sum of all.
    pub fn total(&self) -> Count {
        self.counted.statistics.total()
    }

    /// The names of the rows, and what was counted of each.
    pub fn rows(&self) -> Vec<(String, Count)> {
        match (self.by, &self.counted.groups) {
            (CountBy::Kind(by), _) => {
                let rows = self.counted.statistics.rows(by, self.version());
                rows.into_iter().map(|row| (row.name, row.count)).collect()
            }
            (_, Some(groups)) => groups.rows(&Utc),
            (_, None) => Vec::new(),
        }
    }

    /// The table that `walscope waldump --stats` or `--by` prints; minutes are UTC.
    pub fn table(&self) -> String {
        match (self.by, &self.counted.groups) {
            (CountBy::Kind(by), _) => self.counted.statistics.table(by, self.version()),
            (_, Some(groups)) => groups.table(&Utc),
            (_, None) => String::new(),
        }
    }

    fn version(&self) -> Version {
        let version = self.scanner.reader().and_then(|reader| reader.version());
        version.unwrap_or(Version::NEWEST)
    }
}
