//! What is said on standard error, in the words and the form of the version that wrote the log
//! (`pg_logging`).

use std::io::{self, Write};

use walscope_core::wal::Version;

pub(super) use crate::cli::pg_tool::system_text;

/// Why it ends before the end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The log or a file is not as it should be.
    Fatal { message: String, detail: Option<String> },
    /// The arguments are not as they should be.
    Usage { message: String, detail: Option<String> },
    /// The command line cannot be taken apart: what the C library says of it.
    CommandLine(String),
    /// Help is asked for in the wrong place.
    Help,
    /// Nobody reads standard output any more.
    Closed,
}

impl Stop {
    pub(super) fn fatal(message: impl Into<String>) -> Self {
        Self::Fatal { message: message.into(), detail: None }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), detail: None }
    }

    /// Standard output cannot be written to.
    pub(super) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::fatal(format!("could not write to standard output: {}", system_text(error))),
        }
    }
}

/// Who speaks, and as which version.
#[derive(Debug)]
pub(super) struct Voice {
    pub(super) program: &'static str,
    /// Until the log has been seen it is the newest.
    pub(super) version: Version,
}

impl Voice {
    pub(super) const fn new(program: &'static str) -> Self {
        Self { program, version: Version::NEWEST }
    }

    /// Something that is worth saying, but nothing wrong.
    pub(super) fn info(&self, text: &str) {
        self.line(text);
    }

    /// Says why it ends.
    pub(super) fn stop(&self, stop: &Stop) {
        let old = self.version == Version::V14;
        match stop {
            Stop::Closed => {}
            Stop::Help => self.help(),
            Stop::CommandLine(text) => {
                self.line(text);
                self.help();
            }
            Stop::Fatal { message, detail } => {
                self.line(&format!("{}: {message}", if old { "fatal" } else { "error" }));
                self.detail(detail.as_deref());
            }
            Stop::Usage { message, detail } => {
                self.line(&format!("error: {message}"));
                self.detail(detail.as_deref());
                self.help();
            }
        }
    }

    fn detail(&self, detail: Option<&str>) {
        if let Some(detail) = detail {
            self.line(&format!("detail: {detail}"));
        }
    }

    fn help(&self) {
        let text = format!("Try \"{} --help\" for more information.", self.program);
        if self.version == Version::V14 {
            let _ = writeln!(io::stderr(), "{text}");
        } else {
            self.line(&format!("hint: {text}"));
        }
    }

    /// That nobody listens to standard error any more is no reason to stop.
    fn line(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{}: {text}", self.program);
    }
}
