//! walscope beside other clients, live:
//!
//! ```sh
//! cargo run --release --manifest-path tests/bench/live/Cargo.toml -- drain --rounds 5
//! ```
//!
//! Every contender's consumer is a process of its own, against the same server, which this program
//! starts. They take turns, round by round, so that whatever else the machine does meets all of them
//! alike; a first round warms up and counts for nothing. Each must have read the same rows, as the
//! server knows them, or the run fails. What is printed is the median of the rounds, with minimum and
//! maximum.

mod backlog;
mod bench_server;
mod check;
mod consume;
mod contender;
mod drain;
mod latency;
mod live;
mod measure;
mod table;
mod tally;
mod writers;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use bench_server::{Link, Setting};
use contender::Contender;

#[derive(Parser)]
#[command(about = "walscope beside other clients, against servers of its own")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Drain a backlog that was written before
    Drain(drain::Arguments),
    /// Follow writers that write as fast as they can
    Live(live::Arguments),
    /// From a commit to its consumer, one commit at a time
    Latency(latency::Arguments),
    /// What the others start: a consumer
    #[command(hide = true)]
    Consume(consume::Job),
}

/// What all runs have in common.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Rounds that count
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// PostgreSQL's major version
    #[arg(long, default_value_t = 18)]
    pub major: u32,
    /// Only these contenders, with commas between
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<Contender>,
    /// In the clear, or with sslmode=require, or the one and the other
    #[arg(long, default_value = "clear,tls", value_delimiter = ',')]
    pub link: Vec<Link>,
    /// The form of values
    #[arg(long, default_value = "text,binary", value_delimiter = ',')]
    pub form: Vec<Form>,
}

/// The form of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    Text,
    Binary,
}

impl Common {
    /// Every combination of what may be combined.
    pub fn settings(&self) -> impl Iterator<Item = Setting> {
        self.link.iter().flat_map(|&link| {
            self.form.iter().map(move |&form| Setting { link, binary: form == Form::Binary })
        })
    }

    /// The contenders that were asked for, of those that can take part.
    pub fn contenders(&self, able: impl Fn(Contender) -> bool) -> Vec<Contender> {
        let wanted = |contender: &Contender| self.only.is_empty() || self.only.contains(contender);
        Contender::ALL.into_iter().filter(wanted).filter(|&contender| able(contender)).collect()
    }
}

fn main() -> ExitCode {
    // The command-line tool takes part as well, and is this very program.
    if std::env::args().nth(1).as_deref() == Some(contender::STREAM) {
        return walscope::cli::main();
    }
    match Arguments::parse().command {
        Command::Drain(arguments) => drain::run(&arguments),
        Command::Live(arguments) => live::run(&arguments),
        Command::Latency(arguments) => latency::run(&arguments),
        Command::Consume(job) => {
            if let Err(error) = job.run() {
                eprintln!("{:?}: {error}", job.consumer);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
