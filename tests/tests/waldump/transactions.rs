//! Transactions (`--transactions`) and checkpoints (`--by=checkpoint`) against what the server says of
//! them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use walscope_tests::{Major, Server, ServerOptions};

use super::{ours, run};

fn start(major: Major, level: &str) -> Server {
    let settings = [
        ("autovacuum", "off"),
        ("log_checkpoints", "on"),
        ("max_prepared_transactions", "4"),
        ("wal_keep_size", "1GB"),
        ("wal_level", level),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let server = Server::start(ServerOptions { major, settings, ..Default::default() });
    server.sql("CREATE EXTENSION pg_walinspect; CREATE TABLE t (id int, v text)");
    server
}

/// Lines of JSON about a part of the log.
fn lines(server: &Server, from: &str, to: &str, what: &[&str]) -> Vec<Value> {
    let wal = server.data_dir().join("pg_wal");
    // Of all segments there the first may be one that is not written yet.
    let segment = |lsn| server.value(&format!("SELECT pg_walfile_name('{lsn}')"));
    let [first, last] = [from, to].map(segment);
    let range = ["--format=json", "-s", from, "-e", to, &first, &last];
    let answer = run(ours(), &wal, "UTC", range.iter().chain(what));
    assert_eq!((answer.errors.as_str(), answer.code), ("", Some(0)));
    answer.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn numbers(value: &Value) -> Vec<u64> {
    value.as_array().expect("an array").iter().map(number).collect()
}

fn insert(server: &Server) -> String {
    server.value("SELECT pg_current_wal_insert_lsn()")
}

/// Ends of all kinds, with subtransactions that stay and that are rolled back, below each other too.
const ENDS: [&str; 8] = [
    "INSERT INTO t SELECT i, 'a' FROM generate_series(1, 100) i",
    "BEGIN; INSERT INTO t VALUES (1); ROLLBACK",
    "BEGIN; INSERT INTO t VALUES (2); SAVEPOINT a; INSERT INTO t VALUES (3); SAVEPOINT b; \
     INSERT INTO t VALUES (4); RELEASE b; RELEASE a; COMMIT",
    "BEGIN; INSERT INTO t VALUES (5); SAVEPOINT a; INSERT INTO t VALUES (6); SAVEPOINT b; \
     INSERT INTO t VALUES (7); ROLLBACK TO a; INSERT INTO t VALUES (8); COMMIT",
    "BEGIN; INSERT INTO t VALUES (9); SAVEPOINT a; DELETE FROM t; PREPARE TRANSACTION 'stays'",
    "BEGIN; INSERT INTO t VALUES (10); PREPARE TRANSACTION 'commits'",
    "BEGIN; INSERT INTO t VALUES (11); PREPARE TRANSACTION 'aborts'",
    // More than 64, so that the log says whose they are.
    "DO $$ BEGIN FOR i IN 1..70 LOOP BEGIN INSERT INTO t VALUES (i); \
     IF i % 10 = 0 THEN RAISE division_by_zero; END IF; EXCEPTION WHEN division_by_zero THEN END; \
     END LOOP; END $$",
];

/// What `pg_walinspect` counts by the number that records have: records and their bytes.
fn counted(server: &Server, from: &str, to: &str) -> BTreeMap<u64, [u64; 3]> {
    let rows = server.sql(&format!(
        "SELECT xid, count(*), sum(record_length - fpi_length), sum(fpi_length)
         FROM pg_get_wal_records_info('{from}', '{to}') GROUP BY xid"
    ));
    let rows = rows.into_iter().map(|row| {
        let numbers: Vec<u64> = row
            .into_iter()
            .map(|value| value.expect("a value").parse().expect("a number"))
            .collect();
        (numbers[0], [numbers[1], numbers[2], numbers[3]])
    });
    rows.collect()
}

/// Every number that was given out is that of a transaction or of a subtransaction, and has its end.
fn transactions_are_those_of_the_server(major: Major, level: &str) {
    let mut server = start(major, level);
    let from = insert(&server);
    let first: u64 =
        server.value("SELECT pg_snapshot_xmax(pg_current_snapshot())").parse().unwrap();
    ENDS.iter().for_each(|statement| _ = server.sql(statement));
    server.sql("COMMIT PREPARED 'commits'");
    server.sql("ROLLBACK PREPARED 'aborts'");
    let open = async |server: &Server| {
        let client = server.client().await;
        client.batch_execute("BEGIN; INSERT INTO t VALUES (12)").await.expect("it is inserted");
        let xid = client.query_one("SELECT pg_current_xact_id()::text", &[]).await.expect("a row");
        (client, xid.get::<_, String>(0).parse::<u64>().expect("a number"))
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (client, open) = runtime.block_on(open(&server));
    server.sql("INSERT INTO t VALUES (13)");
    let next: u64 = server.value("SELECT pg_snapshot_xmax(pg_current_snapshot())").parse().unwrap();
    let to = server.value("SELECT pg_current_wal_flush_lsn()");

    let found = lines(&server, &from, &to, &["--transactions"]);
    compare_with_statuses(&server, &found, first..next);
    compare_with_counts(&found, &counted(&server, &from, &to));
    let of = |outcome: &str| found.iter().filter(|line| line["outcome"] == outcome).count();
    assert_eq!((of("open"), of("prepared"), of("lost")), (1, 1, 0));
    assert_eq!((of("committed prepared"), of("aborted prepared")), (1, 1));
    let stays = found.iter().find(|line| line["gid"] == "stays").expect("the prepared one");
    let prepared =
        server.sql("SELECT transaction, prepared AT TIME ZONE 'UTC' FROM pg_prepared_xacts");
    assert_eq!(prepared[0][0], Some(stays["xid"].to_string()));
    let time = stays["prepareTime"].as_str().expect("a time").replace('T', " ");
    let said = prepared[0][1].as_deref().expect("a time");
    assert!(time.starts_with(said.trim_end_matches('0')), "{time}, not {said}");
    let loop_of_70 = found.iter().max_by_key(|line| numbers(&line["subxids"]).len()).expect("one");
    assert_eq!(numbers(&loop_of_70["subxids"]).len(), 63);
    // Before the log says whose they are, those that were rolled back are transactions of their own.
    let aborted = if level == "logical" { 7 } else { 0 };
    assert_eq!(numbers(&loop_of_70["abortedSubxids"]).len(), aborted);

    // A crash ends what is open; what is prepared stays.
    server.kill();
    drop(client);
    server.restart();
    server.sql("CHECKPOINT");
    let to = server.value("SELECT pg_current_wal_flush_lsn()");
    let found = lines(&server, &from, &to, &["--transactions"]);
    let lost: Vec<_> = found.iter().filter(|line| line["outcome"] == "lost").collect();
    assert_eq!(lost.iter().map(|line| number(&line["xid"])).collect::<Vec<_>>(), [open]);
    assert_eq!(server.value(&format!("SELECT pg_xact_status('{open}')")), "aborted");
    assert!(found.iter().any(|line| line["outcome"] == "prepared"));
}

fn compare_with_statuses(server: &Server, found: &[Value], xids: std::ops::Range<u64>) {
    let mut known = BTreeSet::new();
    for line in found {
        let status = |xid: u64| server.value(&format!("SELECT pg_xact_status('{xid}')"));
        let xid = number(&line["xid"]);
        let expected = match line["outcome"].as_str().expect("text") {
            "open" | "prepared" => "in progress",
            outcome => outcome.split(' ').next().unwrap_or_default(),
        };
        assert_eq!(status(xid), expected, "{line}");
        let subxids = numbers(&line["subxids"]);
        let aborted = numbers(&line["abortedSubxids"]);
        // Each fifth is enough.
        subxids.iter().step_by(5).for_each(|sub| assert_eq!(status(*sub), expected, "{line}"));
        aborted.iter().for_each(|sub| assert_eq!(status(*sub), "aborted", "{line}"));
        for xid in subxids.into_iter().chain(aborted).chain([xid]) {
            assert!(known.insert(xid), "{xid} is there twice");
        }
    }
    assert_eq!(known, xids.collect());
}

fn compare_with_counts(found: &[Value], counted: &BTreeMap<u64, [u64; 3]>) {
    for line in found {
        // COMMIT PREPARED and ROLLBACK PREPARED have no number of their own.
        if line["outcome"].as_str().is_some_and(|outcome| outcome.ends_with(" prepared")) {
            continue;
        }
        let mut sums = [0; 3];
        let subxids = numbers(&line["subxids"]).into_iter().chain(numbers(&line["abortedSubxids"]));
        for xid in subxids.chain([number(&line["xid"])]) {
            let of = counted.get(&xid).copied().unwrap_or_default();
            sums.iter_mut().zip(of).for_each(|(sum, more)| *sum += more);
        }
        let ours = ["records", "recordBytes", "imageBytes"].map(|name| number(&line[name]));
        assert_eq!(ours, sums, "{line}");
    }
}

#[test]
fn transactions_are_those_of_15() {
    transactions_are_those_of_the_server(Major::V15, "replica");
}

#[test]
fn transactions_are_those_of_18() {
    transactions_are_those_of_the_server(Major::V18, "logical");
}

/// Text has a line a transaction, below the names of the columns; filters choose what counts.
#[test]
fn transactions_are_a_table_too() {
    let segments = super::segments();
    let first = segments.first();
    let said = |arguments: &[&str]| run(ours(), &segments.folder, "UTC", arguments);
    let table = said(&["--transactions", first]);
    assert_eq!((table.errors.as_str(), table.code), ("", Some(0)));
    let json = said(&["--transactions", "--format=json", first]);
    assert_eq!(table.out.lines().count(), json.out.lines().count() + 1);
    assert!(
        table
            .out
            .lines()
            .any(|line| line.contains(" committed prepared ") && line.ends_with(" one"))
    );
    let heap = said(&["--transactions", "--format=json", "-r", "Heap", first]);
    let records = heap
        .out
        .lines()
        .map(|line| number(&serde_json::from_str::<Value>(line).expect("JSON")["records"]));
    let expected = said(&["-r", "Heap", first]).out;
    let expected = expected.lines().filter(|line| !line.contains("tx:          0,"));
    assert_eq!(records.sum::<u64>(), expected.count() as u64);
}

/// What a line of the server's log says of a checkpoint: `distance=1 kB, estimate=2 kB`.
fn logged(line: &str, name: &str) -> u64 {
    let rest = line.split(&format!(" {name}=")).nth(1).expect("a number");
    rest.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

fn checkpoints_are_those_of_the_server(major: Major) {
    let mut server = start(major, "replica");
    let from = insert(&server);
    server.sql("INSERT INTO t VALUES (0)");
    // From the shutdown's checkpoint on the server estimates anew.
    server.restart();
    let before = server.log().len();
    for rows in [20_000, 100, 30_000, 1] {
        server.sql(&format!("INSERT INTO t SELECT i, 'row' FROM generate_series(1, {rows}) i"));
        server.sql("UPDATE t SET v = 'other' WHERE id % 100 = 0");
        server.sql("CHECKPOINT");
    }
    server.sql("INSERT INTO t VALUES (1)");
    let to = server.value("SELECT pg_current_wal_flush_lsn()");
    let found = lines(&server, &from, &to, &["--by=checkpoint"]);
    assert_eq!(found[0].get("redoLsn"), None);
    let shutdown = &found[1];
    assert_eq!((shutdown["kind"].as_str(), shutdown.get("distance")), (Some("shutdown"), None));
    let online = &found[2..];
    assert!(online.len() >= 4 && online.iter().all(|line| line["kind"] == "online"), "{found:?}");

    let log = server.log();
    let said: Vec<_> =
        log[before..].lines().filter(|line| line.contains("checkpoint complete")).collect();
    assert_eq!(said.len(), online.len(), "{said:?}");
    for (said, line) in said.iter().zip(online) {
        for name in ["distance", "estimate"] {
            assert_eq!(number(&line[name]) / 1024, logged(said, name), "{name} of {line}: {said}");
        }
    }
    let control = server.sql("SELECT redo_lsn, checkpoint_lsn, extract(epoch FROM checkpoint_time) FROM pg_control_checkpoint()");
    let last = online.last().expect("a checkpoint");
    assert_eq!(control[0][0].as_deref(), last["redoLsn"].as_str());
    assert_eq!(control[0][1].as_deref(), last["lsn"].as_str());
    let ends = online.iter().skip(1).map(|line| line["redoLsn"].as_str().expect("a position"));
    for (line, end) in online.iter().zip(ends.chain([to.as_str()])) {
        let redo = line["redoLsn"].as_str().expect("a position");
        let rows = server.sql(&format!(
            "SELECT count(*), sum(record_length - fpi_length), sum(fpi_length)
             FROM pg_get_wal_records_info('{redo}', '{end}')"
        ));
        let said =
            ["records", "recordBytes", "imageBytes"].map(|name| Some(line[name].to_string()));
        assert_eq!(said.as_slice(), rows[0], "{line}");
    }
}

#[test]
fn checkpoints_are_those_of_15() {
    checkpoints_are_those_of_the_server(Major::V15);
}

#[test]
fn checkpoints_are_those_of_18() {
    checkpoints_are_those_of_the_server(Major::V18);
}
