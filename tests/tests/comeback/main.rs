//! Streams whose connection breaks go on where they were, without a gap and without a repetition.

mod restart;

use std::future::Future;
use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use walscope::{Acknowledge, Config, Stream, StreamOptions};
use walscope_core::capture::Entry;
use walscope_core::pgoutput::tag;
use walscope_tests::program::{self, Program};
use walscope_tests::proxy::Proxy;
use walscope_tests::{Server, ServerOptions};

const ROWS: usize = 30_000;
const PATIENCE: Duration = Duration::from_secs(120);

fn stream(server: &Server, more: &[&str]) -> Vec<String> {
    let conninfo = server.conninfo();
    let arguments = ["stream", &conninfo, "--slot", "s", "--publication", "p"];
    arguments.iter().chain(more).map(ToString::to_string).collect()
}

fn server() -> Server {
    let settings = vec![("logical_decoding_work_mem".into(), "64kB".into())];
    let server = Server::start(ServerOptions { settings, ..ServerOptions::default() });
    server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t");
    let create = stream(&server, &["--create-slot", "--until", "now"]);
    assert!(program::run(create).status.success());
    server
}

fn wait<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await.unwrap() })
}

/// Cuts the stream's connection, as soon as there is one. A server process that has the slot and has
/// not sent anything is still to answer START_REPLICATION: the first stream would be refused, not cut.
fn cut(server: &Server, walscope: &mut Program) {
    let began = Instant::now();
    let cut = "SELECT count(pg_terminate_backend(pid))::text FROM pg_replication_slots \
               JOIN pg_stat_replication ON pid = active_pid WHERE sent_lsn IS NOT NULL";
    while server.value(cut) == "0" {
        if began.elapsed() > PATIENCE {
            let slots = server.value("SELECT string_agg(s::text, ';') FROM pg_replication_slots s");
            panic!("nobody streams: {:?}, {slots}", walscope.errors_so_far());
        }
    }
}

/// One transaction of so many rows that a connection that breaks breaks inside it.
fn insert(server: &Server) {
    server.sql(&format!(
        "INSERT INTO t SELECT n, repeat('x', 200) FROM generate_series(1, {ROWS}) n"
    ));
}

