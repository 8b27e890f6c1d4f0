//! `walscope waldump` against `pg_waldump`: recorded answers of every version, and the program of
//! version 15 with the log of a running server.

mod archives;
mod beyond;
mod damage;
mod follow;
mod fullpage;
mod options;
mod parts;
mod rows;
mod samples;
mod transactions;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use walscope_core::wal::{SegmentName, SegmentSize};
use walscope_tests::tools::pg_bin;
use walscope_tests::{Major, Server, ServerOptions, program};

/// What a program has said.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    out: String,
    errors: String,
    code: Option<i32>,
}

/// Runs a program to its end in a folder, in a time zone.
fn run(
    program: &Path,
    folder: &Path,
    zone: &str,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Answer {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_remove("PGDATA")
        .env("TZ", zone)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    Answer {
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    }
}

/// `walscope` under the name `pg_waldump`, so that what it says of itself is the same, too.
fn ours() -> &'static Path {
    static LINK: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = LINK.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pg_waldump");
        std::os::unix::fs::symlink(program::path(), &path).expect("a link");
        (folder, path)
    });
    path
}

/// PostgreSQL 15's own.
fn theirs() -> PathBuf {
    pg_bin(Major::V15).join("pg_waldump")
}

/// The first line that differs, for a whole dump says little.
fn assert_same(ours: &Answer, theirs: &Answer, what: &str) {
    let mut lines = theirs.out.lines();
    for (number, line) in ours.out.lines().enumerate() {
        assert_eq!(Some(line), lines.next(), "{what}: line {}", number + 1);
    }
    assert_eq!(lines.next(), None, "{what}: a line is missing");
    assert_eq!(ours.out.len(), theirs.out.len(), "{what}: ends of lines");
    assert_eq!((&ours.errors, ours.code), (&theirs.errors, theirs.code), "{what}");
}

/// Segments of a server in a folder of their own.
struct Segments {
    folder: PathBuf,
    names: Vec<String>,
    // Removes the folder.
    _owner: tempfile::TempDir,
}

impl Segments {
    fn first(&self) -> &str {
        &self.names[0]
    }

    fn last(&self) -> &str {
        &self.names[self.names.len() - 1]
    }

    /// Where in the log an offset of the first segment is; segments have 16 MB.
    fn lsn(&self, offset: u32) -> String {
        let number = u32::from_str_radix(&self.first()[16..], 16).expect("a number");
        format!("0/{:X}", number * (16 << 20) + offset)
    }
}

/// What every kind of resource manager writes of itself.
const WORKLOAD: [&str; 22] = [
    "CREATE TABLE t (id int PRIMARY KEY, v text, w int[], p point)",
    "CREATE INDEX ON t USING hash (v)",
    "CREATE INDEX ON t USING gin (w)",
    "CREATE INDEX ON t USING gist (p)",
    "CREATE INDEX ON t USING spgist (p)",
    "CREATE INDEX ON t USING brin (id)",
    "INSERT INTO t SELECT i, repeat(md5(i::text), i % 9), ARRAY[i, i % 7], point(i, i % 100) \
     FROM generate_series(1, 2000) i",
    "UPDATE t SET v = v || 'y' WHERE id % 3 = 0",
    "DELETE FROM t WHERE id % 7 = 0",
    "VACUUM (FREEZE) t",
    "CHECKPOINT",
    "UPDATE t SET v = 'z' WHERE id % 2 = 0",
    "BEGIN; INSERT INTO t VALUES (9000, 'a'); SAVEPOINT s; INSERT INTO t VALUES (9001, 'b'); COMMIT",
    "BEGIN; INSERT INTO t VALUES (9002, 'a'); PREPARE TRANSACTION 'one'",
    "COMMIT PREPARED 'one'",
    "CREATE SEQUENCE q",
    "SELECT nextval('q') FROM generate_series(1, 100)",
    "SELECT pg_logical_emit_message(false, 'prefix', 'content')",
    "SELECT pg_replication_origin_create('origin')",
    "CREATE DATABASE other",
    "SELECT pg_create_restore_point('here')",
    "DROP TABLE t",
];

/// The log of a server of version 15 that has done [`WORKLOAD`]: whole segments and one that
/// is left early.
fn segments() -> &'static Segments {
    static SEGMENTS: OnceLock<Segments> = OnceLock::new();
    SEGMENTS.get_or_init(|| {
        let settings =
            [("wal_level", "logical"), ("autovacuum", "off"), ("wal_compression", "pglz")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        let options = ServerOptions { major: Major::V15, settings, ..Default::default() };
        record(&Server::start(options))
    })
}

fn record(server: &Server) -> Segments {
    let name = || server.value("SELECT pg_walfile_name(pg_current_wal_insert_lsn())");
    server.sql("SELECT pg_switch_wal()");
    server.sql("CHECKPOINT");
    let first = name();
    for statement in WORKLOAD {
        server.sql(statement);
    }
    server.sql("SELECT pg_switch_wal()");
    server.sql("CREATE TABLE u AS SELECT 1 AS a");
    let last = name();
    server.sql("SELECT pg_switch_wal()");
    let size = SegmentSize::default();
    let [first, last] = [first, last].map(|name| SegmentName::parse(&name, size).expect("a name"));
    let numbers = first.number..=last.number;
    let names: Vec<_> = numbers.map(|number| SegmentName { number, ..first }.to_string()).collect();
    let owner = tempfile::tempdir().expect("a folder");
    let folder = owner.path().to_owned();
    for name in &names {
        let source = server.data_dir().join("pg_wal").join(name);
        fs::copy(source, folder.join(name)).expect("a segment");
    }
    assert!(names.len() >= 2, "the rest of a segment is empty");
    Segments { folder, names, _owner: owner }
}
