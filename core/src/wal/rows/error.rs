//! What can be wrong with rows.

use core::fmt;

use crate::types::{Lsn, RelFileLocator};

/// A row that cannot be read. The record as such is right: its CRC was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowError {
    /// A page image cannot be restored.
    Image(crate::wal::Error),
    /// A record has no row where there should be one.
    NoRow {
        /// The record.
        lsn: Lsn,
        /// The table's files.
        relation: RelFileLocator,
    },
    /// A row is not built as the catalog says: the catalog is of another time or another server.
    Layout {
        /// How many columns the row has.
        columns: usize,
        /// How many the catalog's table has, with dropped ones.
        known: usize,
    },
    /// A column of a row does not fit where the row has it: the catalog is of another time or another
    /// server.
    Column {
        /// The column's number, from 1 on.
        number: usize,
    },
    /// A value cannot be decompressed.
    Compressed,
    /// A value is compressed in a way that this build does not read (feature `lz4`), or that nobody
    /// knows.
    Method {
        /// 0 pglz, 1 LZ4.
        method: u8,
    },
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CATALOG: &str = "the catalog is of another time or another server: make one again";
        match self {
            Self::Image(error) => error.fmt(f),
            Self::NoRow { lsn, relation } => {
                write!(f, "the record at {lsn} has no row of {relation} where there should be one")
            }
            Self::Layout { columns, known } => write!(
                f,
                "a row has {columns} columns, the catalog's table {known}, or other ones; {CATALOG}"
            ),
            Self::Column { number } => {
                write!(f, "column {number} does not fit into its row; {CATALOG}")
            }
            Self::Compressed => f.write_str("a compressed value cannot be decompressed"),
            Self::Method { method } => {
                write!(
                    f,
                    "a value is compressed by method {method}, which this build does not read"
                )
            }
        }
    }
}

impl core::error::Error for RowError {}

impl From<crate::wal::Error> for RowError {
    fn from(error: crate::wal::Error) -> Self {
        Self::Image(error)
    }
}
