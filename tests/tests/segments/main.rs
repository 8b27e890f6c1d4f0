//! The log of a running server, read by core and by the `pg_waldump` of the same version: the same
//! records, the same texts, and the same words about the same damage.

mod streamed;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use walscope_core::wal::{Options, PageHeader, Reader, Record, SegmentName, SegmentSize, Utc};
use walscope_tests::tools::pg_bin;
use walscope_tests::{Major, Server, ServerOptions};

/// How many single bytes are damaged.
const DAMAGED: usize = 200;

/// What fills a segment: all that the described resource managers write of themselves.
const WORKLOAD: [&str; 27] = [
    "CREATE TABLE t (id int PRIMARY KEY, v text)",
    "ALTER TABLE t ALTER v SET STORAGE EXTERNAL",
    "INSERT INTO t SELECT i, repeat(md5(i::text), 1 + i % 40) FROM generate_series(1, 600) i",
    "INSERT INTO t VALUES (10000, repeat('x', 40000))",
    "UPDATE t SET v = v || 'y' WHERE id % 3 = 0",
    "DELETE FROM t WHERE id % 7 = 0",
    "SELECT count(*) FROM (SELECT * FROM t WHERE id < 50 FOR KEY SHARE) l",
    "VACUUM (FREEZE) t",
    "CHECKPOINT",
    "UPDATE t SET v = 'z' WHERE id % 2 = 0",
    "BEGIN; INSERT INTO t VALUES (20000, 'a'); SAVEPOINT s; INSERT INTO t VALUES (20001, 'b'); COMMIT",
    "BEGIN; INSERT INTO t VALUES (20002, 'a'); PREPARE TRANSACTION 'one'",
    "COMMIT PREPARED 'one'",
    "BEGIN; DROP TABLE t; ROLLBACK",
    "TRUNCATE t",
    "CREATE TABLE u AS SELECT i FROM generate_series(1, 5000) i",
    "VACUUM u",
    "DROP TABLE u",
    // A speculative insertion, the subtransactions of one transaction, a catalog of a user's.
    "CREATE TABLE v (id int PRIMARY KEY)",
    "INSERT INTO v VALUES (1) ON CONFLICT DO NOTHING",
    "DO $$ BEGIN FOR i IN 1..80 LOOP BEGIN INSERT INTO v VALUES (10 + i); \
     EXCEPTION WHEN unique_violation THEN NULL; END; END LOOP; END $$",
    "CREATE TABLE w (id int) WITH (user_catalog_table = true); INSERT INTO w VALUES (1); \
     UPDATE w SET id = 2",
    "SELECT pg_replication_origin_create('o'); SELECT pg_replication_origin_session_setup('o'); \
     BEGIN; INSERT INTO w VALUES (3); \
     SELECT pg_replication_origin_xact_setup('1/ABCD', '1999-12-31 03:04:05.6+00'); COMMIT",
    "TRUNCATE v, w RESTART IDENTITY CASCADE",
    "SET synchronous_commit = remote_apply; INSERT INTO v VALUES (1)",
    "SELECT pg_create_restore_point('here')",
    "CHECKPOINT",
];

/// The segments of a server, from the one that is written next up to the last one that is full.
struct Segments {
    folder: PathBuf,
    first: String,
    last: String,
    size: SegmentSize,
    // Removes the folder.
    _owner: tempfile::TempDir,
}

fn record(server: &Server) -> Segments {
    let name = || server.value("SELECT pg_walfile_name(pg_current_wal_insert_lsn())");
    server.sql("SELECT pg_switch_wal()");
    server.sql("CHECKPOINT");
    let first = name();
    for statement in WORKLOAD {
        server.sql(statement);
    }
    let last = name();
    server.sql("SELECT pg_switch_wal()");
    let owner = tempfile::tempdir().expect("a folder");
    let folder = owner.path().to_owned();
    let size = SegmentSize::default();
    let parse = |name: &str| SegmentName::parse(name, size).expect("a name");
    let (from, to) = (parse(&first), parse(&last));
    for number in from.number..=to.number {
        let name = SegmentName { number, ..from }.to_string();
        let source = server.data_dir().join("pg_wal").join(&name);
        fs::copy(source, folder.join(name)).expect("a segment");
    }
    Segments { folder, first, last, size, _owner: owner }
}

/// What a program would print of a record.
fn line(record: &Record<'_>) -> String {
    let half = |lsn: u64| format!("{:X}/{:08X}", lsn >> 32, lsn & 0xFFFF_FFFF);
    let mut text = format!(
        "rmgr: {:<11} len (rec/tot): {:6}/{:6}, tx: {:10}, lsn: {}, prev {}, desc: ",
        record.rmgr(),
        record.length_without_images(),
        record.header().total_length,
        record.xid(),
        half(record.lsn().0),
        half(record.header().prev.0),
    )
    .into_bytes();
    if let Some(name) = record.identify() {
        text.extend(name.bytes());
        text.push(b' ');
        record.describe(&mut text, &Utc);
    }
    String::from_utf8(text).expect("UTF-8")
}

