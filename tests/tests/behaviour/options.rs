//! The options of a stream: protocol versions, binary, messages, origins; and that a server is asked
//! for nothing that it lacks.

use walscope_tests::Major;
use walscope_tests::program;

use crate::lines::{BEGIN, COMMIT, rows, told};
use crate::place::{ENDS, Place};

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t";
const PUBLICATION: [&str; 2] = ["--publication", "p"];

fn newest_protocol(major: Major) -> u32 {
    match major {
        Major::V14 => 2,
        Major::V15 => 3,
        _ => 4,
    }
}

#[test]
fn every_version_of_the_protocol_that_a_server_has_gives_the_same_lines() {
    for major in Major::ALL {
        let place = Place::with_slot(major, "protocols", TABLE);
        place.sql("BEGIN; INSERT INTO t VALUES (1, 'a'); UPDATE t SET id = 2; SAVEPOINT s; DELETE FROM t; COMMIT");
        let lines = place.stream(&PUBLICATION);
        assert_eq!(rows(&lines).len(), 3, "{lines:?}");
        for version in 1..=newest_protocol(major) {
            let same = place.stream(&["--publication", "p", "--protocol", &version.to_string()]);
            assert_eq!(same, lines, "PostgreSQL {major}, protocol {version}");
        }
    }
}

/// What each major lacks, and how walscope names it.
const LACKING: [(&[Major], &[&str], &str); 7] = [
    (&[Major::V14], &["--protocol", "3"], "does not have protocol version 3"),
    (&[Major::V14, Major::V15], &["--protocol", "4"], "does not have protocol version 4"),
    (&Major::ALL, &["--protocol", "5"], "does not have protocol version 5"),
    (&[Major::V14], &["--two-phase"], "does not have two-phase"),
    (
        &[Major::V14, Major::V15],
        &["--streaming", "parallel"],
        "does not have streaming \"parallel\"",
    ),
    (&[Major::V14, Major::V15], &["--origin", "none"], "does not have the option origin"),
    (&[Major::V14, Major::V15], &["--origin", "any"], "does not have the option origin"),
];

/// Red without the call of `check` in `native/src/stream/start.rs`: the server creates the slot and is
/// asked to stream.
#[test]
fn what_a_server_lacks_is_refused_by_name_before_anything_is_sent() {
    for major in Major::ALL {
        let place = Place::new(major, "lacking", TABLE);
        for (majors, options, problem) in LACKING {
            if !majors.contains(&major) {
                continue;
            }
            let more: Vec<_> =
                ["--publication", "p", "--create-slot"].iter().chain(options).copied().collect();
            let output = program::run(place.arguments(&more));
            let error = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{error}");
            assert!(
                error.contains(&format!("PostgreSQL {major} {problem}")),
                "{options:?}: {error}"
            );
        }
        // log_replication_commands is on; other tests have slots of other names.
        let log = place.server.log();
        let sent = log.lines().find(|line| {
            line.contains("received replication command") && line.contains("\"lacking\"")
        });
        assert_eq!(sent, None);
    }
}

#[test]
fn values_in_binary_form_make_the_same_lines() {
    for major in ENDS {
        let place = Place::with_slot(
            major,
            "in_binary",
            "CREATE TABLE t (id int8 PRIMARY KEY, s int2, b bool, v text, f float8, j jsonb, n int[]);
             CREATE PUBLICATION p FOR TABLE t",
        );
        place.sql(r#"INSERT INTO t VALUES (9007199254740993, -1, true, 'é"', -1.5e-7, '{"a": [1, 2.50]}', '{1,NULL}')"#);
        place.sql("UPDATE t SET id = 2, v = NULL, j = NULL, b = false");
        place.sql("DELETE FROM t");
        let lines = place.stream(&PUBLICATION);
        assert_eq!(
            rows(&lines),
            [
                r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":9007199254740993,"s":-1,"b":true,"v":"é\"","f":-1.5e-07,"j":{"a":[1,2.50]},"n":"{1,NULL}"}}"#,
                r#"{"kind":"update","seq":0,"schema":"public","table":"t","key":{"id":9007199254740993},"new":{"id":2,"s":-1,"b":false,"v":null,"f":-1.5e-07,"j":null,"n":"{1,NULL}"}}"#,
                r#"{"kind":"delete","seq":0,"schema":"public","table":"t","key":{"id":2}}"#,
            ]
        );
        assert_eq!(place.stream(&["--publication", "p", "--binary"]), lines, "PostgreSQL {major}");
    }
}

