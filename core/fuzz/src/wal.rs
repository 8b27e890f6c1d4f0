//! The log: what comes out does not depend on how it is cut, and records come out of pages as they
//! went in, or with an error about their parts. The input is a byte of options, two bytes that choose
//! the cuts, and either the log itself or records, from which a log is made.

use core::hint::black_box;

use walscope_core::Lsn;
use walscope_core::dump::{MAX_NODES, Node};
use walscope_core::wal::stats::{Checkpoints, Transactions};
use walscope_core::wal::{Options, PAGE_SIZE, Reader, Record, SegmentSize, Utc, Version};

use super::input::{Input, chunks};
use super::memory::bounded;

const OPTION_MADE: u8 = 1;
/// Two pages before the end of a segment, so that logs go over it.
const START: u64 = (4 << 20) - 2 * PAGE_SIZE as u64;
const SEGMENT: u32 = 1 << 20;
const HEADER: usize = 24;
/// What reading may take whatever the log's length.
const ROOM: usize = 64 * 1024;

/// Checks a log.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let options = input.byte();
    let seed = input.u16();
    let made;
    let (log, records) = if options & OPTION_MADE == 0 {
        (input.0, None)
    } else {
        let version = Version::ALL[usize::from(options >> 1) % Version::ALL.len()];
        made = Log::make(input, version);
        (made.bytes.as_slice(), Some(made.records.as_slice()))
    };
    let whole = bounded(log.len(), ROOM, 128, || read(core::iter::once(log)));
    let cut = read(chunks(log, seed));
    assert_eq!(whole, cut, "records depend on the cuts");
    if let Some(records) = records {
        let whole: Vec<_> = whole.into_iter().map(|found| found.lsn).collect();
        assert_eq!(whole, records, "other records come out than went in");
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Found {
    lsn: Lsn,
    end: Lsn,
    /// The CRC of a record, or the kind of an error.
    what: Result<u32, u8>,
}

fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Found> {
    let mut reader = Reader::new(Options {
        start: Lsn(START),
        segment_size: SegmentSize::new(SEGMENT),
        ..Options::default()
    });
    let mut found = Vec::new();
    let mut totals = Totals::default();
    for mut chunk in chunks {
        loop {
            match reader.next(&mut chunk) {
                Ok(Some(record)) => {
                    walk(&record);
                    totals.take(&record);
                    let what = Ok(record.header().crc);
                    found.push(Found { lsn: record.lsn(), end: record.end(), what });
                }
                Ok(None) => break,
                Err(error) => {
                    black_box(error.to_string());
                    let what = Err(error.kind().code());
                    // From PostgreSQL 15 on it does not say of which record, but the reader knows.
                    let lsn = reader.failed_record();
                    found.push(Found { lsn, end: Lsn::INVALID, what });
                    reader.resync();
                }
            }
        }
    }
    totals.check();
    found
}

/// Between checkpoints every record is counted once; transactions come out, whatever the records are.
#[derive(Default)]
struct Totals {
    checkpoints: Checkpoints,
    transactions: Transactions,
    /// Records that are not counted for a checkpoint yet.
    records: u64,
}

impl Totals {
    fn take(&mut self, record: &Record<'_>) {
        self.records += 1;
        if let Some(whole) = self.checkpoints.take(record, true) {
            self.records -= whole.following.records;
        }
        self.transactions.take(record, true);
        while let Some(ended) = self.transactions.next_ended() {
            black_box(ended);
        }
    }

    fn check(self) {
        assert_eq!(self.records, self.checkpoints.last().following.records);
        self.transactions.into_open().for_each(|open| _ = black_box(open));
    }
}

/// Goes through all that a record says.
fn walk(record: &Record<'_>) {
    let mut at = 0;
    record.visit_fields(|_, range| {
        assert_eq!(range.start, at);
        at = range.end;
    });
    assert_eq!(at, record.bytes().len());
    assert!(record.position(at) >= record.lsn());
    let tree = record.tree();
    assert_eq!(tree.range, 0..record.bytes().len());
    // Where no more fit, each part has one for its rest.
    assert!(tree_size(&tree) <= MAX_NODES + 128, "too large a tree");
    let mut text = Vec::new();
    record.describe(&mut text, &Utc);
    black_box((record.identify(), text));
    for block in record.blocks() {
        assert_eq!(record.block(block.id()).map(|found| found.number()), Some(block.number()));
        let mut page = [0; 8192];
        black_box(record.restore_image(block.id(), &mut page)).ok();
        black_box(block.data());
    }
}

/// Checks where nodes are, and counts those below one.
fn tree_size(node: &Node<'_>) -> usize {
    let inside = |child: &Node<'_>| {
        node.range.start <= child.range.start && child.range.end <= node.range.end
    };
    node.children()
        .iter()
        .map(|child| {
            assert!(inside(child), "{child:?} is outside of {:?}", node.range);
            1 + tree_size(child)
        })
        .sum()
}

