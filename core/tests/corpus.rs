//! Replays the corpus of the fuzz targets (`core/fuzz`): every input that was worth keeping.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "the fuzz package has lints of its own"
)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::semicolon_if_nothing_returned,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the fuzz package has lints of its own"
)]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;

fn replay(target: &str, run: impl Fn(&[u8])) {
    let folder = format!("{}/fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut inputs = 0;
    for entry in fs::read_dir(&folder).expect("a corpus") {
        let path = entry.expect("an input").path();
        eprintln!("{}", path.display());
        run(&fs::read(path).expect("an input"));
        inputs += 1;
    }
    assert!(inputs > 10, "{folder} has {inputs} inputs");
}

#[test]
fn messages() {
    replay("messages", targets::messages::run);
}

#[test]
fn values() {
    replay("values", targets::values::run);
}

#[test]
fn captures() {
    replay("captures", targets::captures::run);
}

#[test]
fn transactions() {
    replay("transactions", targets::transactions::run);
}

#[test]
fn session() {
    replay("session", targets::session::run);
}

#[test]
fn wal() {
    replay("wal", targets::wal::run);
}

#[test]
fn images() {
    replay("images", targets::images::run);
}

#[test]
fn rows() {
    replay("rows", targets::rows::run);
}