#[test]
fn messages_come_where_they_were_written_and_only_when_asked_for() {
    for major in ENDS {
        let place = Place::with_slot(major, "messages", TABLE);
        place.sql("SELECT pg_logical_emit_message(false, 'app', 'outside')");
        place.sql(
            "BEGIN; INSERT INTO t VALUES (1, 'a'); SELECT pg_logical_emit_message(true, 'app', 'inside');
             SELECT pg_logical_emit_message(false, 'app', 'before its transaction');
             SAVEPOINT s; SELECT pg_logical_emit_message(true, 'app', 'gone'); ROLLBACK TO s;
             INSERT INTO t VALUES (2, 'b'); COMMIT",
        );
        place.sql("BEGIN; SELECT pg_logical_emit_message(true, '', '\\xff00'::bytea); COMMIT");
        place.sql(
            "BEGIN; SELECT pg_logical_emit_message(false, 'app', 'of a rolled back one');
             SELECT pg_logical_emit_message(true, 'app', 'never'); ROLLBACK",
        );
        // A rollback leaves the log before it in memory, where `--until now` does not see it.
        place.sql("CHECKPOINT");
        let inserts = [
            r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":1,"v":"a"}}"#,
            r#"{"kind":"insert","seq":1,"schema":"public","table":"t","new":{"id":2,"v":"b"}}"#,
        ];
        assert_eq!(rows(&place.stream(&PUBLICATION)), inserts, "PostgreSQL {major}");
        let told = told(&place.stream(&["--publication", "p", "--messages"]));
        let told: Vec<_> = told.iter().filter(|line| !line.contains(r#""relation""#)).collect();
        assert_eq!(
            told,
            [
                r#"{"kind":"message","transactional":false,"prefix":"app","content":"outside"}"#,
                r#"{"kind":"message","transactional":false,"prefix":"app","content":"before its transaction"}"#,
                BEGIN,
                inserts[0],
                r#"{"kind":"message","transactional":true,"prefix":"app","content":"inside"}"#,
                inserts[1],
                COMMIT,
                BEGIN,
                r#"{"kind":"message","transactional":true,"prefix":"","content":{"$bytes":"ff00"}}"#,
                COMMIT,
                r#"{"kind":"message","transactional":false,"prefix":"app","content":"of a rolled back one"}"#,
            ],
            "PostgreSQL {major}"
        );
    }
}

#[test]
fn a_transaction_of_another_origin_names_it_or_is_left_out() {
    for major in Major::ALL {
        let place = Place::with_slot(major, "origins", TABLE);
        place.server.sql("SELECT pg_replication_origin_create('else, \"where\"')");
        let session = place.session();
        session.sql("SELECT pg_replication_origin_session_setup('else, \"where\"')");
        session.sql(
            "BEGIN; SELECT pg_replication_origin_xact_setup('0/77', now());
             INSERT INTO t VALUES (1, 'replicated'); COMMIT",
        );
        session.sql("SELECT pg_replication_origin_session_reset()");
        place.sql("INSERT INTO t VALUES (2, 'own')");
        let from = r#","origin":"else, \"where\""}"#;
        let foreign = [
            BEGIN.to_owned(),
            format!(
                r#"{{"kind":"insert","seq":0,"schema":"public","table":"t","new":{{"id":1,"v":"replicated"}}{from}"#
            ),
            format!(r#"{{"kind":"commit"{from}"#),
        ];
        let own = [
            BEGIN.to_owned(),
            r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":2,"v":"own"}}"#
                .to_owned(),
            COMMIT.to_owned(),
        ];
        let told = |more: &[&str]| {
            let lines = place.stream(&[&PUBLICATION, more].concat());
            let told = told(&lines).into_iter();
            told.filter(|line| !line.contains(r#""relation""#)).collect::<Vec<_>>()
        };
        assert_eq!(told(&[]), [&foreign[..], &own].concat(), "PostgreSQL {major}");
        if major >= Major::V16 {
            assert_eq!(told(&["--origin", "any"]), [&foreign[..], &own].concat(), "{major}");
            assert_eq!(told(&["--origin", "none"]), own, "PostgreSQL {major}");
        }
    }
}

/// PostgreSQL 14 tells of transactions in which nothing was published.
#[test]
fn empty_transactions_are_told_where_the_server_tells_them() {
    for major in Major::ALL {
        let place = Place::with_slot(major, "empties", TABLE);
        place.sql("CREATE TABLE unpublished (id int)");
        place.sql("INSERT INTO unpublished VALUES (1)");
        let expected: &[&str] =
            if major == Major::V14 { &[BEGIN, COMMIT, BEGIN, COMMIT] } else { &[] };
        assert_eq!(told(&place.stream(&PUBLICATION)), expected, "PostgreSQL {major}");
    }
}
