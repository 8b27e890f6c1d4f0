//! Segments that are gone on with.

use std::fs;
use std::path::Path;

use walscope::{Compression, SegmentOptions, SegmentWriter, archive_end, unpacked};
use walscope_core::wal::SegmentSize;
use walscope_core::{Lsn, TimelineId};

const START: Lsn = Lsn(7 << 20);
const TIMELINE: TimelineId = TimelineId(1);
const NAME: &str = "000000010000000000000007";

/// Bytes that hardly compress.
fn log(length: usize) -> Vec<u8> {
    (0..length as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn writer(folder: &Path, way: &str) -> SegmentWriter {
    let size = SegmentSize::new(1 << 20).expect("a size");
    let compression = (way != "none").then(|| way.parse::<Compression>().expect(way));
    let options = SegmentOptions { compression, ..SegmentOptions::new(size) };
    SegmentWriter::new(folder, options, TIMELINE, START).expect(way)
}

/// What can be read of the unfinished segment.
fn unfinished(folder: &Path, way: &str) -> Vec<u8> {
    let compression = way.parse::<Compression>().ok();
    let suffix = compression.map_or("", |compression| compression.method.suffix());
    let file = fs::File::open(folder.join(format!("{NAME}{suffix}.partial"))).expect(way);
    let mut bytes = Vec::new();
    let mut reader = unpacked(file, compression.map(|compression| compression.method)).expect(way);
    let _ = reader.read_to_end(&mut bytes);
    bytes
}

/// A process writes, flushes and is killed; the next one begins the segment anew, and is killed before,
/// at, and behind the place where the first one was. What was flushed is there all the time.
///
/// Red with `path.to_owned()` for `beside(path)` in `PackedFile::open`.
#[test]
fn what_was_flushed_of_a_segment_is_there_while_it_is_written_anew() {
    let log = log(1 << 20);
    for way in ["none", "gzip:1", "lz4", "zstd:1"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut flushed = 0;
        for (length, syncs) in
            [(300_000, true), (100_000, true), (300_000, true), (50_000, false), (400_000, true)]
        {
            let mut writer = writer(folder.path(), way);
            for piece in log[..length].chunks(70_000) {
                writer.write_all(writer.position(), piece).expect(way);
                if syncs {
                    writer.sync().expect(way);
                    flushed = flushed.max((writer.flushed().0 - START.0) as usize);
                }
                let there = unfinished(folder.path(), way);
                assert!(there.len() >= flushed, "{way}: {} of {flushed} bytes", there.len());
                assert!(there[..flushed] == log[..flushed], "{way}");
            }
            // As a process that is killed leaves it.
            std::mem::forget(writer);
        }
        let size = SegmentSize::new(1 << 20).expect("a size");
        let end = archive_end(folder.path(), size).expect(way);
        assert_eq!(end.place, Some((TIMELINE, START)), "{way}");
        let mut writer = writer(folder.path(), way);
        writer.write_all(START, &log).expect(way);
        assert_eq!(writer.flushed(), Lsn(START.0 + (1 << 20)));
        let end = archive_end(folder.path(), size).expect(way);
        assert_eq!(end.place, Some((TIMELINE, writer.position())), "{way}");
        let files: Vec<_> = fs::read_dir(folder.path()).expect(way).collect();
        assert_eq!(files.len(), 1, "{way}: {files:?}");
    }
}

/// A file that a killed process left shorter than a segment, and one that is no segment.
#[test]
fn short_files_are_filled_up_and_wrong_ones_refused_or_skipped() {
    let size = SegmentSize::new(1 << 20).expect("a size");
    let folder = tempfile::tempdir().expect("a folder");
    let partial = folder.path().join(format!("{NAME}.partial"));
    fs::write(&partial, vec![0; 70_000]).expect("a file");
    let log = log(100_000);
    let mut short = writer(folder.path(), "none");
    short.write_all(START, &log).expect("room");
    short.close().expect("closed");
    let bytes = fs::read(&partial).expect("a file");
    assert!(bytes.len() == 1 << 20 && bytes.starts_with(&log));
    fs::write(&partial, vec![0; (1 << 20) + 1]).expect("a file");
    let refused = writer(folder.path(), "none").write_all(START, &log).expect_err("too long");
    assert!(refused.to_string().contains("has 1048577 bytes"), "{refused}");
    // A name without a whole segment behind it, plain and compressed.
    for (name, length) in [("000000010000000000000009", 5), ("000000010000000000000009.gz", 0)] {
        fs::write(folder.path().join(name), b"wrong").expect("a file");
        let end = archive_end(folder.path(), size).expect("an end");
        assert!(end.skipped.contains(&(name.to_owned(), length)), "{:?}", end.skipped);
        assert_eq!(end.place, Some((TIMELINE, START)));
    }
    // What does not follow is not written.
    let mut hole = writer(folder.path(), "zstd");
    assert!(hole.write_all(Lsn(START.0 + 8), &log).is_err());
}