/// Red without `Delivery::pass_over`, and, for repeated lines, without `Tracker::resume`.
#[test]
fn a_transaction_that_breaks_off_goes_on_with_its_next_change() {
    for streaming in ["off", "on", "parallel"] {
        let server = server();
        insert(&server);
        let mut walscope = Program::start(stream(&server, &["--streaming", streaming]));
        let mut lines = Vec::new();
        for cuts in 1..4 {
            // Pieces are held: nothing is printed before the last one has come.
            while streaming == "off" && lines.len() < cuts * ROWS / 5 {
                lines.push(walscope.line());
            }
            cut(&server, &mut walscope);
        }
        while !lines.last().is_some_and(|line: &String| line.starts_with(r#"{"kind":"commit""#)) {
            lines.push(walscope.line());
        }
        walscope.signal(rustix::process::Signal::TERM);
        let (status, rest, errors) = walscope.wait();
        assert!(status.success(), "{errors:?}");
        assert!(rest.is_empty(), "{} lines more: {:?}", rest.len(), rest.first());
        let again = errors.iter().filter(|line| line.contains("connected again")).count();
        assert!(again >= 1, "{streaming}: {errors:?}");
        check(&lines, streaming);
        assert!(program::run(stream(&server, &["--until", "now"])).stdout.is_empty());
    }
}

/// Begin, relation, rows in their order, commit, each once.
fn check(lines: &[String], streaming: &str) {
    let kinds = |index: usize| -> Value { serde_json::from_str(&lines[index]).expect("JSON") };
    assert_eq!(lines.len(), ROWS + 3, "{streaming}");
    assert_eq!(kinds(0)["kind"], "begin", "{streaming}");
    assert_eq!(kinds(1)["kind"], "relation", "{streaming}");
    for row in 0..ROWS {
        let line = kinds(row + 2);
        let found = (line["seq"].as_u64(), line["new"]["id"].as_u64());
        assert_eq!(found, (Some(row as u64), Some(row as u64 + 1)), "{streaming}");
    }
}

/// Red without `Supervisor::for_goodbye`: nobody would tell the server what was confirmed.
#[test]
fn what_is_confirmed_without_a_connection_is_told_at_the_end() {
    let server = server();
    let mut walscope = Program::start(stream(&server, &["--ack", "stdin"]));
    server.sql("INSERT INTO t VALUES (1, 'v')");
    let lines = walscope.lines_until(|line| line.starts_with(r#"{"kind":"commit""#));
    let commit: Value = serde_json::from_str(lines.last().expect("a line")).expect("JSON");
    cut(&server, &mut walscope);
    while !walscope.error_line().contains("Trying again") {}
    let end = commit["endLsn"].as_str().expect("an LSN");
    writeln!(walscope.stdin(), "{end}").expect("walscope reads");
    walscope.signal(rustix::process::Signal::TERM);
    let (status, _, errors) = walscope.wait();
    assert!(status.success(), "{errors:?}");
    assert!(program::run(stream(&server, &["--until", "now"])).stdout.is_empty(), "{errors:?}");
}

/// The server, or the network, breaks the connection while the stream says its last word: that is said
/// again on another one.
///
/// Red without `Closing::Wanted` in `Supervisor::for_goodbye`; the network's half also if `Driver::read`
/// takes the end of the connection for the server's answer.
#[test]
fn what_is_confirmed_as_the_connection_breaks_is_told_at_the_end() {
    for breaks in ["server", "network"] {
        let server = server();
        let proxy = Proxy::start(server.port());
        let through = server.conninfo_with(&[("port", &proxy.port().to_string())]);
        let config = Config::parse(&through).expect("a conninfo");
        let options =
            StreamOptions { acknowledge: Acknowledge::Manual, ..StreamOptions::new("s", ["p"]) };
        wait(async {
            let mut stream = Stream::open(&config, options).await.expect("a stream");
            server.sql("INSERT INTO t VALUES (1, 'v')");
            let items = loop {
                let batch = stream.next_batch().await.expect("no error").expect("no end");
                let ends =
                    |entry| matches!(entry, Ok(Entry::Data(data)) if data.data[0] == tag::COMMIT);
                if batch.entries().any(ends) {
                    break batch.items();
                }
            };
            stream.control().confirm_items(items);
            // Nothing waits here: the stream's task runs next when the stream is closed.
            if breaks == "server" {
                let end =
                    "SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots";
                server.sql(end);
            } else {
                proxy.cut();
            }
            stream.close().await.expect("an end in order");
        });
        let again = program::run(stream(&server, &["--until", "now"]));
        assert!(again.stdout.is_empty(), "{breaks}: {}", String::from_utf8_lossy(&again.stdout));
    }
}

/// Many small transactions, and a server that is restarted under them.
#[test]
fn a_restarted_server_is_found_again() {
    let mut server = server();
    let mut walscope = Program::start(stream(&server, &[]));
    let mut ids = Vec::new();
    for round in 0..3 {
        for id in round * 100..(round + 1) * 100 {
            server.sql(&format!("INSERT INTO t VALUES ({id}, 'v')"));
        }
        while ids.last() != Some(&((round + 1) * 100 - 1)) {
            let line: Value = serde_json::from_str(&walscope.line()).expect("JSON");
            if line["kind"] == "insert" {
                ids.push(line["new"]["id"].as_u64().expect("an id"));
            }
        }
        server.restart();
    }
    assert_eq!(ids, (0..300).collect::<Vec<_>>());
}

#[test]
fn a_slot_that_was_dropped_meanwhile_is_named() {
    let server = server();
    let mut walscope = Program::start(stream(&server, &[]));
    server.sql("INSERT INTO t VALUES (1, 'v')");
    while !walscope.line().starts_with(r#"{"kind":"commit""#) {}
    server.sql(
        "DO $$ BEGIN PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots; \
         PERFORM pg_sleep(0.05); PERFORM pg_drop_replication_slot('s'); END $$",
    );
    let (status, _, errors) = walscope.wait();
    assert_eq!(status.code(), Some(1));
    let last = errors.last().expect("an error");
    assert!(last.contains("has lost the changes after 0/"), "{errors:?}");
    assert!(last.contains("it was dropped"), "{errors:?}");
}
