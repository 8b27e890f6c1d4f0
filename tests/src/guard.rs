//! The process that cleans up when this one cannot: see `harness/guard.sh`.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::install::harness_file;

/// Removes a folder and the server in it when this process ends without having done so.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    pub(crate) fn of(folder: &Path) -> Self {
        let child = Command::new("/bin/sh")
            .arg(harness_file("guard.sh"))
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // An interrupt at the terminal is for the test, not for what cleans up after it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run /bin/sh: {error}"));
        Self(child)
    }

    /// Says which server runs now.
    pub(crate) fn running(&mut self, pid: u32) {
        self.tell(&pid.to_string());
    }

    /// Says that no server runs.
    pub(crate) fn stopped(&mut self) {
        self.tell("none");
    }

    /// Ends the guard: everything has been cleaned up.
    pub(crate) fn done(&mut self) {
        self.tell("done");
        drop(self.0.stdin.take());
        // It has nothing left to do, so it ends at once; a guard that is gone needs no collecting.
        let _ = self.0.wait();
    }

    fn tell(&mut self, word: &str) {
        if let Some(pipe) = self.0.stdin.as_mut() {
            // A guard that somebody killed guards nothing; the test goes on.
            let _ = writeln!(pipe, "{word}");
        }
    }
}
