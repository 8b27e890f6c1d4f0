//! The loss proof: a consumer, its connection and its server crash again and again under load, and
//! at the end the consumer has what the server has.
//!
//! The consumer is a process of its own ([`consume`]). It keeps what it is given, with its
//! checkpoint, in another server's database, and confirms after that. A proxy between it and the
//! server sees every frame, so that a crash happens where it is wanted, and what it hit is seen and
//! not assumed. After each crash the consumer goes on, by itself or as another process that starts
//! where the slot is, or at its checkpoint.
//!
//! What must hold:
//!
//! 1. each change is there once, in order, and the table made of them equals the server's;
//! 2. what the slot says to be confirmed was told by the consumer before, and is kept;
//! 3. within a process nothing comes again; nor where a process starts at its checkpoint; where it
//!    starts at the slot, only what was not confirmed, unless the server crashed;
//! 4. what comes again is the same, change by change.

mod consumer;
mod load;
mod prepared;
mod process;
mod report;
mod skim;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use walscope_core::Lsn;

use crate::proxy::Proxy;
use crate::random::Random;
use crate::sampler::Sampler;
use crate::tls_front::TlsFront;
use crate::{Major, Server, ServerOptions};
use load::Load;
use prepared::Prepared;
use process::Process;
use wire::{Aim, Wire};

pub use consumer::{ConsumerOptions, PUBLICATION, SLOT, consume};
pub use report::{Hits, Report};

const SOURCE: &str = include_str!("source.sql");
const SINK: &str = include_str!("sink.sql");
/// How long something may take that is aimed at.
const AIMING: Duration = Duration::from_secs(3);
/// How long a server may take that starts itself anew.
const RESTART: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(120);
/// So soon after a confirmation is right after it.
const AFTER_CONFIRMATION: Duration = Duration::from_millis(10);
/// Writers wait while the consumer is so many bytes of log behind.
const MOST_BEHIND: u64 = 1024 * 1024;
/// No id of a writer is so high.
const MARKER: i64 = 1 << 60;
/// The first server that tells prepared transactions to pgoutput.
const TWO_PHASE: Major = Major::V15;
/// The first that streams in parallel.
const PARALLEL: Major = Major::V16;
/// The first that writes the slot's position when it is stopped in order.
const WRITES_POSITION: Major = Major::V17;

/// What crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Crash {
    /// The consumer's process gets SIGKILL.
    Client,
    /// The connection is cut.
    Connection,
    /// The server's process that sends gets SIGTERM, as by `pg_terminate_backend`.
    WalSender,
    /// It gets SIGKILL, and the server starts itself anew.
    WalSenderKilled,
    /// The server is stopped as by a crash (SIGQUIT, immediate) and started.
    Server,
    /// The server is stopped in order and started.
    Restart,
}

impl Crash {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Client,
        Self::Connection,
        Self::WalSender,
        Self::WalSenderKilled,
        Self::Server,
        Self::Restart,
    ];

    /// Whether the server process may forget what it was told.
    fn forgets(self, major: Major) -> bool {
        match self {
            Self::Client | Self::Connection | Self::WalSender => false,
            Self::WalSenderKilled | Self::Server => true,
            Self::Restart => major < WRITES_POSITION,
        }
    }

    fn takes_server_down(self) -> bool {
        matches!(self, Self::WalSenderKilled | Self::Server | Self::Restart)
    }
}

/// How much is to be proven, on what.
#[derive(Clone, Debug)]
pub struct CrashOptions {
    /// The server's version.
    pub major: Major,
    /// Makes the same choices again; what runs at the same time differs from run to run.
    pub seed: u64,
    /// Crashes.
    pub points: usize,
    /// So many of them at least in each of the places that are aimed at.
    pub least: usize,
    /// The consumer connects by TLS, to something that ends it before the proxy: that sees the frames.
    pub tls: bool,
    /// A program whose arguments are those of [`ConsumerOptions`].
    pub consumer: Vec<PathBuf>,
}

/// Servers, proxy, load and consumer.
struct Proof {
    options: CrashOptions,
    random: Random,
    sink: Server,
    load: Load,
    sampler: Sampler,
    proxy: Proxy,
    tls: Option<TlsFront>,
    wire: Arc<Wire>,
    source: Server,
    process: Option<Process>,
    runs: i32,
    /// For each process: what the server knew to be confirmed when it started, and what it had ever
    /// said to be.
    bounds: BTreeMap<i32, (Lsn, Lsn)>,
    /// The same for the next one: the server has kept it over a restart.
    kept: Lsn,
    report: Report,
}

/// Crashes everything, and compares.
///
/// # Panics
///
/// Where something is lost, comes again without reason, or cannot be proven.
pub fn prove(options: CrashOptions) -> Report {
    let mut proof = Proof::start(options);
    let began = Instant::now();
    let most = proof.options.points * 2;
    for tries in 0.. {
        let report = &proof.report;
        if report.points() >= proof.options.points && report.least() >= proof.options.least {
            break;
        }
        assert!(tries < most, "places are missed too often: {report}");
        proof.crash();
    }
    proof.finish();
    proof.report.seconds = began.elapsed().as_secs();
    proof.report
}

