//! A connection breaks within a transaction, and the next one does not send it as it was.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use walscope::{Config, Error, Reconnect, Stream, StreamOptions, Streaming};
use walscope_core::capture::{Entry, Next, Reader, write_head};
use walscope_core::pgoutput::{Message, tag};
use walscope_tests::program::{self, Program};
use walscope_tests::proxy::Proxy;
use walscope_tests::{Major, Server, ServerOptions};

use crate::{ROWS, insert, wait};

/// Those that send prepared transactions.
const MAJORS: [Major; 4] = [Major::V15, Major::V16, Major::V17, Major::V18];
/// The connection breaks after so many bytes: within the transaction that [`prepare`] prepares.
const WITHIN: usize = 2 * 1024 * 1024;

fn server(major: Major) -> Server {
    let settings = [("logical_decoding_work_mem", "64kB"), ("max_prepared_transactions", "5")];
    let settings = settings.map(|(name, value)| (name.into(), value.into())).into();
    let server = Server::start(ServerOptions { major, settings, ..ServerOptions::default() });
    server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY)");
    server.sql("CREATE PUBLICATION p FOR TABLE t, u; CREATE PUBLICATION only_t FOR TABLE t");
    let slot = match major {
        Major::V14 => "SELECT pg_create_logical_replication_slot('s', 'pgoutput')",
        _ => "SELECT pg_create_logical_replication_slot('s', 'pgoutput', false, true)",
    };
    server.sql(slot);
    server
}

fn prepare(server: &Server) {
    server.sql(&format!(
        "BEGIN; INSERT INTO t SELECT n, repeat('x', 200) FROM generate_series(1, {ROWS}) n; \
         PREPARE TRANSACTION 'g'"
    ));
}

/// The connection breaks within what comes next, and no other one is of use.
fn break_within(proxy: &Proxy) {
    proxy.break_after([WITHIN].into_iter().chain([1; 100]));
}

fn through(server: &Server, proxy: &Proxy) -> String {
    server.conninfo_with(&[("port", &proxy.port().to_string())])
}

