//! Rows in the log are the rows that SQL has seen: a trigger keeps them in a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use walscope_tests::{Major, Server, ServerOptions, program};

use super::run;

const SETUP: &str = include_str!("rows.sql");

/// What is done to the table behind a checkpoint, on its way over others. `$file` is a file of the
/// server.
const WORKLOAD: [&str; 22] = [
    "INSERT INTO t SELECT * FROM made WHERE id <= 60",
    "COPY (SELECT * FROM made WHERE id BETWEEN 61 AND 300) TO '$file'; COPY t FROM '$file'",
    "INSERT INTO t (id) VALUES (1000), (1001)",
    "UPDATE t SET s = s + 1 WHERE id % 2 = 0",
    "UPDATE t SET last = -last, v = 'changed' WHERE id % 3 = 0",
    "UPDATE t SET id = id + 10000 WHERE id % 50 = 0",
    // Values that are compressed where they are, by both methods, and those that go elsewhere.
    "UPDATE t SET txt = repeat('compress me ', 300 + id) WHERE id % 20 = 1",
    "$lz4 UPDATE t SET txt = repeat('compress me ', 400 + id) WHERE id % 20 = 2",
    "UPDATE t SET by = (SELECT string_agg(decode(md5(id || '/' || i), 'hex'), '') \
     FROM generate_series(1, 300) i) WHERE id % 40 = 3",
    "UPDATE t SET last = 5 WHERE id % 40 = 3",
    "$mark",
    "UPDATE t SET s = 7, last = 6 WHERE id % 4 = 0",
    "DELETE FROM t WHERE id % 9 = 0",
    "ALTER TABLE t DROP COLUMN gone, DROP COLUMN gone_too",
    "ALTER TABLE t ADD COLUMN late text DEFAULT 'later'",
    "UPDATE t SET last = 77 WHERE id % 10 = 7",
    "INSERT INTO t (id, late) SELECT i, 'new' || i FROM generate_series(2000, 2040) i",
    "ALTER TABLE t REPLICA IDENTITY FULL",
    "UPDATE t SET last = 78 WHERE id % 10 = 3; DELETE FROM t WHERE id % 10 = 4",
    "CHECKPOINT",
    "UPDATE t SET last = 79 WHERE id % 5 = 1; DELETE FROM t WHERE id % 10 = 8",
    "VACUUM t; INSERT INTO t (id, txt) SELECT i, 'again' FROM generate_series(3000, 3060) i",
];

/// A server that has done all of that, and where the log of it begins, has a mark, and ends.
struct Done {
    server: Server,
    level: &'static str,
    begin: String,
    mark: String,
    end: String,
}

fn work(major: Major, level: &'static str, compression: &str) -> Done {
    let settings = [
        ("autovacuum", "off"),
        ("timezone", "UTC"),
        ("wal_compression", compression),
        ("wal_keep_size", "1GB"),
        ("wal_level", level),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let server = Server::start(ServerOptions { major, settings, ..Default::default() });
    server.sql(SETUP);
    server.sql("CHECKPOINT");
    let position = || server.value("SELECT pg_current_wal_insert_lsn()");
    let (begin, mut mark) = (position(), String::new());
    let file = server.data_dir().join("rows");
    for statements in WORKLOAD {
        if statements == "$mark" {
            mark = position();
        }
        if statements.starts_with('$') && !statements.starts_with("$lz4 ") {
            continue;
        }
        let has_lz4 = server.try_sql("ALTER TABLE t ALTER txt SET COMPRESSION lz4").is_ok();
        if !has_lz4 || !statements.starts_with("$lz4 ") {
            server.sql("ALTER TABLE t ALTER txt SET COMPRESSION pglz");
        }
        let statements = statements.trim_start_matches("$lz4 ");
        for statement in statements.replace("$file", file.to_str().expect("UTF-8")).split("; ") {
            server.sql(statement);
        }
    }
    let end = position();
    // What is written so far is flushed with what comes next.
    server.sql("SELECT pg_switch_wal()");
    Done { server, level, begin, mark, end }
}

impl Done {
    /// The lines that are printed from a position on.
    fn lines(&self, from: &str, catalog: &str) -> Vec<Value> {
        let wal = self.server.data_dir().join("pg_wal");
        let arguments = ["waldump", "--format=json", "--rows", "--catalog", catalog];
        let range = ["-s", from, "-e", &self.end];
        let answer = run(&program::path(), &wal, "UTC", arguments.iter().chain(&range));
        assert_eq!((answer.errors.as_str(), answer.code), ("", Some(0)));
        answer.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// What the trigger has seen.
    fn expected(&self) -> Vec<(String, Value, Value)> {
        let rows = self.server.sql("SELECT lower(op), old, new FROM audit ORDER BY n");
        let value = |text: &Option<String>| {
            text.as_deref().map_or(Value::Null, |text| serde_json::from_str(text).expect("JSON"))
        };
        let kind = |text: &Option<String>| text.clone().expect("a kind");
        rows.iter().map(|row| (kind(&row[0]), value(&row[1]), value(&row[2]))).collect()
    }
}

/// The catalog as a file of `walscope catalog`.
fn catalog(server: &Server, folder: &tempfile::TempDir) -> PathBuf {
    let conninfo = server.conninfo();
    let answer = run(&program::path(), folder.path(), "UTC", ["catalog", &conninfo]);
    assert_eq!((answer.errors.as_str(), answer.code), ("", Some(0)));
    let path = folder.path().join("catalog.json");
    fs::write(&path, answer.out).expect("a file");
    path
}

fn rows<'l>(lines: &'l [Value], table: &str) -> Vec<&'l Value> {
    let all = lines.iter().filter_map(|line| line["rows"].as_array()).flatten();
    all.filter(|row| row["table"] == *table).collect()
}

