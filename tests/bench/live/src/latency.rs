//! Latency while it is quiet: one commit at a time, from when COMMIT is sent to when the consumer sees
//! the row, by the one clock of this machine.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use clap::Args;

use crate::Common;
use crate::bench_server::{BenchServer, Setting};
use crate::contender::{Contender, Task};
use crate::measure::Running;
use crate::table::Series;
use crate::tally::micros;

const SLOT: &str = "latency";

#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Commits of a round
    #[arg(long, default_value_t = 300)]
    commits: usize,
    /// Milliseconds between them
    #[arg(long, default_value_t = 20)]
    interval: u64,
}

pub fn run(arguments: &Arguments) {
    let server = BenchServer::start(arguments.common.major);
    println!("Server: {}\n", server.describe());
    for setting in arguments.common.settings() {
        let (commits, interval) = (arguments.commits, arguments.interval);
        println!("### {commits} commits, one each {interval} ms, {}\n", setting.describe());
        take_turns(arguments, &server, setting);
    }
}

fn take_turns(arguments: &Arguments, server: &BenchServer, setting: Setting) {
    let common = &arguments.common;
    let able = |one: Contender| !one.is_tool() && !(one.is_naive() && setting.is_tls());
    let contenders = common.contenders(able);
    let mut series =
        vec![(Series::default(), Series::default(), Series::default()); contenders.len()];
    for round in 0..=common.rounds {
        for (at, &contender) in contenders.iter().enumerate() {
            let (p50, p99, cpu) = turn(arguments, server, setting, contender);
            if round > 0 {
                series[at].0.push(p50);
                series[at].1.push(p99);
                series[at].2.push(cpu);
            }
        }
    }
    println!("| contender | P50 µs | P99 µs | consumer CPU ms |\n|---|--:|--:|--:|");
    for (contender, (p50, p99, cpu)) in contenders.iter().zip(&series) {
        println!("| {} | {} | {} | {} |", contender.name(), p50.show(0), p99.show(0), cpu.show(0));
    }
    println!();
}

fn turn(
    arguments: &Arguments,
    server: &BenchServer,
    setting: Setting,
    contender: Contender,
) -> (f64, f64, f64) {
    server.query("TRUNCATE finish");
    server.create_slot(SLOT);
    let task = Task { slot: SLOT, setting, until: None, timed: true };
    let command = contender.command(server, &task);
    let mut running = Running::start(server, SLOT, command, Stdio::piped());
    running.until_streaming();
    let mut committed = Vec::new();
    for id in 0..arguments.commits {
        sleep(Duration::from_millis(arguments.interval));
        server.query(&format!("BEGIN; INSERT INTO finish VALUES ({id})"));
        committed.push(micros());
        server.query("COMMIT");
    }
    server.finish();
    let measured = running.finish();
    server.drop_slot(SLOT);
    let seen = measured.output.lines().skip(1).map(|line| line.parse::<u64>().expect("a time"));
    let mut latencies: Vec<u64> =
        seen.zip(&committed).map(|(seen, sent)| seen.saturating_sub(*sent)).collect();
    assert_eq!(latencies.len(), arguments.commits, "{} has lost rows", contender.name());
    latencies.sort_unstable();
    let percentile = |percent: usize| latencies[(latencies.len() - 1) * percent / 100] as f64;
    (percentile(50), percentile(99), measured.cpu.as_secs_f64() * 1000.0)
}
