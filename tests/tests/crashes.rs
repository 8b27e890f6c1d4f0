//! A short version of the loss proof, which `cargo run --release -p walscope-tests --bin crashes` does in
//! full.

use std::path::PathBuf;

use walscope_tests::Major;
use walscope_tests::crashes::{CrashOptions, prove};

/// Red, each by itself:
/// - with `.max(self.received)` behind `item.flushes()` in `Session::confirm_items` (something is
///   confirmed that nobody has);
/// - with `None` for `Some(self.position)` in `Delivery::resume` (transactions come again within a
///   process);
/// - with `store` behind `confirm_items` in `crashes/consumer.rs`, which shows that a loss is seen.
#[test]
fn a_consumer_that_crashes_again_and_again_has_each_change_once() {
    short(20, 2, false);
}

/// The same over TLS, where a connection is cut in the middle of records. Red with `None` for
/// `Some(self.position)` in `Delivery::resume`.
#[test]
fn over_tls_too() {
    short(20, 2, true);
}

fn short(points: usize, least: usize, tls: bool) {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_crashes"));
    let consumer = vec![program, PathBuf::from("consume")];
    let report = prove(CrashOptions { major: Major::V18, seed: 1, points, least, tls, consumer });
    println!("{report}");
}
