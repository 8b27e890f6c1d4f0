//! What all resource managers say in the log of a running server, against the server's own words:
//! those of the extension `pg_walinspect`, which PostgreSQL has since version 15.
//!
//! A file of SQL per subject makes the records; its paragraphs are sent one by one.

mod derived;
mod facts;
mod inspect;
mod kinds;
mod log;
mod shape;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, chown};

use walscope_core::Lsn;
use walscope_tests::{Major, Server, ServerOptions};

use crate::kinds::Kind;
use crate::shape::Shape;

/// The subjects, in this order: the last one is about the tables of those before.
const SUBJECTS: [(&str, &str); 10] = [
    ("transactions", include_str!("sql/transactions.sql")),
    ("heap", include_str!("sql/heap.sql")),
    ("objects", include_str!("sql/objects.sql")),
    ("btree", include_str!("sql/btree.sql")),
    ("hash", include_str!("sql/hash.sql")),
    ("gin", include_str!("sql/gin.sql")),
    ("gist", include_str!("sql/gist.sql")),
    ("spgist", include_str!("sql/spgist.sql")),
    ("brin", include_str!("sql/brin.sql")),
    ("images", include_str!("sql/images.sql")),
];

/// What a record says, as the server sees it and as core does.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    lsn: String,
    manager: String,
    kind: String,
    text: String,
    blocks: String,
}

/// Pages change without images, so that records say everything; the log is kept.
fn start(major: Major) -> Server {
    let settings = [
        ("allow_in_place_tablespaces", "on"),
        ("autovacuum", "off"),
        ("full_page_writes", "off"),
        ("max_prepared_transactions", "4"),
        ("timezone", "UTC"),
        ("track_commit_timestamp", "on"),
        ("wal_compression", "off"),
        ("wal_keep_size", "4GB"),
        ("wal_level", "logical"),
        ("wal_log_hints", "on"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Server::start(ServerOptions { major, settings, ..Default::default() })
}

/// A folder that the server may write to.
fn folder(server: &Server) -> String {
    let folder = server.folder().join("elsewhere");
    std::fs::create_dir(&folder).expect("a folder");
    let owner = server.data_dir().metadata().expect("the data directory");
    chown(&folder, Some(owner.uid()), Some(owner.gid())).expect("its owner");
    folder.to_str().expect("UTF-8").to_owned()
}

/// PostgreSQL 14 has other names for some of what the files ask for, and no strategies.
const NAMES_OF_14: [(&str, &str); 4] = [
    (" STRATEGY file_copy", ""),
    (" STRATEGY wal_log", ""),
    ("pg_backup_start", "pg_start_backup"),
    ("pg_backup_stop(false)", "pg_stop_backup()"),
];

fn run(server: &Server, sql: &str) {
    for paragraph in sql.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        match paragraph.strip_prefix("\\in ").and_then(|rest| rest.split_once('\n')) {
            Some((database, statement)) => server.sql_in(database, statement),
            None => server.sql(paragraph),
        };
    }
}

/// Makes the records of each subject, and hands on where they begin and end.
fn each_subject(server: &Server, major: Major, mut each: impl FnMut(&str, Lsn, Lsn)) {
    let folder = folder(server);
    for (subject, sql) in SUBJECTS {
        server.sql("SELECT pg_switch_wal()");
        let start = log::segment_start(server);
        let mut sql = sql.replace("$folder", &folder);
        for (name, old) in NAMES_OF_14.iter().filter(|_| major == Major::V14) {
            sql = sql.replace(name, old);
        }
        run(server, &sql);
        let end = log::parse(&server.value("SELECT pg_current_wal_insert_lsn()"));
        server.sql("SELECT pg_switch_wal()");
        each(subject, start, end);
    }
}

/// Compares all records. What comes back is how the server's words look.
fn managers_say_what_the_server_says(major: Major) -> BTreeSet<Shape> {
    let server = start(major);
    server.sql("CREATE EXTENSION pg_walinspect");
    let (mut seen, mut shapes, mut records) = (BTreeSet::new(), BTreeSet::new(), 0);
    each_subject(&server, major, |subject, start, end| {
        let theirs = inspect::records(&server, start, end);
        let ours = log::records(&server, start, end);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{major}, {subject}");
        }
        assert_eq!(ours.len(), theirs.len(), "{major}, {subject}");
        records += ours.len();
        seen.extend(theirs.iter().map(|said| Kind::new(&said.manager, &said.kind)));
        shapes.extend(theirs.iter().map(Shape::new));
    });
    let unseen = kinds::all(major).into_iter().filter(|kind| !seen.contains(kind));
    let unseen = unseen.filter(|kind| !kind.is_recorded());
    let (never, missing): (Vec<_>, Vec<_>) = unseen.partition(Kind::is_never_made);
    let never: Vec<_> = never.iter().map(Kind::to_string).collect();
    let kinds = seen.len();
    // Not `println!`, which is kept from who runs the tests.
    let line = format!("{major}: {records} records of {kinds} kinds; no test sees {never:?}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("standard error");
    assert!(missing.is_empty(), "{major}: the workload does not make {missing:?} any more");
    shapes
}

/// PostgreSQL 14 has no `pg_walinspect`. Its texts are those of 15 but for the numbers in them.
#[test]
fn managers_say_what_the_server_says_of_15_and_14() {
    let known = managers_say_what_the_server_says(Major::V15);
    let server = start(Major::V14);
    let mut compared = BTreeSet::new();
    each_subject(&server, Major::V14, |subject, start, end| {
        for said in log::records(&server, start, end) {
            let shape = Shape::new(&said);
            if shape.is_the_same_everywhere() {
                assert!(known.contains(&shape), "14, {subject}: {said:?}");
                compared.insert(said.manager + "/" + &said.kind);
            }
        }
    });
    assert!(compared.len() > 80, "{} kinds", compared.len());
}

#[test]
fn managers_say_what_the_server_says_of_16() {
    managers_say_what_the_server_says(Major::V16);
}

#[test]
fn managers_say_what_the_server_says_of_17() {
    managers_say_what_the_server_says(Major::V17);
}

#[test]
fn managers_say_what_the_server_says_of_18() {
    managers_say_what_the_server_says(Major::V18);
}
