//! Runs of rows, the short way: inserts, and updates that send no old row, whose values are all text.
//! What is anything else, or not sound, is left to the long way, which says what is wrong.

use super::record::{NO_OLD, NULL, UNCHANGED};
use super::table::NOT_ASCII;
use super::words::{halves, int};
use super::{Indexer, RECORD_WORDS};
use crate::capture::MESSAGE_OFFSET;
use crate::pgoutput::{Column, NewRow, Tuple};

/// Words of a row's record before its columns.
const HEAD_WORDS: usize = RECORD_WORDS + 5;
/// Words of a column.
const COLUMN_WORDS: usize = 2;

impl Indexer {
    /// Makes records of the rows at the front of `input` from `at` on, and says where they end.
    pub(super) fn rows(&mut self, input: &[u8], mut at: usize) -> usize {
        // Offsets that all fit are taken as they are.
        if i32::try_from(input.len()).is_err() {
            return at;
        }
        while let Some(end) = self.rows_of_a_table(input, at) {
            at = end;
        }
        at
    }

    /// The same for rows of one table; `None` where the first one is none.
    fn rows_of_a_table(&mut self, input: &[u8], start: usize) -> Option<usize> {
        let items = int(usize::try_from(self.items_here()).ok()?);
        let reader = self.reader;
        let front = |at| reader.row(input.get(at..).unwrap_or_default());
        let NewRow { relation, .. } = NewRow::in_message(front(start)?.message, false)?;
        let table = self.tracker.relation(relation)?;
        let (slot, columns) = (table.slot.cast_signed(), table.columns.len());
        self.tracker.run()?;
        let context_due = self.context_due;
        if context_due {
            self.context();
        }
        let mut run = self.tracker.run()?;
        let xid = run.xid().0.cast_signed();
        let length = columns.checked_mul(COLUMN_WORDS)?.checked_add(HEAD_WORDS)?;
        let (record_words, tuple_columns) = (int(length), int(columns));
        let mut at = start;
        while let Some(frame) = front(at) {
            let row = NewRow::in_message(frame.message, false);
            let Some(row) = row.filter(|row| row.relation == relation) else { break };
            let (offset, size) =
                (small(at.saturating_add(MESSAGE_OFFSET)), small(frame.message.len()));
            let [lsn, lsn_high] = halves(frame.lsn.0);
            let (kind, seq) = (i32::from(row.tag), run.seq().cast_signed());
            let head = [
                kind,
                record_words,
                offset,
                size,
                lsn,
                lsn_high,
                xid,
                items,
                seq,
                slot,
                NO_OLD,
                0,
                tuple_columns,
            ];
            let end = at.saturating_add(frame.size);
            let written = self.table.whole(length, |words| {
                let (front, pairs) = words.split_first_chunk_mut::<HEAD_WORDS>()?;
                *front = head;
                fill(pairs, columns, row.tuple, end)
            });
            if written.is_none() {
                break;
            }
            run.pass(row.tag, relation, frame.lsn);
            at = end;
        }
        self.reader.pass(at.saturating_sub(start));
        if at > start {
            return Some(at);
        }
        if context_due {
            self.context_due = true;
            self.table.take_back();
        }
        None
    }
}

/// Writes the two words of each column of a row that ends at `end`. `None` where it is not sound, has
/// another number of columns, or binary values.
#[inline]
fn fill(words: &mut [i32], columns: usize, tuple: &[u8], end: usize) -> Option<()> {
    // Lengths under 128 are ASCII too, so mostly one look at a row is enough.
    let is_ascii = tuple.is_ascii();
    let mut rest = Tuple::unchecked(tuple, columns)?;
    for pair in words.as_chunks_mut::<COLUMN_WORDS>().0 {
        *pair = match rest.next()? {
            Column::Text(text) => {
                let length = small(text.len());
                let start = end.wrapping_sub(rest.size()).wrapping_sub(text.len());
                let is_ascii = is_ascii || text.is_ascii();
                [small(start), if is_ascii { length } else { NOT_ASCII.wrapping_sub(length) }]
            }
            Column::Null => [0, NULL],
            Column::UnchangedToast => [0, UNCHANGED],
            Column::Binary(_) => return None,
        };
    }
    (rest.size() == 0).then_some(())
}

/// An offset or a length in an input of which all fit.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "they were looked at"
)]
const fn small(value: usize) -> i32 {
    value as i32
}

#[cfg(test)]
mod tests {
    extern crate std;

    use alloc::vec::Vec;
    use alloc::{format, string::ToString};

    use crate::capture::{Next, Reader};
    use crate::frame::MAX_MESSAGE;
    use crate::index::{Indexer, OnError};
    use crate::transaction::View;

    /// The words of a recording, and how often the short way was taken.
    #[expect(clippy::arithmetic_side_effects, reason = "a test's input is small")]
    fn words(input: &[u8], short_way: bool) -> (Vec<i32>, usize) {
        let mut indexer = Indexer::new(Reader::new(MAX_MESSAGE), View::Transactions, OnError::Stop);
        indexer.table.start();
        let (mut at, mut taken) = (0, 0);
        loop {
            let end = if short_way { indexer.rows(input, at) } else { at };
            taken += usize::from(end > at);
            at = end;
            let Ok(Next::Entry(entry, length)) = indexer.reader.next(&input[at..]) else { break };
            indexer.entry(entry, input).map_err(|failure| failure.error().to_string()).unwrap();
            at += length;
        }
        assert_eq!(at, input.len());
        indexer.table.finish(at, 0, 0);
        (indexer.table.words().to_vec(), taken)
    }

    #[test]
    fn both_ways_lead_to_the_same() {
        for (name, majors) in [("kinds", 14..=18), ("narrow", 18..=18), ("wide", 18..=18)] {
            for major in majors {
                let path = format!("../tests/fixtures/pg{major}/{name}.walcap");
                let input = std::fs::read(&path).unwrap();
                let (short, taken) = words(&input, true);
                assert!(taken > 0, "{path}");
                assert_eq!(short, words(&input, false).0, "{path}");
            }
        }
    }
}
