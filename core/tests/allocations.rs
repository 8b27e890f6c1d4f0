//! Decoding allocates nothing: counted by the allocator, over a recording of real rows.

#![expect(clippy::panic, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use core::fmt::{self, Write};
use core::hint::black_box;
use std::fs;
use std::path::Path;

use allocation_counter::measure;
use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::{FrameDecoder, MAX_MESSAGE, Step};
use walscope_core::index::{Indexer, OnError};
use walscope_core::pgoutput::{Column, Decoder, Message, Tuple};
use walscope_core::transaction::{Tracker, View};
use walscope_core::value::{Value, types};
use walscope_core::{Oid, ReplicationMessage, Result};

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/pg18").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Decodes a recording without its head and reads every column's bytes.
fn read_columns(mut input: &[u8]) -> Result<(usize, usize)> {
    let (mut frames, mut decoder) = (FrameDecoder::default(), Decoder::default());
    let (mut rows, mut bytes) = (0, 0);
    let mut row = |tuple: &Tuple<'_>| {
        rows += 1;
        for column in tuple {
            if let Column::Text(text) = column {
                bytes += black_box(text).len();
            }
        }
    };
    while let Step::Frame(frame, consumed) = frames.next(input)? {
        input = input.split_at(consumed).1;
        let ReplicationMessage::XLogData(data) = ReplicationMessage::decode(frame.body)? else {
            continue;
        };
        match decoder.decode(data.data)? {
            Message::Insert(insert) => row(&insert.new),
            Message::Update(update) => {
                row(&update.new);
                update.old.iter().for_each(|old| row(&old.tuple()));
            }
            Message::Delete(delete) => row(&delete.old.tuple()),
            _ => {}
        }
    }
    Ok((rows, bytes))
}

/// The recording behind its head.
fn behind_head(input: &[u8]) -> &[u8] {
    let mut reader = Reader::new(MAX_MESSAGE);
    match reader.next(input) {
        Ok(Next::Entry(Entry::Head(_), consumed)) => input.split_at(consumed).1,
        other => panic!("no head: {other:?}"),
    }
}

#[test]
fn decoding_allocates_nothing() {
    for (name, at_least) in [("narrow.walcap", 2_000), ("wide.walcap", 400), ("kinds.walcap", 80)] {
        let input = fixture(name);
        let input = behind_head(&input);
        let mut found = Ok((0, 0));
        let counted = measure(|| found = read_columns(input));
        let (rows, bytes) = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(rows >= at_least && bytes > rows, "{name}: {rows} rows of {bytes} bytes");
        assert_eq!(counted.count_total, 0, "{name}");
    }
}

/// Calls `each` for every message of a recording.
fn messages<'a>(input: &'a [u8], mut each: impl FnMut(&'a [u8])) {
    let mut reader = Reader::new(MAX_MESSAGE);
    let mut rest = input;
    while let Ok(Next::Entry(entry, consumed)) = reader.next(rest) {
        rest = rest.split_at(consumed).1;
        if let Entry::Data(data) = entry {
            each(data.data);
        }
    }
    assert!(rest.is_empty());
}

#[test]
fn the_tracker_allocates_for_the_relation_only() {
    let input = fixture("narrow.walcap");
    let mut tracker = Tracker::new(View::Transactions);
    let (mut total, mut allocating) = (0, Vec::new());
    messages(&input, |payload| {
        let mut failed = false;
        let counted = measure(|| failed = tracker.next(payload).is_err());
        assert!(!failed);
        total += 1;
        if counted.count_total > 0 {
            allocating.push(payload.first().copied().map(char::from));
        }
    });
    assert!(total > 2_000, "{total} messages");
    assert_eq!(allocating, [Some('R')]);
}

#[test]
fn the_index_allocates_nothing_once_it_is_warm() {
    let input = fixture("narrow.walcap");
    let mut indexer = Indexer::new(Reader::new(MAX_MESSAGE), View::Transactions, OnError::Stop);
    // The first batch is the larger one, so that the second finds room enough.
    let (first, _) = input.split_at(input.len() / 3 * 2);
    let consumed = indexer.index(first, false).consumed;
    let rest = input.split_at(consumed).1;
    let mut index = (0, 0);
    let counted = measure(|| {
        let found = indexer.index(rest, true);
        index = (found.consumed, found.words.len());
    });
    let (consumed, words) = index;
    assert_eq!(consumed, rest.len());
    assert!(words > 600 * 10, "{words} words");
    assert_eq!(counted.count_total, 0);
}

/// A sink that keeps nothing but the length.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 += part.len();
        Ok(())
    }
}

#[test]
fn the_text_of_a_binary_array_allocates_nothing() {
    let mut array = Vec::new();
    for number in [1_u32, 0, types::TEXT.0, 1_000, 1] {
        array.extend(number.to_be_bytes());
    }
    for _ in 0..1_000 {
        array.extend(4_u32.to_be_bytes());
        array.extend(b"a \"b");
    }
    let mut length = Length(0);
    let counted = measure(|| {
        if let Ok(value) = Value::from_binary(Oid(1009), &array) {
            let _ = write!(length, "{value}");
        }
    });
    // Braces, 999 commas, and elements in quotation marks with one more backslash.
    assert_eq!(length.0, 2 + 999 + 1_000 * 7);
    assert_eq!(counted.count_total, 0);
}
