//! The snapshot of a slot's consistent point: it and the stream have every row once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use walscope::{Client, ConnectionKind, LogicalSlot};
use walscope_tests::{Major, Server, program};

use crate::{code, connect, connect_with, refused, replicate, run, start};

/// The rows of table `t` that a connection sees.
async fn ids(client: &mut Client) -> BTreeSet<u64> {
    let results = client.simple_query("SELECT id FROM public.t").await.unwrap();
    let rows = results.into_iter().next().unwrap().rows.into_iter();
    rows.map(|row| row[0].as_deref().unwrap().parse().unwrap()).collect()
}

async fn count(client: &mut Client) -> usize {
    ids(client).await.len()
}

/// The rows that are inserted into it according to the stream from slot `s`.
fn streamed(server: &Server) -> BTreeSet<u64> {
    let conninfo = server.conninfo();
    let arguments = ["stream", &conninfo, "--slot", "s", "--publication", "p", "--until", "now"];
    let output = program::run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let inserts = lines.lines().filter(|line| line.contains(r#""kind":"insert""#));
    let ids: Vec<_> = inserts
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["new"]["id"].as_u64().unwrap()
        })
        .collect();
    let distinct: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(distinct.len(), ids.len(), "a row comes twice");
    distinct
}

fn slot() -> LogicalSlot {
    LogicalSlot::new("s", "pgoutput")
}

const TABLE: &str = "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY); \
     CREATE PUBLICATION p FOR TABLE t";

/// While another session inserts a row after the other, in transactions of one and of a hundred.
#[test]
fn an_exported_snapshot_and_the_stream_have_every_row_once() {
    for major in Major::ALL {
        let server = start(major);
        server.sql(TABLE);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    server.sql("INSERT INTO t DEFAULT VALUES");
                    server.sql(&format!(
                        "BEGIN; {} COMMIT",
                        "INSERT INTO t DEFAULT VALUES;".repeat(100)
                    ));
                }
            });
            let seen = run(async {
                let mut reader = connect(&server, ConnectionKind::Sql).await;
                while count(&mut reader).await < 300 {
                    sleep(Duration::from_millis(1)).await;
                }
                let mut client = replicate(&server).await;
                let (created, snapshot) =
                    client.create_slot_exporting_snapshot(&slot()).await.unwrap();
                assert_eq!(created.name, "s");
                let before = count(&mut reader).await;
                while count(&mut reader).await < before + 300 {
                    sleep(Duration::from_millis(1)).await;
                }
                reader.simple_query(&snapshot.begin_sql()).await.unwrap();
                let seen = ids(&mut reader).await;
                // Whoever has taken the snapshot keeps it.
                snapshot.release().await.unwrap();
                assert_eq!(ids(&mut reader).await, seen);
                seen
            });
            stop.store(true, Ordering::Relaxed);
            writer.join().unwrap();
            let streamed = streamed(&server);
            assert!(seen.len() >= 300 && streamed.len() >= 300, "{major}");
            assert_eq!(seen.intersection(&streamed).next(), None, "{major}");
            let all = run(async { ids(&mut connect(&server, ConnectionKind::Sql).await).await });
            assert_eq!(&seen | &streamed, all, "{major}");
        });
    }
}

/// Red without `no_time_limits`.
#[test]
fn time_limits_do_not_end_an_exported_snapshot() {
    for major in Major::ALL {
        let server = start(major);
        server.sql(TABLE);
        let mut limits = "-c idle_in_transaction_session_timeout=400".to_string();
        if major >= Major::V17 {
            limits.push_str(" -c transaction_timeout=400");
        }
        run(async {
            let mut client = connect_with(&server, ConnectionKind::Replication, &limits).await;
            let (_, snapshot) = client.create_slot_exporting_snapshot(&slot()).await.unwrap();
            sleep(Duration::from_millis(900)).await;
            let mut reader = connect(&server, ConnectionKind::Sql).await;
            reader.simple_query(&snapshot.begin_sql()).await.unwrap();
            snapshot.release().await.unwrap();
        });
    }
}

