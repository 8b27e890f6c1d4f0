//! The command-line tool against real servers.

mod bad_input;
mod capture;
mod confirmation;
mod debezium;
mod doctor;
mod lines;
mod passwords;
mod relations;
mod undecodable;

use walscope_tests::Server;

/// Arguments of `walscope stream` for a server.
fn stream<'a>(
    server: &Server,
    slot: &'a str,
    publication: &'a str,
    more: &[&'a str],
) -> Vec<String> {
    let mut arguments: Vec<String> = ["stream", &server.url(), "--slot", slot]
        .into_iter()
        .chain(["--publication", publication])
        .map(String::from)
        .collect();
    arguments.extend(more.iter().map(|argument| argument.to_string()));
    arguments
}

/// Whether a line is the end of a transaction.
fn is_commit(line: &str) -> bool {
    line.starts_with(r#"{"kind":"commit""#)
}

/// A member of a line, as its JSON text without quotation marks.
fn member(line: &str, name: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
    match &value[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
