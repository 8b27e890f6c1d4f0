//! What crosses to JavaScript as JSON, when it is asked for.

use alloc::vec::Vec;
use core::fmt::Display;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::Counter;
use crate::dump::Facts;
use crate::types::Lsn;
use crate::wal::stats::Count;
use crate::wal::{Problem, Record};

/// The values of a record's fields: an object with `data`, and with `blocks`, a list with an item for
/// each block reference, null where it has no data. See [`Facts`].
#[derive(Clone, Copy, Debug)]
pub struct RecordFacts<'r, 'a>(pub &'r Record<'a>);

impl Serialize for RecordFacts<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let blocks: Vec<_> = self.0.blocks().map(|block| self.0.block_fields(block.id())).collect();
        let blocks: Vec<_> = blocks.iter().map(|node| node.as_ref().map(Facts)).collect();
        let mut object = serializer.serialize_struct("RecordFacts", 2)?;
        object.serialize_field("data", &Facts(&self.0.main_fields()))?;
        object.serialize_field("blocks", &blocks)?;
        object.end()
    }
}

/// What was counted: the major `version`, where the `input` begins, where the records that were counted
/// begin and end (`startLsn`, `endLsn`), the `position` of the next byte, bytes of a `partial` page,
/// `rows` and `total` (name, records, bytes, bytes of images), the `table` that is printed, `problems`
/// and how many more were `skipped`. What is not known is null.
#[derive(Clone, Copy, Debug)]
pub struct Counts<'c>(pub &'c Counter);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counter = self.0;
        let scanner = counter.scanner();
        let version = scanner.reader().and_then(|reader| reader.version());
        let (start, end) = counter.range();
        let (problems, skipped) = counter.problems();
        let problems: Vec<_> = problems.iter().map(Wrong).collect();
        let rows = counter.rows();
        let rows: Vec<_> = rows.iter().map(|(name, count)| row(name, count)).collect();
        let mut object = serializer.serialize_struct("Counts", 11)?;
        object.serialize_field("version", &version.map(|version| version.major()))?;
        object.serialize_field("input", &scanner.input().map(Text))?;
        object.serialize_field("startLsn", &known(start))?;
        object.serialize_field("endLsn", &known(end))?;
        object.serialize_field("position", &Text(scanner.position()))?;
        object.serialize_field("partial", &scanner.partial_page())?;
        object.serialize_field("rows", &rows)?;
        object.serialize_field("total", &row("Total", &counter.total()))?;
        object.serialize_field("table", &counter.table())?;
        object.serialize_field("problems", &problems)?;
        object.serialize_field("skipped", &skipped)?;
        object.end()
    }
}

fn row<'n>(name: &'n str, count: &Count) -> (&'n str, u64, u64, u64) {
    (name, count.records, count.bytes, count.images)
}

fn known(lsn: Lsn) -> Option<Text<Lsn>> {
    lsn.is_valid().then_some(Text(lsn))
}

/// An error: its `text`; whether that `isEnd`, what the log's end looks like; the position `lsn` that
/// the text names; where the `record` begins that is wrong; where the `last` one begins that was right.
struct Wrong<'p>(&'p Problem);

impl Serialize for Wrong<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Problem { error, failed_record, last_record, .. } = self.0;
        let mut object = serializer.serialize_struct("Problem", 5)?;
        object.serialize_field("text", &Text(error))?;
        object.serialize_field("isEnd", &error.is_end())?;
        object.serialize_field("lsn", &Text(error.lsn()))?;
        object.serialize_field("record", &Text(failed_record))?;
        object.serialize_field("last", &Text(last_record))?;
        object.end()
    }
}

/// What is shown as a text.
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
