//! The loss proof: `cargo run --release -p walscope-tests --bin crashes -- --points 500 --seed 1`.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use walscope::ErrorClass;
use walscope_tests::Major;
use walscope_tests::crashes::{ConsumerOptions, CrashOptions, consume, prove};

/// Crashes consumer, connection and server under load, and compares what the consumer has.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server's version
    #[arg(long, default_value_t = 18)]
    major: u32,
    /// Crashes
    #[arg(long, default_value_t = 500)]
    points: usize,
    /// In each of the places that are aimed at, at least; without it a fifth of the crashes
    #[arg(long)]
    least: Option<usize>,
    /// Over TLS
    #[arg(long)]
    tls: bool,
    /// What the choices are made by
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The consumer that is crashed
    #[command(hide = true)]
    Consume(ConsumerOptions),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Consume(options)) = arguments.command {
        return run_consumer(options);
    }
    let Some(major) = Major::ALL.into_iter().find(|major| major.number() == arguments.major) else {
        eprintln!("no such version: there are 14 to 18");
        return ExitCode::from(2);
    };
    let program = std::env::current_exe().expect("a program knows its executable");
    let report = prove(CrashOptions {
        major,
        seed: arguments.seed,
        points: arguments.points,
        least: arguments.least.unwrap_or(arguments.points / 5),
        tls: arguments.tls,
        consumer: vec![program, PathBuf::from("consume")],
    });
    println!("{report}");
    ExitCode::SUCCESS
}

fn run_consumer(options: ConsumerOptions) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.expect("a runtime").block_on(consume(options));
    let Err(error) = result else { return ExitCode::SUCCESS };
    if is_crash(error.as_ref()) {
        eprintln!("{error}");
    } else {
        eprintln!("VIOLATION: {error}: {error:?}");
    }
    ExitCode::FAILURE
}

/// A connection that breaks, a server that is away, a slot that is held yet.
fn is_crash(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<walscope::Error>();
    error.is_some_and(|error| error.class() == ErrorClass::Retry)
}
