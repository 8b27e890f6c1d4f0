//! How much was compared.

use std::fmt;
use std::ops::Add;

/// What was done so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Transactions of the workload, those that were rolled back too.
    pub transactions: usize,
    /// Rows, truncates and messages that one stream has brought.
    pub changes: usize,
    /// Bytes of WAL.
    pub wal: u64,
    /// Bytes of all lines.
    pub output: u64,
    /// Lines that were compared with `test_decoding`.
    pub compared: u64,
    /// The most memory that a `walscope` has taken, in bytes.
    pub peak_memory: u64,
}

impl Add for Totals {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            transactions: self.transactions + other.transactions,
            changes: self.changes + other.changes,
            wal: self.wal + other.wal,
            output: self.output + other.output,
            compared: self.compared + other.compared,
            peak_memory: self.peak_memory.max(other.peak_memory),
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} transactions, {} changes, {} bytes of WAL, {} bytes of lines, {} lines as \
             test_decoding's, at most {} bytes of memory",
            self.transactions, self.changes, self.wal, self.output, self.compared, self.peak_memory
        )
    }
}
