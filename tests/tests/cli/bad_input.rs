//! What cannot work is one line that says what and what to do, and exit code 1; bad usage is 2.

use std::fs;

use walscope_tests::program::{self, Program};
use walscope_tests::{Major, Server, ServerOptions, Tls};

use super::stream;

/// Runs a command that fails, and checks its only line on standard error.
fn fails(arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>, parts: &[&str]) {
    let output = program::run(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    for part in parts {
        assert!(error.contains(part), "{error} does not say {part}");
    }
}

fn with(server: &Server, changes: &[(&str, &str)]) -> Vec<String> {
    let conninfo = server.conninfo_with(changes);
    ["stream", &conninfo, "--slot", "s", "--publication", "p"].map(String::from).to_vec()
}

#[test]
fn servers_that_cannot_be_used() {
    let server = Server::start(ServerOptions::default());
    server.sql("CREATE TABLE t (id int); CREATE PUBLICATION p FOR TABLE t");
    fails(
        with(&server, &[("password", "wrong")]),
        &["password authentication failed", "Check user and password"],
    );
    fails(with(&server, &[("dbname", "nowhere")]), &["\"nowhere\" does not exist", "Check dbname"]);
    fails(with(&server, &[("port", "1")]), &["cannot connect to", ":1", "refused", "Check"]);
    fails(with(&server, &[("sslmode", "require")]), &["TLS", "sslmode"]);
    fails(with(&server, &[]), &["slot \"s\" does not exist", "--create-slot"]);
    fails(
        stream(&server, "s", "nope", &["--create-slot"]),
        &["publication \"nope\" does not exist", "CREATE PUBLICATION"],
    );
    fails(
        stream(&server, "s", "p", &["--create-slot", "--start", "7/0"]),
        &["checkpoint 7/0 is ahead of the server"],
    );
    fails(stream(&server, "Odd Slot", "p", &["--create-slot"]), &["Odd Slot", "invalid character"]);

    let mut walscope = Program::start(stream(&server, "busy", "p", &["--create-slot"]));
    walscope.error_line();
    let start = std::time::Instant::now();
    while server.value("SELECT active::text FROM pg_replication_slots WHERE slot_name = 'busy'")
        != "true"
    {
        assert!(start.elapsed().as_secs() < 120);
    }
    fails(
        stream(&server, "busy", "p", &["--no-reconnect"]),
        &["\"busy\" is active for PID", "pg_terminate_backend"],
    );
    server.sql("SELECT pg_create_logical_replication_slot('other', 'test_decoding')");
    fails(stream(&server, "other", "p", &[]), &["uses the plugin test_decoding"]);
    server.sql("SELECT pg_create_physical_replication_slot('physical')");
    fails(stream(&server, "physical", "p", &[]), &["physical"]);
}

#[test]
fn wal_level_is_not_logical() {
    for major in Major::ALL {
        let settings = vec![("wal_level".into(), "replica".into())];
        let server = Server::start(ServerOptions { major, settings, ..Default::default() });
        server.sql("CREATE TABLE t (id int); CREATE PUBLICATION p FOR TABLE t");
        fails(stream(&server, "s", "p", &["--create-slot"]), &["wal_level", "logical"]);
    }
}

#[test]
fn certificates_that_do_not_fit() {
    let server = Server::start(ServerOptions { tls: Tls::On, ..Default::default() });
    let other = server.tls().other_ca.to_string_lossy().into_owned();
    fails(
        with(&server, &[("sslmode", "verify-full"), ("sslrootcert", &other)]),
        &["certificate", "sslrootcert"],
    );
    let server = Server::start(ServerOptions { tls: Tls::WrongName, ..Default::default() });
    let ca = server.tls().ca.to_string_lossy().into_owned();
    fails(
        with(&server, &[("sslmode", "verify-full"), ("sslrootcert", &ca)]),
        &["elsewhere.example"],
    );
}

#[test]
fn what_a_server_lacks_is_refused_by_name() {
    let server = Server::start(ServerOptions { major: Major::V14, ..Default::default() });
    server.sql("CREATE TABLE t (id int); CREATE PUBLICATION p FOR TABLE t");
    for (more, part) in [
        (&["--two-phase"][..], "two-phase"),
        (&["--protocol", "4"], "protocol version 4"),
        (&["--origin", "none"], "origin"),
        (&["--streaming", "parallel", "--raw"], "parallel"),
    ] {
        let arguments = [&["--create-slot"], more].concat();
        fails(stream(&server, "s", "p", &arguments), &["PostgreSQL 14 does not have", part]);
    }
    assert_eq!(server.value("SELECT count(*)::text FROM pg_replication_slots"), "0");
}

#[test]
fn files_that_are_no_captures() {
    let folder = std::env::temp_dir().join(format!("walscope-bad-input-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).expect("a file");
        path.into_os_string()
    };
    fails(
        ["decode".into(), file("text", b"hello")],
        &["neither a capture", "at byte 0", "Record one with"],
    );
    fails(["decode".into(), file("wal", &[0x13, 0xD1, 5, 0])], &["WAL segment", "reads captures"]);
    let orphan = b"d\0\0\0\x2bw\0\0\0\0\x01\x52\x87\xA8\0\0\0\0\x01\x52\x87\xA8\0\x02\xF9\x5B\x7D\x12\x34\x56I\0\0\x40\x01N\0\x01t\0\0\0\x011";
    fails(["decode".into(), file("orphan", orphan)], &["relation 16385", "head"]);
    fails(["decode".into(), folder.join("missing").into_os_string()], &["cannot open", "missing"]);
    let recording = file("recording", b"d\0\0\0\x05k");
    let nowhere = ["stream", "postgres://127.0.0.1:1/x", "--slot", "s", "--publication", "p"];
    let capture = ["--capture".into(), recording.clone()];
    let arguments = nowhere.map(std::ffi::OsString::from).into_iter().chain(capture);
    fails(arguments, &["is there already", "Choose another name"]);
    assert_eq!(fs::read(&recording).expect("a file"), b"d\0\0\0\x05k");
    let empty = program::run(["decode".into(), file("empty", b"")]);
    assert!(empty.status.success() && empty.stdout.is_empty());
    fs::remove_dir_all(&folder).expect("it is ours");
}

#[test]
fn bad_usage_is_exit_code_2() {
    let nothing: [&str; 0] = [];
    for arguments in [&nothing[..], &["stream"], &["stream", "x", "--slot", "s"], &["nonsense"]] {
        assert_eq!(program::run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let arguments = ["stream", "x", "--slot", "s", "--publication", "p", "--until", "never"];
    assert_eq!(program::run(arguments).status.code(), Some(2));
}
