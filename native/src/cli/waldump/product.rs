//! What is made of records: text, lines of JSON, or a table.

use walscope_core::Lsn;
use walscope_core::wal::stats::Statistics;
use walscope_core::wal::{Block, Lines, Name, Record, Version};

use super::json;
use super::options::Settings;
use super::rows::{Names, RowReader};
use super::table::Table;
use super::zone::LocalZone;

/// What all of a run goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'s> {
    pub(super) settings: &'s Settings,
    pub(super) zone: &'s LocalZone,
    pub(super) names: &'s Names,
}

/// What has been made of records.
#[derive(Debug)]
pub(super) struct Product<'s> {
    asked: Asked<'s>,
    rows: Option<RowReader>,
    table: Option<Table>,
    lines: Lines,
    /// Text that is to be printed.
    pub(super) out: Vec<u8>,
}

impl<'s> Product<'s> {
    /// Of no record yet.
    pub(super) fn new(asked: Asked<'s>) -> Self {
        let settings = asked.settings;
        let table =
            if settings.quiet { None } else { Table::new(settings.output, settings.is_json) };
        let rows = settings.rows.then(RowReader::default);
        Self { asked, rows, table, lines: Lines::default(), out: Vec::new() }
    }

    /// The same, of no record yet.
    pub(super) fn empty(&self) -> Self {
        Self::new(self.asked)
    }

    /// The table's first line names the first record that was read, whatever filter it passes.
    pub(super) fn begin(&mut self, first: Lsn) {
        if let Some(table) = &mut self.table {
            table.start_at(first);
        }
    }

    /// Takes a record. Returns whether it is one of those that are asked for.
    pub(super) fn take(&mut self, record: &Record<'_>) -> bool {
        let Asked { settings, zone, names } = self.asked;
        let is_wanted = settings.filter.matches(record);
        if let Some(rows) = &mut self.rows {
            // Those that are not printed may be needed by those that are.
            rows.read(record, is_wanted && !settings.quiet, names);
        }
        match &mut self.table {
            Some(table) => table.take(record, is_wanted, &mut self.out),
            None if settings.quiet || !is_wanted => {}
            None if settings.is_json => {
                json::record(record, zone, names, self.rows.as_ref(), &mut self.out);
            }
            None => {
                let name = |block: &Block<'_>| names.text(block);
                let name: Option<Name<'_>> = if names.is_empty() { None } else { Some(&name) };
                self.lines.write(record, settings.bkp_details, zone, name, &mut self.out);
                if let Some(rows) = &self.rows {
                    rows.write_lines(&mut self.out);
                }
            }
        }
        is_wanted
    }

    /// What all records can go to without being looked at one by one; `None`: that cannot be.
    pub(super) fn bulk(&mut self) -> Option<&mut Statistics> {
        if !self.asked.settings.takes_all() {
            return None;
        }
        self.table.as_mut()?.statistics()
    }

    /// Adds what was made of the records that follow, but for their text.
    pub(super) fn merge(&mut self, later: &Self) {
        if let (Some(table), Some(later)) = (&mut self.table, &later.table) {
            table.merge(later);
        }
    }

    /// Appends the table to the text.
    pub(super) fn finish(&mut self, version: Version) {
        if let Some(table) = self.table.take() {
            table.finish(version, self.asked.zone, &mut self.out);
        }
    }
}
