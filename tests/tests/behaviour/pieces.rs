//! Transactions that the server sends in pieces before they end: they come out as if it had not.

use std::path::PathBuf;

use walscope_tests::Major;
use walscope_tests::program;

use crate::lines::{parse, rows, told};
use crate::place::{Place, Session};

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t";

/// So many rows are more than 64 kB.
const MANY: i32 = 80;

/// Inserts many rows, the first of this id.
pub(crate) fn insert_many(session: &Session, first: i32) {
    let last = first + MANY - 1;
    session.sql(&format!(
        "INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series({first}, {last}) n"
    ));
}

/// The lines of those rows, whose transaction is at `place`.
pub(crate) fn many(first: i32, seq: i32, place: &str) -> Vec<String> {
    let value = "x".repeat(1000);
    let line = |n| {
        let (id, seq) = (first + n, seq + n);
        format!(
            r#"{{"kind":"insert",{place}"seq":{seq},"schema":"public","table":"t","new":{{"id":{id},"v":"{value}"}}}}"#
        )
    };
    (0..MANY).map(line).collect()
}

/// Values of `--streaming` that a server knows.
pub(crate) fn modes(major: Major) -> &'static [&'static str] {
    if major >= Major::V16 { &["off", "on", "parallel"] } else { &["off", "on"] }
}

