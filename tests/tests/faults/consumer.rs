//! Faults of the consumer.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use walscope_tests::program;
use walscope_tests::sampler::Samples;

use crate::Fault;
use crate::scene::{Outcome, PATIENCE, Scene};

/// Large for a program that keeps nothing.
const MOST_MEMORY: u64 = 48 * 1024;
/// Rows, and their size: twice as much as that.
const BACKLOG: (usize, usize) = (50_000, 2_000);

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "consumer killed with 6 rows received and not confirmed",
        settings: &[],
        run: killed,
    },
    Fault {
        name: "consumer slower than wal_sender_timeout",
        settings: &[("wal_sender_timeout", "2s")],
        run: slow,
    },
];

/// What is not confirmed comes again to another process, and nothing else. Red with
/// `self.flushed.max(self.received)` in `Session::confirm_items`: it never comes.
fn killed(scene: &mut Scene) -> Outcome {
    let before = scene.transactions();
    scene.insert(10);
    scene.read_all();
    scene.confirm(before + 4);
    scene.kill_consumer();
    scene.stream(&[]);
    scene.goes_on()
}

/// Nobody reads for three times the server's patience. Red with `true` for `state.whole <
/// BUFFER_LIMIT` in `Driver::read` (memory), and without `status_interval` and `reply_due` in
/// `Session::status_time` and `poll` (it is thrown out).
fn slow(scene: &mut Scene) -> Outcome {
    scene.kill_consumer();
    let mut child = Command::new(program::path())
        .args(scene.arguments(&[]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("walscope starts");
    scene.insert_at_once(BACKLOG.0, BACKLOG.1);
    let is_active = |now: &Samples| now.last.active_pid.is_some();
    let pid = scene.sampler().wait(PATIENCE, is_active).expect("it streams").last.active_pid;
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(scene.sampler().samples().last.active_pid, pid, "it was thrown out");
    let memory = peak_memory(child.id());
    assert!(memory < MOST_MEMORY, "{memory} kB for a reader that does not read");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for line in lines.map_while(Result::ok) {
        scene.take(&line);
        if line.contains(r#""kind":"commit""#) {
            break;
        }
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    scene.stops()
}

/// In kB.
fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
