//! Asks for a password on the terminal (`simple_prompt`).

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Write};

use super::pg_tool::Stop;

/// Asks for it, without showing what is typed where that can be done; `None`: nobody answers.
pub(super) fn ask() -> Result<Option<String>, Stop> {
    let asked = match OpenOptions::new().read(true).write(true).open("/dev/tty") {
        Ok(terminal) => on_terminal(terminal),
        Err(_) => prompt(&mut io::stderr(), &mut io::stdin().lock()),
    };
    asked.map_err(|error| Stop::new(format!("could not read the password: {error}")))
}

#[cfg(target_os = "linux")]
fn on_terminal(mut terminal: std::fs::File) -> io::Result<Option<String>> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let before = tcgetattr(&terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
    let mut reader = BufReader::new(terminal.try_clone()?);
    let typed = prompt(&mut terminal, &mut reader);
    tcsetattr(&terminal, OptionalActions::Flush, &before)?;
    writeln!(terminal)?;
    typed
}

#[cfg(not(target_os = "linux"))]
fn on_terminal(mut terminal: std::fs::File) -> io::Result<Option<String>> {
    let mut reader = BufReader::new(terminal.try_clone()?);
    prompt(&mut terminal, &mut reader)
}

fn prompt(out: &mut dyn Write, input: &mut dyn BufRead) -> io::Result<Option<String>> {
    write!(out, "Password: ")?;
    out.flush()?;
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}
