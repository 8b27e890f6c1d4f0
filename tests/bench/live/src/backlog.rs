//! Backlogs: written once, read by every contender from a slot of its own at the same position.

use crate::bench_server::{BenchServer, WIDE_COLUMNS};
use crate::tally::RowSet;

/// The slot that all others are copies of.
pub const SOURCE: &str = "source";

/// Letters of a narrow row, and of each column of a wide one.
const NARROW_LETTERS: usize = 100;
const WIDE_LETTERS: usize = 50;

#[derive(Clone, Copy, Debug)]
pub struct Backlog {
    pub table: &'static str,
    pub rows: usize,
    pub rows_per_transaction: usize,
}

/// A backlog that is there.
#[derive(Debug)]
pub struct Written {
    pub set: RowSet,
    /// Where its last transaction begins, at least.
    pub last: String,
    /// Where that ends, at most.
    pub end: String,
}

impl Backlog {
    pub fn write(self, server: &BenchServer) -> Written {
        server.create_slot(SOURCE);
        let mut left = self.rows;
        while left > 0 {
            let rows = left.min(self.rows_per_transaction);
            server.query(&self.insert(rows));
            left -= rows;
        }
        let last = server.value("SELECT pg_current_wal_insert_lsn()").expect("a position");
        let end = server.finish();
        Written { set: server.row_set(self.table), last, end }
    }

    fn insert(self, rows: usize) -> String {
        let (columns, values) = if self.table == NARROW {
            ("payload".to_owned(), format!("'{}'", letters(NARROW_LETTERS)))
        } else {
            wide_columns()
        };
        format!(
            "INSERT INTO {} ({columns}) SELECT {values} FROM generate_series(1, {rows})",
            self.table
        )
    }
}

pub const NARROW: &str = "narrow_events";
pub const WIDE: &str = "wide_events";

/// The names of a wide row's columns, and values for them.
pub fn wide_columns() -> (String, String) {
    let names: Vec<String> = (1..=WIDE_COLUMNS).map(|n| format!("col_{n}")).collect();
    let values = vec![format!("'{}'", letters(WIDE_LETTERS)); WIDE_COLUMNS];
    (names.join(", "), values.join(", "))
}

/// Letters that look like any.
pub fn letters(count: usize) -> String {
    /// Of Knuth's MMIX.
    const FACTOR: u64 = 6_364_136_223_846_793_005;
    const TERM: u64 = 1_442_695_040_888_963_407;
    let mut state = 42_u64;
    let mut next = || {
        state = state.wrapping_mul(FACTOR).wrapping_add(TERM);
        char::from(b'a' + (state >> 33) as u8 % 26)
    };
    (0..count).map(|_| next()).collect()
}
