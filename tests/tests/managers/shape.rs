//! Texts without what differs between servers.

use crate::Said;

/// The text of a record with one `#` for each number, and what kind of record it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shape {
    manager: String,
    kind: String,
    text: String,
}

impl Shape {
    pub(crate) fn new(said: &Said) -> Self {
        // How many segments of a leaf change, and how, depends on where rows are.
        let (start, _) = said.text.split_once("segments:").unwrap_or((&said.text, ""));
        let mut text = String::new();
        for letter in start.chars() {
            match letter {
                '0'..='9' if text.ends_with('#') => {}
                '0'..='9' => text.push('#'),
                _ => text.push(letter),
            }
        }
        let kind = match said.kind.as_str() {
            // The only way that PostgreSQL 14 makes a database.
            "CREATE" if said.manager == "Database" => "CREATE_FILE_COPY",
            kind => kind,
        };
        Self { manager: said.manager.clone(), kind: kind.to_owned(), text }
    }

    /// Whether the text does not depend on what else a server does, and has no paths or hexadecimal
    /// numbers.
    pub(crate) fn is_the_same_everywhere(&self) -> bool {
        let differs = ["XLOG", "Transaction", "Standby", "Tablespace", "ReplicationOrigin"];
        !differs.contains(&self.manager.as_str())
    }
}
