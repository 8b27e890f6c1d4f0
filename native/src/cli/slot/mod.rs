//! `walscope slot`: replication slots, created, looked at, altered and dropped.

mod create;
mod list;

use std::io::{self, Write};

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::{Failure, output, runtime};
use crate::{Client, Config, ConnectionKind, SlotChanges};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the server's slots: who uses them, how far they are behind, what they keep
    List(list::Arguments),
    /// Create a slot
    Create(create::Arguments),
    /// Drop a slot
    Drop(DropArguments),
    /// Alter a logical slot that nobody uses
    Alter(AlterArguments),
    /// Print where a physical slot is, with its timeline (PostgreSQL 15)
    Read(ReadArguments),
}

/// The server, for all of them.
#[derive(Debug, Args)]
struct ServerArgument {
    /// The server: a URI (postgres://…) or keywords (host=… dbname=…)
    conninfo: String,
}

#[derive(Debug, Args)]
struct DropArguments {
    #[command(flatten)]
    server: ServerArgument,
    /// The slot
    #[arg(long)]
    slot: String,
    /// Wait until nobody uses it
    #[arg(long)]
    wait: bool,
    /// Do nothing if there is no such slot
    #[arg(long)]
    if_exists: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("changes").required(true).multiple(true)))]
struct AlterArguments {
    #[command(flatten)]
    server: ServerArgument,
    /// The slot
    #[arg(long)]
    slot: String,
    /// Whether it is copied to standby servers (PostgreSQL 17)
    #[arg(long, group = "changes")]
    failover: Option<Switch>,
    /// Whether it decodes transactions when they are prepared (PostgreSQL 18)
    #[arg(long, group = "changes")]
    two_phase: Option<Switch>,
}

#[derive(Debug, Args)]
struct ReadArguments {
    #[command(flatten)]
    server: ServerArgument,
    /// The slot
    #[arg(long)]
    slot: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReadLine<'a> {
    slot: &'a str,
    restart_lsn: Option<String>,
    restart_timeline: Option<u32>,
}

impl ServerArgument {
    async fn connect(&self, kind: ConnectionKind) -> Result<Client, Failure> {
        Ok(Client::connect(&Config::parse(&self.conninfo)?, kind).await?)
    }
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    runtime()?.block_on(async {
        match arguments.command {
            Command::List(arguments) => list::run(&arguments).await,
            Command::Create(arguments) => create::run(&arguments).await,
            Command::Drop(arguments) => drop_slot(&arguments).await,
            Command::Alter(arguments) => alter(&arguments).await,
            Command::Read(arguments) => read(&arguments).await,
        }
    })
}

async fn drop_slot(arguments: &DropArguments) -> Result<(), Failure> {
    let mut client = arguments.server.connect(ConnectionKind::Replication).await?;
    let dropped = client.drop_slot(&arguments.slot, arguments.wait).await;
    client.close().await;
    match dropped {
        Err(error) if arguments.if_exists && error.code() == MISSING => Ok(()),
        dropped => Ok(dropped?),
    }
}

async fn alter(arguments: &AlterArguments) -> Result<(), Failure> {
    let on = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
    let changes =
        SlotChanges { failover: on(arguments.failover), two_phase: on(arguments.two_phase) };
    let mut client = arguments.server.connect(ConnectionKind::Replication).await?;
    let altered = client.alter_slot(&arguments.slot, &changes).await;
    client.close().await;
    Ok(altered?)
}

async fn read(arguments: &ReadArguments) -> Result<(), Failure> {
    let slot = arguments.slot.as_str();
    let mut client = arguments.server.connect(ConnectionKind::Replication).await?;
    let position = client.read_slot(slot).await;
    client.close().await;
    let position = position?.ok_or_else(|| missing(slot))?;
    if arguments.json {
        return print_json(&ReadLine {
            slot,
            restart_lsn: position.restart_lsn.map(|lsn| lsn.to_string()),
            restart_timeline: position.restart_timeline.map(|timeline| timeline.0),
        });
    }
    print(&match (position.restart_lsn, position.restart_timeline) {
        (Some(lsn), Some(timeline)) => format!("{lsn} on timeline {timeline}\n"),
        (Some(lsn), None) => format!("{lsn}\n"),
        (None, _) => "nothing is reserved\n".to_string(),
    })
}

/// SQLSTATE "undefined object".
const MISSING: &str = "42704";

fn missing(slot: &str) -> Failure {
    Failure::with_hint(
        format!("replication slot \"{slot}\" does not exist"),
        "Check the name: walscope slot list shows all",
    )
}

fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| output::stdout_failure(&error))
}

fn print_json(line: &impl Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(line);
    let line = line.map_err(|error| Failure::new(format!("cannot be written as JSON: {error}")))?;
    print(&(line + "\n"))
}