impl Proof {
    fn start(options: CrashOptions) -> Self {
        let major = options.major;
        let settings = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let source = Server::start(ServerOptions {
            major,
            settings: settings(&[
                // Little memory makes small transactions large ones.
                ("logical_decoding_work_mem", "64kB"),
                ("autovacuum", "off"),
                // The processes crash, not the machine.
                ("full_page_writes", "off"),
            ]),
            ..ServerOptions::default()
        });
        let sink = Server::start(ServerOptions { major, ..ServerOptions::default() });
        source.sql(SOURCE);
        sink.sql(SINK);
        let two_phase = major >= TWO_PHASE;
        source.sql(&format!(
            "SELECT pg_create_logical_replication_slot('{SLOT}', 'pgoutput', false, {two_phase})"
        ));
        let created: Lsn = source
            .value("SELECT confirmed_flush_lsn FROM pg_replication_slots")
            .parse()
            .expect("an LSN");
        let prepared = Prepared::default();
        let wire = Arc::new(Wire::new(prepared.clone()));
        let (told, behind) = (Arc::clone(&wire), Arc::new(AtomicBool::new(false)));
        let is_behind = Arc::clone(&behind);
        let sampler = source.watch_slot(SLOT, move |sample| {
            is_behind.store(
                sample.end.0.saturating_sub(sample.confirmed.0) > MOST_BEHIND,
                Ordering::Relaxed,
            );
            let (confirmed, most) = (sample.confirmed, told.flushed().max(created));
            (confirmed > most).then(|| format!("{confirmed} is confirmed, and {most} was told"))
        });
        let proxy = Proxy::watched(source.port(), wire.clone());
        Self {
            random: Random::new(options.seed),
            load: Load::start(source.socket(), &prepared, &behind, options.seed),
            tls: options.tls.then(|| TlsFront::start(proxy.port(), &sink.folder())),
            proxy,
            report: Report::new(&options),
            process: None,
            runs: 0,
            bounds: BTreeMap::new(),
            kept: Lsn::INVALID,
            options,
            sink,
            sampler,
            wire,
            source,
        }
    }

    /// One crash, and what must hold after it.
    fn crash(&mut self) {
        let crash = *self.random.pick(&Crash::ALL);
        self.ensure_stream();
        let aim = self.draw_aim();
        self.wire.aim(aim);
        self.wire.wait_for_hit(AIMING);
        if aim == Aim::Confirmation {
            sleep(Duration::from_micros(self.random.below(8000) as u64));
        }
        let moment = self.wire.moment();
        let Some(happened) = self.perform(crash, moment.in_block) else {
            return self.proxy.cut();
        };
        let since = moment.confirmed_at.map(|at| happened.saturating_duration_since(at));
        self.report.add(Hits {
            crash,
            in_block: moment.in_block,
            in_prepared: moment.in_prepared,
            after_confirmation: since.is_some_and(|since| since < AFTER_CONFIRMATION),
        });
        self.check();
    }

    fn draw_aim(&mut self) -> Aim {
        let streams =
            self.process.as_ref().is_some_and(|process| process.options.streaming != "off");
        match self.random.below(10) {
            0..3 if streams => Aim::Block(self.random.below(200) as u32),
            3..6 => Aim::Prepared,
            6..9 => Aim::Confirmation,
            _ => Aim::Anywhere(self.random.below(4000) as u32),
        }
    }

    /// Does it. Returns when; `None`: there was nothing to crash any more. Inside a block what
    /// follows is held, and lost.
    fn perform(&mut self, crash: Crash, in_block: bool) -> Option<Instant> {
        let samples = self.sampler.samples();
        let happened = match crash {
            Crash::Client => {
                self.process.take().expect("a consumer").kill();
                Instant::now()
            }
            Crash::WalSender => signal(samples.last.active_pid, Signal::TERM)?,
            Crash::WalSenderKilled => signal(samples.last.active_pid, Signal::KILL)?,
            Crash::Connection | Crash::Server | Crash::Restart => Instant::now(),
        };
        if crash == Crash::Server {
            self.source.kill();
        }
        if in_block || crash == Crash::Connection {
            self.proxy.cut();
        }
        if matches!(crash, Crash::Server | Crash::Restart) {
            self.source.restart();
        }
        if crash.takes_server_down() {
            self.sampler.wait(RESTART, |now| now.connections > samples.connections)?;
            self.kept = if crash.forgets(self.options.major) {
                Lsn::INVALID
            } else {
                self.kept.max(samples.confirmed)
            };
        }
        Some(happened)
    }

