//! Examples that follow a slot.

use std::time::{Duration, Instant};

use walscope_tests::{Major, Server};

use crate::{follow, interrupt, settle, start, unconfirmed_rows};

const USERS: &str = "CREATE TABLE users (id int PRIMARY KEY, email text)";

/// So many transactions of a row each.
fn one_by_one(server: &Server, count: u32) {
    let insert = |id| format!("BEGIN; INSERT INTO users VALUES ({id}, 'v'); COMMIT;");
    server.sql(&(0..count).map(insert).collect::<String>());
}

#[test]
fn follow_table_prints_rows_and_goes_on_where_it_was() {
    for major in [Major::V14, Major::V18] {
        let server = start(major, USERS);
        let mut program = follow(&server, "follow_table", &[]);
        assert!(program.error_line().starts_with("created slot \"s\" at "));
        server.sql("INSERT INTO users VALUES (1, 'a@b'), (2, NULL)");
        server.sql("UPDATE users SET email = 'c\"d' WHERE id = 2; DELETE FROM users WHERE id = 1");
        let lines = program.lines_until(|line| line.starts_with("delete"));
        assert_eq!(
            lines,
            [
                r#"insert public.users email="a@b" id="1""#,
                r#"insert public.users email=NULL id="2""#,
                r#"update public.users email="c\"d" id="2""#,
                r#"delete public.users email=? id="1""#,
            ]
        );
        settle(&server);
        assert_eq!(interrupt(program), Vec::<String>::new());
        assert_eq!(unconfirmed_rows(&server), "0");

        server.sql("INSERT INTO users VALUES (3, 'e@f')");
        let mut program = follow(&server, "follow_table", &[]);
        assert_eq!(program.line(), r#"insert public.users email="e@f" id="3""#);
        interrupt(program);
    }
}

/// Red without the call of `acknowledge`.
#[test]
fn polling_takes_everything_and_confirms_what_it_took() {
    let server = start(Major::V18, USERS);
    let mut program = follow(&server, "polling", &["0.1"]);
    assert_eq!(program.line(), "{}");
    one_by_one(&server, 50);
    let mut rows = 0;
    while rows < 50 {
        let line = program.line();
        let count = line.strip_prefix("{\"users\": ").and_then(|rest| rest.strip_suffix('}'));
        rows += count.map_or(0, |count| count.parse::<u32>().unwrap());
    }
    assert_eq!(rows, 50);
    // What follows a poll's line is its confirmation.
    assert_eq!(program.line(), "{}");
    interrupt(program);
    assert_eq!(unconfirmed_rows(&server), "0");
}

/// Red without `ticks.tick()`. At least so long: a machine that is busy takes longer.
#[test]
fn rate_limited_hands_out_no_faster() {
    let server = start(Major::V18, USERS);
    let mut program = follow(&server, "rate_limited", &["40"]);
    let began = Instant::now();
    server.sql("INSERT INTO users SELECT n, 'v' FROM generate_series(1, 41) n");
    let mut behind = 0;
    for seq in 0..41 {
        let line = program.line();
        let (position, bytes) = line.split_once(' ').unwrap();
        assert!(position.ends_with(&format!("/{seq:010}")), "{line}");
        behind = bytes.strip_suffix(" bytes behind").unwrap().parse::<u64>().unwrap();
    }
    // Of the last row only: at the first ones the commit may not have been received, and what precedes
    // it in the log may have been confirmed as quiet, for the server told so while it decoded.
    assert!(behind > 0, "nothing of the transaction is confirmed yet");
    assert!(began.elapsed() > Duration::from_millis(900), "{:?}", began.elapsed());
    server.sql("INSERT INTO users VALUES (100, 'v')");
    program.line();
    settle(&server);
    interrupt(program);
    assert_eq!(unconfirmed_rows(&server), "0");
}

/// Red without `control.acknowledge`.
#[test]
fn producer_and_consumer_finish_what_is_in_hand() {
    let server = start(Major::V18, USERS);
    let mut program = follow(&server, "producer_consumer", &[]);
    one_by_one(&server, 200);
    let mut lines = program.lines_until(|line| line.starts_with("150 rows"));
    lines.extend(interrupt(program));
    for (at, line) in lines.iter().enumerate() {
        assert!(line.starts_with(&format!("{} rows, confirmed up to 0/", at + 1)), "{line}");
    }
    assert_eq!(unconfirmed_rows(&server), (200 - lines.len()).to_string());
}

#[test]
fn typed_rows_come_as_structs() {
    for major in [Major::V14, Major::V18] {
        let server = start(
            major,
            "CREATE TYPE mood AS ENUM ('happy', 'sad');
             CREATE TABLE users (
                 id bigint PRIMARY KEY, email text, mood mood NOT NULL, tags text[] NOT NULL,
                 profile jsonb, joined timestamptz NOT NULL, bio text);
             ALTER TABLE users ALTER bio SET STORAGE EXTERNAL",
        );
        let mut program = follow(&server, "typed_rows", &[]);
        server.sql(
            "INSERT INTO users VALUES (1, NULL, 'happy', '{a,\"b c\"}', '{\"theme\": \"dark\"}',
                 '2026-11-22 10:00:00.5Z', repeat('x', 3000));
             UPDATE users SET mood = 'sad', profile = NULL; DELETE FROM users",
        );
        let bio = "x".repeat(3000);
        let lines = program.lines_until(|line| line.ends_with("is gone"));
        assert_eq!(
            lines,
            [
                r#"1 None Happy ["a", "b c"]"#,
                &format!(
                    "  theme Some(\"dark\") joined 2026-11-22T10:00:00.500000Z bio Value(Some(\"{bio}\"))"
                ),
                r#"1 None Sad ["a", "b c"]"#,
                "  theme None joined 2026-11-22T10:00:00.500000Z bio Unchanged",
                "1 is gone",
            ]
        );
        interrupt(program);
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let server = start(Major::V18, "CREATE TABLE users (id int PRIMARY KEY, mood int)");
    let program = follow(&server, "typed_rows", &[]);
    server.sql("INSERT INTO users VALUES (1, 2)");
    let (status, _, errors) = program.wait();
    assert!(!status.success());
    assert!(errors.concat().contains("mood"), "{errors:?}");
    assert_eq!(unconfirmed_rows(&server), "1");
}
