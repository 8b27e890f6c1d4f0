//! The stream under the tool: positions, what queries need, consumers that sleep, a log that is gone.

use std::time::Duration;

use walscope::{
    Client, Config, ConnectionKind, Error, PhysicalEvent, PhysicalOptions, PhysicalStream,
    StandbyFeedback, WalPositions,
};
use walscope_core::{Lsn, Xid};
use walscope_tests::receiving::{fill, flushed, server};
use walscope_tests::{Major, Server};

fn config(server: &Server) -> Config {
    server.conninfo().parse().expect("a connection string")
}

/// Reads until there.
async fn read(stream: &mut PhysicalStream, until: Lsn) -> Lsn {
    let mut end = stream.info().start;
    while end < until {
        let event = stream.next().await.expect("the stream goes on").expect("it is open");
        if let PhysicalEvent::Data(data) = event {
            assert_eq!(data.start, end);
            end = data.end();
        }
    }
    end
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_and_needs_are_what_the_server_shows() {
    for major in [Major::V14, Major::V18] {
        let server = server(major, &[]);
        fill(&server);
        let options = PhysicalOptions::default();
        let mut stream = PhysicalStream::open(&config(&server), options).await.expect("a stream");
        fill(&server);
        let end = read(&mut stream, flushed(&server)).await;
        let control = stream.control();
        let (flushed, applied) = (Lsn(end.0 - 8), Lsn(end.0 - 16));
        control.report(WalPositions { written: end, flushed, applied }).expect("it came");
        let seen =
            "SELECT concat_ws(' ', write_lsn, flush_lsn, replay_lsn) FROM pg_stat_replication";
        server.wait_for(seen, &format!("{end} {flushed} {applied}"));
        let ahead = WalPositions { written: Lsn(end.0 + (1 << 30)), flushed, applied };
        assert!(control.report(ahead).is_err(), "what did not come is not reported");
        let next: u32 = server.value("SELECT pg_current_xact_id()::text").parse().expect("an xid");
        let needs = StandbyFeedback { xmin: Xid(next - 1), ..StandbyFeedback::default() };
        control.hot_standby_feedback(Some(needs));
        let xmin = "SELECT coalesce(backend_xmin::text, '') FROM pg_stat_replication";
        server.wait_for(xmin, &(next - 1).to_string());
        control.hot_standby_feedback(None);
        server.wait_for(xmin, "");
        let status = control.status();
        assert!(status.statuses > 0 && status.connected && status.received >= end, "{status:?}");
        stream.close().await.expect("a goodbye");
        server.wait_for("SELECT count(*)::text FROM pg_stat_replication", "0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_may_sleep_longer_than_the_server_waits() {
    let server = server(Major::V18, &[("wal_sender_timeout", "1s")]);
    let options = PhysicalOptions { buffer: 1 << 20, reconnect: None, ..Default::default() };
    let client =
        Client::connect(&config(&server), ConnectionKind::Physical).await.expect("a client");
    let mut stream = client.physical(options).await.expect("a stream");
    fill(&server);
    fill(&server);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let status = stream.control().status();
    // A read brings a megabyte at most.
    assert!(status.connected && status.buffered < 3 << 20, "{status:?}");
    let end = flushed(&server);
    read(&mut stream, end).await;
    assert_eq!(stream.control().status().reconnects, 0);
}

/// The connection breaks in the midst of the log, and it goes on where it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_comes_back() {
    let server = server(Major::V14, &[]);
    let options = PhysicalOptions::default();
    let mut stream = PhysicalStream::open(&config(&server), options).await.expect("a stream");
    for _ in 0..3 {
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
        fill(&server);
    }
    let end = flushed(&server);
    read(&mut stream, end).await;
    assert!(stream.control().status().reconnects >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_lost_its_log_is_named() {
    for major in [Major::V14, Major::V18] {
        let lean = [
            ("wal_keep_size", "0"),
            ("max_wal_size", "32MB"),
            ("min_wal_size", "32MB"),
            ("max_slot_wal_keep_size", "16MB"),
        ];
        let server = server(major, &lean);
        server.sql("SELECT pg_create_physical_replication_slot('s', true)");
        let start: Lsn = server
            .value("SELECT restart_lsn::text FROM pg_replication_slots")
            .parse()
            .expect("an LSN");
        for _ in 0..6 {
            fill(&server);
            server.sql("CHECKPOINT");
        }
        let options = PhysicalOptions {
            slot: Some("s".into()),
            start: Some(Lsn(start.0 - start.0 % (16 << 20))),
            ..PhysicalOptions::default()
        };
        let opened = PhysicalStream::open(&config(&server), options.clone()).await;
        // 14 to 17 find out while they stream, 18 when the slot is asked for.
        let error = match opened {
            Err(error) => error,
            Ok(mut stream) => stream.next().await.expect_err("there is nothing"),
        };
        let Error::WalRemoved { slot, .. } = &error else { panic!("{major}: {error:?}") };
        assert_eq!(slot.as_deref(), Some("s"));
        assert!(error.hint().is_some_and(|hint| hint.contains("base backup")), "{error}");
    }
}