#[test]
fn an_exported_snapshot_ends_with_the_next_command_or_the_connection() {
    for major in Major::ALL {
        let server = start(major);
        run(async {
            let mut client = replicate(&server).await;
            for (number, end) in ["release", "command", "close"].into_iter().enumerate() {
                let slot = LogicalSlot::new(format!("s{number}"), "pgoutput");
                let (_, snapshot) = client.create_slot_exporting_snapshot(&slot).await.unwrap();
                let begin = snapshot.begin_sql();
                assert!(begin.contains(snapshot.name()));
                let mut reader = connect(&server, ConnectionKind::Sql).await;
                reader.simple_query(&begin).await.unwrap();
                reader.simple_query("ROLLBACK").await.unwrap();
                match end {
                    "release" => snapshot.release().await.unwrap(),
                    "command" => {
                        let name = snapshot.into_name();
                        assert!(begin.contains(&name));
                        client.slots().await.unwrap();
                    }
                    _ => std::mem::replace(&mut client, replicate(&server).await).close().await,
                }
                let gone = || async {
                    let mut reader = connect(&server, ConnectionKind::Sql).await;
                    code(reader.simple_query(&begin).await)
                };
                // A server process may need a moment to end.
                while end == "close" && gone().await == "no error" {
                    sleep(Duration::from_millis(5)).await;
                }
                // Invalid, or missing.
                assert!(["22023", "42704"].contains(&gone().await.as_str()), "{end} on {major}");
            }
        });
    }
}

#[test]
fn a_used_snapshot_is_the_transactions() {
    for major in Major::ALL {
        let server = start(major);
        server.sql(TABLE);
        server.sql("INSERT INTO t SELECT FROM generate_series(1, 3)");
        run(async {
            let mut client = replicate(&server).await;
            client.create_slot_using_snapshot(&slot()).await.unwrap();
            server.sql("INSERT INTO t SELECT FROM generate_series(1, 2)");
            assert_eq!(ids(&mut client).await, BTreeSet::from([1, 2, 3]), "{major}");
            client.simple_query("COMMIT").await.unwrap();
            assert_eq!(count(&mut client).await, 5);
            assert_eq!(streamed(&server), BTreeSet::from([4, 5]), "{major}");

            // What fails leaves no transaction behind: red without the `ROLLBACK`.
            assert_eq!(code(client.create_slot_using_snapshot(&slot()).await), "42710");
            assert_eq!(count(&mut client).await, 5);
            client.simple_query("BEGIN; SELECT count(*) FROM public.t").await.unwrap();
            let late = LogicalSlot::new("late", "pgoutput");
            assert_ne!(code(client.create_slot_using_snapshot(&late).await), "no error");
            assert_eq!(client.slot_info("late").await.unwrap(), None);
        });
    }
}

#[test]
fn postgresql_14_has_no_snapshot_of_a_two_phase_slot() {
    for major in Major::ALL {
        let server = start(major);
        run(async {
            let mut client = replicate(&server).await;
            let slot = LogicalSlot { two_phase: true, ..LogicalSlot::new("s", "test_decoding") };
            if major < Major::V15 {
                let exported = client.create_slot_exporting_snapshot(&slot).await;
                refused(exported, &server, major, "snapshot of a slot with two-phase", "\"s\"");
                let used = client.create_slot_using_snapshot(&slot).await;
                refused(used, &server, major, "snapshot of a slot with two-phase", "BEGIN");
            } else {
                let (_, snapshot) = client.create_slot_exporting_snapshot(&slot).await.unwrap();
                snapshot.release().await.unwrap();
                assert!(client.slot_info("s").await.unwrap().unwrap().two_phase);
            }
        });
    }
}
