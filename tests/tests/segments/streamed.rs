//! What a server sends of its log to standbys, cut anywhere, has the records of its segments.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use walscope_core::frame::{COPY_DATA, FrameDecoder, Step};
use walscope_core::wal::{Options, PAGE_SIZE, RECORD_HEADER, Reader, SegmentName, SegmentSize};
use walscope_core::{Lsn, ReplicationMessage, TimelineId};
use walscope_tests::{Major, Server, ServerOptions};

const PATIENCE: Duration = Duration::from_secs(120);
const PROTOCOL: u32 = 196_608;
/// How much before and behind the end of a page is cut at every byte.
const AROUND: usize = 700;
const PAGE: usize = PAGE_SIZE as usize;

/// A payload of `START_REPLICATION … PHYSICAL`, and where it lies in the log.
type Payload = (Lsn, Vec<u8>);

/// Statement by statement, so that the server sends pieces that end within pages and records.
const WORKLOAD: [&str; 9] = [
    "CREATE TABLE t (id int PRIMARY KEY, v text)",
    "INSERT INTO t SELECT i, repeat(md5(i::text), i % 9) FROM generate_series(1, 400) i",
    "SELECT pg_logical_emit_message(true, 'long', repeat('content', 10000))",
    "UPDATE t SET v = 'x' WHERE id % 3 = 0",
    "INSERT INTO t VALUES (1000, 'one'); INSERT INTO t VALUES (1001, 'two')",
    "DELETE FROM t WHERE id % 7 = 0",
    "CHECKPOINT",
    "UPDATE t SET v = 'y' WHERE id % 50 = 0",
    "VACUUM t",
];

fn message(tag: Option<u8>, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a length");
    let mut bytes: Vec<u8> = tag.into_iter().collect();
    bytes.extend(length.to_be_bytes());
    bytes.extend(body);
    bytes
}

/// Asks for the log from a position on, as `pg_receivewal` does, and hands on what comes until nobody
/// listens.
fn receive(server: &Server, start: Lsn) -> Receiver<Payload> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port())).expect("a server");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let parameters = b"user\0trust_user\0database\0postgres\0replication\0database\0\0";
    let startup = [&PROTOCOL.to_be_bytes(), &parameters[..]].concat();
    let query = format!("START_REPLICATION PHYSICAL {start} TIMELINE 1\0");
    socket.write_all(&message(None, &startup)).expect("a start");
    socket.write_all(&message(Some(b'Q'), query.as_bytes())).expect("a query");
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let (mut frames, mut bytes) = (FrameDecoder::default(), Vec::new());
        let mut chunk = vec![0; 1 << 16];
        loop {
            while let Step::Frame(frame, used) = frames.next(&bytes).expect("a frame") {
                assert_ne!(frame.tag, b'E', "{}", String::from_utf8_lossy(frame.body));
                if frame.tag == COPY_DATA
                    && let Ok(ReplicationMessage::XLogData(data)) =
                        ReplicationMessage::decode(frame.body)
                    && sender.send((data.start, data.data.to_vec())).is_err()
                {
                    return;
                }
                bytes.drain(..used);
            }
            match socket.read(&mut chunk) {
                Ok(length @ 1..) => bytes.extend(&chunk[..length]),
                _ => return,
            }
        }
    });
    receiver
}

/// What is compared of a record.
type Key = (Lsn, Lsn, u32);

/// The records of pieces of the log, the first of which begins with a page.
fn records<'c>(start: Lsn, chunks: impl IntoIterator<Item = &'c [u8]>) -> Vec<Key> {
    let segment_size = Some(SegmentSize::default());
    let mut reader = Reader::new(Options { start, segment_size, ..Options::default() });
    let mut found = Vec::new();
    for mut chunk in chunks {
        while let Some(record) = reader.next(&mut chunk).expect("a record") {
            found.push((record.lsn(), record.end(), record.header().crc));
        }
    }
    found
}

