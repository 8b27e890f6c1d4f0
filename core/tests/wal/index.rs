//! The table of integers that JavaScript reads, against the records that it is made of.

use allocation_counter::measure;
use walscope_core::Lsn;
use walscope_core::index::OnError;
use walscope_core::wal::index::{
    BLOCK_WORDS, ENTRY_WORDS, HEADER_WORDS, LAYOUT_VERSION, RecordIndexer, blocks, kind, place,
};
use walscope_core::wal::{BlockTable, Options, Record, Scanner, Utc};

use super::samples::{self, Sample};
use super::{each_record, head, read, references};

/// An entry with the bytes that it speaks of.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    words: Vec<i32>,
    bytes: Vec<u8>,
}

/// All entries, without where their bytes lie in the chunk.
fn index<'c>(
    indexer: &mut RecordIndexer,
    chunks: impl IntoIterator<Item = &'c [u8]>,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    for chunk in chunks {
        let before = indexer.scanner().position();
        let held = indexer.scanner().partial_page() as u64;
        let table = indexer.push(chunk);
        let (header, words) = table.words.split_at(HEADER_WORDS);
        assert_eq!(header[0], LAYOUT_VERSION);
        assert_eq!(header[1] as usize * ENTRY_WORDS, words.len());
        assert_eq!(header[2] as usize, chunk.len());
        if before.is_valid() {
            assert_eq!(lsn(header, 4), before);
        } else if lsn(header, 4).is_valid() {
            // Behind what had come before it was known where the log begins.
            assert_eq!(lsn(header, 4).0 % 8192, held);
        }
        let bytes = [chunk, table.side].concat();
        for words in words.chunks(ENTRY_WORDS) {
            let is_record = words[0] & 0xFF == i32::from(kind::RECORD);
            let (offset, length) = (words[9] as usize, words[8] as usize);
            let mut words = words.to_vec();
            words[9] = 0;
            let bytes = bytes[offset..offset + length].to_vec();
            assert!(is_record || str::from_utf8(&bytes).is_ok());
            entries.push(Entry { words, bytes });
        }
    }
    entries
}

fn lsn(words: &[i32], at: usize) -> Lsn {
    Lsn(u64::from(words[at + 1].cast_unsigned()) << 32 | u64::from(words[at].cast_unsigned()))
}

fn indexer(sample: &Sample, on_error: OnError) -> RecordIndexer {
    let timeline = Some(sample.first.timeline);
    RecordIndexer::new(Scanner::new(Options { timeline, ..Options::default() }, None, on_error))
}

fn whole(sample: &Sample) -> Vec<Entry> {
    index(&mut indexer(sample, OnError::Stop), [sample.wal.as_slice()])
}

#[test]
fn entries_say_what_records_do() {
    for sample in samples::all() {
        let entries = whole(sample);
        let mut records = entries.iter();
        each_record(sample, |record| {
            let Entry { words, bytes } = records.next().expect("an entry");
            let header = record.header();
            assert_eq!(bytes, record.bytes());
            let [what, rmgr, info, count] = words[0].to_le_bytes();
            assert_eq!((what, rmgr, info), (kind::RECORD, header.rmgr.0, header.info));
            assert_eq!(usize::from(count), record.blocks().len());
            assert_eq!(words[1].cast_unsigned(), header.xid.0);
            let places = [lsn(words, 2), lsn(words, 4), lsn(words, 6)];
            assert_eq!(places, [record.lsn(), record.end(), header.prev]);
            let lengths = [words[8], words[10], words[11]].map(i32::cast_unsigned);
            let main = record.main_data().len() as u32;
            assert_eq!(lengths, [header.total_length, main, record.image_length()]);
            let others = [words[12], words[13], words[14]].map(i32::cast_unsigned);
            let (timeline, top) = (record.place().timeline.0, record.toplevel_xid().0);
            assert_eq!(others, [timeline, top, record.origin().into()]);
            let first = [words[15], words[16], words[17], words[18]].map(i32::cast_unsigned);
            let expected = record.blocks().next().map_or([0; 4], |block| {
                let of = block.locator();
                [of.tablespace.0, of.database.0, of.relation.0, block.number()]
            });
            assert_eq!(first, expected);
        });
        let left: Vec<_> = records.collect();
        assert_eq!(left.len(), usize::from(!sample.stderr.is_empty()), "{}", sample.name);
        if let [Entry { words, bytes }] = left[..] {
            assert_eq!(words[0] & 0xFF, i32::from(kind::ERROR));
            assert_eq!(words[0] >> 16 & 1, 1, "this is what the end looks like");
            let last = lsn(words, 6);
            let text = format!("at {last}: {}", str::from_utf8(bytes).unwrap());
            assert!(sample.stderr.ends_with(&text), "{text}");
        }
    }
}

/// Nobody says where the log begins: its first page does.
#[test]
fn chunks_of_any_size_have_the_same_entries() {
    for sample in samples::all() {
        let expected = whole(sample);
        for size in [8191, 100_003] {
            let entries = index(&mut indexer(sample, OnError::Stop), sample.wal.chunks(size));
            assert!(entries == expected, "{} by {size}", sample.name);
        }
        let pages = &sample.wal[..20 * 8192];
        let expected = index(&mut indexer(sample, OnError::Stop), [pages]);
        for size in [1, 7, 24, 40] {
            let entries = index(&mut indexer(sample, OnError::Stop), pages.chunks(size));
            assert!(entries == expected, "{} by {size}", sample.name);
        }
    }
}

