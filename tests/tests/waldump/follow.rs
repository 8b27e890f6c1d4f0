//! The log of a server that goes on.

use rustix::process::Signal;
use walscope_tests::program::Program;
use walscope_tests::{Major, Server, ServerOptions};

#[test]
fn records_come_as_they_are_written() {
    let server = Server::start(ServerOptions { major: Major::V18, ..Default::default() });
    server.sql("CREATE TABLE t (a int)");
    let start = server.value("SELECT pg_current_wal_insert_lsn()");
    server.sql("INSERT INTO t VALUES (1)");
    let wal = server.data_dir().join("pg_wal");
    let wal = wal.to_str().expect("UTF-8");
    let arguments = ["waldump", "-f", "-p", wal, "-s", &start, "--rmgr", "Transaction"];
    let mut program = Program::start(arguments);
    assert!(program.line().contains("desc: COMMIT "));
    server.sql("INSERT INTO t VALUES (2)");
    assert!(program.line().contains("desc: COMMIT "));
    // Over the end of a segment.
    server.sql("SELECT pg_switch_wal()");
    server.sql("INSERT INTO t VALUES (3)");
    assert!(program.line().contains("desc: COMMIT "));
    program.signal(Signal::INT);
    let (status, _, errors) = program.wait();
    assert_eq!((status.code(), errors), (Some(0), Vec::new()));
}

/// What was counted so far is printed.
#[test]
fn an_interrupt_ends_counting() {
    let server = Server::start(ServerOptions { major: Major::V16, ..Default::default() });
    let start = server.value("SELECT pg_current_wal_insert_lsn()");
    server.sql("CREATE TABLE t (a int)");
    let images = tempfile::tempdir().expect("a folder");
    let wal = server.data_dir().join("pg_wal");
    let save = format!("--save-fullpage={}", images.path().display());
    let wal = wal.to_str().expect("UTF-8");
    let program = Program::start(["waldump", "-f", "-z", "-p", wal, "-s", &start, &save]);
    // That it reads is seen by what it saves.
    while std::fs::read_dir(images.path()).expect("a folder").next().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
        for statement in ["CHECKPOINT", "CREATE TABLE u (a int)", "DROP TABLE u"] {
            server.sql(statement);
        }
    }
    program.signal(Signal::INT);
    let (status, lines, errors) = program.wait();
    assert_eq!((status.code(), errors), (Some(0), Vec::new()));
    assert!(lines[0].starts_with("WAL statistics between "), "{}", lines[0]);
    assert!(lines[lines.len() - 1].starts_with("Total "));
}
