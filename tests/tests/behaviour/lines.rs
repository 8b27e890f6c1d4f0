//! Lines as tests compare them: as they are, but for what differs from run to run.

use serde_json::Value;
use walscope_core::Lsn;

/// Positions, transaction numbers, times and OIDs.
const VARYING: [&str; 10] = [
    "lsn",
    "xid",
    "commitLsn",
    "endLsn",
    "commitTime",
    "prepareLsn",
    "prepareEndLsn",
    "prepareTime",
    "rollbackTime",
    "oid",
];
/// What places a line in its transaction.
const PLACE: [&str; 4] = ["xid", "commitLsn", "prepareLsn", "gid"];

pub(crate) const BEGIN: &str = r#"{"kind":"begin"}"#;
pub(crate) const COMMIT: &str = r#"{"kind":"commit"}"#;

pub(crate) fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// A member of a line that is a string.
pub(crate) fn text(line: &Value, name: &str) -> String {
    line[name].as_str().unwrap_or_else(|| panic!("no {name} in {line}")).to_owned()
}

pub(crate) fn lsn(line: &Value, name: &str) -> Lsn {
    text(line, name).parse().unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// The lines without what varies, after a look at whether that fits together.
pub(crate) fn told(lines: &[String]) -> Vec<String> {
    check_transactions(lines);
    lines.iter().map(|line| without(line, &VARYING)).collect()
}

/// The lines of rows, truncates and messages only.
pub(crate) fn rows(lines: &[String]) -> Vec<String> {
    const OTHER: [&str; 3] = [r#"{"kind":"begin""#, r#"{"kind":"commit""#, r#"{"kind":"relation""#];
    let told = told(lines).into_iter();
    told.filter(|line| !OTHER.iter().any(|other| line.starts_with(other))).collect()
}

/// Between begin and its end all lines name the same transaction, numbered from 0; ends rise.
fn check_transactions(lines: &[String]) {
    let mut open: Option<(Value, u64)> = None;
    let mut last_end = Lsn::INVALID;
    for line in lines.iter().map(|line| parse(line)) {
        match (text(&line, "kind").as_str(), &mut open) {
            ("begin", open) => {
                assert!(open.is_none(), "begun twice: {line}");
                *open = Some((line, 0));
            }
            ("commit" | "prepare", Some((begin, _))) => {
                check_place(begin, &line);
                let end = lsn(&line, "endLsn");
                assert_eq!(lsn(&line, "lsn"), end, "{line}");
                assert!(end > last_end, "{line}");
                last_end = end;
                open = None;
            }
            ("insert" | "update" | "delete" | "truncate", Some((begin, seq))) => {
                check_place(begin, &line);
                assert_eq!(line["seq"], *seq, "{line}");
                *seq += 1;
            }
            ("message", Some((begin, _))) if line["transactional"] == true => {
                check_place(begin, &line);
            }
            ("relation", Some((begin, _))) => assert_eq!(begin["xid"], line["xid"], "{line}"),
            ("message", _) => assert!(line.get("commitLsn").is_none(), "{line}"),
            ("commitPrepared" | "rollbackPrepared", None) => {
                let end = lsn(&line, "endLsn");
                assert!(end > last_end, "{line}");
                last_end = end;
            }
            _ => panic!("a line out of place: {line}"),
        }
    }
    assert!(open.is_none(), "no end: {open:?}");
}

fn check_place(begin: &Value, line: &Value) {
    for name in PLACE {
        assert_eq!(begin.get(name), line.get(name), "{line}");
    }
    assert!(begin.get("commitLsn").is_some() || begin.get("prepareLsn").is_some(), "{begin}");
}

/// The text of a JSON object without some of its members.
fn without(line: &str, names: &[&str]) -> String {
    let inner = line.strip_prefix('{').and_then(|line| line.strip_suffix('}')).expect("an object");
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let members = inner.split(|character| {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0 && !quoted
    });
    let named =
        |member: &&str| !names.iter().any(|name| member.starts_with(&format!("\"{name}\":")));
    format!("{{{}}}", members.filter(named).collect::<Vec<_>>().join(","))
}