fn payloads_have_the_records_of_segments(major: Major) {
    let settings = [("autovacuum", "off"), ("wal_keep_size", "1GB")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let server = Server::start(ServerOptions { major, settings, ..Default::default() });
    let size = SegmentSize::default();
    // Streaming begins at a segment's beginning, and goes on into the next one.
    server.sql("SELECT pg_switch_wal()");
    let position = |text: &str| -> Lsn { server.value(text).parse().expect("a position") };
    let start = size.start(size.number(position("SELECT pg_current_wal_insert_lsn()")));
    let receiver = receive(&server, start);
    for statement in WORKLOAD {
        server.sql(statement);
    }
    server.sql("SELECT pg_switch_wal()");
    server.sql("INSERT INTO t VALUES (2000, 'behind the switch')");
    let end = position("SELECT pg_current_wal_flush_lsn()");
    let mut payloads: Vec<Payload> = Vec::new();
    let mut reached = start;
    while reached < end {
        let (at, bytes) = receiver.recv_timeout(PATIENCE).expect("more of the log");
        assert_eq!(at, reached, "payloads follow each other");
        reached = Lsn(at.0 + bytes.len() as u64);
        payloads.push((at, bytes));
    }
    drop(receiver);
    // Payloads end anywhere.
    assert!(payloads.len() > WORKLOAD.len(), "{} payloads", payloads.len());
    assert!(payloads.iter().any(|(at, _)| at.0 % PAGE as u64 != 0));
    let mut file = Vec::new();
    for number in size.number(start)..=size.number(end) {
        let name = SegmentName { timeline: TimelineId(1), number, size }.to_string();
        file.extend(fs::read(server.data_dir().join("pg_wal").join(name)).expect("a segment"));
    }
    let length = usize::try_from(reached.0 - start.0).expect("a length");
    let streamed: Vec<u8> = payloads.iter().flat_map(|(_, bytes)| bytes).copied().collect();
    assert!(streamed == file[..length], "the server sends what its files have");
    let whole = records(start, [&file[..length]]);
    assert!(whole.len() > 1000, "{} records", whole.len());
    assert!(whole.iter().any(|(lsn, end, _)| end.0 - lsn.0 > 8 * PAGE as u64), "a long record");
    assert_eq!(records(start, payloads.iter().map(|(_, bytes)| bytes.as_slice())), whole);
    // Cut at every byte at once. What is behind the switch in its segment is empty: in pieces.
    let offset = |lsn: Lsn| usize::try_from(lsn.0 - start.0).expect("an offset");
    let is_switch = |key: &&Key| size.offset(key.1) == 0;
    let (switch, next, _) = whole.iter().find(is_switch).expect("a switch");
    let (front, rest) = streamed.split_at(offset(*switch) + RECORD_HEADER);
    let (empty, back) = rest.split_at(offset(*next) - front.len());
    let chunks = front.chunks(1).chain(empty.chunks(1001)).chain(back.chunks(1));
    assert_eq!(records(start, chunks), whole);
    // The end of a page with many records, and the beginning of the next one.
    let count = |number| whole.iter().filter(|key| offset(key.0) / PAGE == number).count();
    let busy = (0..front.len() / PAGE).max_by_key(|number| count(*number)).expect("a page");
    let (from, to) = (busy * PAGE, (busy + 1) * PAGE + AROUND);
    cut_everywhere(Lsn(start.0 + from as u64), &streamed[from..to]);
}

/// Each cut into two on its own, around the end of the first page.
fn cut_everywhere(start: Lsn, bytes: &[u8]) {
    let whole = records(start, [bytes]);
    assert!(whole.len() > 50);
    for at in PAGE - AROUND..=bytes.len() {
        let (front, back) = bytes.split_at(at);
        assert_eq!(records(start, [front, back]), whole, "cut at {at}");
    }
}

#[test]
fn payloads_have_the_records_of_segments_in_14_and_18() {
    for major in [Major::V14, Major::V18] {
        payloads_have_the_records_of_segments(major);
    }
}
