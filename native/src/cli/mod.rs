//! The command-line tool: a file per subcommand.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 fine, 1 failed,
//! 2 bad usage.

mod acknowledgements;
mod basebackup;
mod catalog;
mod combinebackup;
mod decode;
mod doctor;
mod endurance;
mod getopt;
mod lines;
mod metrics;
mod output;
mod password;
mod pg_tool;
mod pieces;
mod printing;
mod progress;
mod read_buffer;
mod receive;
mod server_options;
mod signals;
mod size;
mod slot;
mod stream;
mod types;
mod values;
mod verifybackup;
mod waldump;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};
use tracing::level_filters::LevelFilter;

use pg_tool::Tool;

/// Reads PostgreSQL's write-ahead log.
#[derive(Debug, Parser)]
#[command(name = "walscope", version, about, propagate_version = true)]
struct Arguments {
    /// Tell on standard error what is done; twice: every step, three times: every status
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print changes of a logical slot as JSON Lines, as they come
    Stream(Box<stream::Arguments>),
    /// Print the changes in a capture as JSON Lines
    Decode(decode::Arguments),
    /// Print a table of a database's user types, for --types
    Types(types::Arguments),
    /// Print what a database's relations are called and made of, for waldump --catalog
    Catalog(catalog::Arguments),
    /// Create, list, alter, read and drop replication slots
    Slot(slot::Arguments),
    /// Look whether a server is fit for streaming, and what of its log is in danger
    Doctor(doctor::Arguments),
    /// Print the write-ahead log itself, as pg_waldump does
    Waldump(pg_tool::Arguments),
    /// Receive the write-ahead log into files, as pg_receivewal does
    Receive(pg_tool::Arguments),
    /// Take a base backup, as pg_basebackup does
    Basebackup(pg_tool::Arguments),
    /// Make a full backup of a chain of incremental ones, as pg_combinebackup does
    Combinebackup(pg_tool::Arguments),
    /// Verify a base backup, as pg_verifybackup does
    Verifybackup(pg_tool::Arguments),
}

/// What stands in for PostgreSQL's own tools.
const TOOLS: [Tool; 5] =
    [waldump::TOOL, receive::TOOL, basebackup::TOOL, combinebackup::TOOL, verifybackup::TOOL];

/// Why a subcommand failed: what, where, and what to do.
#[derive(Debug)]
struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }

    /// Something that could not be done with a file.
    fn file(what: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::new(format!("cannot {what} {}: {error}", path.display()))
    }
}

impl From<crate::Error> for Failure {
    fn from(error: crate::Error) -> Self {
        Self { message: error.to_string(), hint: error.hint() }
    }
}

/// One line, as operators search for it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "walscope: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, ". {hint}"),
            None => Ok(()),
        }
    }
}

/// Tells people something. That nobody listens to standard error any more is no reason to stop.
fn say(text: impl fmt::Display) {
    progress::clear();
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes the library's events to standard error.
fn trace(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr).init();
}

/// A runtime for a command that only asks the server.
fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))
}

/// Runs the tool with the process's arguments.
pub fn main() -> ExitCode {
    if let Some(code) = TOOLS.iter().find_map(|tool| tool.run_if_asked(std::env::args_os())) {
        return code;
    }
    let arguments = Arguments::parse();
    trace(arguments.verbose);
    let result = match arguments.command {
        Command::Stream(arguments) => stream::run(*arguments),
        Command::Decode(arguments) => decode::run(&arguments),
        Command::Types(arguments) => types::run(&arguments),
        Command::Catalog(arguments) => catalog::run(&arguments),
        Command::Slot(arguments) => slot::run(arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Waldump(arguments) => return waldump::TOOL.run(arguments),
        Command::Receive(arguments) => return receive::TOOL.run(arguments),
        Command::Basebackup(arguments) => return basebackup::TOOL.run(arguments),
        Command::Combinebackup(arguments) => return combinebackup::TOOL.run(arguments),
        Command::Verifybackup(arguments) => return verifybackup::TOOL.run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(failure);
            ExitCode::FAILURE
        }
    }
}
