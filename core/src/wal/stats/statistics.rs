//! Counts by resource manager and kind of record (`XLogStats`).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::count::Count;
use super::table::{write_header, write_row, write_total};
use crate::types::Lsn;
use crate::wal::{Error, Reader, Record, RecordHeader, RmgrId, Version, rmgr};

/// Values of the four bits that are a resource manager's own (`MAX_XLINFO_TYPES`).
const KINDS: usize = 16;

/// Values of a resource manager's number.
const RMGRS: usize = 256;

/// Of a transaction's record one of the four bits does not say what kind it is.
const TRANSACTION_KINDS: u8 = 0x07;

/// What a table has a row for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatisticsBy {
    /// Each resource manager: `--stats`.
    #[default]
    Rmgr,
    /// Each kind of record: `--stats=record`.
    Record,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The resource manager's name, or with the kind of record: `Heap`, `Heap/INSERT`.
    pub name: String,
    /// The resource manager.
    pub rmgr: RmgrId,
    /// The kind of record: the bits of the info that are the resource manager's own. `None`: the row
    /// is of all its kinds.
    pub info: Option<u8>,
    /// What was counted.
    pub count: Count,
}

/// What `pg_waldump --stats` counts.
///
/// ```
/// # use walscope_core::wal::{Error, Options, Reader, Version};
/// # use walscope_core::wal::stats::{Statistics, StatisticsBy};
/// /// The table of a part of the log.
/// fn table(mut log: &[u8]) -> Result<String, Error> {
///     let mut reader = Reader::new(Options::default());
///     let mut statistics = Statistics::new();
///     statistics.read(&mut reader, &mut log)?;
///     let version = reader.version().unwrap_or(Version::NEWEST);
///     Ok(statistics.table(StatisticsBy::Rmgr, version))
/// }
/// # assert_eq!(table(&[])?, "");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Statistics {
    start: Lsn,
    end: Lsn,
    kinds: Box<[[Count; KINDS]]>,
}

impl Default for Statistics {
    fn default() -> Self {
        Self::new()
    }
}

impl Statistics {
    /// Nothing is counted yet.
    pub fn new() -> Self {
        let kinds = alloc::vec![[Count::default(); KINDS]; RMGRS].into_boxed_slice();
        Self { start: Lsn::INVALID, end: Lsn::INVALID, kinds }
    }

    /// Says where the first record begins that was read, if it is not the first that is counted: the
    /// table begins with it.
    pub const fn start_at(&mut self, start: Lsn) {
        self.start = start;
    }

    /// Where the first record begins; 0/0: none was counted.
    pub const fn start(&self) -> Lsn {
        self.start
    }

    /// Where the last record ends that was counted; 0/0: none was.
    pub const fn end(&self) -> Lsn {
        self.end
    }

    /// Counts a record.
    #[inline]
    pub fn count(&mut self, record: &Record<'_>) {
        self.add(record.header(), record.image_length(), record.lsn(), record.end());
    }

    /// Counts all records that `reader` still finds in `input`, which is the same as reading one after
    /// the other, but takes half the time. All of the input was taken when it returns without an
    /// error.
    ///
    /// # Errors
    ///
    /// When the log is not right, as [`Reader::next`] says it. What comes before was counted.
    pub fn read(&mut self, reader: &mut Reader, input: &mut &[u8]) -> Result<(), Error> {
        loop {
            while let Some(plain) = reader.plain_length(input) {
                self.add(&plain.header, plain.found, plain.place.lsn, plain.place.end);
            }
            match reader.next(input)? {
                Some(record) => self.count(&record),
                None => return Ok(()),
            }
        }
    }

    #[inline]
    fn add(&mut self, header: &RecordHeader, images: u32, lsn: Lsn, end: Lsn) {
        let mut kind = header.rmgr_info() >> 4;
        if header.rmgr == RmgrId::TRANSACTION {
            kind &= TRANSACTION_KINDS;
        }
        let kinds = self.kinds.get_mut(usize::from(header.rmgr.0));
        if let Some(count) = kinds.and_then(|kinds| kinds.get_mut(usize::from(kind))) {
            count.add_lengths(header.total_length, images);
        }
        if !self.start.is_valid() {
            self.start = lsn;
        }
        self.end = end;
    }

    /// Adds what was counted of the part of the log that follows.
    pub fn merge(&mut self, later: &Self) {
        let counts = self.kinds.as_flattened_mut().iter_mut();
        for (count, more) in counts.zip(later.kinds.as_flattened()) {
            count.plus(more);
        }
        if !self.start.is_valid() {
            self.start = later.start;
        }
        if later.end.is_valid() {
            self.end = later.end;
        }
    }

    /// The sum of all.
    pub fn total(&self) -> Count {
        Count::sum(self.kinds.as_flattened())
    }

    /// The rows of a table in their order, with the names of a version: of each built-in resource
    /// manager, and of others and of kinds of records where there is at least one record.
    pub fn rows(&self, by: StatisticsBy, version: Version) -> Vec<Row> {
        let mut rows = Vec::new();
        for (rmgr, kinds) in (0..=u8::MAX).map(RmgrId).zip(&self.kinds) {
            match by {
                StatisticsBy::Rmgr => {
                    let count = Count::sum(kinds);
                    if rmgr.name().is_some() || count.records > 0 {
                        rows.push(Row { name: rmgr.to_string(), rmgr, info: None, count });
                    }
                }
                StatisticsBy::Record => {
                    for (kind, count) in (0_u8..).zip(kinds).filter(|(_, count)| count.records > 0)
                    {
                        let (info, count) = (kind << 4, *count);
                        let name = match rmgr::identify(rmgr, info, version) {
                            Some(name) => format!("{rmgr}/{name}"),
                            None => format!("{rmgr}/UNKNOWN ({info:x})"),
                        };
                        rows.push(Row { name, rmgr, info: Some(info), count });
                    }
                }
            }
        }
        rows
    }

    /// The table, byte for byte as `pg_waldump` of a version prints it. Since PostgreSQL 15 a line
    /// comes before it that says what of the log it is of, and without a record there is no table.
    pub fn table(&self, by: StatisticsBy, version: Version) -> String {
        let mut out = String::new();
        // A string takes all that is written to it.
        let _ = self.write(by, version, &mut out);
        out
    }

    fn write(&self, by: StatisticsBy, version: Version, out: &mut String) -> fmt::Result {
        if version >= Version::V15 {
            if !self.end.is_valid() {
                return Ok(());
            }
            writeln!(out, "WAL statistics between {} and {}:", self.start, self.end)?;
        }
        let total = self.total();
        write_header(out)?;
        for Row { name, count, .. } in self.rows(by, version) {
            write_row(out, &name, &count, &total)?;
        }
        write_total(out, &total)
    }
}
