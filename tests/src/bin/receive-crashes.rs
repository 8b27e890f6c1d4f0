//! Kills `walscope receive` and the server again and again:
//! `cargo run -p walscope-tests --bin receive-crashes -- --clients 50 --servers 20`.

use std::process::ExitCode;

use clap::Parser;
use walscope_tests::Major;
use walscope_tests::receiving::{KillOptions, kills};

/// Kills receivers and server under load, and compares the archives with the server's log.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server's version
    #[arg(long, default_value_t = 18)]
    major: u32,
    /// How often both receivers are killed
    #[arg(long, default_value_t = 50)]
    clients: usize,
    /// How often the server is killed among that
    #[arg(long, default_value_t = 20)]
    servers: usize,
    /// What the choices are made by
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Arguments { major, clients, servers, seed } = Arguments::parse();
    let Some(major) = Major::ALL.into_iter().find(|known| known.number() == major) else {
        eprintln!("no such version: there are 14 to 18");
        return ExitCode::from(2);
    };
    println!("{}", kills(KillOptions { major, clients, servers, seed }));
    ExitCode::SUCCESS
}
