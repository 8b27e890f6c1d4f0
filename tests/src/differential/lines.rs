//! What must be the same in the lines of every configuration.

use std::collections::HashSet;

/// The last member of a line of a transaction from elsewhere.
const ORIGIN: &str = r#","origin":"elsewhere"}"#;

/// Takes out what may differ for the same changes:
///
/// - lines of relations: a server describes a table again per connection and, when streaming, per
///   transaction;
/// - where `begin` stands;
/// - transactions without a change, which PostgreSQL 14 sends without streaming and later versions
///   do not;
/// - the origin, where one of them streams: the server then takes it from the first change of the
///   transaction's first piece, and a message has none (`ReorderBufferProcessTXN`);
/// - what prepared transactions changed that were rolled back before the server read them: it stops
///   in the midst of one when it finds out, where it has to look into a catalog, and PostgreSQL 18
///   where memory runs short too (`ReorderBufferCheckAndTruncateAbortedTXN`).
///
/// Every other line must be the same byte for byte.
pub fn comparable(output: &str, with_origin: bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let rolled_back = output.lines().filter(|line| kind(line) == "rollbackPrepared");
    let rolled_back: HashSet<_> = rolled_back.map(xid).collect();
    for line in output.lines() {
        match kind(line) {
            "relation" => {}
            _ if is_change(line) && rolled_back.contains(xid(line)) => {}
            "begin" => lines.push(without_position(line)),
            "commit" | "prepare" if lines.last().is_some_and(|last| kind(last) == "begin") => {
                lines.pop();
            }
            _ if with_origin => lines.push(line.to_owned()),
            _ => lines.push(line.replace(ORIGIN, "}")),
        }
    }
    lines
}

/// Whether a line is a row, a truncate or a message.
pub fn is_change(line: &str) -> bool {
    matches!(kind(line), "insert" | "update" | "delete" | "truncate" | "message")
}

/// The first member of a line.
pub fn kind(line: &str) -> &str {
    let rest = line.strip_prefix(r#"{"kind":""#);
    rest.and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("a line begins with its kind: {line}"))
}

/// The digits of a line's transaction, nothing where it has none.
fn xid(line: &str) -> &str {
    let rest = line.split_once(r#","xid":"#).map_or("", |(_, rest)| rest);
    rest.split(|char: char| !char.is_ascii_digit()).next().unwrap_or_default()
}

/// The line without its LSN.
fn without_position(line: &str) -> String {
    let Some((kind, rest)) = line.split_once(r#","lsn":""#) else { return line.to_owned() };
    let rest = rest.split_once('"').map_or("", |(_, rest)| rest);
    format!("{kind}{rest}")
}

/// The first difference in words, if there is one.
pub fn difference(left: &[String], right: &[String]) -> Option<String> {
    let at = left.iter().zip(right).position(|(left, right)| left != right);
    let at = at.or((left.len() != right.len()).then(|| left.len().min(right.len())))?;
    let show = |lines: &[String]| lines.get(at).map_or("(no more)", |line| cut(line)).to_owned();
    let before = at.checked_sub(1).and_then(|before| left.get(before)).map_or("", |line| cut(line));
    Some(format!("line {}, after {before}\n  {}\nis not\n  {}", at + 1, show(left), show(right)))
}

/// As much of a line as a person reads.
fn cut(line: &str) -> &str {
    let end = (0..=line.len().min(3000)).rev().find(|&end| line.is_char_boundary(end));
    &line[..end.unwrap_or_default()]
}
