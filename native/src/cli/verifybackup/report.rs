//! What is found wrong, and how far it is, told by several threads.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cli::pg_tool::say;

const INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Report {
    program: &'static str,
    exit_on_error: bool,
    failed: AtomicBool,
    /// One speaks at a time.
    speaking: Mutex<Option<Instant>>,
    progress: bool,
    total: AtomicU64,
    done: AtomicU64,
}

impl Report {
    pub(super) fn new(program: &'static str, exit_on_error: bool, progress: bool) -> Self {
        Self {
            program,
            exit_on_error,
            failed: AtomicBool::new(false),
            speaking: Mutex::new(None),
            progress,
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
        }
    }

    /// Something is wrong with the backup.
    pub(super) fn error(&self, text: &str) {
        let _speaking = self.speaking.lock();
        // With --exit-on-error the first is the last.
        if !(self.failed.swap(true, Ordering::SeqCst) && self.exit_on_error) {
            say(self.program, format!("error: {text}"));
        }
    }

    pub(super) fn failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    /// Whether nothing more is to be looked at.
    pub(super) fn stops(&self) -> bool {
        self.exit_on_error && self.failed()
    }

    pub(super) fn add_total(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_done(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
        if self.progress
            && let Ok(mut told) = self.speaking.try_lock()
            && told.is_none_or(|told| told.elapsed() >= INTERVAL)
        {
            *told = Some(Instant::now());
            self.tell(if io::stderr().is_terminal() { "\r" } else { "\n" });
        }
    }

    /// All was looked at.
    pub(super) fn end(&self) {
        if self.progress {
            self.tell("\n");
        }
    }

    fn tell(&self, end: &str) {
        let (total, done) = (self.total.load(Ordering::Relaxed), self.done.load(Ordering::Relaxed));
        let percent = (done * 100).checked_div(total).unwrap_or(0);
        let (total, done) = (total / 1024, done / 1024);
        let width = total.to_string().len();
        let _ = write!(io::stderr(), "{done:>width$}/{total} kB ({percent}%) verified{end}");
    }
}
