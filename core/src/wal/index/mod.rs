//! Records of the log as one flat table of 32-bit integers over the untouched bytes.
//!
//! This is how the log reaches JavaScript without an object per record: the host hands over the chunk
//! and this table, and the facade there (`node/wal/`) makes from them what is asked for. Offsets
//! count from the chunk's first byte. Behind the chunk come *side* bytes: records that do not lie in it
//! in one piece, because they go over a page or began in an earlier chunk, and the texts of errors.
//! Numbers of 64 bits take two words, low word first.
//!
//! **Header** ([`HEADER_WORDS`] words): layout version; entries; length of the chunk; major version of
//! PostgreSQL, 0 while it is not known; where the chunk's first byte belongs in the log (2), 0 while
//! that is not known; where the next chunk's does (2); segment size; timeline of the last page; the
//! record whose beginning has come but not its end (2), 0 without one; the last record that was given
//! up because its rest was never written (2); 1 if nothing that follows will be looked at; bytes of a
//! page that is not whole.
//!
//! **Entries** have [`ENTRY_WORDS`] words each. Of a record: kind (low byte), resource manager, info,
//! number of block references (a byte each); transaction; where it begins (2); where it ends (2); where
//! the one before begins (2); whole length; offset of its bytes; length of the main data; bytes of page
//! images; timeline; top-level transaction; replication origin; and of the first block reference
//! tablespace, database, relation, block number, fork (low byte) and flags (from bit 8).
//!
//! Of an error: kind (low byte), kind of error, 1 if this is what the end of the log looks like (a byte
//! each); 0; the position that the text names (2); where the record begins that is wrong (2); where the
//! last one began that is right (2), 0 without one; length and offset of the text.

mod counter;
mod facts;
#[cfg(feature = "serde")]
mod serial;
mod table;

pub use counter::{CountBy, Counter};
pub use facts::{BLOCK_WORDS, PLACE_WORDS, blocks, place};
#[cfg(feature = "serde")]
pub use serial::{Counts, RecordFacts};

use crate::types::Lsn;

use super::reader::Reader;
use super::scan::{Found, Scanner};
use table::Table;

/// The version of this layout, the header's first word.
pub const LAYOUT_VERSION: i32 = 1;
/// Words of the header.
pub const HEADER_WORDS: usize = 16;
/// Words of an entry.
pub const ENTRY_WORDS: usize = 20;

/// Kinds of entries.
pub mod kind {
    /// A record.
    pub const RECORD: u8 = 0;
    /// An error.
    pub const ERROR: u8 = 1;
}

/// Makes a table of each chunk of the log.
#[derive(Debug)]
pub struct RecordIndexer {
    scanner: Scanner,
    table: Table,
}

/// The table of one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordIndex<'a> {
    /// Header and entries.
    pub words: &'a [i32],
    /// Bytes that belong directly behind the chunk.
    pub side: &'a [u8],
}

impl RecordIndexer {
    /// An indexer of what a scanner finds.
    pub fn new(scanner: Scanner) -> Self {
        Self { scanner, table: Table::default() }
    }

    /// What reads.
    pub const fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// Takes the next chunk, which has to be smaller than 1 GiB, for offsets have 31 bits.
    ///
    /// A record that was cut by the end of the chunk is in a later table.
    pub fn push(&mut self, chunk: &[u8]) -> RecordIndex<'_> {
        let (position, held) = (self.scanner.position(), self.scanner.partial_page());
        self.table.start(chunk.len());
        let table = &mut self.table;
        self.scanner.push(chunk, |found| match found {
            Found::Record(record) => table.record(&record, chunk),
            Found::Problem(problem) => table.problem(&problem),
        });
        let first = match self.scanner.input() {
            // Where the log begins has become known with this chunk.
            Some(input) if !position.is_valid() => Lsn(input.0.saturating_add(held as u64)),
            _ => position,
        };
        self.table.finish(&Summary {
            first,
            next: self.scanner.position(),
            reader: self.scanner.reader(),
            done: self.scanner.is_done(),
            partial: self.scanner.partial_page(),
        });
        RecordIndex { words: self.table.words(), side: self.table.side() }
    }
}

/// What a header says.
struct Summary<'a> {
    first: Lsn,
    next: Lsn,
    reader: Option<&'a Reader>,
    done: bool,
    partial: usize,
}
