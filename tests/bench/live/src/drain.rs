//! Draining a backlog: what a consumer can do when it alone sets the pace.

use std::process::Stdio;

use clap::{Args, ValueEnum};

use crate::Common;
use crate::backlog::{Backlog, NARROW, SOURCE, WIDE, Written};
use crate::bench_server::{BenchServer, Setting};
use crate::check::Output;
use crate::contender::Task;
use crate::measure::Running;
use crate::table::Costs;
use crate::tally::RowSet;

const SLOT: &str = "drain";

#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Which backlogs
    #[arg(long, default_value = "narrow,wide", value_delimiter = ',')]
    backlog: Vec<Kind>,
    /// Rows of 3 columns
    #[arg(long, default_value_t = 1_000_000)]
    narrow: usize,
    /// Rows of 21 columns
    #[arg(long, default_value_t = 200_000)]
    wide: usize,
    /// Rows of a transaction
    #[arg(long, default_value_t = 1000)]
    rows_per_transaction: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Narrow,
    Wide,
}

pub fn run(arguments: &Arguments) {
    for kind in &arguments.backlog {
        let (table, rows) = match kind {
            Kind::Narrow => (NARROW, arguments.narrow),
            Kind::Wide => (WIDE, arguments.wide),
        };
        let server = BenchServer::start(arguments.common.major);
        println!("Server: {}\n", server.describe());
        let rows_per_transaction = arguments.rows_per_transaction;
        let backlog = Backlog { table, rows, rows_per_transaction }.write(&server);
        for setting in arguments.common.settings() {
            println!("### Drain of {rows} rows of {table}, {}\n", setting.describe());
            take_turns(arguments, &server, setting, &backlog);
        }
    }
}

fn take_turns(arguments: &Arguments, server: &BenchServer, setting: Setting, backlog: &Written) {
    let common = &arguments.common;
    let contenders = common.contenders(|one| !(one.is_naive() && setting.is_tls()));
    let mut costs = vec![Costs::default(); contenders.len()];
    let mut told = vec![true; contenders.len()];
    for round in 0..=common.rounds {
        for (at, &contender) in contenders.iter().enumerate() {
            let warm_up = round == 0;
            let output = Output::new();
            let data = match (contender.is_tool(), warm_up) {
                (false, _) => Stdio::piped(),
                (true, true) => output.stdio(),
                (true, false) => Stdio::null(),
            };
            server.copy_slot(SOURCE, SLOT);
            let until = Some(backlog.end.as_str());
            let task = Task { slot: SLOT, setting, until, timed: false };
            let running = Running::start(server, SLOT, contender.command(server, &task), data);
            let measured = running.finish();
            let set: Option<RowSet> = match (contender.is_tool(), warm_up) {
                (false, _) => Some(measured.output.trim().parse().expect("a row set")),
                (true, true) => Some(output.row_set(contender)),
                (true, false) => None,
            };
            if let Some(set) = set {
                assert_eq!(set, backlog.set, "{} has read other rows", contender.name());
            }
            told[at] &= server.is_confirmed(SLOT, &backlog.last);
            server.drop_slot(SLOT);
            if !warm_up {
                costs[at].push(backlog.set.rows, &measured);
            }
        }
    }
    Costs::header();
    for (contender, costs) in contenders.iter().zip(&costs) {
        costs.print(contender.name());
    }
    println!();
    for (contender, _) in contenders.iter().zip(&told).filter(|(_, told)| !**told) {
        println!("{} ended without having told the server of its last row.\n", contender.name());
    }
}
