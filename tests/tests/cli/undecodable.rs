//! A message that nobody understands ends the stream with its position and bytes, unconfirmed, and is
//! left out only where that is asked for.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use serde_json::Value;
use walscope_tests::program;
use walscope_tests::{Major, Server, ServerOptions};

use super::stream;

/// A value of a row, in text, that stands out.
const VALUE: &[u8] = b"t\0\0\0\x04MARK";
/// The same with a kind of value that there is not.
const UNKNOWN: &[u8] = b"Z\0\0\0\x04MARK";

/// A way to the server that changes the value's kind. Returns its port.
fn noisy_line(server: u16) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).expect("a server");
            let (from_client, to_client) = (client.try_clone().expect("a socket"), client);
            let (from_server, to_server) = (server.try_clone().expect("a socket"), server);
            thread::spawn(move || copy(from_client, to_server));
            thread::spawn(move || copy(from_server, to_client));
        }
    });
    port
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut chunk = [0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        let bytes = &mut chunk[..length];
        if let Some(at) = bytes.windows(VALUE.len()).position(|window| window == VALUE) {
            bytes[at..at + UNKNOWN.len()].copy_from_slice(UNKNOWN);
        }
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

fn ids(stdout: &[u8]) -> Vec<u64> {
    let lines = std::str::from_utf8(stdout).expect("UTF-8").lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter_map(|line| line["new"]["id"].as_u64()).collect()
}

/// Red when `Printer::skip` goes on by itself, and when the error's class is `Retry`.
#[test]
fn what_cannot_be_decoded_ends_the_stream_or_is_left_out_where_asked() {
    for major in [Major::V14, Major::V18] {
        let server = Server::start(ServerOptions { major, ..ServerOptions::default() });
        server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t");
        server.sql("SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
        for row in ["1, 'a'", "2, 'MARK'", "3, 'c'"] {
            server.sql(&format!("INSERT INTO t VALUES ({row})"));
        }
        let noisy = noisy_line(server.port()).to_string();
        let through = |more: &[&str]| {
            let mut arguments = stream(&server, "s", "p", more);
            arguments[1] = server.conninfo_with(&[("port", &noisy)]);
            program::run(arguments)
        };
        let output = through(&["--until", "now"]);
        let errors = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert_eq!(ids(&output.stdout), [1]);
        assert!(errors.starts_with("walscope: cannot decode the message at 0/"), "{errors}");
        assert!(errors.contains(" 5a 00 00 00 04 4d 41 52 4b"), "{errors}");
        assert!(errors.contains("invalid value 0x5A ('Z')"), "{errors}");
        assert_eq!(errors.lines().count(), 1, "it is not tried again: {errors}");

        let output = through(&["--skip-unknown", "--ack", "none", "--until", "now"]);
        let errors = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(output.status.success(), "{errors}");
        assert_eq!(ids(&output.stdout), [3]);
        assert!(errors.contains("skipped: cannot decode the message at 0/"), "{errors}");

        let output = program::run(stream(&server, "s", "p", &["--until", "now"]));
        assert_eq!(ids(&output.stdout), [2, 3], "nothing of it was confirmed");
    }
}
