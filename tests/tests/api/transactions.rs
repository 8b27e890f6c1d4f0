//! Whole transactions.

use walscope::{Error, StreamOptions, Streaming};
use walscope_core::pgoutput::Message;
use walscope_tests::Server;

use crate::{MAJORS, confirmed, open, options, slot_position, start, wait};

/// Three transactions of ten rows each.
fn three(server: &Server) {
    for first in [10, 20, 30] {
        server.sql(&format!(
            "INSERT INTO t SELECT n, 'v' FROM generate_series({first}, {first} + 9) n"
        ));
    }
}

#[test]
fn transactions_have_their_changes_and_are_confirmed_by_asking_for_the_next() {
    for major in MAJORS {
        let server = start(major);
        three(&server);
        let second = wait(async {
            let mut transactions = open(&server, options()).await.transactions().unwrap();
            let mut lsns = Vec::new();
            for _ in 0..3 {
                let mut transaction = transactions.next().await.unwrap().unwrap();
                lsns.push(transaction.transaction().unwrap().lsn);
                let mut rows = 0;
                while let Some(change) = transaction.next().await.unwrap() {
                    rows += usize::from(change.row().is_some());
                }
                assert_eq!(rows, 10);
                assert!(transaction.next().await.unwrap().is_none(), "the end is the end");
            }
            transactions.changes().close().await.unwrap();
            lsns[1]
        });
        let confirmed = confirmed(&server);
        assert!(confirmed > second, "PostgreSQL {major}: the second is confirmed");
        server.wait_for("SELECT active::text FROM pg_replication_slots", "false");
        let left = server.value("SELECT count(*)::text FROM pg_logical_slot_peek_binary_changes('s', NULL, NULL, 'proto_version', '1', 'publication_names', 'p')");
        assert_eq!(left, "13", "the third is there: begin, relation, 10 rows, commit");
    }
}

/// Red without the loop in `Transactions::next`: the rest of the first comes as a transaction.
#[test]
fn what_is_not_read_of_a_transaction_is_passed_over() {
    let server = start(MAJORS[1]);
    three(&server);
    wait(async {
        let mut transactions = open(&server, options()).await.transactions().unwrap();
        for first in [10, 20, 30] {
            let mut transaction = transactions.next().await.unwrap().unwrap();
            let id = loop {
                let change = transaction.next().await.unwrap().unwrap();
                if let Some(row) = change.row() {
                    break row.deserialize::<(i32, String)>().unwrap().0;
                }
            };
            assert_eq!(id, first);
        }
    });
}

/// Red without `Error::StreamClosed`: the part would be taken for the whole.
#[test]
fn closing_within_a_transaction_is_no_end_of_it() {
    const ROWS: i32 = 100_000;
    let server = start(MAJORS[1]);
    server.sql(&format!("INSERT INTO t SELECT n, 'v' FROM generate_series(1, {ROWS}) n"));
    let before = slot_position(&server);
    wait(async {
        let mut transactions = open(&server, options()).await.transactions().unwrap();
        let control = transactions.changes().control().clone();
        let mut transaction = transactions.next().await.unwrap().unwrap();
        control.close().await.unwrap();
        let end = loop {
            match transaction.next().await {
                Ok(Some(_)) => {}
                other => break other.map(|change| change.is_some()),
            }
        };
        assert!(matches!(end, Err(Error::StreamClosed)), "{end:?}");
    });
    assert_eq!(confirmed(&server), before);
}

#[test]
fn pieces_come_whole_and_messages_alone() {
    for major in MAJORS {
        let server = start(major);
        server.sql("SELECT pg_logical_emit_message(false, 'alone', 'a')");
        server.sql("INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 5000) n");
        let streaming = StreamOptions { streaming: Streaming::On, messages: true, ..options() };
        wait(async {
            let mut transactions = open(&server, streaming.clone()).await.transactions().unwrap();
            let mut alone = transactions.next().await.unwrap().unwrap();
            assert!(alone.transaction().is_none());
            let change = alone.next().await.unwrap().unwrap();
            assert!(
                matches!(change.message(), Message::Message(message) if message.content == b"a")
            );
            assert!(alone.next().await.unwrap().is_none());
            let mut whole = transactions.next().await.unwrap().unwrap();
            let mut rows = 0;
            while let Some(change) = whole.next().await.unwrap() {
                rows += usize::from(change.row().is_some());
            }
            assert_eq!(rows, 5000);
        });
        let raw = StreamOptions { raw: true, ..streaming };
        let refused = wait(async { open(&server, raw).await.transactions().unwrap_err() });
        assert!(refused.to_string().contains("pieces"), "{refused}");
    }
}
