//! The differential test for as long as one likes:
//! `cargo run -p walscope-tests --bin soak -- --major 17 --minutes 30 --seed 1`.
//!
//! One seed after the other, each on a server of its own, so that every failure can be repeated in
//! the time of a few rounds: `WALSCOPE_SEED` is printed, and `--seed` takes it.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use walscope_tests::Major;
use walscope_tests::differential::{Differential, Totals};

/// A random workload, read in every way that the server has and compared.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server's version; without it all of them in turn
    #[arg(long)]
    major: Option<u32>,
    /// How long
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rounds of a seed: after each one all is compared
    #[arg(long, default_value_t = 6)]
    rounds: usize,
    /// Transactions of a round
    #[arg(long, default_value_t = 150)]
    transactions: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = |major: &Major| arguments.major.is_none_or(|number| number == major.number());
    let majors: Vec<_> = Major::ALL.into_iter().filter(wanted).collect();
    if majors.is_empty() {
        eprintln!("no such version: there are 14 to 18");
        return ExitCode::from(2);
    }
    let start = Instant::now();
    let mut sum = Totals::default();
    let mut turn = 0;
    while start.elapsed() < Duration::from_secs(60 * arguments.minutes) {
        let major = majors[turn % majors.len()];
        let mut differential =
            Differential::start(major, arguments.seed + (turn / majors.len()) as u64);
        for round in 1..=arguments.rounds {
            differential.round(arguments.transactions, round == arguments.rounds);
        }
        sum = sum + differential.totals();
        turn += 1;
        println!("{:?}: {turn} seeds, {sum}", start.elapsed());
    }
    ExitCode::SUCCESS
}
