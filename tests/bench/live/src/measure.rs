//! What a process and its walsender cost.
//!
//! The CPU time of a process is what the kernel adds to its parent's children when it is collected
//! (`getrusage`); its peak memory is `VmHWM`, and a walsender's CPU time is in `schedstat`: these two
//! are read every few milliseconds, for they go away with their process.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeValLike;
use nix::unistd::Pid;

use crate::bench_server::BenchServer;

const SAMPLE: Duration = Duration::from_millis(5);
/// No contender takes longer.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a run of a contender has cost.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    pub wall: Duration,
    pub cpu: Duration,
    pub server_cpu: Duration,
    pub peak_kib: u64,
    /// What it printed, where that is not data.
    pub output: String,
}

/// A contender that runs.
pub struct Running<'a> {
    server: &'a BenchServer,
    slot: &'a str,
    child: Child,
    began: Instant,
    before: Duration,
    walsender: Option<u32>,
    measured: Measured,
}

/// CPU time of all children that were collected.
fn children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel knows");
    let micros = (usage.user_time() + usage.system_time()).num_microseconds();
    Duration::from_micros(micros.unsigned_abs())
}

impl<'a> Running<'a> {
    /// Starts the contender that reads from the slot. Its data goes to `data`.
    pub fn start(
        server: &'a BenchServer,
        slot: &'a str,
        mut command: Command,
        data: Stdio,
    ) -> Self {
        let before = children();
        let began = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(data).spawn().unwrap_or_else(|error| {
            panic!("cannot start {}: {error}", command.get_program().display())
        });
        let measured = Measured::default();
        Self { server, slot, child, began, before, walsender: None, measured }
    }

    /// Waits until the server streams to it.
    pub fn until_streaming(&mut self) {
        while self.walsender.is_none() {
            self.step();
        }
    }

    /// Waits until it has confirmed that much, and ends it.
    pub fn interrupt_after(&mut self, lsn: &str) {
        while !self.server.is_confirmed(self.slot, lsn) {
            self.step();
        }
        let pid = i32::try_from(self.child.id()).expect("a pid");
        kill(Pid::from_raw(pid), Signal::SIGINT).expect("it runs");
    }

    /// A look at what it does, and a short rest. Returns whether it has ended.
    fn step(&mut self) -> Option<ExitStatus> {
        assert!(self.began.elapsed() < PATIENCE, "{} takes too long", self.slot);
        if self.walsender.is_none() {
            self.walsender = self.server.walsender(self.slot);
        }
        if let Some(peak) = peak_kib(self.child.id()) {
            self.measured.peak_kib = peak;
        }
        if let Some(cpu) = self.walsender.and_then(cpu_time) {
            self.measured.server_cpu = cpu;
        }
        std::thread::sleep(SAMPLE);
        self.child.try_wait().expect("it is a child")
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Measured {
        let status = loop {
            if let Some(status) = self.step() {
                break status;
            }
        };
        self.measured.wall = self.began.elapsed();
        self.measured.cpu = children() - self.before;
        assert!(status.success(), "{} failed: {status}", self.slot);
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_string(&mut self.measured.output).expect("text");
        }
        std::mem::take(&mut self.measured)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Nothing to end where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// Nanoseconds on a CPU are the first number of `schedstat`. A walsender has one thread.
fn cpu_time(pid: u32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
