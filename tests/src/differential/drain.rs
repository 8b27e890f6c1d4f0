//! Runs `walscope stream` up to a position, its lines in a file.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::program;

/// How long walscope may take.
const PATIENCE: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(10);

/// What walscope needed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drained {
    /// Bytes of memory at its most, as far as it was seen before the end.
    pub(super) peak_memory: u64,
}

/// Runs it to its end.
pub(super) fn drain(arguments: &[String], output: &Path) -> Result<Drained, String> {
    let file = File::create(output).map_err(|error| format!("{}: {error}", output.display()))?;
    let mut child = Command::new(program::path())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let start = Instant::now();
    let mut drained = Drained::default();
    let status = loop {
        drained.peak_memory = drained.peak_memory.max(peak_memory(child.id()));
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
        }
        sleep(POLL);
    };
    let mut errors = String::new();
    if let Some(mut pipe) = child.stderr.take() {
        let _ = pipe.read_to_string(&mut errors);
    }
    if status.success() { Ok(drained) } else { Err(format!("{status}: {errors}")) }
}

/// What Linux says of a process that runs; 0 elsewhere.
fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
