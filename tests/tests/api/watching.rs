//! What a stream says about itself.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use walscope::{Acknowledge, StreamOptions, Streaming};
use walscope_core::Lsn;
use walscope_tests::program::Program;

use crate::{MAJORS, end_of, open, options, start, wait};

#[test]
fn the_status_counts_and_says_how_far_behind_the_consumer_is() {
    for major in MAJORS {
        let server = start(major);
        let manual = StreamOptions { acknowledge: Acknowledge::Manual, ..options() };
        wait(async {
            let mut changes = open(&server, manual).await.changes().unwrap();
            let control = changes.control().clone();
            assert_eq!(control.status().lag, Duration::ZERO);
            server.sql("INSERT INTO t VALUES (1, 'v'), (2, 'v')");
            tokio::time::sleep(Duration::from_millis(50)).await;
            server.sql("DELETE FROM t WHERE id = 1");
            let mut end = Lsn::INVALID;
            while !is_second_end(&mut changes, &mut end).await {}
            let status = control.status();
            assert_eq!((status.changes, status.confirmed_items), (3, 0));
            assert!(status.lag >= Duration::from_millis(50), "{:?}", status.lag);
            assert!(status.lag < Duration::from_secs(30), "{:?}", status.lag);
            assert!(status.lag_bytes > 0 && status.bytes > 0 && status.connected);
            control.acknowledge(end, None).unwrap();
            let status = control.status();
            assert_eq!((status.confirmed_items, status.lag), (2, Duration::ZERO));
            assert_eq!(status.flushed, end);
        });
    }
}

/// Takes a change, and says whether it is the end of the second transaction.
async fn is_second_end(changes: &mut walscope::Changes, last: &mut Lsn) -> bool {
    let change = changes.next().await.unwrap().unwrap();
    let Some(end) = end_of(change.message()) else { return false };
    let second = last.is_valid();
    *last = end;
    second
}

#[test]
fn what_waits_in_files_is_counted() {
    let server = start(MAJORS[1]);
    let options = StreamOptions { streaming: Streaming::On, memory: 0, ..options() };
    wait(async {
        let mut stream = open(&server, options).await;
        let control = stream.control().clone();
        let mut client = server.client().await;
        let transaction = client.transaction().await.unwrap();
        let insert = "INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 5000) n";
        transaction.batch_execute(insert).await.unwrap();
        // A batch may hold nothing but a keepalive.
        let reading = async {
            loop {
                stream.next_batch().await.unwrap();
            }
        };
        let spilled = async {
            while control.status().spilled == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = reading => {}
            () = spilled => {}
        }
        transaction.commit().await.unwrap();
        while control.status().spilled > 0 {
            stream.next_batch().await.unwrap();
        }
    });
}

/// A request as Prometheus makes it.
fn ask(address: &str, request: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn counters_are_served_for_prometheus() {
    let server = start(MAJORS[1]);
    server.sql("INSERT INTO t VALUES (1, 'v'), (2, 'v')");
    let conninfo = server.conninfo();
    let arguments = ["--slot", "s", "--publication", "p", "--metrics", "127.0.0.1:0"];
    let mut program = Program::start([&["stream", conninfo.as_str()][..], &arguments].concat());
    let said = program.error_line();
    let (_, address) = said.split_once("http://").expect("an address");
    let address = address.strip_suffix("/metrics").expect("a path");
    program.lines_until(|line| line.starts_with(r#"{"kind":"commit""#));
    let answer = ask(address, "GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("text/plain; version=0.0.4"), "{answer}");
    for line in [
        "# TYPE walscope_changes_total counter",
        "walscope_changes_total{slot=\"s\"} 2",
        "walscope_connected{slot=\"s\"} 1",
        "walscope_reconnects_total{slot=\"s\"} 0",
    ] {
        assert!(answer.contains(line), "{line} is not in {answer}");
    }
    let refused = ask(address, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert!(refused.starts_with("HTTP/1.1 405"), "{refused}");
}
