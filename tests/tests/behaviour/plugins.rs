//! Other plugins than pgoutput, undecoded: `test_decoding` of PostgreSQL's contrib.

use std::io::Write;

use walscope_core::Lsn;
use walscope_tests::program::{self, Program};
use walscope_tests::{Major, Server, ServerOptions};

use crate::lines::{parse, text};
use crate::place::{ENDS, Place};

const PLUGIN: [&str; 2] = ["--plugin", "test_decoding"];

/// Where a message came from and what it says, as `pg_logical_slot_peek_changes` has them; 0/0 where
/// the server sends no position.
fn message(line: &str) -> (String, String) {
    let line = parse(line);
    assert_eq!(line["kind"], "data", "{line}");
    (line["lsn"].as_str().unwrap_or("0/0").to_owned(), text(&line, "data"))
}

fn messages(lines: &[String]) -> Vec<(String, String)> {
    lines.iter().map(|line| message(line)).collect()
}

/// Transactions that overlap, so that LSNs go back between them, with a rolled back savepoint and
/// messages inside and outside of transactions.
fn workload(place: &Place) {
    let [first, second] = [place.session(), place.session()];
    first.sql("BEGIN; INSERT INTO t VALUES (1, 'first')");
    second.sql("BEGIN; INSERT INTO t VALUES (2, 'it''s é')");
    first.sql("INSERT INTO t VALUES (3, NULL)");
    place.sql("SELECT pg_logical_emit_message(false, 'app', 'outside')");
    second.sql("UPDATE t SET v = 'x' WHERE id = 2; COMMIT");
    place.sql("INSERT INTO t VALUES (4, 'alone')");
    first.sql("SAVEPOINT a; INSERT INTO t VALUES (5, 'gone'); ROLLBACK TO a");
    first.sql("SELECT pg_logical_emit_message(true, 'app', 'inside'); DELETE FROM t WHERE id = 1");
    second.sql("BEGIN; INSERT INTO t VALUES (6, 'six')");
    first.sql("COMMIT");
    second.sql("COMMIT");
    place.sql("TRUNCATE t");
}

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, v text)";

#[test]
fn messages_are_those_of_the_servers_own_function() {
    for major in Major::ALL {
        let place = Place::new(major, "plugin_same", TABLE);
        place.create_slot("test_decoding", "");
        workload(&place);
        for options in [&[][..], &[("include-xids", "off"), ("skip-empty-xacts", "on")]] {
            let asked: String =
                options.iter().map(|(name, value)| format!(", '{name}', '{value}'")).collect();
            let rows = place.server.sql_in(
                &place.name,
                &format!(
                    "SELECT lsn, data FROM pg_logical_slot_peek_changes('plugin_same', NULL, NULL{asked})"
                ),
            );
            let expected = rows.into_iter().map(|row| {
                let mut row = row.into_iter().map(|value| value.expect("a value"));
                (row.next().expect("lsn"), row.next().expect("data"))
            });
            let options = options.iter().map(|(name, value)| format!("{name}={value}"));
            let options: Vec<String> =
                options.flat_map(|o| ["--plugin-option".into(), o]).collect();
            let mut arguments = PLUGIN.to_vec();
            arguments.extend(options.iter().map(String::as_str));
            let lines = place.stream(&arguments);
            assert!(lines.len() > 15, "{lines:?}");
            // test_decoding may write a BEGIN late, as one of two messages at the first row's position:
            // the server sends no position with it (`last_write` in `walsender.c`).
            let got = messages(&lines);
            let expected: Vec<_> = std::iter::zip(expected, &got)
                .map(|((lsn, data), (sent, _))| {
                    let late = sent == "0/0" && data.starts_with("BEGIN") && !options.is_empty();
                    (if late { sent.clone() } else { lsn }, data)
                })
                .collect();
            assert_eq!(got, expected, "PostgreSQL {major}");
        }
    }
}

/// The rule that lets every message flush its own LSN, tried for every message of overlapping
/// transactions: whatever was confirmed last, a stream from there has all that came after it.
#[test]
fn from_whatever_message_was_confirmed_last_nothing_is_missing() {
    // With empty transactions left out, their BEGIN comes late and without a position.
    let options = ["skip-empty-xacts=off", "skip-empty-xacts=on"];
    for (major, option) in std::iter::zip(ENDS, options) {
        let place = Place::new(major, "plugin_resume", TABLE);
        place.create_slot("test_decoding", "");
        workload(&place);
        let stream = |start: &str| {
            let more = ["--start", start, "--plugin", "test_decoding", "--plugin-option", option];
            messages(&place.stream(&more))
        };
        let all = stream("0/0");
        let mut flushed = Lsn::INVALID;
        for (index, (lsn, _)) in all.iter().enumerate() {
            let lsn = lsn.parse().expect("an LSN");
            if lsn <= flushed {
                continue;
            }
            flushed = lsn;
            let again = stream(&flushed.to_string());
            let rest = &all[index + 1..];
            assert!(again.ends_with(rest), "PostgreSQL {major} from {flushed}: {again:?}");
            let whole = again.first().is_none_or(|(_, text)| {
                text.starts_with("BEGIN") || text.starts_with("message: transactional: 0")
            });
            assert!(whole, "PostgreSQL {major} from {flushed}: {again:?}");
        }
    }
}

