//! What decoding costs: `cargo bench -p walscope-core` prints nanoseconds per message and MB/s.
//!
//! Recordings from `tests/fixtures/` are decoded in memory, again and again: frames, replication
//! messages, pgoutput, and every byte range of every column. The best of several rounds counts,
//! since whatever else the machine does only adds to the time. Words behind `--` choose what is
//! measured: `cargo bench -p walscope-core -- narrow columns`.

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a benchmark fails by panicking"
)]

use core::hint::black_box;
use core::time::Duration;
use std::fs;
use std::path::Path;
use std::time::Instant;

use walscope_core::ReplicationMessage;
use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::{FrameDecoder, MAX_MESSAGE, Step};
use walscope_core::index::{Indexer, OnError};
use walscope_core::pgoutput::{Column, Decoder, Message, Tuple};
use walscope_core::transaction::{Tracker, View};

/// How long one case is measured.
const TIME: Duration = Duration::from_millis(1500);

const FIXTURES: [&str; 3] = ["narrow", "wide", "kinds"];

/// What is measured, by its name.
type Case = (&'static str, Box<dyn FnMut(&[u8])>);

fn cases() -> [Case; 4] {
    let reader = Reader::of_connection(MAX_MESSAGE);
    let mut indexer = Indexer::new(reader, View::Transactions, OnError::Stop);
    [
        ("frames only", Box::new(frames)),
        ("decode, all columns", Box::new(columns)),
        ("tracker, all columns", Box::new(tracker)),
        // One batch after the other, as a host makes them for JavaScript.
        (
            "index",
            Box::new(move |input| {
                black_box(indexer.index(input, false));
            }),
        ),
    ]
}

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let benching = std::env::args().any(|argument| argument == "--bench");
    let time = if benching { TIME } else { Duration::ZERO };
    let filters: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    println!("{:<9}{:<22}{:>11}{:>9}{:>10}", "fixture", "case", "ns/message", "MB/s", "messages");
    for fixture in FIXTURES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../tests/fixtures/pg18/{fixture}.walcap"));
        let input = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let input = behind_head(&input);
        let messages = messages(input);
        for (name, mut run) in cases() {
            let full_name = format!("{fixture} {name}");
            if !filters.iter().all(|filter| full_name.contains(filter)) {
                continue;
            }
            let best = best_of(time, || run(black_box(input)));
            let nanos = best.as_secs_f64() * 1e9 / messages as f64;
            let speed = input.len() as f64 / best.as_secs_f64() / 1e6;
            println!("{fixture:<9}{name:<22}{nanos:>11.1}{speed:>9.0}{messages:>10}");
        }
    }
}

/// The shortest time of one run, of as many as fit into `time`.
fn best_of(time: Duration, mut run: impl FnMut()) -> Duration {
    let started = Instant::now();
    let mut best = Duration::MAX;
    loop {
        let round = Instant::now();
        run();
        best = best.min(round.elapsed());
        if started.elapsed() >= time {
            return best;
        }
    }
}

fn behind_head(input: &[u8]) -> &[u8] {
    match Reader::new(MAX_MESSAGE).next(input) {
        Ok(Next::Entry(Entry::Head(_), consumed)) => &input[consumed..],
        other => panic!("no head: {other:?}"),
    }
}

/// How many messages of pgoutput there are, keepalives left out.
fn messages(mut input: &[u8]) -> usize {
    let mut reader = Reader::of_connection(MAX_MESSAGE);
    let mut messages = 0;
    while let Ok(Next::Entry(entry, consumed)) = reader.next(input) {
        messages += usize::from(matches!(entry, Entry::Data(_)));
        input = &input[consumed..];
    }
    messages
}

fn frames(mut input: &[u8]) {
    let mut frames = FrameDecoder::default();
    while let Ok(Step::Frame(frame, consumed)) = frames.next(input) {
        black_box(frame);
        input = &input[consumed..];
    }
}

fn columns(mut input: &[u8]) {
    let (mut frames, mut decoder) = (FrameDecoder::default(), Decoder::default());
    while let Ok(Step::Frame(frame, consumed)) = frames.next(input) {
        if let Ok(ReplicationMessage::XLogData(data)) = ReplicationMessage::decode(frame.body) {
            read(&decoder.decode(data.data).expect("a message"));
        }
        input = &input[consumed..];
    }
}

/// The relation behind every row too, and its transaction.
fn tracker(mut input: &[u8]) {
    let mut tracker = Tracker::new(View::Transactions);
    let mut reader = Reader::of_connection(MAX_MESSAGE);
    while let Ok(Next::Entry(entry, consumed)) = reader.next(input) {
        if let Entry::Data(data) = entry {
            let change = tracker.next(data.data).expect("a message");
            black_box((change.xid, change.seq));
            read(&change.message);
        }
        input = &input[consumed..];
    }
}

/// Reads every column's bytes.
fn read(message: &Message<'_>) {
    match message {
        Message::Insert(insert) => read_row(&insert.new),
        Message::Update(update) => {
            if let Some(old) = update.old {
                read_row(&old.tuple());
            }
            read_row(&update.new);
        }
        Message::Delete(delete) => read_row(&delete.old.tuple()),
        other => {
            black_box(other);
        }
    }
}

fn read_row(row: &Tuple<'_>) {
    for column in row {
        match column {
            Column::Text(value) | Column::Binary(value) => {
                black_box(value);
            }
            other => {
                black_box(other);
            }
        }
    }
}
