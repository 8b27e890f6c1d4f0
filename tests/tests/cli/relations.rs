//! What the line of a table that is described again says has changed.

use serde_json::{Value, json};
use walscope_tests::program;
use walscope_tests::{Major, Server, ServerOptions};

use super::stream;

/// Where versions differ in what they send of a table, it is between these.
const MAJORS: [Major; 2] = [Major::V14, Major::V18];

/// Commands, and what they change in the next description of the table that has a row after them.
const STEPS: [(&str, &str, &str); 14] = [
    ("", "t", ""),
    ("ALTER TABLE t ADD COLUMN extra int", "t", r#"{"added":["extra"]}"#),
    (
        "ALTER TABLE t RENAME COLUMN name TO label",
        "t",
        r#"{"added":["label"],"dropped":["name"],"mayBeRenamed":[{"from":"name","to":"label"}]}"#,
    ),
    ("ALTER TABLE t DROP COLUMN note", "t", r#"{"dropped":["note"]}"#),
    (
        "ALTER TABLE t ALTER COLUMN label TYPE varchar(30)",
        "t",
        r#"{"retyped":[{"name":"label","type":25,"typmod":-1}]}"#,
    ),
    (
        "ALTER TABLE t ALTER COLUMN label TYPE varchar(40)",
        "t",
        r#"{"retyped":[{"name":"label","type":1043,"typmod":34}]}"#,
    ),
    (
        "CREATE UNIQUE INDEX t_code ON t (code); ALTER TABLE t REPLICA IDENTITY USING INDEX t_code",
        "t",
        r#"{"replicaIdentity":"default","key":["id"]}"#,
    ),
    ("ALTER TABLE t RENAME COLUMN extra TO last", "t", r#"{"added":["last"],"dropped":["extra"]}"#),
    (
        "ALTER TABLE t RENAME COLUMN id TO old; ALTER TABLE t RENAME COLUMN last TO id;
         ALTER TABLE t RENAME COLUMN old TO last",
        "t",
        r#"{"order":["id","label","code","last"]}"#,
    ),
    ("ALTER TABLE t REPLICA IDENTITY FULL", "t", r#"{"replicaIdentity":"index","key":["code"]}"#),
    ("ALTER TABLE t RENAME TO u", "u", r#"{"renamedFrom":{"schema":"public","table":"t"}}"#),
    (
        "CREATE SCHEMA s; ALTER TABLE u SET SCHEMA s",
        "s.u",
        r#"{"renamedFrom":{"schema":"public","table":"u"}}"#,
    ),
    (
        "ALTER SCHEMA s RENAME TO \"é\"\"s\"",
        "\"é\"\"s\".u",
        r#"{"renamedFrom":{"schema":"s","table":"u"}}"#,
    ),
    (
        "ALTER TABLE \"é\"\"s\".u RENAME TO v; ALTER TABLE \"é\"\"s\".v REPLICA IDENTITY NOTHING,
           DROP COLUMN label, ADD COLUMN label int, ALTER COLUMN last TYPE bigint",
        "\"é\"\"s\".v",
        r#"{"renamedFrom":{"schema":"é\"s","table":"u"},"replicaIdentity":"full","retyped":[{"name":"last","type":23,"typmod":-1},{"name":"label","type":1043,"typmod":44}],"order":["last","label","code","id"],"key":["last","label","code","id"]}"#,
    ),
];

#[test]
fn a_table_that_is_altered_says_what_changed() {
    for major in MAJORS {
        let server = Server::start(ServerOptions { major, ..Default::default() });
        server.sql(
            "CREATE TABLE t (id serial PRIMARY KEY, name text, note varchar(20), code serial);
             CREATE TABLE other (id int);
             CREATE PUBLICATION p FOR ALL TABLES",
        );
        let lines = streamed(&server, || {
            for (commands, table, _) in STEPS {
                server.sql(&format!(
                    "BEGIN; {commands}; INSERT INTO {table} DEFAULT VALUES;
                     INSERT INTO other VALUES (1); INSERT INTO {table} DEFAULT VALUES; COMMIT"
                ));
            }
        });
        let other = lines.iter().filter(|line| line.contains(r#""table":"other""#));
        assert_eq!(other.count(), 1, "PostgreSQL {major}: {lines:?}");
        let lines: Vec<_> = lines.iter().filter(|line| !line.contains("\"other\"")).collect();
        assert_eq!(lines.len(), STEPS.len(), "PostgreSQL {major}: {lines:?}");
        for (line, (commands, _, changed)) in lines.iter().zip(STEPS) {
            let end = match changed {
                "" => "]}".to_owned(),
                _ => format!(r#"],"changed":{changed}}}"#),
            };
            assert!(line.ends_with(&end), "PostgreSQL {major}, {commands}: {line}\nis not …{end}");
        }
    }
}

/// Why no column is ever said to be renamed: other commands leave the same messages.
#[test]
fn a_renamed_column_cannot_be_told_from_others() {
    for major in MAJORS {
        let server = Server::start(ServerOptions { major, ..Default::default() });
        // A generated column is not sent until it is an ordinary one.
        server.sql(
            "CREATE TABLE renamed (a int, b text, c int);
             CREATE TABLE generated (a int, b text, x text GENERATED ALWAYS AS ('x') STORED, c int);
             CREATE TABLE added (a int, b text, c int);
             CREATE TABLE listed (a int, b text, x text, c int);
             CREATE PUBLICATION p FOR TABLE renamed, generated, added",
        );
        let list = |columns: &str| format!("ALTER PUBLICATION p ADD TABLE listed ({columns})");
        let has_lists = major >= Major::V15;
        if has_lists {
            server.sql(&list("a, b, c"));
        }
        let lines = streamed(&server, || {
            let rows = "INSERT INTO renamed (a) VALUES (1); INSERT INTO generated (a) VALUES (1);
                        INSERT INTO added (a) VALUES (1); INSERT INTO listed (a) VALUES (1)";
            server.sql(rows);
            server.sql("ALTER TABLE renamed RENAME COLUMN b TO x");
            server.sql("ALTER TABLE generated ALTER COLUMN x DROP EXPRESSION, DROP COLUMN b");
            server.sql(
                "ALTER TABLE added DROP COLUMN b, DROP COLUMN c, ADD COLUMN x text, ADD COLUMN c int",
            );
            if has_lists {
                server.sql(&format!(
                    "BEGIN; ALTER PUBLICATION p DROP TABLE listed; {}; COMMIT",
                    list("a, x, c")
                ));
            }
            server.sql(rows);
        });
        let again: Vec<Value> = lines
            .iter()
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .filter(|line: &Value| line.get("changed").is_some())
            .collect();
        assert_eq!(again.len(), if has_lists { 4 } else { 3 }, "PostgreSQL {major}: {lines:?}");
        for line in &again {
            assert_eq!(line["columns"], again[0]["columns"], "PostgreSQL {major}");
            assert_eq!(
                line["changed"],
                json!({"added": ["x"], "dropped": ["b"],
                       "mayBeRenamed": [{"from": "b", "to": "x"}]}),
                "PostgreSQL {major}"
            );
        }
    }
}

/// The lines of relations among what `act` does.
fn streamed(server: &Server, act: impl FnOnce()) -> Vec<String> {
    let run = |more: &[&str]| {
        let output = program::run(stream(server, "s", "p", more));
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    run(&["--create-slot", "--until", "now"]);
    act();
    let text = run(&["--until", "now"]);
    let is_relation = |line: &&str| line.starts_with(r#"{"kind":"relation""#);
    text.lines().filter(is_relation).map(String::from).collect()
}