/// A log of records that follow each other.
struct Log {
    bytes: Vec<u8>,
    records: Vec<Lsn>,
    version: Version,
}

impl Log {
    fn make(mut input: Input<'_>, version: Version) -> Self {
        let mut log = Self { bytes: Vec::new(), records: Vec::new(), version };
        let mut previous = 0_u64;
        while !input.is_empty() && log.bytes.len() < 1 << 16 {
            let (info, rmgr, repeat) = (input.byte(), input.byte() % 22, input.byte());
            // Switches end a segment, which would have to be filled.
            let info = if rmgr == 0 { info & 0x3F } else { info };
            let mut body = input.sized().to_vec();
            if repeat > 200 {
                body = body.repeat(usize::from(repeat));
                body.truncate(1 << 15);
            }
            let mut record = vec![0; HEADER];
            record.extend(body);
            let length = record.len() as u32;
            record[..4].copy_from_slice(&length.to_le_bytes());
            record[8..16].copy_from_slice(&previous.to_le_bytes());
            record[16..18].copy_from_slice(&[info, rmgr]);
            let crc = crc(&[&record[HEADER..], &record[..20]]);
            record[20..24].copy_from_slice(&crc.to_le_bytes());
            let lsn = log.append(&record);
            log.records.push(lsn);
            previous = lsn.0;
        }
        log
    }

    fn position(&self) -> u64 {
        START + self.bytes.len() as u64
    }

    fn append(&mut self, record: &[u8]) -> Lsn {
        const PAGE: u64 = PAGE_SIZE as u64;
        while !self.position().is_multiple_of(8) {
            self.bytes.push(0);
        }
        if self.position().is_multiple_of(PAGE) {
            self.page_header(0);
        }
        let lsn = Lsn(self.position());
        let mut rest = record;
        loop {
            let room = (PAGE - self.position() % PAGE) as usize;
            let (part, behind) = rest.split_at(room.min(rest.len()));
            self.bytes.extend(part);
            rest = behind;
            if rest.is_empty() {
                return lsn;
            }
            self.page_header(rest.len() as u32);
        }
    }

    fn page_header(&mut self, remaining: u32) {
        let long = self.position().is_multiple_of(SEGMENT.into());
        let info = u16::from(remaining > 0) | u16::from(long) << 1;
        let address = self.position();
        self.bytes.extend(self.version.magic().to_le_bytes());
        self.bytes.extend(info.to_le_bytes());
        self.bytes.extend(1_u32.to_le_bytes());
        self.bytes.extend(address.to_le_bytes());
        self.bytes.extend(remaining.to_le_bytes());
        self.bytes.extend([0; 4]);
        if long {
            self.bytes.extend(7_u64.to_le_bytes());
            self.bytes.extend(SEGMENT.to_le_bytes());
            self.bytes.extend(PAGE_SIZE.to_le_bytes());
        }
    }
}

/// CRC-32C, bit by bit.
fn crc(parts: &[&[u8]]) -> u32 {
    let mut crc = !0_u32;
    for byte in parts.iter().copied().flatten() {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 };
        }
    }
    !crc
}