    /// A consumer streams.
    fn ensure_stream(&mut self) {
        let began = Instant::now();
        loop {
            if self.process.as_mut().is_none_or(Process::has_ended) {
                self.process = None;
                self.start_process();
            }
            let patience = Duration::from_millis(200);
            if self.wire.streams() || self.wire.wait_for_stream(self.wire.connection(), patience) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "nobody streams:\n{}", self.source.log());
        }
    }

    fn start_process(&mut self) {
        self.runs += 1;
        let samples = self.sampler.samples();
        self.bounds.insert(self.runs, (samples.confirmed.max(self.kept), samples.highest));
        let major = self.options.major;
        let streaming = match self.random.below(10) {
            0 => "off",
            1..6 if major >= PARALLEL => "parallel",
            _ => "on",
        };
        let port = self.tls.as_ref().map_or(self.proxy.port(), |front| front.port).to_string();
        let mut changes = vec![("port", port.as_str()), ("user", "trust_user")];
        match &self.tls {
            None => changes.push(("sslmode", "disable")),
            Some(front) => {
                let ca = front.ca.to_str().expect("a path");
                changes.extend([("sslmode", "verify-full"), ("sslrootcert", ca)]);
            }
        }
        let source = self.source.conninfo_with(&changes);
        let options = ConsumerOptions {
            source,
            sink: self.sink.socket_conninfo(),
            run: self.runs,
            streaming: streaming.to_owned(),
            binary: self.random.percent(50),
            two_phase: major >= TWO_PHASE,
            from_checkpoint: self.random.percent(50),
            reconnect: self.random.percent(60),
            late: self.random.below(4),
        };
        let errors = self.sink.folder().join(format!("consumer-{}", self.runs));
        self.process = Some(Process::start(&self.options.consumer, &options, errors));
    }

    /// What the slot says to be confirmed is kept, and nothing else was confirmed.
    fn check(&mut self) {
        let samples = self.sampler.samples();
        assert!(samples.wrong.is_empty(), "{:?}", samples.wrong);
        let ends = self.wire.take_ends(samples.confirmed);
        if ends.is_empty() {
            return;
        }
        let list: Vec<_> = ends.iter().map(|end| format!("({})", end.0)).collect();
        let missing = self.sink.sql(&format!(
            "SELECT given.lsn FROM (VALUES {}) given (lsn) \
             WHERE NOT EXISTS (SELECT FROM ending WHERE end_lsn = given.lsn)",
            list.join(", ")
        ));
        assert!(missing.is_empty(), "{} is confirmed, without {missing:?}", samples.confirmed);
    }

    /// Lets everything come to its end, and compares.
    fn finish(&mut self) {
        self.load.finish();
        self.source.sql(&format!("INSERT INTO t VALUES ({MARKER}, 1, 'the end')"));
        let began = Instant::now();
        let has_marker = format!("SELECT count(*)::text FROM change WHERE id = {MARKER}");
        while self.sink.value(&has_marker) == "0" {
            self.ensure_stream();
            sleep(Duration::from_millis(20));
            assert!(began.elapsed() < PATIENCE, "the last row does not come");
        }
        self.check();
        if let Some(process) = self.process.take() {
            process.kill();
        }
        let tables = |server: &Server, table: &str| {
            server.value(&format!(
                "SELECT count(*) || ' rows, ' || md5(string_agg(id || ':' || n || ':' || v, ',' \
                 ORDER BY id)) FROM {table}"
            ))
        };
        let (expected, found) = (tables(&self.source, "t"), tables(&self.sink, "copy"));
        let wrong = self.sink.sql("SELECT id, n FROM out_of_order LIMIT 10");
        assert!(wrong.is_empty(), "missing, repeated or out of order: {wrong:?}");
        assert_eq!(found, expected, "the consumer's table is not the server's");
        let different = self.sink.sql("SELECT run, pos, seq FROM wrong LIMIT 10");
        assert!(different.is_empty(), "came again, and was not the same: {different:?}");
        self.count(&expected);
    }

    fn count(&mut self, table: &str) {
        let number = |text: &str| self.sink.value(text).parse().expect("a number");
        let report = &mut self.report;
        report.table = table.to_owned();
        report.processes = self.runs;
        report.written = self.load.transactions();
        report.samples = self.sampler.samples().count;
        report.transactions = number("SELECT count(*)::text FROM ending");
        report.changes = number("SELECT count(*)::text FROM change");
        let again = self.sink.sql(
            "SELECT run.number, a.end_lsn, a.changes, run.start IS NOT NULL \
             FROM again a JOIN run ON run.number = a.run",
        );
        for row in again {
            let [run, end, changes, from_checkpoint] = row.try_into().expect("four columns");
            let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
            let run = number(run).and_then(|run: u64| i32::try_from(run).ok()).expect("a number");
            let (end, changes) = (Lsn(number(end).expect("an LSN")), number(changes));
            assert_ne!(from_checkpoint.as_deref(), Some("t"), "{end} comes again in run {run}");
            let (bound, highest) = self.bounds[&run];
            assert!(end > bound, "{end} comes again in run {run}, but {bound} was confirmed");
            report.again.transactions += 1;
            report.again.changes += changes.expect("a number");
            report.again.confirmed += u64::from(end <= highest);
        }
    }
}

/// Sends it. Returns when; `None`: there is no such process.
fn signal(pid: Option<i32>, signal: Signal) -> Option<Instant> {
    kill_process(pid.and_then(Pid::from_raw)?, signal).ok().map(|()| Instant::now())
}
