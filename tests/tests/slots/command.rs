//! `walscope slot`.

use std::process::Output;

use rustix::process::Signal;
use serde_json::Value;
use walscope::{Client, Config, ConnectionKind};
use walscope_tests::program::{self, Program};
use walscope_tests::{Major, Server};

use crate::{await_value, code, run, start};

/// Runs `walscope slot COMMAND CONNINFO --slot s …`.
fn slot(server: &Server, command: &str, more: &[&str]) -> Output {
    let conninfo = server.conninfo();
    program::run(["slot", command, &conninfo, "--slot", "s"].iter().chain(more))
}

/// What it prints where it succeeds.
fn prints(server: &Server, command: &str, more: &[&str]) -> String {
    let output = slot(server, command, more);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{command} {more:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Checks the exit code, and parts of the only line on standard error.
fn fails(server: &Server, command: &str, more: &[&str], parts: &[&str]) {
    let output = slot(server, command, more);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{command} {more:?}: {error}");
    assert_eq!((error.lines().count(), output.stdout.len()), (1, 0), "{error}");
    for part in parts {
        assert!(error.contains(part), "{error} does not say {part}");
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("a line is JSON")
}

const CONFIRMED: &str =
    "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = 's'";

#[test]
fn a_logical_slot_is_created_listed_altered_and_dropped() {
    for major in Major::ALL {
        let server = start(major);
        let created = prints(&server, "create", &[]);
        let at = server.value(CONFIRMED);
        assert_eq!(created, format!("created slot \"s\" at {at}\n"), "{major}");
        fails(&server, "create", &[], &["\"s\" already exists", "42710"]);
        assert_eq!(
            prints(&server, "create", &["--if-not-exists"]),
            "slot \"s\" is there already\n"
        );
        let same = json(&prints(&server, "create", &["--if-not-exists", "--json"]));
        assert_eq!(same["created"], false);
        for (more, difference) in [
            (&["--plugin", "test_decoding"][..], "it uses the plugin pgoutput"),
            (&["--physical"], "it is a logical one"),
            (&["--two-phase"], "without two-phase"),
        ] {
            let more: Vec<_> = ["--if-not-exists"].iter().chain(more).copied().collect();
            fails(&server, "create", &more, &["is there already, but", difference]);
        }

        let text = prints(&server, "list", &[]);
        let lines: Vec<_> = text.lines().collect();
        assert!(
            lines[0].starts_with("NAME  TYPE     PLUGIN    DATABASE  ACTIVE  STATUS"),
            "{text}"
        );
        assert!(
            lines[1].starts_with("s     logical  pgoutput  postgres  no      reserved"),
            "{text}"
        );
        let line = json(&prints(&server, "list", &["--json"]));
        for (name, value) in [("slot", "s"), ("plugin", "pgoutput"), ("walStatus", "reserved")] {
            assert_eq!(line[name], value, "{line}");
        }
        assert_eq!(line["confirmedFlushLsn"], at);
        assert_eq!((&line["active"], &line["lost"]), (&Value::Bool(false), &Value::Null));
        assert!(line["lagBytes"].as_u64() <= line["retainedBytes"].as_u64(), "{line}");

        if major >= Major::V17 {
            assert_eq!(prints(&server, "alter", &["--failover", "on"]), "");
            assert_eq!(json(&prints(&server, "list", &["--json"]))["failover"], true);
        } else {
            let lacks = format!("PostgreSQL {major} does not have the option failover");
            fails(&server, "alter", &["--failover", "on"], &[&lacks, "PostgreSQL 17 or newer"]);
            fails(&server, "create", &["--failover"], &[&lacks]);
        }
        if major >= Major::V18 {
            prints(&server, "alter", &["--two-phase", "on", "--failover", "off"]);
            assert!(prints(&server, "list", &[]).contains("two-phase"));
        }

        assert_eq!(prints(&server, "drop", &[]), "");
        fails(&server, "drop", &[], &["\"s\" does not exist", "42704"]);
        assert_eq!(prints(&server, "drop", &["--if-exists"]), "");
        fails(&server, "list", &[], &["\"s\" does not exist", "walscope slot list"]);
        let all = program::run(["slot", "list", &server.conninfo(), "--json"]);
        assert_eq!((all.status.code(), all.stdout.len()), (Some(0), 0));
    }
}

#[test]
fn a_physical_slot_is_created_and_read() {
    for major in Major::ALL {
        let server = start(major);
        let created = json(&prints(&server, "create", &["--physical", "--reserve-wal", "--json"]));
        let expected = r#"{"slot":"s","type":"physical","created":true}"#;
        assert_eq!(created, json(expected), "{major}");
        if major < Major::V15 {
            let lacks = "PostgreSQL 14 does not have the command READ_REPLICATION_SLOT";
            fails(&server, "read", &[], &[lacks, "walscope slot list"]);
            continue;
        }
        let restart = "SELECT restart_lsn FROM pg_replication_slots WHERE slot_name = 's'";
        let restart = server.value(restart);
        assert_eq!(prints(&server, "read", &[]), format!("{restart} on timeline 1\n"));
        let read = json(&prints(&server, "read", &["--json"]));
        assert_eq!((&read["restartLsn"], &read["restartTimeline"]), (&restart.into(), &1.into()));
        prints(&server, "drop", &[]);
        fails(&server, "read", &[], &["\"s\" does not exist"]);
        prints(&server, "create", &["--two-phase", "--plugin", "test_decoding"]);
        fails(&server, "read", &[], &["logical replication slot"]);
    }
}

#[test]
fn a_slot_in_use_is_dropped_with_wait() {
    let server = start(Major::default());
    server.sql("CREATE PUBLICATION p FOR ALL TABLES");
    prints(&server, "create", &[]);
    let conninfo = server.conninfo();
    let stream = Program::start(["stream", &conninfo, "--slot", "s", "--publication", "p"]);
    let active = "SELECT active::text FROM pg_replication_slots WHERE slot_name = 's'";
    await_value(&server, active, "true");
    fails(&server, "drop", &[], &["is active for PID", "pg_terminate_backend"]);
    let dropping = Program::start(["slot", "drop", &conninfo, "--slot", "s", "--wait"]);
    let waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'walsender' \
                 AND query LIKE '%pg_replication_slots%'";
    await_value(&server, waits, "t");
    assert_eq!(server.value(active), "true");
    stream.signal(Signal::INT);
    assert!(stream.wait().0.success());
    assert!(dropping.wait().0.success());
    assert_eq!(server.value("SELECT count(*) FROM pg_replication_slots"), "0");
}

#[test]
fn an_exported_snapshot_stays_until_the_command_is_interrupted() {
    for major in [Major::V14, Major::V18] {
        let server = start(major);
        server.sql("CREATE TABLE t AS SELECT 1 AS id");
        let conninfo = server.conninfo();
        let mut create = Program::start([
            "slot",
            "create",
            &conninfo,
            "--slot",
            "s",
            "--export-snapshot",
            "--json",
        ]);
        let line = json(&create.line());
        assert_eq!(line["consistentPoint"], server.value(CONFIRMED));
        let snapshot = line["snapshot"].as_str().unwrap();
        create.error_line();
        server.sql("INSERT INTO t VALUES (2)");
        let begin =
            format!("BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '{snapshot}'");
        let read = format!("{begin}; SELECT count(*) FROM t");
        assert_eq!(server.value(&read), "1");
        create.signal(Signal::TERM);
        assert!(create.wait().0.success());
        run(async {
            let config = Config::parse(&conninfo).unwrap();
            let mut client = Client::connect(&config, ConnectionKind::Sql).await.unwrap();
            assert_ne!(code(client.simple_query(&begin).await), "no error");
        });
        assert_eq!(server.value("SELECT count(*) FROM pg_replication_slots"), "1");
    }
}

#[test]
fn bad_usage_is_told_from_failure() {
    let conninfo = "host=127.0.0.1 port=1 user=u dbname=d";
    for arguments in [
        &["slot"][..],
        &["slot", "list"],
        &["slot", "create", conninfo],
        &["slot", "create", conninfo, "--slot", "s", "--physical", "--two-phase"],
        &["slot", "create", conninfo, "--slot", "s", "--physical", "--plugin", "pgoutput"],
        &["slot", "create", conninfo, "--slot", "s", "--reserve-wal"],
        &["slot", "create", conninfo, "--slot", "s", "--export-snapshot", "--if-not-exists"],
        &["slot", "alter", conninfo, "--slot", "s"],
        &["slot", "alter", conninfo, "--slot", "s", "--failover", "maybe"],
        &["slot", "rename", conninfo, "--slot", "s"],
    ] {
        let output = program::run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
    }
    let output = program::run(["slot", "list", conninfo]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot connect to 127.0.0.1:1"));
}
