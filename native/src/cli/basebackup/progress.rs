//! How far the backup is, on standard error: a line that is written over on a terminal, with rate and
//! time left; a line a second elsewhere.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(1);
/// Back to the line's beginning, and erase what is behind.
const ERASE: &str = "\r\x1b[K";

#[derive(Debug)]
pub(super) struct Progress {
    on: bool,
    terminal: bool,
    began: Instant,
    told: Option<Instant>,
    tablespaces: usize,
    begun: usize,
    done: u64,
    total: u64,
}

impl Progress {
    pub(super) fn new(on: bool) -> Self {
        Self {
            on,
            terminal: io::stderr().is_terminal(),
            began: Instant::now(),
            told: None,
            tablespaces: 0,
            begun: 0,
            done: 0,
            total: 0,
        }
    }

    /// Before the checkpoint.
    pub(super) fn waiting(&self) {
        if self.on {
            let end = if self.terminal { "\r" } else { "\n" };
            let _ = write!(io::stderr(), "waiting for checkpoint{end}");
        }
    }

    /// The checkpoint is done, and sizes are known.
    pub(super) fn begin(&mut self, total: Option<u64>, tablespaces: usize) {
        (self.total, self.tablespaces) = (total.unwrap_or(0), tablespaces);
        self.began = Instant::now();
    }

    /// Another archive begins.
    pub(super) fn archive(&mut self) {
        self.begun += 1;
        self.tell();
    }

    pub(super) fn update(&mut self, done: u64) {
        self.done = done;
        // Reading the clock for each megabyte costs nothing.
        if self.on && self.told.is_none_or(|told| told.elapsed() >= INTERVAL) {
            self.tell();
        }
    }

    /// All is there.
    pub(super) fn end(&mut self) {
        self.begun = self.tablespaces + 1;
        self.total = self.total.max(self.done);
        self.tell();
        if self.on && self.terminal {
            let _ = writeln!(io::stderr());
        }
    }

    fn tell(&mut self) {
        if !self.on {
            return;
        }
        self.told = Some(Instant::now());
        let line = self.line(self.began.elapsed().as_secs_f64());
        let _ = if self.terminal {
            write!(io::stderr(), "{ERASE}{line}")
        } else {
            writeln!(io::stderr(), "{line}")
        };
    }

    fn line(&self, seconds: f64) -> String {
        // What grows meanwhile is more than was estimated.
        let total = self.total.max(self.done);
        let percent = (self.done * 100).checked_div(total).unwrap_or(100);
        let (done, all) = (self.done / 1024, total / 1024);
        let finished = self.begun.saturating_sub(1);
        let plural = if self.tablespaces == 1 { "" } else { "s" };
        let mut line = format!(
            "{done}/{all} kB ({percent}%), {finished}/{} tablespace{plural}",
            self.tablespaces
        );
        if self.terminal && seconds > 0.0 && self.done > 0 {
            let rate = self.done as f64 / seconds;
            let left = (total - self.done) as f64 / rate;
            line += &format!(", {:.1} MB/s, {} left", rate / 1e6, time(left));
        }
        line
    }
}

/// Minutes and seconds, or with hours.
fn time(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_how_fast_and_how_long() {
        let mut progress = Progress::new(true);
        progress.begin(Some(4 << 30), 2);
        (progress.begun, progress.done, progress.terminal) = (1, 1 << 30, false);
        assert_eq!(progress.line(10.0), "1048576/4194304 kB (25%), 0/2 tablespaces");
        progress.terminal = true;
        let line = progress.line(10.0);
        assert!(line.ends_with(", 107.4 MB/s, 0:30 left"), "{line}");
        progress.done = 5 << 30;
        assert!(progress.line(10.0).starts_with("5242880/5242880 kB (100%)"));
        assert_eq!(time(3725.0), "1:02:05");
    }
}