fn start(server: &Server, proxy: &Proxy, more: &[&str]) -> Program {
    let conninfo = through(server, proxy);
    let arguments = ["stream", &conninfo, "--slot", "s", "--publication", "p"];
    Program::start(arguments.iter().chain(more))
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

fn kinds(lines: &[String]) -> Vec<String> {
    let kind = |line: &String| parse(line)["kind"].as_str().expect("a kind").to_owned();
    let mut kinds: Vec<_> = lines.iter().map(kind).collect();
    kinds.dedup();
    kinds
}

/// The server sends its beginning and its end again, without rows: the catalog cannot be read for it
/// any more. What was printed of it is taken back by a line, nothing is lost behind it, and a capture
/// says the same.
///
/// Red without `Repeat::Partly(_)` in the last arm of `Delivery::end` (the rows printed are taken for
/// all of it), and without `start_over` in `Printing::entries` (nothing more comes).
#[test]
fn a_prepared_transaction_that_is_rolled_back_while_half_is_printed_is_taken_back() {
    for major in MAJORS {
        let server = server(major);
        let proxy = Proxy::start(server.port());
        let capture = server.folder().join("c.walcap");
        let path = capture.to_str().expect("a path");
        break_within(&proxy);
        let mut walscope = start(&server, &proxy, &["--two-phase", "--capture", path]);
        prepare(&server);
        while !walscope.error_line().contains("Trying again") {}
        for sql in ["ROLLBACK PREPARED 'g'", "INSERT INTO t VALUES (1, 'behind')"] {
            server.sql(sql);
        }
        proxy.break_after([]);
        let lines = walscope.lines_until(|line| line.starts_with(r#"{"kind":"commit""#));
        walscope.signal(rustix::process::Signal::TERM);
        let (status, rest, errors) = walscope.wait();
        assert!(status.success() && rest.is_empty(), "{rest:?} {errors:?}");
        let known = kinds(&lines);
        let head = ["begin", "relation", "insert", "restart"];
        let tail = ["begin", "prepare", "rollbackPrepared", "begin", "insert", "commit"];
        assert_eq!(known, [&head[..], &tail].concat(), "PostgreSQL {major}: {errors:?}");
        let of = |kind: &str| {
            let begins = format!(r#"{{"kind":"{kind}""#);
            parse(lines.iter().find(|line| line.starts_with(&begins)).expect("one"))
        };
        for member in ["xid", "prepareLsn", "gid"] {
            assert_eq!(of("restart")[member], of("begin")[member], "{member}");
            assert!(!of("restart")[member].is_null(), "{member}");
        }
        assert_eq!(of("restart").as_object().expect("an object").len(), 4);
        let decoded = program::run(["decode", path]);
        assert!(decoded.status.success(), "{decoded:?}");
        let decoded = String::from_utf8(decoded.stdout).expect("UTF-8");
        assert_eq!(decoded.lines().collect::<Vec<_>>(), lines, "PostgreSQL {major}");
        assert_eq!(left(&server), "0", "PostgreSQL {major}: everything is confirmed");
    }
}

/// How many messages of transactions the slot still has.
fn left(server: &Server) -> String {
    server.wait_for("SELECT active::text FROM pg_replication_slots", "false");
    server.value(
        "SELECT count(*)::text FROM pg_logical_slot_peek_binary_changes('s', NULL, NULL, \
         'proto_version', '3', 'publication_names', 'p', 'two_phase', 'on')",
    )
}

async fn open(server: &Server, proxy: &Proxy, streaming: Streaming) -> Stream {
    let first_delay = Duration::from_millis(20);
    let reconnect = Some(Reconnect { first_delay, ..Reconnect::default() });
    let options = StreamOptions::new("s", ["p"]);
    let options = StreamOptions { two_phase: true, streaming, reconnect, ..options };
    let config = Config::parse(&through(server, proxy)).expect("a conninfo");
    Stream::open(&config, options).await.expect("a stream")
}

/// The connection breaks for good, and the transaction is rolled back.
fn roll_back(server: &Server, proxy: &Proxy) {
    proxy.break_after([1; 100]);
    proxy.cut();
    for sql in ["ROLLBACK PREPARED 'g'", "INSERT INTO t VALUES (1, 'behind')"] {
        server.sql(sql);
    }
    proxy.break_after([]);
}

/// Red without `is_not_resumed` in `Changes::find`: what is at hand cannot be decoded, it says.
#[test]
fn a_program_is_given_that_a_transaction_begins_again() {
    for (major, streaming) in
        [(Major::V15, Streaming::Off), (Major::V18, Streaming::Off), (Major::V18, Streaming::On)]
    {
        let server = server(major);
        let proxy = Proxy::start(server.port());
        prepare(&server);
        wait(async {
            let mut changes = open(&server, &proxy, streaming).await.changes().unwrap();
            let (mut rows, mut begun, mut restarts) = (0, 0, Vec::new());
            let mut first = None;
            loop {
                let change = changes.next().await.unwrap().unwrap();
                match change.message() {
                    Message::BeginPrepare(begin) => {
                        begun += 1;
                        rows = 0;
                        first.get_or_insert((begin.xid, begin.prepare_lsn));
                    }
                    Message::Insert(_) => rows += 1,
                    Message::StreamAbort(_) => {
                        let transaction = change.transaction().unwrap();
                        restarts.push((transaction.xid, transaction.lsn));
                        assert!(change.is_restart() && !change.is_item());
                        assert_eq!(transaction.gid.as_deref(), Some("g"));
                        assert!(rows >= 10, "{rows}");
                        rows = 0;
                    }
                    Message::Prepare(_) => assert_eq!(rows, 0),
                    Message::Commit(_) => break,
                    _ => assert!(!change.is_restart()),
                }
                if rows == 10 && restarts.is_empty() {
                    roll_back(&server, &proxy);
                    // What is received and put together may be given as long as nothing else is.
                    while changes.control().status().reconnects == 0 {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
            }
            assert_eq!(restarts, [first.unwrap()], "PostgreSQL {major}");
            assert_eq!((begun, rows), (2, 1), "PostgreSQL {major}");
            changes.close().await.unwrap();
        });
    }
}

/// Its rows are not to be taken for all of it: an error, behind which it begins again. Red without
/// `finds_restart` in `TransactionChanges::next`: the end of another transaction ends this one.
#[test]
fn a_transaction_in_hand_that_is_gone_is_an_error_and_the_next_ones_come() {
    let server = server(Major::V18);
    let proxy = Proxy::start(server.port());
    prepare(&server);
    wait(async {
        let mut transactions = open(&server, &proxy, Streaming::Off).await.transactions().unwrap();
        let mut transaction = transactions.next().await.unwrap().unwrap();
        for _ in 0..10 {
            transaction.next().await.unwrap().unwrap();
        }
        roll_back(&server, &proxy);
        let error = loop {
            match transaction.next().await {
                Ok(change) => assert!(change.is_some(), "it has no end"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::NotResumed), "{error}");
        assert_eq!(error.code(), "WALSCOPE_RESUME_MISMATCH");
        assert!(transaction.next().await.is_err(), "it stays so");
        let mut kinds = Vec::new();
        for _ in 0..3 {
            let mut transaction = transactions.next().await.unwrap().unwrap();
            while let Some(change) = transaction.next().await.unwrap() {
                kinds.push(change.message().tag());
            }
        }
        // The transaction again, without rows, its end, and the one behind it.
        assert_eq!(kinds, [tag::ROLLBACK_PREPARED, tag::INSERT]);
        transactions.changes().close().await.unwrap();
    });
}

/// The server decodes with the catalog of the transaction's own time, so that a publication that is
/// altered meanwhile changes nothing of it.
#[test]
fn a_publication_that_is_altered_while_half_is_printed_does_not_matter() {
    for major in [Major::V14, Major::V18] {
        let server = server(major);
        let proxy = Proxy::start(server.port());
        break_within(&proxy);
        let mut walscope = start(&server, &proxy, &["--protocol", "1"]);
        insert(&server);
        while !walscope.error_line().contains("Trying again") {}
        server.sql("ALTER PUBLICATION p DROP TABLE t; ALTER TABLE t ADD w int");
        if major == Major::V18 {
            server.sql("ALTER PUBLICATION p ADD TABLE t WHERE (id > 5)");
        }
        proxy.break_after([]);
        let lines = walscope.lines_until(|line| line.starts_with(r#"{"kind":"commit""#));
        crate::check(&lines, "off");
    }
}

/// A capture of three connections: the first breaks within a transaction, the others have other rows
/// of it, because less is published. Red without `self.differs` in `Delivery::pass_over`: rows are
/// missing from the middle.
#[test]
fn rows_that_are_not_those_before_begin_again() {
    let server = server(Major::V14);
    server.sql(
        "BEGIN; INSERT INTO u SELECT generate_series(1, 9); \
         INSERT INTO t SELECT n, 'v' FROM generate_series(1, 9) n; COMMIT",
    );
    let capture = |publication: &str| {
        let path = server.folder().join(publication);
        let (conninfo, path) = (server.conninfo(), path.to_str().expect("a path").to_owned());
        let arguments = ["stream", &conninfo, "--slot", "s", "--publication", publication];
        let more = ["--ack", "none", "--until", "now", "--capture", &path];
        assert!(program::run(arguments.iter().chain(&more)).status.success());
        fs::read(path).expect("a capture")
    };
    let (whole, fewer) = (capture("p"), capture("only_t"));
    let mut broken = up_to_rows(&whole, 7);
    broken.extend(resumed(&fewer));
    let path = server.folder().join("broken");
    let decode = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("a file");
        let output = program::run(["decode", path.to_str().expect("a path")]);
        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        (output.status.code(), lines.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let (code, lines) = decode(&broken);
    assert_eq!((code, lines.len()), (Some(1), 10), "what differs is not told: {lines:?}");
    broken.extend(resumed(&fewer));
    let (code, lines) = decode(&broken);
    assert_eq!(code, Some(0));
    // The other table is described where it is first seen.
    let expected =
        ["begin", "relation", "insert", "relation", "restart", "begin", "insert", "commit"];
    assert_eq!(kinds(&lines), expected);
    let restart = lines.iter().position(|line| line.contains(r#""kind":"restart""#)).expect("one");
    let numbers: Vec<_> =
        lines[restart..].iter().filter_map(|line| parse(line)["seq"].as_u64()).collect();
    assert_eq!(numbers, (0..9).collect::<Vec<_>>());
}

/// The front of a capture, with so many rows.
fn up_to_rows(capture: &[u8], rows: usize) -> Vec<u8> {
    let mut reader = Reader::new(u32::MAX);
    let (mut length, mut found) = (0, 0);
    while found < rows {
        let Ok(Next::Entry(entry, taken)) = reader.next(&capture[length..]) else { panic!("cut") };
        if let Entry::Data(data) = entry {
            found += usize::from(data.data[0] == tag::INSERT);
        }
        length += taken;
    }
    capture[..length].to_vec()
}

/// The capture as one that goes on where another broke off.
fn resumed(capture: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(u32::MAX);
    let Ok(Next::Entry(Entry::Head(json), length)) = reader.next(capture) else {
        panic!("no head")
    };
    let mut head: Value = serde_json::from_slice(json).expect("JSON");
    head["resumes"] = Value::Bool(true);
    let mut resumed = Vec::new();
    write_head(&mut resumed, &head.to_string());
    resumed.extend_from_slice(&capture[length..]);
    resumed
}