/// Whether a value of JSON is the text of SQL.
fn is_same(value: &Value, text: &Value) -> bool {
    let Some(text) = text.as_str() else { return value.is_null() && text.is_null() };
    match value {
        Value::String(value) => value == text,
        Value::Bool(value) => text == if *value { "t" } else { "f" },
        Value::Number(value) => {
            // Reading JSON is not exact.
            let (value, text) = (value.as_f64(), text.parse::<f64>().ok());
            value.zip(text).is_some_and(|(a, b)| (a - b).abs() <= b.abs() * 1e-15)
        }
        Value::Null => false,
        document => serde_json::from_str::<Value>(text).is_ok_and(|text| text == *document),
    }
}

/// What came of the comparison.
#[derive(Debug, Default)]
struct Counts {
    values: usize,
    toasted: usize,
    sources: BTreeSet<(String, String)>,
    unknown: usize,
}

/// The bytes of values that are elsewhere, by their numbers, as the log has their pieces.
type Pieces = BTreeMap<u64, Vec<u8>>;

fn hex(text: &str) -> Vec<u8> {
    let digits = text.strip_prefix("\\x").expect("bytea");
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("a byte");
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn pieces(lines: &[Value], server: &Server) -> Pieces {
    let table = server.value("SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 't'");
    let table = table.trim_start_matches("pg_toast.").to_owned();
    let mut pieces = Pieces::new();
    for row in rows(lines, &table).iter().filter(|row| row["kind"] == "insert") {
        assert_eq!(row["schema"], "pg_toast");
        let new = &row["new"];
        let value = pieces.entry(new["chunk_id"].as_u64().expect("a number")).or_default();
        value.extend(hex(new["chunk_data"].as_str().expect("bytea")));
    }
    pieces
}

/// Checks what the log has of a row against SQL's row. What it has not must be said.
fn compare(row: &Value, member: &str, sql: &Value, pieces: &Pieces, counts: &mut Counts) {
    let Some(found) = row[member].as_object() else { return };
    let unknown = row[format!("{member}Unknown")].as_array().cloned().unwrap_or_default();
    counts.unknown += unknown.len();
    let sql = sql.as_object().expect("a row");
    for (name, value) in found {
        assert!(!unknown.contains(&Value::from(name.clone())));
        let Some(text) = sql.get(name) else {
            // It was added later.
            assert_eq!((name.as_str(), value.as_str()), ("late", Some("later")), "{row}");
            continue;
        };
        counts.values += 1;
        if let Some(toast) = value.get("$toast") {
            let bytes = hex(text.as_str().expect("bytea"));
            assert_eq!(toast["rawSize"].as_u64(), Some(bytes.len() as u64 + 4), "{row}");
            assert_eq!(toast["size"].as_u64(), Some(bytes.len() as u64), "{row}");
            assert_eq!(pieces.get(&toast["value"].as_u64().expect("a number")), Some(&bytes));
            counts.toasted += 1;
            continue;
        }
        assert!(is_same(value, text), "{name}: {value}, not {text}: {row}");
    }
    let is_there = |name: &&String| {
        found.contains_key(*name) || unknown.contains(&Value::from((*name).clone()))
    };
    // Dropped columns are of no table any more; a key is not all of a row.
    let mut missing: Vec<_> = sql.keys().filter(|name| !is_there(name)).collect();
    missing.retain(|name| !name.starts_with("gone"));
    assert!(missing.is_empty() || member == "key", "{missing:?} of {row}");
}

fn compare_all(rows: &[&Value], expected: &[(String, Value, Value)], pieces: &Pieces) -> Counts {
    let mut counts = Counts::default();
    assert_eq!(rows.len(), expected.len());
    for (row, (kind, old, new)) in rows.iter().zip(expected) {
        assert_eq!(row["kind"], **kind, "{row}");
        for error in ["error", "newError", "oldError"] {
            assert_eq!(row[error], Value::Null, "{row}");
        }
        for (member, sql) in [("new", new), ("old", old), ("key", old)] {
            compare(row, member, sql, pieces, &mut counts);
        }
        for member in ["newSource", "oldSource"] {
            if let Some(source) = row[member].as_str() {
                counts.sources.insert((format!("{kind} {member}"), source.to_owned()));
            }
        }
    }
    counts
}

/// From a checkpoint on the log has every row, whole.
fn rows_are_those_of_sql(major: Major, level: &'static str, compression: &str) {
    let done = work(major, level, compression);
    let folder = tempfile::tempdir().expect("a folder");
    let file = catalog(&done.server, &folder);
    let lines = done.lines(&done.begin, file.to_str().expect("UTF-8"));
    let (all, expected) = (rows(&lines, "t"), done.expected());
    let pieces = pieces(&lines, &done.server);
    let counts = compare_all(&all, &expected, &pieces);
    println!("{major} {level}: {} rows, {counts:?}", all.len());
    assert_eq!(counts.unknown, 0);
    assert!(counts.values > 20_000 && counts.toasted > 10, "{counts:?}");
    let nowhere = counts.sources.iter().any(|(_, source)| source == "nowhere" || source == "key");
    assert!(!nowhere, "{:?}", counts.sources);
    let has = |what: &str, source: &str| {
        assert!(counts.sources.contains(&(what.to_owned(), source.to_owned())), "{what}, {source}");
    };
    has("insert newSource", "record");
    // COPY makes records of many rows.
    let several = |line: &&Value| {
        line["recordType"].as_str().is_some_and(|name| name.starts_with("MULTI_INSERT"))
            && line["rows"].as_array().is_some_and(|rows| rows.len() > 1)
    };
    assert!(lines.iter().any(|line| several(&line)));
    has("update newSource", "record");
    has("delete oldSource", "log");
    has("update oldSource", "log");
    if level == "logical" {
        // The replica identity is all columns at the end.
        has("delete oldSource", "record");
    } else {
        has("update newSource", "image");
        has("delete oldSource", "image");
    }
    from_the_middle(&done, &file, &expected, &pieces);
}

/// Where reading begins behind the images of pages, some of what records leave out is not to be had.
/// What is there is right all the same. Red without `with_unknown` in `Changed::apply`.
fn from_the_middle(done: &Done, file: &Path, expected: &[(String, Value, Value)], pieces: &Pieces) {
    let lines = done.lines(&done.mark, file.to_str().expect("UTF-8"));
    let all = rows(&lines, "t");
    assert!(all.len() < expected.len());
    let counts = compare_all(&all, &expected[expected.len() - all.len()..], pieces);
    let has_source = |wanted: &str| counts.sources.iter().any(|(_, source)| source == wanted);
    assert!(has_source("nowhere"), "{:?}", counts.sources);
    // Records of this level have whole new rows.
    assert_eq!(counts.unknown == 0, done.level == "logical", "{counts:?}");
}

/// A catalog is of its own server only, and says what is wrong with it.
#[test]
fn a_catalog_of_another_server_is_refused() {
    let (one, other) = (Server::start(ServerOptions::default()), super::segments());
    let folder = tempfile::tempdir().expect("a folder");
    let file = catalog(&one, &folder);
    let dump = |source: &str| {
        let arguments = ["waldump", "--catalog", source, other.first()];
        run(&program::path(), &other.folder, "UTC", arguments)
    };
    let path = file.to_str().expect("UTF-8");
    let answer = dump(path);
    assert_eq!(answer.code, Some(1));
    assert!(answer.errors.contains("from different database system"), "{}", answer.errors);
    for (content, error) in [
        ("{", "EOF while parsing"),
        (r#"{"version":2}"#, "a catalog of version 2: this program reads 1"),
        (r#"{"version":1}"#, "missing field `relations`"),
    ] {
        fs::write(&file, content).expect("a file");
        let answer = dump(path);
        assert_eq!((answer.out.as_str(), answer.code), ("", Some(1)));
        assert!(answer.errors.contains(error), "{}", answer.errors);
        assert!(answer.errors.contains("walscope catalog CONNINFO"), "{}", answer.errors);
    }
    let answer = dump("nowhere.json");
    assert!(answer.errors.contains("cannot read the catalog nowhere.json"), "{}", answer.errors);
}

#[test]
fn rows_are_those_of_sql_in_14() {
    rows_are_those_of_sql(Major::V14, "replica", "off");
    rows_are_those_of_sql(Major::V14, "logical", "on");
}

#[test]
fn rows_are_those_of_sql_in_15_to_17() {
    rows_are_those_of_sql(Major::V15, "replica", "pglz");
    rows_are_those_of_sql(Major::V16, "logical", "off");
    rows_are_those_of_sql(Major::V17, "replica", "off");
}

#[test]
fn rows_are_those_of_sql_in_18() {
    rows_are_those_of_sql(Major::V18, "replica", "pglz");
    rows_are_those_of_sql(Major::V18, "logical", "off");
}
