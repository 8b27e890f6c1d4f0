//! The consumer's process.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::consumer::ConsumerOptions;

/// What its last line begins with when what it met is no crash of somebody else.
pub(super) const VIOLATION: &str = "VIOLATION";

#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pub(super) options: ConsumerOptions,
    errors: PathBuf,
}

impl Process {
    pub(super) fn start(program: &[PathBuf], options: &ConsumerOptions, errors: PathBuf) -> Self {
        let file = File::create(&errors).expect("a file");
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).args(["--source", &options.source, "--sink", &options.sink]);
        command.args(["--run", &options.run.to_string(), "--streaming", &options.streaming]);
        command.args(["--late", &options.late.to_string()]);
        for (name, wanted) in [
            ("--binary", options.binary),
            ("--two-phase", options.two_phase),
            ("--from-checkpoint", options.from_checkpoint),
            ("--reconnect", options.reconnect),
        ] {
            command.args(wanted.then_some(name));
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        let child = child.expect("the consumer starts");
        Self { child, options: options.clone(), errors }
    }

    /// Whether it has ended, which it may when its connection broke.
    pub(super) fn has_ended(&mut self) -> bool {
        if self.child.try_wait().expect("it can be waited for").is_none() {
            return false;
        }
        self.check();
        true
    }

    /// SIGKILL.
    pub(super) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it can be waited for");
        self.check();
    }

    fn check(&self) {
        let said = fs::read_to_string(&self.errors).expect("a file");
        let fine = !said.contains(VIOLATION) && !said.contains("panicked");
        assert!(fine, "the consumer says: {said}{:?}", self.options);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
