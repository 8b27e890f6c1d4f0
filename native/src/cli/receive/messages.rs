//! What is said on standard error, in the words and the form of `pg_receivewal` (`pg_logging`).

use std::fmt;

use crate::Error;
use crate::cli::pg_tool::say;

/// Who speaks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voice {
    pub(super) program: &'static str,
}

impl Voice {
    pub(super) fn info(self, text: impl fmt::Display) {
        self.line(text);
    }

    pub(super) fn warning(self, text: impl fmt::Display) {
        self.line(format_args!("warning: {text}"));
    }

    /// Says what went wrong.
    pub(super) fn error(self, error: &Error) {
        self.line(format_args!("error: {error}"));
        if let Some(hint) = error.hint() {
            self.line(format_args!("hint: {hint}"));
        }
    }

    fn line(self, text: impl fmt::Display) {
        say(self.program, text);
    }
}
