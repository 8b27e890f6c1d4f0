//! Values through the command-line tool: the lines of text and of binary values are the same, and
//! say what SQL says.

use std::fs;
use std::path::Path;

use serde_json::Value;
use walscope_tests::{Major, program};

use crate::check::Session;
use crate::containers::expressions;
use crate::sets::USER_TYPES;

/// Tables `v0`, `v1` … of one column each, and a slot for each stream that will be read.
fn fill(session: &mut Session, expressions: &[String], slots: &[&str]) {
    let each = |statement: &str, end: &str| -> String {
        let statements = expressions.iter().enumerate().map(|(index, expression)| {
            format!("{statement} v{index} {end};")
                .replace("$", &format!("SELECT q.v FROM (SELECT {expression}) AS q(v)"))
        });
        statements.collect()
    };
    session.rows(&each("CREATE TABLE", "AS $ WITH NO DATA"));
    session.rows("CREATE PUBLICATION p FOR ALL TABLES");
    for slot in slots {
        session.rows(&format!("SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')"));
    }
    session.rows(&each("INSERT INTO", "$"));
}

fn lines(session: &Session, slot: &str, more: &[&str]) -> Vec<String> {
    let url = session.server.url();
    let stream = ["stream", &url, "--slot", slot, "--publication", "p", "--until", "now"];
    let output = program::run(stream.iter().chain(more));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(str::to_owned).collect()
}

/// The values of column `v` of the rows of a table.
fn values_of(lines: &[Value], table: &str) -> Vec<Option<String>> {
    let rows = lines.iter().filter(|line| line["kind"] == "insert" && line["table"] == table);
    rows.map(|row| match &row["new"]["v"] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    })
    .collect()
}

fn types_file(session: &Session, folder: &Path) -> String {
    let output = program::run(["types", &session.server.url()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = folder.join("types.json");
    fs::write(&path, output.stdout).unwrap();
    path.to_str().unwrap().to_owned()
}

fn lines_are_the_same_in_both_forms(major: Major) {
    let mut session = Session::start(major);
    session.rows(USER_TYPES);
    let expressions = expressions(session.major);
    fill(&mut session, &expressions, &["text", "binary", "alone"]);
    let folder = tempfile::tempdir().unwrap();
    let types = types_file(&session, folder.path());
    let text = lines(&session, "text", &["--types", &types]);
    let binary = lines(&session, "binary", &["--types", &types, "--binary"]);
    assert_eq!(text.len(), binary.len());
    for (text, binary) in text.iter().zip(&binary) {
        assert_eq!(text, binary, "{major}");
    }
    // In text form nothing depends on the types, but for domains, which the stream explains.
    assert_eq!(lines(&session, "alone", &[]), text);

    let text: Vec<Value> =
        text.iter().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    for (index, expression) in expressions.iter().enumerate() {
        let said = session.rows(&format!("SELECT v::text FROM v{index}"));
        let said: Vec<_> = said.into_iter().map(|mut row| row.remove(0)).collect();
        assert!(!said.is_empty(), "{expression}");
        assert_eq!(values_of(&text, &format!("v{index}")), said, "{major}: {expression}");
    }
}

#[test]
fn lines_are_the_same_in_both_forms_on_14() {
    lines_are_the_same_in_both_forms(Major::V14);
}

#[test]
fn lines_are_the_same_in_both_forms_on_18() {
    lines_are_the_same_in_both_forms(Major::V18);
}

/// What the stream alone says: domains over built-in types are those, in both forms; what else is
/// user-defined is text, or bytes named as such.
#[test]
fn what_is_known_without_a_table_of_types() {
    for major in [Major::V14, Major::V18] {
        let mut session = Session::start(major);
        session.rows(USER_TYPES);
        let values = ["7::years", "'{a,NULL}'::words", "'sad'::mood", "'sad'::feeling"];
        let values: Vec<_> = values.map(str::to_owned).into();
        fill(&mut session, &values, &["text", "binary", "strings"]);
        let news = |lines: Vec<String>| -> Vec<String> {
            let rows = lines.iter().filter(|line| line.contains("\"insert\""));
            let news = rows.map(|line| line.split("\"new\":").nth(1).expect("a row").to_owned());
            news.collect()
        };
        let text = news(lines(&session, "text", &[]));
        let known = [r#"{"v":7}}"#, r#"{"v":"{a,NULL}"}}"#];
        assert_eq!(text, [&known[..], &[r#"{"v":"sad"}}"#; 2]].concat());
        let binary = news(lines(&session, "binary", &["--binary"]));
        assert_eq!(binary, [&known[..], &[r#"{"v":{"$bytes":"736164"}}}"#; 2]].concat());
    }
}

#[test]
fn bigint_can_be_a_string() {
    let mut session = Session::start(Major::V18);
    session.rows("SET search_path = public; CREATE DOMAIN big AS bigint");
    let values = ["(-9223372036854775808)::bigint", "5::big", "5"].map(str::to_owned);
    fill(&mut session, &values, &["text", "binary"]);
    for (slot, more) in
        [("text", &["--int8", "string"][..]), ("binary", &["--int8", "string", "--binary"])]
    {
        let lines = lines(&session, slot, more).join("\n");
        for expected in [r#"{"v":"-9223372036854775808"}"#, r#"{"v":"5"}"#, r#"{"v":5}"#] {
            assert!(lines.contains(expected), "{expected} in {lines}");
        }
    }
}

#[test]
fn a_file_that_is_no_table_of_types_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("types.json");
    for (content, problem) in [
        (Some(""), "no table of types: EOF"),
        (Some("{\"version\":9}"), "it has version 9, and this walscope reads 1"),
        (None, "cannot read"),
    ] {
        match content {
            Some(content) => fs::write(&path, content).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let output = program::run(["decode", "-", "--types", path.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(problem) && said.contains("types.json"), "{said}");
    }
}