/// A folder for a test's captures, removed with this.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("walscope-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Kinds of the messages as they came, with consecutive equal ones once.
fn raw_kinds(capture: &str) -> Vec<String> {
    let output = program::run(["decode", "--raw", capture]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut kinds: Vec<String> = text
        .lines()
        .map(parse)
        .filter(|line| line["kind"] != "keepalive" && line["kind"] != "relation")
        .map(|line| format!("{} {}", line["kind"].as_str().expect("a kind"), line["xid"]))
        .collect();
    kinds.dedup();
    kinds
}

#[test]
fn interleaved_transactions_come_whole_in_the_order_of_their_commits() {
    for major in Major::ALL {
        let place = Place::with_pieces(major, "interleaved", TABLE);
        let [left, right] = [place.session(), place.session()];
        left.sql("BEGIN");
        right.sql("BEGIN");
        insert_many(&left, 1);
        insert_many(&right, 1001);
        place.sql("INSERT INTO t VALUES (5000, 'small')");
        insert_many(&left, 2001);
        insert_many(&right, 3001);
        right.sql("COMMIT");
        insert_many(&left, 4001);
        left.sql("COMMIT");
        let small = r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":5000,"v":"small"}}"#;
        let expected = [
            vec![small.to_owned()],
            many(1001, 0, ""),
            many(3001, MANY, ""),
            many(1, 0, ""),
            many(2001, MANY, ""),
            many(4001, 2 * MANY, ""),
        ]
        .concat();
        let whole = place.stream(&["--publication", "p"]);
        assert_eq!(rows(&whole), expected, "PostgreSQL {major}");
        for mode in modes(major) {
            let more = ["--publication", "p", "--streaming", mode];
            // Positions, numbers and times too.
            assert_eq!(place.stream(&more), whole, "PostgreSQL {major}, streaming {mode}");
            let raw = place.stream(&["--publication", "p", "--streaming", mode, "--raw"]);
            let pieces = raw.iter().filter(|line| line.contains(r#""kind":"streamStart""#)).count();
            assert!((*mode == "off") == (pieces == 0), "{mode}: {pieces}");
            assert!(*mode == "off" || pieces >= 5, "{mode}: {pieces}");
        }
    }
}

/// Rows are rolled back after they were sent. Red without the call of `abort` in
/// `Assembler::bound`: they are printed.
#[test]
fn rows_of_savepoints_rolled_back_after_they_were_sent_are_taken_out() {
    let folder = Folder::new("savepoints");
    for major in Major::ALL {
        for mode in &modes(major)[1..] {
            let place = Place::with_pieces(major, &format!("savepoints_{mode}"), TABLE);
            let capture = folder.file(&format!("{major}-{mode}.walcap"));
            let more = ["--publication", "p", "--streaming", mode, "--capture", &capture];
            let mut walscope = place.start(&more);
            let session = place.session();
            session.sql("BEGIN");
            insert_many(&session, 1);
            session.sql("SAVEPOINT a");
            insert_many(&session, 1001);
            session.sql("SAVEPOINT b");
            insert_many(&session, 2001);
            place.wait_until_sent();
            // Both of them go: the one lies within the other.
            session.sql("ROLLBACK TO a");
            insert_many(&session, 3001);
            session.sql("SAVEPOINT c");
            insert_many(&session, 4001);
            session.sql("RELEASE c; SAVEPOINT d");
            insert_many(&session, 5001);
            place.wait_until_sent();
            session.sql("ROLLBACK TO d; UPDATE t SET v = '' WHERE id = 1; COMMIT");
            let lines = walscope.lines_until(|line| line.starts_with(r#"{"kind":"commit""#));
            let update = format!(
                r#"{{"kind":"update","seq":{},"schema":"public","table":"t","key":{{"id":1}},"new":{{"id":1,"v":""}}}}"#,
                3 * MANY
            );
            let expected =
                [many(1, 0, ""), many(3001, MANY, ""), many(4001, 2 * MANY, ""), vec![update]];
            assert_eq!(rows(&lines), expected.concat(), "PostgreSQL {major}, {mode}");
            walscope.signal(rustix::process::Signal::TERM);
            assert!(walscope.wait().0.success());
            // The server did send what was rolled back, and took it back.
            let kinds = raw_kinds(&capture);
            let aborts = kinds.iter().filter(|kind| kind.starts_with("streamAbort")).count();
            assert!(aborts >= 2, "PostgreSQL {major}, {mode}: {kinds:?}");
            let raw = program::run(["decode", "--raw", &capture]).stdout;
            let raw = String::from_utf8(raw).expect("UTF-8");
            for id in [1001, 2001, 5001] {
                assert!(raw.contains(&format!(r#""new":{{"id":{id},"#)), "{id} was never sent");
            }
        }
    }
}

/// Red when `Assembler::abort` keeps the transaction: its memory and files would never be freed.
#[test]
fn a_transaction_rolled_back_after_it_was_sent_leaves_nothing() {
    let folder = Folder::new("rolled-back");
    for major in Major::ALL {
        for mode in &modes(major)[1..] {
            let place = Place::with_pieces(major, &format!("rolled_back_{mode}"), TABLE);
            let capture = folder.file(&format!("{major}-{mode}.walcap"));
            let spill = folder.file("spill");
            std::fs::create_dir_all(&spill).expect("a folder");
            let more = ["--publication", "p", "--streaming", mode, "--capture", &capture];
            let more = [&more[..], &["--memory", "0", "--spill-dir", &spill]].concat();
            let mut walscope = place.start(&more);
            let session = place.session();
            session.sql("BEGIN");
            insert_many(&session, 1);
            session.sql("SAVEPOINT a");
            insert_many(&session, 1001);
            place.wait_until_sent();
            session.sql("ROLLBACK");
            place.sql("INSERT INTO t VALUES (1, 'after')");
            let lines = walscope.lines_until(|line| line.starts_with(r#"{"kind":"commit""#));
            let after = r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":1,"v":"after"}}"#;
            assert_eq!(rows(&lines), [after], "PostgreSQL {major}, {mode}");
            assert_eq!(files(&spill), [""; 0], "PostgreSQL {major}, {mode}");
            walscope.signal(rustix::process::Signal::TERM);
            let (status, rest, errors) = walscope.wait();
            assert!(status.success() && rest.is_empty(), "{rest:?} {errors:?}");
            let kinds = raw_kinds(&capture);
            assert!(kinds.iter().any(|kind| kind.starts_with("insert")), "{kinds:?}");
            assert!(kinds.iter().any(|kind| kind.starts_with("streamAbort")), "{kinds:?}");
        }
    }
}

/// Names of all files in a folder and those below it.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.to_str().expect("UTF-8").to_owned();
        match path.is_dir() {
            true => found.extend(files(&name)),
            false => found.push(name),
        }
    }
    found
}

/// What was altered between the pieces is described before the rows that follow it, in every mode.
#[test]
fn a_table_altered_within_a_streamed_transaction_is_described_again() {
    for major in Major::ALL {
        let place = Place::with_pieces(major, "altered_within", TABLE);
        let session = place.session();
        session.sql("BEGIN");
        insert_many(&session, 1);
        session.sql("ALTER TABLE t ADD n int; SAVEPOINT a; INSERT INTO t VALUES (1001, 'a', 7)");
        session.sql("ALTER TABLE t DROP v; INSERT INTO t VALUES (1002, 8)");
        session.sql("ROLLBACK TO a; INSERT INTO t VALUES (1003, 'b', 9); COMMIT");
        let whole = place.stream(&["--publication", "p"]);
        let last = rows(&whole).pop();
        let expected = format!(
            r#"{{"kind":"insert","seq":{MANY},"schema":"public","table":"t","new":{{"id":1003,"v":"b","n":9}}}}"#
        );
        assert_eq!(last, Some(expected), "PostgreSQL {major}");
        for mode in &modes(major)[1..] {
            let pieces = place.stream(&["--publication", "p", "--streaming", mode]);
            assert_eq!(told(&pieces), told(&whole), "PostgreSQL {major}, streaming {mode}");
        }
    }
}

/// Only whole transactions have lines, also of those that a reconnect has cut.
#[test]
fn a_transaction_that_was_cut_by_the_end_of_walscope_comes_whole_the_next_time() {
    for major in [Major::V14, Major::V16, Major::V18] {
        let place = Place::with_pieces(major, "cut", TABLE);
        let more = ["--publication", "p", "--streaming", "on"];
        let walscope = place.start(&more);
        let session = place.session();
        session.sql("BEGIN");
        insert_many(&session, 1);
        place.wait_until_sent();
        walscope.signal(rustix::process::Signal::TERM);
        let (status, rest, errors) = walscope.wait();
        assert!(status.success() && rest.is_empty(), "{rest:?} {errors:?}");
        insert_many(&session, 1001);
        session.sql("COMMIT");
        let expected = [many(1, 0, ""), many(1001, MANY, "")].concat();
        assert_eq!(rows(&place.stream(&more)), expected, "PostgreSQL {major}");
    }
}