/// What core says of segments, and of what is wrong in them.
fn ours(segments: &Segments) -> (Vec<(String, bool)>, String) {
    let first = SegmentName::parse(&segments.first, segments.size).expect("a name");
    let last = SegmentName::parse(&segments.last, segments.size).expect("a name");
    let mut reader = Reader::new(Options {
        start: segments.size.start(first.number),
        segment_size: Some(segments.size),
        timeline: Some(first.timeline),
        ..Options::default()
    });
    let mut lines = Vec::new();
    for number in first.number..=last.number {
        let name = SegmentName { number, ..first }.to_string();
        let bytes = fs::read(segments.folder.join(name)).expect("a segment");
        let mut input = bytes.as_slice();
        loop {
            match reader.next(&mut input) {
                Ok(Some(record)) => lines.push((line(&record), record.identify().is_some())),
                Ok(None) => break,
                Err(error) => {
                    // What comes before the first record is told by the program, not by the reader.
                    let last = reader.last_record();
                    let text = format!("error in WAL record at {last}: {error}");
                    return (lines, text);
                }
            }
        }
    }
    (lines, String::new())
}

/// What `pg_waldump` says.
fn theirs(segments: &Segments) -> (Vec<String>, String) {
    let output = Command::new(pg_bin(Major::V15).join("pg_waldump"))
        .arg("-p")
        .arg(&segments.folder)
        .args([&segments.first, &segments.last])
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .output()
        .expect("pg_waldump");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    let error = error.trim().strip_prefix("pg_waldump: error: ").unwrap_or_default();
    (lines.lines().map(str::to_owned).collect(), error.to_owned())
}

fn compare(segments: &Segments, what: &str) -> String {
    let ((ours, our_error), (theirs, their_error)) = (ours(segments), theirs(segments));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let rest = theirs.strip_prefix(ours.0.as_str());
        let whole = |rest: &str| !ours.1 || rest.is_empty() || rest.starts_with(", blkref #");
        assert!(rest.is_some_and(whole), "{what}:\n{}\n{theirs}", ours.0);
    }
    if their_error.starts_with("could not find a valid record after") {
        // The first record is damaged, and it does not say how.
        assert_eq!((theirs.len(), our_error.is_empty()), (0, false), "{what}: {our_error}");
        return their_error;
    }
    assert_eq!(our_error, their_error, "{what}");
    assert_eq!(ours.len(), theirs.len(), "{what}");
    their_error
}

fn server(compression: &str) -> Server {
    let settings = [("wal_compression", compression), ("autovacuum", "off")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Server::start(ServerOptions { major: Major::V15, settings, ..Default::default() })
}

#[test]
fn a_servers_log_reads_as_with_pg_waldump() {
    for compression in ["off", "pglz"] {
        let segments = record(&server(compression));
        let error = compare(&segments, compression);
        assert_eq!(error, "", "{compression}");
    }
}

/// Single bytes are damaged, and pages are of another time: the same records come out, then the same
/// words.
#[test]
fn damage_is_told_in_the_same_words() {
    let segments = record(&server("off"));
    let path = segments.folder.join(&segments.first);
    let whole = fs::read(&path).expect("a segment");
    let mut kinds = std::collections::BTreeSet::new();
    let mut damaged = |what: String, bytes: &[u8]| {
        fs::write(&path, bytes).expect("a segment");
        let error = compare(&segments, &what);
        let words = error.split(": ").nth(1).unwrap_or_default();
        kinds.insert(words.chars().filter(|c| !c.is_ascii_digit()).collect::<String>());
    };
    for number in 0..DAMAGED {
        // Every other one in the header of a page.
        let page = 1 + number / 8;
        let at = page * 8192 + if number % 2 == 0 { number % 24 } else { number * 37 % 8192 };
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (number % 8);
        damaged(format!("byte {at}, bit {}", number % 8), &bytes);
    }
    for pages in [3, 10] {
        let mut bytes = whole.clone();
        bytes[pages * 8192..].fill(0);
        damaged(format!("{pages} pages are left"), &bytes);
        let mut bytes = whole.clone();
        bytes.copy_within(0..8192, pages * 8192);
        damaged(format!("page {pages} is the first one"), &bytes);
        let header = PageHeader::decode(&whole[pages * 8192..]).expect("a header");
        let mut bytes = whole.clone();
        bytes[pages * 8192 + 4..][..4].copy_from_slice(&(header.timeline.0 + 1).to_le_bytes());
        damaged(format!("page {pages} is of the next timeline"), &bytes);
    }
    assert!(kinds.len() >= 5, "{kinds:?}");
}
