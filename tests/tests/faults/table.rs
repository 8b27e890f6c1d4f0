//! The table, as `table.md` has it.

use walscope_tests::Major;

use crate::scene::Outcome;

/// What is put in for the position that the consumer has confirmed.
const CONFIRMED: &str = "{confirmed}";

/// A row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) fault: String,
    servers: String,
    sqlstate: String,
    class: String,
    message: String,
    lost: usize,
    again: usize,
}

/// Reads it.
pub(crate) fn read() -> Vec<Row> {
    let lines = include_str!("table.md").lines().filter(|line| line.starts_with('|'));
    let rows: Vec<_> = lines.skip(2).map(row).collect();
    assert!(!rows.is_empty(), "the table is empty");
    rows
}

fn row(line: &str) -> Row {
    let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [fault, servers, sqlstate, class, message, lost, again] =
        cells.try_into().unwrap_or_else(|cells| panic!("{line}: {cells:?}"));
    let number = |text: &str| text.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
    let text = |cell: &str| if cell == "-" { String::new() } else { cell.to_owned() };
    Row {
        fault: fault.to_owned(),
        servers: servers.to_owned(),
        sqlstate: text(sqlstate),
        class: class.to_owned(),
        message: text(message),
        lost: number(lost),
        again: number(again),
    }
}

impl Row {
    pub(crate) fn is_for(&self, major: Major) -> bool {
        self.servers == "all" || self.servers == major.to_string()
    }

    pub(crate) fn compare(&self, found: &Outcome) -> Result<(), String> {
        if self.class != found.class {
            return Err(format!("{} in place of {}", found.class, self.class));
        }
        if (self.lost, self.again) != (found.lost, found.again) {
            return Err(format!("{} rows lost, {} again", found.lost, found.again));
        }
        let message = self.message.replace(CONFIRMED, &found.confirmed.to_string());
        let code =
            if self.sqlstate.is_empty() { String::new() } else { format!("({})", self.sqlstate) };
        let is_said = |line: &&String| line.contains(&message) && line.contains(&code);
        if found.said.iter().any(|line| is_said(&line)) {
            return Ok(());
        }
        if self.message.is_empty() && found.said.is_empty() {
            return Ok(());
        }
        Err(format!("nothing says \"{message}\" {code}"))
    }
}
