//! What the subcommands have in common that are PostgreSQL's tools: they read the command line in its way,
//! and speak in its way (`src/common/logging.c`).

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::getopt::{CommandLine, Given, Known, Value};
use crate::Error;

/// The tool's own options, which clap leaves alone.
#[derive(Debug, Args)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub(super) struct Arguments {
    /// The options of PostgreSQL's tool; --help lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// A subcommand that is one of PostgreSQL's tools.
pub(super) struct Tool {
    pub(super) subcommand: &'static str,
    /// The name that it speaks under as a subcommand.
    pub(super) name: &'static str,
    /// What a link to the program has to be called to be that tool.
    pub(super) link: &'static str,
    /// Runs it under a name.
    pub(super) main: fn(&'static str, Vec<OsString>) -> ExitCode,
}

impl Tool {
    /// Runs it where the command line did not begin with it.
    pub(super) fn run(&self, arguments: Arguments) -> ExitCode {
        (self.main)(self.name, arguments.arguments)
    }

    /// Runs it if the whole command line asks for it: by the program's name, or by the subcommand. This
    /// way the options of `walscope` do not stand before the tool's.
    pub(super) fn run_if_asked(
        &self,
        mut command_line: impl Iterator<Item = OsString>,
    ) -> Option<ExitCode> {
        let program = command_line.next()?;
        let program = Path::new(&program).file_stem();
        if program.is_some_and(|name| name == self.link) {
            return Some((self.main)(self.link, command_line.collect()));
        }
        let is_asked = command_line.next()? == self.subcommand;
        is_asked.then(|| (self.main)(self.name, command_line.collect()))
    }
}

/// Why it ends before the end.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    blame: Blame,
}

/// What is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blame {
    /// Something that the options do not tell.
    Matter,
    /// The options.
    Usage,
    /// The command line, which cannot be taken apart: it is the C library that says so.
    CommandLine,
}

impl Stop {
    fn of(message: impl Into<String>, blame: Blame) -> Self {
        Self { message: message.into(), hint: None, blame }
    }

    pub(super) fn new(message: impl Into<String>) -> Self {
        Self::of(message, Blame::Matter)
    }

    pub(super) fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..Self::new(message) }
    }

    /// The options are not as they should be.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::of(message, Blame::Usage)
    }

    /// The same, with what went wrong by it.
    pub(super) fn within(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// Something that could not be done with a file.
    pub(super) fn file(what: &str, path: &Path, error: &io::Error) -> Self {
        Self::new(format!("could not {what} \"{}\": {}", path.display(), system_text(error)))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self { hint: error.hint(), ..Self::new(error.to_string()) }
    }
}

/// What the system says of an error (`%m`).
pub(super) fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    match (error.raw_os_error(), text.rfind(" (os error ")) {
        (Some(_), Some(end)) => text[..end].to_owned(),
        _ => text,
    }
}

/// Says something on standard error. That nobody listens there any more is no reason to stop.
pub(super) fn say(program: &str, text: impl fmt::Display) {
    super::progress::clear();
    let _ = writeln!(io::stderr(), "{program}: {text}");
}

/// Says why it ends.
pub(super) fn say_stop(program: &str, stop: &Stop) {
    let error = if stop.blame == Blame::CommandLine { "" } else { "error: " };
    say(program, format!("{error}{}", stop.message));
    if let Some(hint) = &stop.hint {
        say(program, format!("hint: {hint}"));
    }
    if stop.blame != Blame::Matter {
        say(program, format!("hint: Try \"{program} --help\" for more information."));
    }
}

/// Writes to standard output.
pub(super) fn print(text: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| Stop::new(format!("could not write to standard output: {error}")))
}

/// What a tool's options come to, one after another.
pub(super) trait Options: Sized {
    /// What is to be done.
    type Settings;

    /// Nothing is given yet.
    fn new(program: &'static str) -> Self;

    /// The options that there are, but for `--help` and `--version`.
    fn known() -> Vec<Known>;

    /// Takes one.
    fn take(&mut self, given: &Given) -> Result<(), Stop>;

    /// Sees whether all goes together, with what is no option.
    fn finish(self, others: Others) -> Result<Self::Settings, Stop>;
}

/// What of a command line is no option.
pub(super) type Others = std::vec::IntoIter<Vec<u8>>;

/// There is nothing more.
pub(super) fn no_more(mut others: Others) -> Result<(), Stop> {
    let Some(surplus) = others.next() else { return Ok(()) };
    let surplus = String::from_utf8_lossy(&surplus);
    Err(Stop::usage(format!("too many command-line arguments (first is \"{surplus}\")")))
}

/// What a command line asks for.
#[derive(Debug)]
pub(super) enum Request<S> {
    Work(S),
    Help,
    Version,
}

const ASKING: [Known; 2] = [known("help", b'?', Value::No), known("version", b'V', Value::No)];

/// Reads a command line, without the program's name.
pub(super) fn parse<O: Options>(
    program: &'static str,
    arguments: Vec<OsString>,
) -> Result<Request<O::Settings>, Stop> {
    let known: Vec<Known> = O::known().into_iter().chain(ASKING).collect();
    let arguments = arguments.into_iter().map(OsString::into_encoded_bytes).collect();
    let mut line = CommandLine::new(&known, arguments);
    let mut options = O::new(program);
    while let Some(given) = line.next() {
        let given = given.map_err(|text| Stop::of(text, Blame::CommandLine))?;
        match given.name {
            "help" => return Ok(Request::Help),
            "version" => return Ok(Request::Version),
            _ => options.take(&given)?,
        }
    }
    options.finish(line.others().into_iter()).map(Request::Work)
}

/// Does what a command line asks for. `work` returns whether all went well; where not, it has said why.
pub(super) fn perform<O: Options>(
    program: &'static str,
    arguments: Vec<OsString>,
    help: fn(&str) -> String,
    work: fn(&O::Settings) -> Result<bool, Stop>,
) -> ExitCode {
    let done = parse::<O>(program, arguments).and_then(|request| match request {
        Request::Help => print(&help(program)).map(|()| true),
        Request::Version => {
            let version = env!("CARGO_PKG_VERSION");
            print(&format!("{program} (PostgreSQL) 18, walscope {version}\n")).map(|()| true)
        }
        Request::Work(settings) => work(&settings),
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(stop) => {
            say_stop(program, &stop);
            ExitCode::FAILURE
        }
    }
}

/// A file's name as it stood on the command line.
#[cfg(unix)]
pub(super) fn os(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
pub(super) fn os(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

pub(super) const fn known(name: &'static str, letter: u8, value: Value) -> Known {
    let letter = if letter == 0 { None } else { Some(letter) };
    Known { letter, name, value, shortens: true }
}
