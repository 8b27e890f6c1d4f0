//! The command-line tool under test, and the examples, as processes.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long something may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(120);

/// The path of `walscope`, built as the tests were.
///
/// # Panics
///
/// Where it cannot be built.
pub fn path() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| build(&["--bin", "walscope"]).join("walscope")).clone()
}

/// The path of an example of `native/examples`, built as the tests were.
///
/// # Panics
///
/// Where it cannot be built.
pub fn example(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| build(&["--examples"]).join("examples")).join(name)
}

/// Builds what these options of cargo name, and returns the folder of the profile.
fn build(targets: &[&str]) -> PathBuf {
    let this = std::env::current_exe().expect("a program knows its executable");
    let folder = this.parent().expect("target/debug");
    // A test's executable lies in the folder `deps` of its profile.
    let profile = if folder.ends_with("deps") { folder.parent().expect("target") } else { folder };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        // The features of `cargo test --workspace --all-features`, so that nothing is built twice.
        .args(["build", "--quiet", "--locked", "--workspace", "--all-features"])
        .args(targets)
        .arg("--profile")
        .arg(if profile.ends_with("release") { "release" } else { "dev" })
        .arg("--target-dir")
        .arg(profile.parent().expect("target"))
        .status()
        .expect("cargo starts");
    assert!(built.success(), "cargo build {} fails", targets.join(" "));
    profile.to_path_buf()
}

/// Runs `walscope` to its end.
///
/// # Panics
///
/// Where it cannot be started.
pub fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    Command::new(path()).args(arguments).stdin(Stdio::null()).output().expect("walscope starts")
}

/// A program that runs; killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Program {
    /// Starts `walscope` with the arguments, its standard output in a pipe that is read as it comes.
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    pub fn start(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        Self::start_at(&path(), arguments)
    }

    /// The same of another program.
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    pub fn start_at(path: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let mut command = Command::new(path);
        command.args(arguments).stdin(Stdio::piped());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let lines = read_lines(child.stdout.take().expect("a pipe"));
        let errors = read_lines(child.stderr.take().expect("a pipe"));
        Self { child, lines, errors }
    }

    /// The next line of standard output.
    ///
    /// # Panics
    ///
    /// When none comes in time.
    pub fn line(&mut self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(error) => {
                panic!("no line of output ({error}); standard error: {:?}", self.errors_so_far())
            }
        }
    }

    /// A line of standard output that is there already.
    pub fn line_that_is_there(&mut self) -> Option<String> {
        self.lines.try_recv().ok()
    }

    /// Reads lines up to one that `is_last` accepts, and returns them with it.
    pub fn lines_until(&mut self, is_last: impl Fn(&str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            lines.push(self.line());
            if lines.last().is_some_and(|line| is_last(line)) {
                return lines;
            }
        }
    }

    /// The next line of standard error.
    ///
    /// # Panics
    ///
    /// When none comes in time.
    pub fn error_line(&mut self) -> String {
        self.errors.recv_timeout(PATIENCE).expect("a line on standard error")
    }

    /// What standard error has, beyond what was read of it.
    pub fn errors_so_far(&mut self) -> Vec<String> {
        self.errors.try_iter().collect()
    }

    /// What is written to its standard input.
    ///
    /// # Panics
    ///
    /// After it was taken.
    pub fn stdin(&mut self) -> &mut std::process::ChildStdin {
        self.child.stdin.as_mut().expect("a pipe")
    }

    /// Sends a signal.
    ///
    /// # Panics
    ///
    /// Where the process is gone.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill_process(Pid::from_raw(pid).expect("a process id"), signal).expect("it runs");
    }

    /// Waits for its end, and returns what it had left to say on standard output and error.
    ///
    /// # Panics
    ///
    /// When it does not end in time.
    pub fn wait(mut self) -> (ExitStatus, Vec<String>, Vec<String>) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                let lines = self.lines.iter().collect();
                return (status, lines, self.errors.iter().collect());
            }
            assert!(start.elapsed() < PATIENCE, "the program does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(input: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(input).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
