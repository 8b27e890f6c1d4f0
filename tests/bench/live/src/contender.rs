//! Who takes part, and how its process is started.

use std::process::Command;

use clap::ValueEnum;
use walscope_tests::{Major, PASSWORD, tools};

use crate::bench_server::{BenchServer, DATABASE, PUBLICATION, Setting, USER};
use crate::consume::{Consumer, HOST, Job};

/// The subcommand of walscope's command-line tool.
pub const STREAM: &str = "stream";

/// Of PostgreSQL's own tools there are those of that version.
const TOOLS: Major = Major::V15;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Contender {
    Batches,
    Changes,
    CommandLine,
    PgRecvlogical,
    PgWalstream,
    PgwireReplication,
    Naive,
    NaivePaused,
}

/// What a contender's process is to do.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    pub slot: &'a str,
    pub setting: Setting,
    /// Where a tool ends that cannot see the row that ends the run; `None`: when it is told to.
    pub until: Option<&'a str>,
    /// Note when each row was seen.
    pub timed: bool,
}

impl Contender {
    pub const ALL: [Self; 8] = [
        Self::Batches,
        Self::Changes,
        Self::CommandLine,
        Self::PgRecvlogical,
        Self::PgWalstream,
        Self::PgwireReplication,
        Self::Naive,
        Self::NaivePaused,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Batches => "walscope, batches",
            Self::Changes => "walscope, changes",
            Self::CommandLine => "`walscope stream`, JSON",
            Self::PgRecvlogical => "`pg_recvlogical` 15",
            Self::PgWalstream => "pg_walstream 0.10.0",
            Self::PgwireReplication => "pgwire-replication 0.5.0",
            Self::Naive => "bare read loop",
            Self::NaivePaused => "bare read loop, pauses 500 µs",
        }
    }

    /// It is a tool that writes what it gets to its standard output.
    pub fn is_tool(self) -> bool {
        self.consumer().is_none()
    }

    /// It is there to compare with, and has no TLS.
    pub fn is_naive(self) -> bool {
        matches!(self, Self::Naive | Self::NaivePaused)
    }

    fn consumer(self) -> Option<Consumer> {
        match self {
            Self::Batches => Some(Consumer::Batches),
            Self::Changes => Some(Consumer::Changes),
            Self::CommandLine | Self::PgRecvlogical => None,
            Self::PgWalstream => Some(Consumer::PgWalstream),
            Self::PgwireReplication => Some(Consumer::PgwireReplication),
            Self::Naive => Some(Consumer::Naive),
            Self::NaivePaused => Some(Consumer::NaivePaused),
        }
    }

    pub fn command(self, server: &BenchServer, task: &Task<'_>) -> Command {
        if let Some(consumer) = self.consumer() {
            let job = Job {
                consumer,
                port: server.port(),
                user: if self.is_naive() { "trust_user" } else { USER }.to_owned(),
                password: PASSWORD.to_owned(),
                database: DATABASE.to_owned(),
                publication: PUBLICATION.to_owned(),
                slot: task.slot.to_owned(),
                tls: task.setting.is_tls(),
                binary: task.setting.binary,
                timed: task.timed,
            };
            let mut command = this_program();
            command.args(job.arguments());
            return command;
        }
        let conninfo = format!(
            "host={HOST} port={} user={USER} password={PASSWORD} dbname={DATABASE} sslmode={}",
            server.port(),
            task.setting.sslmode()
        );
        if self == Self::CommandLine {
            walscope(&conninfo, task)
        } else {
            recvlogical(&conninfo, task)
        }
    }
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().expect("a program knows its executable"))
}

fn walscope(conninfo: &str, task: &Task<'_>) -> Command {
    let mut command = this_program();
    command.args([STREAM, conninfo, "--slot", task.slot, "--publication", PUBLICATION]);
    if task.setting.binary {
        command.arg("--binary");
    }
    if let Some(lsn) = task.until {
        command.args(["--until", lsn]);
    }
    command
}

/// It confirms once a second; its default is every ten.
fn recvlogical(conninfo: &str, task: &Task<'_>) -> Command {
    let mut command = Command::new(tools::pg_bin(TOOLS).join("pg_recvlogical"));
    let publications = format!("publication_names={PUBLICATION}");
    command
        .args(["--start", "-f", "-", "-s", "1", "-F", "1", "-d", conninfo, "-S", task.slot])
        .args(["-o", "proto_version=1", "-o", &publications]);
    if task.setting.binary {
        command.args(["-o", "binary=true"]);
    }
    if let Some(lsn) = task.until {
        command.args(["-E", lsn]);
    }
    command
}
