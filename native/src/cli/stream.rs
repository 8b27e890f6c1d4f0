//! `walscope stream`: changes of a logical slot as they come.

use std::future::pending;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, ValueEnum};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;
use walscope_core::Lsn;
use walscope_core::capture::Reader;
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::transaction::View;

use super::acknowledgements::Acknowledgements;
use super::endurance::Endurance;
use super::lines::Lines;
use super::output::Output;
use super::pieces::Pieces;
use super::printing::{Printer, Printing};
use super::signals::Signals;
use super::values::ValueOptions;
use super::{Failure, metrics, progress, say};
use crate::json::Debezium;
use crate::{
    Acknowledge, Config, OriginFilter, Plugin, Stream, StreamEvent, StreamOptions, Streaming,
};

/// How long a reader of our output may take when the stream is to end.
const LAST_LINES: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The server: a URI (postgres://…) or keywords (host=… dbname=…)
    conninfo: String,
    /// The logical slot
    #[arg(long)]
    slot: String,
    /// A publication; may be given several times
    #[arg(long = "publication", required_unless_present = "plugin")]
    publications: Vec<String>,
    /// The slot's output plugin, if it is not pgoutput: its messages are printed as they are
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    /// An option of that plugin; may be given several times
    #[arg(long = "plugin-option", value_name = "NAME=VALUE", requires = "plugin", value_parser = plugin_option)]
    plugin_options: Vec<(String, String)>,
    /// Create the slot if it is missing
    #[arg(long)]
    create_slot: bool,
    /// Create it as a temporary one, which ends with the connection
    #[arg(long, requires = "create_slot")]
    temporary: bool,
    /// Start here instead of where the slot is confirmed
    #[arg(long, value_name = "LSN")]
    start: Option<Lsn>,
    /// End at the first commit at or past this, or when the server has nothing before it; of another
    /// plugin, at the last message up to it
    #[arg(long, value_name = "LSN|now")]
    until: Option<Until>,
    /// Protocol version; without it the lowest that the options need
    #[arg(long, value_name = "1..4")]
    protocol: Option<u8>,
    /// Ask for large transactions before they end, in pieces
    #[arg(long, default_value = "off")]
    streaming: StreamingArgument,
    /// Ask for values in binary form
    #[arg(long)]
    binary: bool,
    /// Ask for transactions when they are prepared; marks the slot for good
    #[arg(long)]
    two_phase: bool,
    /// Ask for messages of pg_logical_emit_message
    #[arg(long)]
    messages: bool,
    /// Which origins to include
    #[arg(long)]
    origin: Option<OriginArgument>,
    /// Print every message as it came
    #[arg(long)]
    raw: bool,
    /// Go on behind what cannot be decoded; each message is told on standard error
    #[arg(long)]
    skip_unknown: bool,
    /// Write the server's bytes into a capture
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// What confirms: lines that were written, nothing, or LSNs read from standard input
    #[arg(long, default_value = "auto")]
    ack: Ack,
    /// How changes are printed
    #[arg(long, default_value = "json")]
    format: Format,
    /// Serve counters for Prometheus on this address, such as 127.0.0.1:9187
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<SocketAddr>,
    #[command(flatten)]
    endurance: Endurance,
    #[command(flatten)]
    pieces: Pieces,
    #[command(flatten)]
    values: ValueOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StreamingArgument {
    Off,
    On,
    Parallel,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OriginArgument {
    Any,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Ack {
    Auto,
    None,
    Stdin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A change as walscope has it
    Json,
    /// Events in Debezium's envelope
    Debezium,
    /// Not at all
    None,
}

#[derive(Clone, Copy, Debug)]
enum Until {
    Now,
    Lsn(Lsn),
}

impl std::str::FromStr for Until {
    type Err = walscope_core::LsnParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "now" { Ok(Self::Now) } else { text.parse().map(Self::Lsn) }
    }
}

fn plugin_option(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("no = between a name and a value")?;
    Ok((name.to_string(), value.to_string()))
}

impl Arguments {
    fn plugin(&self) -> Plugin {
        match &self.plugin {
            None => Plugin::Pgoutput,
            Some(name) => {
                Plugin::Other { name: name.clone(), options: self.plugin_options.clone() }
            }
        }
    }

    /// What does not go together with `--format debezium`.
    fn conflict(&self) -> Option<&'static str> {
        if self.format != Format::Debezium {
            return None;
        }
        if self.raw || self.plugin.is_some() {
            return Some("--format debezium needs the changes of whole transactions");
        }
        let stdin = self.ack == Ack::Stdin;
        stdin.then_some("--ack stdin needs the ends of transactions, which --format json prints")
    }

    fn envelope(&self, config: &Config) -> Option<Debezium> {
        (self.format == Format::Debezium).then(|| Debezium {
            name: self.slot.clone(),
            database: config.dbname().unwrap_or_default().to_string(),
        })
    }

    fn options(&self) -> StreamOptions {
        let streaming = match self.streaming {
            StreamingArgument::Off => Streaming::Off,
            StreamingArgument::On => Streaming::On,
            StreamingArgument::Parallel => Streaming::Parallel,
        };
        let options = StreamOptions {
            plugin: self.plugin(),
            create_slot: self.create_slot,
            temporary: self.temporary,
            start: self.start,
            protocol: self.protocol,
            streaming,
            binary: self.binary,
            two_phase: self.two_phase,
            messages: self.messages,
            origin: self.origin.map(|origin| match origin {
                OriginArgument::Any => OriginFilter::Any,
                OriginArgument::None => OriginFilter::None,
            }),
            // Captures hold what came; what is printed is put together behind them.
            raw: true,
            acknowledge: match self.ack {
                Ack::Auto | Ack::Stdin => Acknowledge::Manual,
                Ack::None => Acknowledge::Never,
            },
            ..StreamOptions::new(&self.slot, &self.publications)
        };
        self.endurance.apply(options)
    }
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    if let Some(problem) = arguments.conflict() {
        super::Arguments::command().error(ErrorKind::ArgumentConflict, problem).exit();
    }
    // The stream's own task has a thread to itself, so that feedback to the server leaves while
    // this thread waits for whoever reads our output.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let result = runtime.block_on(stream(arguments));
    // A writer may still be stuck in a pipe that nobody reads.
    runtime.shutdown_background();
    result
}

async fn stream(arguments: Arguments) -> Result<(), Failure> {
    let config = Config::parse(&arguments.conninfo)?;
    let options = arguments.options();
    let values = arguments.values.values()?;
    let mut signals =
        Signals::catch().map_err(|error| Failure::new(format!("cannot catch signals: {error}")))?;
    let mut output = Output::new(arguments.capture.as_deref())?;
    // Creating a slot may wait for other transactions for any time, and so may a slot in use.
    let mut stream = tokio::select! {
        stream = Stream::open_watched(&config, options, tell) => stream?,
        () = signals.wait() => return Ok(()),
    };
    let info = stream.info();
    for remark in &info.remarks {
        say(format_args!("walscope: {remark}"));
    }
    if arguments.capture.is_some() {
        output.capture(&info.capture_head())?;
    }
    let view = if arguments.raw { View::Raw } else { View::Transactions };
    let printer = Printer {
        lines: Lines::new(view, &arguments.plugin(), values)
            .in_envelope(arguments.envelope(&config)),
        print: arguments.format != Format::None,
        skip: arguments.skip_unknown,
        until: arguments.until.map(|until| match until {
            Until::Now => info.server_flushed,
            Until::Lsn(lsn) => lsn,
        }),
        output,
        pending: Vec::new(),
        reached: false,
    };
    let assembled = if printer.lines.is_undecoded() { View::Raw } else { view };
    let printing = Printing {
        assembler: arguments.pieces.assembler(assembled, Reader::of_connection(MAX_MESSAGE)),
        printer,
        confirm: arguments.ack == Ack::Auto,
        control: stream.control().clone(),
        unsynced: false,
    };
    let control = stream.control().clone();
    if let Some(address) = arguments.metrics {
        metrics::serve(address, arguments.slot.clone(), control.clone()).await?;
    }
    progress::show(control.clone());
    let mut acknowledgements = match arguments.ack {
        Ack::Stdin => Acknowledgements::from_stdin(control),
        Ack::Auto | Ack::None => Acknowledgements::none(control),
    };
    let result = follow(&mut stream, printing, &mut signals, &mut acknowledgements).await;
    let closed = stream.close().await.map_err(Failure::from);
    result.and(closed)
}

/// Prints until a signal, the end that was asked for, or an error.
async fn follow(
    stream: &mut Stream,
    mut printing: Printing,
    signals: &mut Signals,
    acknowledgements: &mut Acknowledgements,
) -> Result<(), Failure> {
    let control = stream.control().clone();
    let mut signalled = false;
    while !printing.printer.reached && !signalled {
        let sync_due = printing.printer.output.sync_due().filter(|_| printing.unsynced);
        tokio::select! {
            biased;
            () = signals.wait() => signalled = true,
            confirmed = acknowledgements.next() => confirmed?,
            event = control.next_event() => tell(&event),
            notice = control.next_notice() => say(format_args!("walscope: the server says: {notice}")),
            () = sleep_until(sync_due) => printing.confirm_if_due()?,
            batch = stream.next_batch() => {
                let Some(batch) = batch? else { break };
                let writing = spawn_blocking(move || {
                    let result = printing.batch(&batch);
                    (printing, result)
                });
                (printing, signalled) = finish_writing(writing, signals, acknowledgements).await?;
            }
        }
    }
    printing.finish()?;
    // Whoever confirms by standard input has to read the last lines first.
    let rest = acknowledgements.rest(printing.printer.lines.items);
    if signalled {
        return timeout(LAST_LINES, rest).await.unwrap_or(Ok(()));
    }
    tokio::select! {
        rest = rest => rest,
        () = signals.wait() => Ok(()),
    }
}

fn tell(event: &StreamEvent) {
    match event {
        StreamEvent::Disconnected { error, delay, .. }
        | StreamEvent::SlotInUse { error, delay, .. } => {
            say(format_args!("walscope: {error}. Trying again in {:.1} s", delay.as_secs_f64()));
        }
        StreamEvent::Resumed { lsn } => {
            say(format_args!("walscope: connected again, going on from {lsn}"));
        }
    }
}

/// Waits for lines to be written: whoever reads them may take any time, until a signal comes, and
/// may write back meanwhile. Returns whether a signal has come.
async fn finish_writing(
    mut writing: JoinHandle<(Printing, Result<(), Failure>)>,
    signals: &mut Signals,
    acknowledgements: &mut Acknowledgements,
) -> Result<(Printing, bool), Failure> {
    let mut signalled = false;
    let written = loop {
        tokio::select! {
            written = &mut writing => break written,
            confirmed = acknowledgements.next() => confirmed?,
            () = signals.wait() => {
                signalled = true;
                break timeout(LAST_LINES, writing).await.map_err(|_| unread())?;
            }
        }
    };
    let (printing, result) = written.map_err(panicked)?;
    result.map(|()| (printing, signalled))
}

fn unread() -> Failure {
    Failure::with_hint(
        "ended while nobody read standard output",
        "What was not written is not confirmed: the slot still has it",
    )
}

fn panicked(error: tokio::task::JoinError) -> Failure {
    Failure::new(format!("writing failed: {error}"))
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => pending().await,
    }
}