/// Red when `keep` in `Session::received` is left out for other plugins: nothing is confirmed and
/// everything comes again.
#[test]
fn a_killed_server_and_a_killed_walscope_lose_nothing() {
    for major in ENDS {
        let mut server = Server::start(ServerOptions { major, ..Default::default() });
        server.sql("CREATE TABLE t (id int)");
        let conninfo = server.conninfo();
        let arguments = ["stream", &conninfo, "--slot", "s", "--plugin", "test_decoding"];
        let options = ["--create-slot", "--plugin-option", "include-xids=0"];
        let start = || Program::start(arguments.iter().chain(&options));
        let is_commit = |line: &str| line.contains(r#""data":"COMMIT""#);
        let rows = |server: &Server, range: &str| {
            server.sql(&format!(
                "DO $$BEGIN FOR n IN {range} LOOP INSERT INTO t VALUES (n); COMMIT; END LOOP; END$$"
            ));
        };

        let mut walscope = start();
        assert!(walscope.error_line().contains("created slot \"s\""));
        rows(&server, "1..2000");
        let mut lines = walscope.lines_until(is_commit);
        walscope.signal(rustix::process::Signal::TERM);
        let (status, rest, errors) = walscope.wait();
        assert!(status.success(), "{errors:?}");
        lines.extend(rest);
        // A transaction that was not printed to its end comes again.
        let last = lines.iter().rposition(|line| is_commit(line)).expect("a commit");
        lines.truncate(last + 1);
        rows(&server, "2001..4000");
        let mut walscope = start();
        lines.extend(walscope.lines_until(is_commit));
        walscope.signal(rustix::process::Signal::KILL);
        let (_, rest, _) = walscope.wait();
        // A line that was cut is not JSON.
        lines.extend(rest.into_iter().filter(|line| line.ends_with('}')));
        let before = ids(&lines);
        assert!(rise_by_one(&before), "PostgreSQL {major}: a gap or a repetition in {before:?}");
        server.kill();
        server.restart();
        rows(&server, "4001..4010");

        let more = ["--until", "now"];
        let output = program::run(arguments.iter().chain(&options).chain(&more));
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let after: Vec<String> = text.lines().map(str::to_owned).collect();
        let after = ids(&after);
        // Rows may come again after a crash, none may be left out.
        let last = *before.last().expect("rows");
        assert!(after[0] <= last + 1, "PostgreSQL {major}: {} after {last}", after[0]);
        assert!(
            rise_by_one(&after) && after.last() == Some(&4010),
            "PostgreSQL {major}: {after:?}"
        );
    }
}

fn rise_by_one(ids: &[usize]) -> bool {
    ids.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

fn ids(lines: &[String]) -> Vec<usize> {
    let data = lines.iter().map(|line| message(line).1);
    data.filter_map(|data| {
        data.strip_prefix("table public.t: INSERT: id[integer]:").map(|id| id.parse().expect("id"))
    })
    .collect()
}

/// Red without `if self.confirm` in `Printing::confirm`: what was written would be confirmed.
#[test]
fn nothing_is_confirmed_before_standard_input_says_so() {
    for major in ENDS {
        let place = Place::new(major, "plugin_ack", TABLE);
        place.create_slot("test_decoding", "");
        let confirmed = || {
            place.value("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = 'plugin_ack'")
        };
        let before = confirmed();
        place.sql("INSERT INTO t VALUES (1, 'a')");
        place.sql("INSERT INTO t VALUES (2, 'b')");
        let commit = |line: &str| message(line).1.starts_with("COMMIT");
        let arguments = ["--plugin", "test_decoding", "--ack", "stdin"];
        let mut walscope = place.start(&arguments);
        for _ in 0..2 {
            walscope.lines_until(commit);
        }
        walscope.signal(rustix::process::Signal::TERM);
        assert!(walscope.wait().0.success());
        assert_eq!(confirmed(), before, "PostgreSQL {major}");

        let mut walscope = place.start(&arguments);
        walscope.lines_until(commit);
        let last = walscope.lines_until(commit).pop().expect("a commit");
        writeln!(walscope.stdin(), "{}", message(&last).0).expect("it reads");
        walscope.signal(rustix::process::Signal::TERM);
        assert!(walscope.wait().0.success());
        assert_eq!(place.stream(&PLUGIN), [""; 0], "PostgreSQL {major}");
    }
}

#[test]
fn a_capture_decodes_to_the_same_lines() {
    for major in ENDS {
        let place = Place::new(major, "plugin_capture", TABLE);
        place.create_slot("test_decoding", "");
        workload(&place);
        let folder =
            std::env::temp_dir().join(format!("walscope-plugin-{}-{major}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("a.walcap");
        let file = file.to_str().expect("a path in UTF-8");
        let mut arguments = PLUGIN.to_vec();
        arguments.extend(["--capture", file]);
        let printed = place.stream(&arguments);
        let decoded = program::run(["decode", file]);
        assert!(decoded.status.success(), "{decoded:?}");
        let text = String::from_utf8(decoded.stdout).expect("UTF-8");
        assert!(text.lines().eq(&printed), "the capture decodes to other lines");
        std::fs::remove_dir_all(&folder).expect("it is ours");
    }
}

/// `--until` leaves what lies past it, as pg_recvlogical's `--endpos` does. Red without the call of
/// `is_beyond_end` in `Printer::entries`.
#[test]
fn the_stream_ends_before_the_first_message_past_where_it_was_told_to() {
    let place = Place::new(Major::V18, "plugin_until", TABLE);
    place.create_slot("test_decoding", "");
    workload(&place);
    let all = place.stream(&PLUGIN);
    let lsn = |line: &String| message(line).0.parse::<Lsn>().expect("an LSN");
    let commit = all.iter().position(|line| message(line).1.starts_with("COMMIT")).expect("one");
    let exactly = lsn(&all[commit]);
    let past = Lsn(exactly.0 + 1);
    let end = all.iter().position(|line| lsn(line) > past).expect("more");
    assert!(end > commit + 1, "nothing of the next transaction lies before {past}");
    for (until, expected) in [(exactly, &all[..=commit]), (past, &all[..end])] {
        let until = until.to_string();
        let more = ["--plugin", "test_decoding", "--ack", "none", "--until", &until];
        let output = program::run(place.arguments(&more));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(text.lines().eq(expected), "up to {until}: {text}");
    }
    // What was printed of a transaction that had not ended comes again.
    let more = ["--plugin", "test_decoding", "--until", &past.to_string()];
    assert!(program::run(place.arguments(&more)).status.success());
    assert_eq!(place.stream(&PLUGIN), all[commit + 1..]);
}

#[test]
fn bytes_that_are_not_utf_8_are_shown_as_such() {
    let mut place = Place::new(Major::V18, "plugin_bytes", "");
    place.server.sql("CREATE DATABASE plugin_ascii TEMPLATE template0 ENCODING 'SQL_ASCII'");
    place.name = "plugin_ascii".into();
    place.sql("CREATE TABLE t (id int, v text)");
    place.create_slot("test_decoding", "");
    place.sql(r"INSERT INTO t VALUES (1, E'\xff')");
    let lines = place.stream(&["--plugin", "test_decoding", "--plugin-option", "include-xids=0"]);
    let hex: String = b"table public.t: INSERT: id[integer]:1 v[text]:'\xff'"
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(parse(&lines[1])["data"]["$bytes"], hex, "{lines:?}");
}

#[test]
fn what_does_not_fit_another_plugin_is_refused_by_name() {
    let place = Place::new(Major::V18, "plugin_refused", TABLE);
    place.create_slot("test_decoding", "");
    let refused = |more: &[&str]| {
        let output = program::run(place.arguments(more));
        assert_eq!(output.status.code(), Some(1), "{more:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let error = refused(&["--plugin", "test_decoding", "--binary"]);
    assert!(error.contains("binary is an option of pgoutput, not of test_decoding"), "{error}");
    let error = refused(&["--plugin", "wal2json"]);
    assert!(error.contains("uses the plugin test_decoding, not wal2json"), "{error}");
    place.sql("CREATE PUBLICATION p");
    let error = refused(&["--publication", "p"]);
    assert!(error.contains("uses the plugin test_decoding, not pgoutput"), "{error}");
    // What the plugin itself refuses comes in the server's words.
    let error = refused(&["--plugin", "test_decoding", "--plugin-option", "no-such=1"]);
    assert!(error.contains(r#"option "no-such" = "1" is unknown"#), "{error}");
}
