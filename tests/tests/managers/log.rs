//! The server's log as core reads it.

use std::fmt::Write;
use std::fs;

use walscope_core::wal::{Options, Reader, Record, RmgrId, SegmentName, SegmentSize, Utc};
use walscope_core::{Lsn, TimelineId};
use walscope_tests::Server;

use crate::{Said, derived, facts};

/// The position that a text names.
pub(crate) fn parse(text: &str) -> Lsn {
    text.parse().expect("a position")
}

/// Where the segment begins that the server writes to.
pub(crate) fn segment_start(server: &Server) -> Lsn {
    let size = SegmentSize::default();
    let at = parse(&server.value("SELECT pg_current_wal_insert_lsn()"));
    size.start(size.number(at))
}

/// The records from a segment's beginning on that end before a position.
pub(crate) fn records(server: &Server, start: Lsn, end: Lsn) -> Vec<Said> {
    let (size, timeline) = (SegmentSize::default(), TimelineId(1));
    let mut reader = Reader::new(Options {
        start,
        segment_size: Some(size),
        timeline: Some(timeline),
        ..Options::default()
    });
    let mut records = Vec::new();
    for number in size.number(start)..=size.number(end) {
        let name = SegmentName { timeline, number, size }.to_string();
        let path = server.data_dir().join("pg_wal").join(name);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let mut input = bytes.as_slice();
        while let Some(record) = reader.next(&mut input).expect("a record") {
            if record.end() > end {
                return records;
            }
            facts::check(&record);
            derived::check(&record);
            records.push(said(&record));
        }
    }
    records
}

fn said(record: &Record<'_>) -> Said {
    let mut text = Vec::new();
    record.describe(&mut text, &Utc);
    let mut text = String::from_utf8(text).expect("UTF-8");
    if matches!(record.rmgr(), RmgrId::XLOG | RmgrId::TRANSACTION) {
        text = with_times_of_servers(&text);
    }
    let unknown = || format!("UNKNOWN ({:x})", record.info());
    Said {
        lsn: record.lsn().to_string(),
        manager: record.rmgr().to_string(),
        kind: record.identify().map_or_else(unknown, str::to_owned),
        text,
        blocks: blocks(record),
    }
}

/// Core writes times as client programs do, with six places and the zone's name; servers write
/// neither zeros at the end nor names.
fn with_times_of_servers(text: &str) -> String {
    let parts: Vec<_> = text.split(" UTC").collect();
    let (rest, times) = parts.split_last().expect("a part");
    let mut out = String::new();
    for time in times {
        out += time.trim_end_matches('0').trim_end_matches('.');
        out += "+00";
    }
    out + rest
}

/// The block references as `pg_walinspect` writes them.
fn blocks(record: &Record<'_>) -> String {
    let mut texts = Vec::new();
    for block in record.blocks() {
        let (id, locator, fork) = (block.id(), block.locator(), block.fork());
        let mut text = format!("blkref #{id}: rel {locator} fork {fork} blk {}", block.number());
        if let Some(image) = block.image() {
            let purpose = if image.apply() { "" } else { " for WAL verification" };
            let (offset, length) = (image.hole_offset(), image.hole_length());
            write!(text, " (FPW{purpose}); hole: offset: {offset}, length: {length}")
                .expect("text");
        }
        texts.push(text);
    }
    texts.join(" ")
}
