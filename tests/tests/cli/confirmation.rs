//! What the command-line tool confirms to the server, and when.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use walscope_tests::program::{self, Program};
use walscope_tests::{Major, Server, ServerOptions};

use super::{is_commit, member, stream};

/// The slot's confirmed position, compared with another.
fn confirmed(server: &Server, slot: &str, comparison: &str) -> bool {
    server.value(&format!(
        "SELECT (confirmed_flush_lsn {comparison})::text FROM pg_replication_slots WHERE slot_name = '{slot}'"
    )) == "true"
}

/// Red without the line `self.control.confirm_items` in `native/src/cli/printing.rs`: the lines come
/// again.
#[test]
fn sigterm_while_lines_flow_leaves_neither_a_gap_nor_a_repetition() {
    const ROWS: usize = 20_000;
    let server = Server::start(ServerOptions::default());
    server.sql("CREATE TABLE t (id int); CREATE PUBLICATION p FOR TABLE t");
    let create = stream(&server, "s", "p", &["--create-slot", "--until", "now"]);
    assert!(program::run(create).status.success());
    server.sql(&format!(
        "DO $$BEGIN FOR n IN 1..{ROWS} LOOP INSERT INTO t VALUES (n); COMMIT; END LOOP; END$$"
    ));
    let mut seen = Vec::new();
    let mut runs = 0;
    while seen.len() < ROWS {
        let mut walscope = Program::start(stream(&server, "s", "p", &[]));
        let mut lines = walscope.lines_until(is_commit);
        walscope.signal(rustix::process::Signal::TERM);
        let (status, rest, errors) = walscope.wait();
        assert!(status.success(), "{errors:?}");
        lines.extend(rest);
        // A transaction that was not printed to its end comes again.
        let last = lines.iter().rposition(|line| is_commit(line)).expect("a commit");
        let end = member(&lines[last], "endLsn");
        assert!(confirmed(&server, "s", &format!(">= '{end}'")), "the last line is not confirmed");
        let rows = lines[..last].iter().filter(|line| line.contains(r#""kind":"insert""#));
        seen.extend(rows.map(|line| row_id(line)));
        runs += 1;
    }
    assert!(runs > 1, "the signal came after the last line: nothing was shown");
    let wrong = seen.iter().enumerate().find(|(index, id)| **id != index + 1);
    assert_eq!(wrong, None, "a gap or a repetition after {runs} runs");
}

/// The `id` of the row that a line holds.
fn row_id(line: &str) -> usize {
    let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
    line["new"]["id"].as_u64().and_then(|id| id.try_into().ok()).expect("an id")
}

/// Nobody reads: only what went into the pipe is confirmed. Red when `confirm_items` with the whole
/// batch stands before `self.entries` in `native/src/cli/printing.rs`.
#[test]
fn what_nobody_has_read_is_not_confirmed() {
    let server = Server::start(ServerOptions {
        settings: vec![("wal_sender_timeout".into(), "3s".into())],
        ..Default::default()
    });
    server.sql("CREATE TABLE t (id int, v text); CREATE PUBLICATION p FOR TABLE t");
    let create = stream(&server, "s", "p", &["--create-slot", "--until", "now"]);
    assert!(program::run(create).status.success());
    server.sql(
        "DO $$BEGIN FOR n IN 1..5000 LOOP INSERT INTO t VALUES (n, repeat('x', 100)); COMMIT; \
         END LOOP; END$$",
    );
    let mut child = Command::new(program::path())
        .args(stream(&server, "s", "p", &[]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("walscope starts");
    // Three times the server's patience: only feedback keeps the connection.
    std::thread::sleep(Duration::from_secs(9));
    assert_eq!(server.value("SELECT active::text FROM pg_replication_slots"), "true");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let mut written = String::new();
    let mut pipe = child.stdout.take().expect("a pipe");
    pipe.read_to_string(&mut written).expect("UTF-8");
    let whole = written.rfind('\n').map_or("", |end| &written[..end]);
    let last = whole.lines().rev().find(|line| is_commit(line)).expect("a commit");
    let end = member(last, "endLsn");
    assert!(confirmed(&server, "s", &format!("<= '{end}'")), "more than was written");
    let before = server.value("SELECT confirmed_flush_lsn::text FROM pg_replication_slots");

    // A reader that goes away: exit 1, and nothing more is confirmed either.
    let mut child = Command::new(program::path())
        .args(stream(&server, "s", "p", &[]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("walscope starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    assert_eq!(server.value("SELECT confirmed_flush_lsn::text FROM pg_replication_slots"), before);

    // Into a file it all goes, and is confirmed once it is durable.
    let file = File::create(server.folder().join("lines")).expect("a file");
    let status = Command::new(program::path())
        .args(stream(&server, "s", "p", &["--until", "now"]))
        .stdout(file)
        .status()
        .expect("walscope starts");
    assert!(status.success());
    assert!(confirmed(&server, "s", &format!("> '{before}'")));
}

#[test]
fn the_reader_can_confirm_by_standard_input() {
    let server = Server::start(ServerOptions::default());
    server.sql("CREATE TABLE t (id int); CREATE PUBLICATION p FOR TABLE t");
    let arguments = stream(&server, "s", "p", &["--create-slot", "--ack", "stdin"]);
    let mut walscope = Program::start(arguments);
    walscope.error_line();
    server.sql("INSERT INTO t VALUES (1)");
    let first = walscope.lines_until(is_commit).pop().expect("a commit");
    server.sql("INSERT INTO t VALUES (2)");
    let second = walscope.lines_until(is_commit).pop().expect("a commit");
    let (first, second) = (member(&first, "endLsn"), member(&second, "endLsn"));
    writeln!(walscope.stdin(), "{first}").expect("it reads");
    let start = std::time::Instant::now();
    while !confirmed(&server, "s", &format!(">= '{first}'")) {
        assert!(start.elapsed() < Duration::from_secs(60), "it is never confirmed");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(confirmed(&server, "s", &format!("< '{second}'")), "the second was not confirmed");
    writeln!(walscope.stdin(), "7/0").expect("it reads");
    let (status, _, errors) = walscope.wait();
    assert_eq!(status.code(), Some(1));
    assert!(errors.iter().any(|line| line.contains("7/0 cannot be confirmed")), "{errors:?}");
    assert!(confirmed(&server, "s", &format!("< '{second}'")));
}

/// A reader that takes one line, writes its LSN back, and takes the next, as programs of one thread
/// do. Red when `finish_writing` in `native/src/cli/stream.rs` does not wait for acknowledgements
/// (both sides wait for ever), and when `follow` does not wait for the last ones.
#[test]
fn a_reader_of_one_thread_confirms_everything_to_the_last_line() {
    let server = Server::start(ServerOptions::default());
    server.sql("CREATE TABLE t (id int); CREATE PUBLICATION p FOR TABLE t");
    let create = stream(&server, "s", "p", &["--create-slot", "--until", "now"]);
    assert!(program::run(create).status.success());
    server
        .sql("DO $$BEGIN FOR n IN 1..20000 LOOP INSERT INTO t VALUES (n); COMMIT; END LOOP; END$$");
    let mut child = Command::new(program::path())
        .args(stream(&server, "s", "p", &["--ack", "stdin", "--until", "now"]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("walscope starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut last = String::new();
    for line in BufReader::new(child.stdout.take().expect("a pipe")).lines() {
        let line = line.expect("UTF-8");
        if is_commit(&line) {
            last = member(&line, "endLsn");
            writeln!(stdin, "{last}").expect("it reads");
        }
    }
    assert!(child.wait().expect("it ends").success());
    assert!(confirmed(&server, "s", &format!(">= '{last}'")));
}

#[test]
fn nothing_is_confirmed_when_nothing_is_to_be() {
    let server = Server::start(ServerOptions::default());
    server.sql("CREATE TABLE t (id int); CREATE PUBLICATION p FOR TABLE t");
    assert!(
        program::run(stream(&server, "s", "p", &["--create-slot", "--until", "now"]))
            .status
            .success()
    );
    let before = server.value("SELECT confirmed_flush_lsn::text FROM pg_replication_slots");
    server.sql("INSERT INTO t VALUES (1)");
    // A start further on takes nothing from the slot's own consumer either.
    let here = server.value("SELECT pg_current_wal_lsn()::text");
    let more = ["--ack", "none", "--until", "now", "--start", &here];
    assert!(program::run(stream(&server, "s", "p", &more)).status.success());
    let more = ["--ack", "none", "--until", "now"];
    let output = program::run(stream(&server, "s", "p", &more));
    assert!(output.status.success() && !output.stdout.is_empty());
    assert_eq!(server.value("SELECT confirmed_flush_lsn::text FROM pg_replication_slots"), before);
}

/// PostgreSQL 18 sends nothing of a publication that is missing, and only warns. Red without
/// `suspend_idle_advance` in `native/src/stream/driver.rs`: keepalives would confirm the rows.
#[test]
fn a_publication_dropped_while_streaming_is_said_and_nothing_idle_is_confirmed() {
    // Keepalives come at half of the timeout.
    let settings = vec![("wal_sender_timeout".into(), "2s".into())];
    let server = Server::start(ServerOptions { major: Major::V18, settings, ..Default::default() });
    server.sql("CREATE TABLE t (id int); CREATE PUBLICATION p FOR TABLE t");
    let mut walscope = Program::start(stream(&server, "s", "p", &["--create-slot"]));
    walscope.error_line();
    server.sql("INSERT INTO t VALUES (1)");
    walscope.lines_until(is_commit);
    server.sql("DROP PUBLICATION p");
    let dropped = server.value("SELECT pg_current_wal_lsn()::text");
    server.sql("INSERT INTO t VALUES (2)");
    // The server sends its warning with what comes next.
    server.sql("CREATE TABLE elsewhere (id int)");
    assert!(walscope.error_line().contains("skipped loading publication \"p\""));
    // Time for keepalives beyond the row.
    std::thread::sleep(Duration::from_secs(3));
    walscope.signal(rustix::process::Signal::TERM);
    assert!(walscope.wait().0.success());
    assert!(confirmed(&server, "s", &format!("<= '{dropped}'")));
}
