//! The log's reader against real segments and what `pg_waldump` says of them.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail by panicking, and has the standard library"
)]

mod cuts;
mod images;
mod index;
mod memory;
mod samples;
mod trees;

use std::collections::BTreeSet;
use std::fmt::Write;

use samples::Sample;
use walscope_core::wal::{Error, Fork, Options, Reader, Record, Utc, Version};

/// What `pg_waldump` prints before `desc:`.
fn head(record: &Record<'_>) -> String {
    let half = |lsn: u64| format!("{:X}/{:08X}", lsn >> 32, lsn & 0xFFFF_FFFF);
    format!(
        "rmgr: {:<11} len (rec/tot): {:6}/{:6}, tx: {:10}, lsn: {}, prev {}, desc: ",
        record.rmgr(),
        record.length_without_images(),
        record.header().total_length,
        record.xid(),
        half(record.lsn().0),
        half(record.header().prev.0),
    )
}

/// What it prints of block references.
fn references(record: &Record<'_>) -> String {
    let mut text = String::new();
    for block in record.blocks() {
        write!(text, ", blkref #{}: rel {}", block.id(), block.locator()).unwrap();
        if block.fork() != Fork::MAIN {
            write!(text, " fork {}", block.fork()).unwrap();
        }
        write!(text, " blk {}", block.number()).unwrap();
        text += match block.image() {
            None => "",
            Some(image) if image.apply() => " FPW",
            Some(_) => " FPW for WAL verification",
        };
    }
    text
}

/// What it prints of them with `--bkp-details`.
fn details(record: &Record<'_>) -> String {
    let mut text = String::new();
    for block in record.blocks() {
        let (id, locator, fork) = (block.id(), block.locator(), block.fork());
        write!(text, "\tblkref #{id}: rel {locator} fork {fork} blk {}", block.number()).unwrap();
        if let Some(image) = block.image() {
            let purpose = if image.apply() { "" } else { " for WAL verification" };
            let (offset, length) = (image.hole_offset(), image.hole_length());
            write!(text, " (FPW{purpose}); hole: offset: {offset}, length: {length}").unwrap();
            if let Some(method) = image.compression() {
                let saved = 8192 - usize::from(length) - image.bytes().len();
                write!(text, ", compression saved: {saved}").unwrap();
                if record.version() >= Version::V15 {
                    write!(text, ", method: {}", method.name()).unwrap();
                }
            }
        }
        text += "\n";
    }
    text
}

/// Reads chunks to their end or an error, and hands each record on.
fn read<'c>(
    options: Options,
    chunks: impl IntoIterator<Item = &'c [u8]>,
    mut each: impl FnMut(&Record<'_>),
) -> (Reader, Result<(), Error>) {
    let mut reader = Reader::new(options);
    for mut chunk in chunks {
        loop {
            match reader.next(&mut chunk) {
                Ok(Some(record)) => each(&record),
                Ok(None) => break,
                Err(error) => return (reader, Err(error)),
            }
        }
    }
    (reader, Ok(()))
}

/// Hands each record of a sample on.
fn each_record(sample: &Sample, each: impl FnMut(&Record<'_>)) {
    let (_, result) = read(sample.options(), [sample.wal.as_slice()], each);
    assert_eq!(result.is_ok(), sample.stderr.is_empty(), "{}", sample.name);
}

/// The lines that `pg_waldump` prints of a sample, as far as this reader says them.
fn lines(sample: &Sample) -> Vec<(String, String, String)> {
    let mut lines = Vec::new();
    each_record(sample, |record| {
        assert_eq!(record.version().major(), sample.major);
        lines.push((head(record), references(record), details(record)));
    });
    lines
}

#[test]
fn records_are_those_of_pg_waldump() {
    for sample in samples::all() {
        let mut expected = sample.dump.lines();
        for (number, (head, references, _)) in lines(sample).iter().enumerate() {
            let line = expected.next().unwrap_or_else(|| panic!("{}: one too many", sample.name));
            let place = format!("{}, line {}", sample.name, number + 1);
            assert_eq!(line.get(..head.len()), Some(head.as_str()), "{place}");
            assert!(line.ends_with(references.as_str()), "{place}: {line}\n{references}");
            let written = line.matches(", blkref #").count();
            assert_eq!(written, references.matches(", blkref #").count(), "{place}");
        }
        assert_eq!(expected.next(), None, "{}", sample.name);
    }
}

#[test]
fn texts_are_those_of_pg_waldump() {
    let mut kinds = BTreeSet::new();
    for sample in samples::all() {
        let mut expected = sample.dump.lines();
        each_record(sample, |record| {
            let line = expected.next().expect("a line");
            let mut text = head(record).into_bytes();
            match record.identify() {
                Some(name) => text.extend(name.bytes()),
                None => text.extend(format!("UNKNOWN ({:x})", record.info()).bytes()),
            }
            text.push(b' ');
            record.describe(&mut text, &Utc);
            text.extend(references(record).bytes());
            assert_eq!(String::from_utf8_lossy(&text), line, "{}", sample.name);
            kinds.insert((sample.major, record.rmgr(), record.info()));
        });
    }
    assert!(kinds.len() > 100, "{} kinds", kinds.len());
}

#[test]
fn block_references_are_those_of_pg_waldump() {
    let mut compared = 0;
    for sample in samples::all() {
        let Some(dump) = &sample.details else { continue };
        let mut expected = dump.lines().peekable();
        for (head, _, details) in lines(sample) {
            assert!(expected.next().is_some_and(|line| line.starts_with(&head)), "{head}");
            let mut written = String::new();
            while let Some(line) = expected.next_if(|line| line.starts_with('\t')) {
                written += &format!("{line}\n");
            }
            assert_eq!(details, written, "{}: {head}", sample.name);
            compared += details.lines().count();
        }
    }
    assert!(compared > 1000, "{compared} references");
}

/// What `pg_waldump` says at the end, and nothing where it says nothing.
#[test]
fn errors_are_those_of_pg_waldump() {
    let mut errors = 0;
    for sample in samples::all() {
        let (reader, result) = read(sample.options(), [sample.wal.as_slice()], |_| {});
        let text = result.err().map_or_else(String::new, |error| {
            let class = if sample.major == 14 { "fatal" } else { "error" };
            let last = reader.last_record();
            errors += 1;
            assert!(error.is_end());
            format!("pg_waldump: {class}: error in WAL record at {last}: {error}")
        });
        assert_eq!(text, sample.stderr, "{}", sample.name);
    }
    assert!(errors >= 5, "{errors} errors");
}

#[test]
fn fields_are_all_of_a_record() {
    for sample in samples::all() {
        each_record(sample, |record| {
            let mut at = 0;
            record.visit_fields(|field, range| {
                assert_eq!(range.start, at, "{} {}: {field:?}", sample.name, record.lsn());
                at = range.end;
            });
            assert_eq!(at, record.bytes().len(), "{} {}", sample.name, record.lsn());
        });
    }
}

/// A byte of a record is where the log has it.
#[test]
fn positions_are_those_of_the_log() {
    for sample in samples::all() {
        let start = sample.options().start.0;
        each_record(sample, |record| {
            let length = record.bytes().len();
            for at in (0..length).step_by(97).chain([length - 1]) {
                let place = record.position(at).0 - start;
                assert_eq!(record.bytes()[at], sample.wal[place as usize], "{}", record.lsn());
            }
        });
    }
}
