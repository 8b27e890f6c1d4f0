//! A short random workload on every version: the lines of all configurations are the same, the same
//! as `test_decoding`'s, and make a copy equal to the origin. `cargo run -p walscope-tests --bin
//! soak` does it for longer; `WALSCOPE_SEED` repeats a seed.

use walscope_tests::Major;
use walscope_tests::differential::Differential;

/// The seed of an ordinary run.
const SEED: u64 = 3;
/// Transactions of a round; what stays open at its end goes on in the next.
const TRANSACTIONS: usize = 40;

fn differential(major: Major) {
    let seed = std::env::var("WALSCOPE_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let mut differential = Differential::start(major, seed.unwrap_or(SEED));
    for settle in [false, true] {
        differential.round(TRANSACTIONS, settle);
    }
    let totals = differential.totals();
    println!("{totals:?}");
    assert!(totals.changes > 500 && totals.compared > 500, "{totals:?}");
}

// Without `held.abort(abort.subxid)` in core's assembler 16 and later turn red: the rows of a
// savepoint that was rolled back stay in the transaction.
#[test]
fn postgresql_14() {
    differential(Major::V14);
}

#[test]
fn postgresql_15() {
    differential(Major::V15);
}

#[test]
fn postgresql_16() {
    differential(Major::V16);
}

#[test]
fn postgresql_17() {
    differential(Major::V17);
}

#[test]
fn postgresql_18() {
    differential(Major::V18);
}