#[test]
fn a_record_is_read_again_from_its_bytes() {
    let mut compared = 0;
    for sample in samples::all() {
        let size = sample.first.size.get().cast_signed();
        let entries = whole(sample);
        let mut records = entries.iter();
        each_record(sample, |record| {
            let Entry { words, bytes } = records.next().expect("an entry");
            let major = sample.major.cast_signed();
            let where_it_lies =
                place(&[words[2], words[3], words[4], words[5], words[12], major, size]).unwrap();
            let mut table = BlockTable::default();
            let again = Record::decode(bytes, where_it_lies, &mut table).unwrap();
            let mut line = Vec::new();
            again.write_line(false, &Utc, &mut line);
            let mut expected = head(record).into_bytes();
            match record.identify() {
                Some(name) => expected.extend(name.bytes()),
                None => expected.extend(format!("UNKNOWN ({:x})", record.info()).bytes()),
            }
            expected.push(b' ');
            record.describe(&mut expected, &Utc);
            expected.extend(references(record).bytes());
            expected.push(b'\n');
            assert_eq!(line, expected);
            let words = blocks(&again);
            assert_eq!(words.len(), record.blocks().len() * BLOCK_WORDS);
            for (words, block) in words.chunks(BLOCK_WORDS).zip(record.blocks()) {
                compared += 1;
                assert_eq!(part(bytes, words[7], words[8]), block.data());
                let image = block.image().map(|image| image.bytes());
                assert_eq!(part(bytes, words[9], words[10]), image);
            }
        });
    }
    assert!(compared > 1000);
}

fn part(bytes: &[u8], offset: i32, length: i32) -> Option<&[u8]> {
    usize::try_from(offset).ok().map(|offset| &bytes[offset..offset + length as usize])
}

/// What lies behind an error is read where that is asked for, and the end of the log is told once.
#[test]
fn errors_are_entries() {
    let sample = samples::own(18, "clogtrunc");
    let mut wal = sample.wal[..30 * 8192].to_vec();
    wal[5 * 8192 + 100] ^= 1;
    wal.resize(60 * 8192, 0);
    let kinds = |on_error| {
        let entries = index(&mut indexer(&sample, on_error), wal.chunks(10_000));
        let errors = entries.iter().filter(|entry| entry.words[0] & 0xFF == 1);
        let ends: Vec<_> = errors.map(|entry| entry.words[0] >> 16 & 1).collect();
        (entries.len(), ends)
    };
    let (stopped, errors) = kinds(OnError::Stop);
    assert_eq!(errors, [0]);
    let (skipped, errors) = kinds(OnError::Skip);
    assert_eq!(errors, [0, 1]);
    assert!(skipped > stopped + 100);
    let scanner = Scanner::new(Options::default(), None, OnError::Skip).stopping_at_end(true);
    let mut indexer = RecordIndexer::new(scanner);
    assert_eq!(index(&mut indexer, wal.chunks(10_000)).len(), skipped);
    assert!(indexer.scanner().is_done());
}

/// Bytes at the end and behind it are not looked at, as `pg_waldump --end` does not.
#[test]
fn reading_ends_where_it_is_told() {
    let sample = samples::own(18, "promote_tli2");
    let all = whole(&sample);
    for count in [1, 5, 20] {
        let end = lsn(&all[count].words, 2);
        let scanner = Scanner::new(Options::default(), Some(end), OnError::Stop);
        let mut indexer = RecordIndexer::new(scanner);
        assert_eq!(index(&mut indexer, sample.wal.chunks(5000)), all[..count]);
        assert!(indexer.scanner().is_done());
    }
}

/// A table takes its room once. Red where `Table::start` gives the words away.
#[test]
fn no_record_takes_memory() {
    let sample = samples::own(18, "clogtrunc");
    let mut indexer = indexer(&sample, OnError::Stop);
    let (first, second) = sample.wal.split_at(sample.wal.len() / 2);
    let entries = indexer.push(first).words.len();
    let counted = measure(|| {
        let table = indexer.push(&second[..second.len() / 4]);
        assert!(table.words.len() > entries / 100);
    });
    assert!(counted.count_total < 10, "{counted:?}");
}

#[test]
fn samples_are_read_without_their_names() {
    let sample = samples::own(14, "contrecord");
    let (reader, _) = read(sample.options(), [sample.wal.as_slice()], |_| {});
    let mut indexer = RecordIndexer::new(Scanner::new(Options::default(), None, OnError::Stop));
    indexer.push(&sample.wal);
    let found = indexer.scanner().reader().unwrap();
    assert_eq!(found.version(), reader.version());
    assert_eq!(found.segment_size(), reader.segment_size());
    assert_eq!(found.overwritten(), reader.overwritten());
    assert_eq!(indexer.scanner().partial_page(), 0);
}
