//! What rows of a user's own type cost: `cargo bench -p walscope-core --features serde --bench rows`
//! prints nanoseconds per row.
//!
//! Rows inserted in recordings of `tests/fixtures/`, all in memory, are read again and again: their
//! messages decoded, as a walk over the columns and as structs. The best of several rounds counts.

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark fails by panicking"
)]

use core::hint::black_box;
use core::time::Duration;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde::Deserialize;
use walscope_core::Timestamp;
use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::pgoutput::{Decoder, Message};
use walscope_core::relation::Relation;
use walscope_core::row::Row;
use walscope_core::transaction::{Tracker, View};
use walscope_core::value::Date;

/// How long one case is measured.
const TIME: Duration = Duration::from_millis(1500);

#[derive(Debug, Deserialize)]
pub struct Narrow<'a> {
    pub id: i32,
    pub payload: &'a str,
    pub created_at: Timestamp,
}

#[derive(Debug, Deserialize)]
pub struct NarrowOwned {
    pub id: i32,
    pub payload: String,
    pub created_at: String,
}

#[derive(Debug, Deserialize)]
pub struct Wide<'a> {
    pub id: i64,
    pub b: bool,
    pub i2: i16,
    pub i4: i32,
    pub f4: f32,
    pub f8: f64,
    pub amount: &'a str,
    pub code: &'a str,
    pub name: &'a str,
    pub note: &'a str,
    pub j: &'a str,
    pub tags: [Option<&'a str>; 3],
    pub points: [i32; 3],
    pub hash: [u8; 16],
    pub u: [u8; 16],
    pub ip: &'a str,
    pub day: Date,
    pub at: Timestamp,
    pub took: &'a str,
    pub gone: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
pub struct WideOwned {
    pub id: i64,
    pub b: bool,
    pub i2: i16,
    pub i4: i32,
    pub f4: f32,
    pub f8: f64,
    pub amount: String,
    pub code: String,
    pub name: String,
    pub note: String,
    pub j: String,
    pub tags: Vec<Option<String>>,
    pub points: Vec<i32>,
    pub hash: Vec<u8>,
    pub u: String,
    pub ip: String,
    pub day: String,
    pub at: String,
    pub took: String,
    pub gone: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct OneOfTwenty {
    pub id: i64,
}

/// The inserts of a recording.
struct Recording {
    relation: Relation,
    inserts: Vec<Vec<u8>>,
}

impl Recording {
    fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../tests/fixtures/pg18/{name}.walcap"));
        let input = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (mut reader, mut rest) = (Reader::new(MAX_MESSAGE), &input[..]);
        let mut tracker = Tracker::new(View::Transactions);
        let (mut relation, mut inserts) = (None, Vec::new());
        while let Ok(Next::Entry(entry, consumed)) = reader.next(rest) {
            rest = &rest[consumed..];
            let Entry::Data(data) = entry else { continue };
            if let Message::Insert(insert) = tracker.next(data.data).expect("a message").message {
                relation = tracker.relation(insert.relation).cloned();
                inserts.push(data.data.to_vec());
            }
        }
        Self { relation: relation.expect("a row"), inserts }
    }

    /// Prints what a row costs.
    fn measure<'s>(&'s self, name: &str, time: Duration, mut read: impl FnMut(Row<'s, 's>)) {
        let started = Instant::now();
        let mut best = Duration::MAX;
        loop {
            let round = Instant::now();
            for bytes in &self.inserts {
                match Decoder::default().decode(bytes) {
                    Ok(Message::Insert(insert)) => read(Row::new(&self.relation, insert.new)),
                    other => panic!("{other:?}"),
                }
            }
            best = best.min(round.elapsed());
            if started.elapsed() >= time {
                break;
            }
        }
        let nanos = best.as_secs_f64() * 1e9 / self.inserts.len() as f64;
        let columns = self.relation.columns.len();
        println!("{columns:>7}  {name:<22}{nanos:>9.1}{:>9}", self.inserts.len());
    }

    fn measure_as<'s, T: Deserialize<'s>>(&'s self, name: &str, time: Duration) {
        self.measure(name, time, |row| match row.deserialize::<T>() {
            Ok(value) => {
                black_box(value);
            }
            Err(error) => panic!("{error}"),
        });
    }
}

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let benching = std::env::args().any(|argument| argument == "--bench");
    let time = if benching { TIME } else { Duration::ZERO };
    println!("columns  case                    ns/row     rows");
    let (narrow, wide) = (Recording::read("narrow"), Recording::read("wide"));
    narrow.measure("message alone", time, |row| {
        black_box(row);
    });
    narrow.measure_as::<Narrow<'_>>("struct that borrows", time);
    narrow.measure_as::<NarrowOwned>("struct that owns", time);
    wide.measure("message alone", time, |row| {
        black_box(row);
    });
    wide.measure_as::<Wide<'_>>("struct that borrows", time);
    wide.measure_as::<WideOwned>("struct that owns", time);
    wide.measure_as::<OneOfTwenty>("struct of one column", time);
}
