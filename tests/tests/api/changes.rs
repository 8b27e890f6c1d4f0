//! Changes one by one.

use std::time::Duration;

use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use walscope_core::pgoutput::Message;
use walscope_core::transaction::Position;

use crate::{MAJORS, confirmed, end_of, open, open_at, options, slot_position, start, wait};

#[derive(Debug, PartialEq, Deserialize)]
struct Row {
    id: i32,
    v: Option<String>,
}

/// Red without `self.ended` in `Changes::find` (the first is never confirmed), and when the commit
/// itself confirms (`self.ended` set in `find`).
#[test]
fn a_transaction_is_confirmed_when_what_follows_it_is_asked_for() {
    for major in MAJORS {
        let server = start(major);
        for id in 1..=3 {
            server.sql(&format!("INSERT INTO t VALUES ({id}, 'v')"));
        }
        let before = slot_position(&server);
        let ends = wait(async {
            let mut changes = open(&server, options()).await.changes().unwrap();
            let mut ends = Vec::new();
            while ends.len() < 2 {
                let change = changes.next().await.unwrap().unwrap();
                ends.extend(end_of(change.message()));
            }
            assert_eq!(changes.control().status().flushed, ends[0]);
            changes.close().await.unwrap();
            ends
        });
        assert!(before < ends[0] && ends[0] < ends[1]);
        assert_eq!(confirmed(&server), ends[0], "PostgreSQL {major}");
    }
}

#[test]
fn changes_come_over_a_unix_domain_socket() {
    for major in MAJORS {
        let server = start(major);
        server.sql("INSERT INTO t SELECT n, repeat('v', n % 100) FROM generate_series(1, 20000) n");
        let folder = server.folder().display().to_string();
        let conninfo = server.conninfo_with(&[("host", &folder)]);
        let end = wait(async {
            let mut changes = open_at(&conninfo, options()).await.changes().unwrap();
            let mut ids = Vec::new();
            let end = loop {
                let change = changes.next().await.unwrap().unwrap();
                ids.extend(change.row().map(|row| row.deserialize::<Row>().unwrap().id));
                if let Some(end) = end_of(change.message()) {
                    break end;
                }
            };
            assert_eq!(ids, (1..=20_000).collect::<Vec<_>>());
            changes.acknowledge(end).unwrap();
            changes.close().await.unwrap();
            end
        });
        assert_eq!(confirmed(&server), end, "PostgreSQL {major}");
    }
}

#[test]
fn changes_have_rows_tables_transactions_and_keys() {
    for major in MAJORS {
        let server = start(major);
        server.sql("INSERT INTO t VALUES (1, NULL), (2, 'two'); UPDATE t SET id = 3 WHERE id = 2");
        server.sql("DELETE FROM t WHERE id = 1");
        wait(async {
            let mut changes = open(&server, options()).await.changes().unwrap();
            let (mut new, mut old, mut keys) = (Vec::new(), Vec::new(), Vec::new());
            while old.len() < 2 {
                let change = changes.next().await.unwrap().unwrap();
                if let Message::Begin(begin) = change.message() {
                    assert_eq!(change.transaction().unwrap().lsn, begin.commit_lsn);
                }
                keys.extend(change.position());
                new.extend(change.row().map(|row| row.deserialize::<Row>().unwrap()));
                #[derive(Deserialize)]
                struct Key {
                    id: i32,
                }
                old.extend(change.old_row().map(|row| row.deserialize::<Key>().unwrap().id));
                if change.row().is_some() {
                    assert_eq!(change.relation().unwrap().name, "t");
                }
            }
            let row = |id, v: Option<&str>| Row { id, v: v.map(String::from) };
            assert_eq!(new, [row(1, None), row(2, Some("two")), row(3, Some("two"))]);
            assert_eq!(old, [2, 1]);
            let seqs: Vec<_> = keys.iter().map(|key: &Position| key.seq).collect();
            assert_eq!(seqs, [0, 1, 2, 0]);
            assert!(keys.is_sorted());
        });
    }
}

/// A future that is dropped has taken nothing. Red when `Changes::find` takes `self.found` before it
/// awaits.
#[test]
fn dropping_what_waits_for_the_next_change_loses_nothing() {
    const ROWS: i32 = 3_000;
    let server = start(MAJORS[1]);
    wait(async {
        let mut changes = open(&server, options()).await.changes().unwrap();
        let client = server.client().await;
        let (seen, mut told) = watch::channel(0);
        let writer = tokio::spawn(async move {
            for id in 0..ROWS {
                // A rest when all was read: then the reader waits, however slow the machine is.
                if id % 100 == 0 {
                    told.wait_for(|seen| *seen == id).await.unwrap();
                    sleep(Duration::from_millis(3)).await;
                }
                let insert = format!("INSERT INTO t VALUES ({id}, 'v')");
                client.batch_execute(&insert).await.unwrap();
            }
        });
        let (mut ids, mut dropped) = (Vec::new(), 0);
        while ids.len() < ROWS as usize {
            match timeout(Duration::from_micros(300), changes.next()).await {
                Ok(change) => {
                    let row = change.unwrap().unwrap().row();
                    ids.extend(row.map(|row| row.deserialize::<Row>().unwrap().id));
                    seen.send_replace(ids.len() as i32);
                }
                Err(_) => dropped += 1,
            }
        }
        assert_eq!(ids, (0..ROWS).collect::<Vec<_>>());
        assert!(dropped >= ROWS / 100, "too little was waited for: {dropped}");
        writer.await.unwrap();
    });
}

/// Red without the second branch of `Found::change`, and when `Tracker::shows` is true of what comes
/// again: rows come twice.
#[test]
fn changes_go_on_over_connections_that_break() {
    // More than all buffers on the way hold: what is cut off is not there yet.
    const ROWS: i32 = 60_000;
    for major in MAJORS {
        let server = start(major);
        server.sql(&format!(
            "INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series(1, {ROWS}) n"
        ));
        wait(async {
            let mut changes = open(&server, options()).await.changes().unwrap();
            let mut ids = Vec::new();
            let mut relations = 0;
            loop {
                let change = changes.next().await.unwrap().unwrap();
                relations += usize::from(matches!(change.message(), Message::Relation(_)));
                let ended = change.is_item();
                let seq = change.position().map(|position| position.seq);
                if let Some(row) = change.row() {
                    ids.push(row.deserialize::<Row>().unwrap().id);
                    assert_eq!(seq.unwrap() as usize + 1, ids.len());
                    if ids.len() as i32 % (ROWS / 4) == 0 {
                        server.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active");
                    }
                }
                if ended {
                    break;
                }
            }
            assert_eq!(ids, (1..=ROWS).collect::<Vec<_>>());
            assert_eq!(relations, 1);
            assert!(changes.control().status().reconnects > 0);
        });
    }
}

#[test]
fn other_plugins_have_no_changes() {
    let server = start(MAJORS[1]);
    server.sql("SELECT pg_create_logical_replication_slot('other', 'test_decoding')");
    wait(async {
        let plugin = walscope::Plugin::Other { name: "test_decoding".into(), options: vec![] };
        let options = walscope::StreamOptions {
            plugin,
            ..walscope::StreamOptions::new("other", Vec::<String>::new())
        };
        let error = open(&server, options).await.changes().unwrap_err();
        assert_eq!(error.to_string(), "changes of the plugin test_decoding cannot be read");
    });
}
