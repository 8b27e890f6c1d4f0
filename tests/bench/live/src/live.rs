//! Following writers. A run ends when the consumer has everything that was written in that time.

use std::process::Stdio;
use std::time::Duration;

use clap::Args;

use crate::Common;
use crate::bench_server::{BenchServer, Setting};
use crate::check::Output;
use crate::contender::{Contender, Task};
use crate::measure::{Measured, Running};
use crate::table::Costs;
use crate::tally::{END, RowSet};
use crate::writers::{Kind, Made, WORKLOADS, Workload};

const SLOT: &str = "live";

#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// How long the writers write, in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Only these workloads, with commas between
    #[arg(long, value_delimiter = ',')]
    workload: Vec<String>,
    /// How rows are made
    #[arg(long, default_value = "insert,copy", value_delimiter = ',')]
    made: Vec<Made>,
}

pub fn run(arguments: &Arguments) {
    let server = BenchServer::start(arguments.common.major);
    println!("Server: {}\n", server.describe());
    let known = |name: &String| WORKLOADS.iter().any(|workload| workload.name == name);
    if let Some(unknown) = arguments.workload.iter().find(|name| !known(name)) {
        let names = WORKLOADS.map(|workload| workload.name).join(", ");
        panic!("there is no workload {unknown}; there are {names}");
    }
    for workload in WORKLOADS {
        if !arguments.workload.is_empty() && !arguments.workload.iter().any(|w| w == workload.name)
        {
            continue;
        }
        for &made in &arguments.made {
            if made == Made::Copy && matches!(workload.kind, Kind::Mixed(_)) {
                continue;
            }
            for setting in arguments.common.settings() {
                println!("### {}, {made:?}, {}\n", workload.name, setting.describe());
                take_turns(arguments, &server, workload, made, setting);
            }
        }
    }
}

fn take_turns(
    arguments: &Arguments,
    server: &BenchServer,
    workload: Workload,
    made: Made,
    setting: Setting,
) {
    let common = &arguments.common;
    let contenders = common.contenders(|one| !(one.is_naive() && setting.is_tls()));
    let mut costs = vec![Costs::default(); contenders.len()];
    for round in 0..=common.rounds {
        for (at, &contender) in contenders.iter().enumerate() {
            let time = Duration::from_secs(arguments.seconds);
            let turn = Turn { server, workload, made, setting, contender, check: round == 0 };
            let (rows, measured) = turn.run(time);
            if round > 0 {
                costs[at].push(rows, &measured);
            }
        }
    }
    Costs::header();
    for (contender, costs) in contenders.iter().zip(&costs) {
        costs.print(contender.name());
    }
    println!();
}

struct Turn<'a> {
    server: &'a BenchServer,
    workload: Workload,
    made: Made,
    setting: Setting,
    contender: Contender,
    /// Look into the files of tools.
    check: bool,
}

impl Turn<'_> {
    fn run(&self, time: Duration) -> (u64, Measured) {
        let Self { server, contender, .. } = *self;
        let table = self.workload.table();
        server.query(&format!("TRUNCATE {table} RESTART IDENTITY; CHECKPOINT"));
        server.create_slot(SLOT);
        let output = Output::new();
        let data = match (contender.is_tool(), self.check) {
            (false, _) => Stdio::piped(),
            (true, true) => output.stdio(),
            (true, false) => Stdio::null(),
        };
        let task = Task { slot: SLOT, setting: self.setting, until: None, timed: false };
        let command = contender.command(server, &task);
        let mut running = Running::start(server, SLOT, command, data);
        running.until_streaming();
        let written = self.workload.write(server, self.made, time);
        let end = server.finish();
        if contender.is_tool() {
            running.interrupt_after(&end);
        }
        let measured = running.finish();
        let expected = match written {
            Some(mut set) => {
                set.add(END);
                set
            }
            None => server.row_set(table),
        };
        let set: Option<RowSet> = match (contender.is_tool(), self.check) {
            (false, _) => Some(measured.output.trim().parse().expect("a row set")),
            (true, true) => Some(output.row_set(contender)),
            (true, false) => None,
        };
        if let Some(set) = set {
            assert_eq!(set, expected, "{} has read other rows", contender.name());
        }
        server.drop_slot(SLOT);
        (expected.rows, measured)
    }
}
