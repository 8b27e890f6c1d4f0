//! The words of one chunk's table, and the bytes that core adds to it.

use alloc::vec::Vec;
use core::fmt::Write;

use super::{ENTRY_WORDS, HEADER_WORDS, LAYOUT_VERSION, Summary, kind};
use crate::index::words::{Side, halves, int};
use crate::reader::range_in;
use crate::types::{Lsn, RelFileLocator};
use crate::wal::{Block, Problem, Reader, Record};

#[derive(Debug, Default)]
pub(super) struct Table {
    words: Vec<i32>,
    side: Vec<u8>,
    received: usize,
    entries: u32,
}

impl Table {
    pub(super) fn words(&self) -> &[i32] {
        &self.words
    }

    pub(super) fn side(&self) -> &[u8] {
        &self.side
    }

    /// Begins the table of a chunk of so many bytes.
    pub(super) fn start(&mut self, received: usize) {
        self.words.clear();
        self.words.resize(HEADER_WORDS, 0);
        self.side.clear();
        self.received = received;
        self.entries = 0;
    }

    pub(super) fn finish(&mut self, summary: &Summary<'_>) {
        let Summary { first, next, reader, done, partial } = *summary;
        let [first_low, first_high] = halves(first.0);
        let [next_low, next_high] = halves(next.0);
        let lsn =
            |of: fn(&Reader) -> Option<Lsn>| halves(reader.and_then(of).unwrap_or(Lsn::INVALID).0);
        let [pending_low, pending_high] = lsn(Reader::pending);
        let [overwritten_low, overwritten_high] = lsn(|reader| Some(reader.overwritten()));
        let version = reader.and_then(Reader::version).map_or(0, |version| version.major());
        let size = reader.and_then(Reader::segment_size).unwrap_or_default();
        let header: [i32; HEADER_WORDS] = [
            LAYOUT_VERSION,
            self.entries.cast_signed(),
            int(self.received),
            version.cast_signed(),
            first_low,
            first_high,
            next_low,
            next_high,
            size.get().cast_signed(),
            reader.map_or(0, |reader| reader.timeline().0).cast_signed(),
            pending_low,
            pending_high,
            overwritten_low,
            overwritten_high,
            i32::from(done),
            int(partial),
        ];
        if let Some(room) = self.words.get_mut(..HEADER_WORDS) {
            room.copy_from_slice(&header);
        }
    }

    pub(super) fn record(&mut self, record: &Record<'_>, chunk: &[u8]) {
        let offset = match range_in(chunk, record.bytes()) {
            Some(range) => range.start,
            None => self.append(record.bytes()),
        };
        let header = record.header();
        let [lsn_low, lsn_high] = halves(record.lsn().0);
        let [end_low, end_high] = halves(record.end().0);
        let [prev_low, prev_high] = halves(header.prev.0);
        let mut blocks = record.blocks();
        let count = u8::try_from(blocks.len()).unwrap_or(u8::MAX);
        let first = blocks.next();
        let relation = first.map_or(RelFileLocator::default(), |block| block.locator());
        self.push([
            i32::from_le_bytes([kind::RECORD, header.rmgr.0, header.info, count]),
            header.xid.0.cast_signed(),
            lsn_low,
            lsn_high,
            end_low,
            end_high,
            prev_low,
            prev_high,
            header.total_length.cast_signed(),
            int(offset),
            int(record.main_data().len()),
            record.image_length().cast_signed(),
            record.place().timeline.0.cast_signed(),
            record.toplevel_xid().0.cast_signed(),
            record.origin().into(),
            relation.tablespace.0.cast_signed(),
            relation.database.0.cast_signed(),
            relation.relation.0.cast_signed(),
            first.map_or(0, |block| block.number()).cast_signed(),
            first.map_or(0, fork_and_flags),
        ]);
    }

    pub(super) fn problem(&mut self, problem: &Problem) {
        let error = problem.error;
        let start = self.side.len();
        // Writing to memory cannot fail.
        let _ = write!(Side(&mut self.side), "{error}");
        let length = self.side.len().saturating_sub(start);
        let [lsn_low, lsn_high] = halves(error.lsn().0);
        let [failed_low, failed_high] = halves(problem.failed_record.0);
        let [last_low, last_high] = halves(problem.last_record.0);
        let mut words = [0; ENTRY_WORDS];
        let (front, _) = words.split_at_mut(10);
        front.copy_from_slice(&[
            i32::from_le_bytes([kind::ERROR, error.kind().code(), error.is_end().into(), 0]),
            0,
            lsn_low,
            lsn_high,
            failed_low,
            failed_high,
            last_low,
            last_high,
            int(length),
            int(self.received.saturating_add(start)),
        ]);
        self.push(words);
    }

    /// Adds side bytes, and returns their offset.
    fn append(&mut self, bytes: &[u8]) -> usize {
        let start = self.received.saturating_add(self.side.len());
        self.side.extend_from_slice(bytes);
        start
    }

    fn push(&mut self, words: [i32; ENTRY_WORDS]) {
        self.words.extend_from_slice(&words);
        self.entries = self.entries.saturating_add(1);
    }
}

fn fork_and_flags(block: Block<'_>) -> i32 {
    i32::from_le_bytes([block.fork().0, block.flags(), 0, 0])
}
