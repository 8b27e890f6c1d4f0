//! What `walscope stream` prints.

use walscope_tests::program::{self, Program};
use walscope_tests::{Major, Server, ServerOptions};

use super::{is_commit, member, stream};

#[test]
fn lines_of_inserts_updates_and_deletes_on_every_major() {
    for major in Major::ALL {
        let server = Server::start(ServerOptions { major, ..Default::default() });
        server.sql(
            "CREATE TABLE t (id int PRIMARY KEY, name text, doc jsonb, ratio float8);
             CREATE PUBLICATION p FOR TABLE t",
        );
        let mut walscope =
            Program::start(stream(&server, "s", "p", &["--create-slot", "--temporary"]));
        assert!(walscope.error_line().contains("created temporary slot \"s\""));
        server.sql(
            "BEGIN;
             INSERT INTO t VALUES (1, 'é\"', '{\"b\": [1, 2.50]}', 1e20), (2, NULL, NULL, 'NaN');
             UPDATE t SET name = 'x' WHERE id = 1;
             UPDATE t SET id = 3 WHERE id = 2;
             DELETE FROM t WHERE id = 1;
             COMMIT",
        );
        let lines = walscope.lines_until(is_commit);
        let commit = lines.last().expect("a commit");
        let place = format!(
            r#""xid":{},"commitLsn":"{}""#,
            member(commit, "xid"),
            member(commit, "commitLsn")
        );
        let table = r#""schema":"public","table":"t""#;
        let expected = [
            format!(
                r#"{place},"seq":0,{table},"new":{{"id":1,"name":"é\"","doc":{{"b":[1,2.50]}},"ratio":1e+20}}}}"#
            ),
            format!(
                r#"{place},"seq":1,{table},"new":{{"id":2,"name":null,"doc":null,"ratio":"NaN"}}}}"#
            ),
            format!(
                r#"{place},"seq":2,{table},"key":{{"id":1}},"new":{{"id":1,"name":"x","doc":{{"b":[1,2.50]}},"ratio":1e+20}}}}"#
            ),
            format!(
                r#"{place},"seq":3,{table},"key":{{"id":2}},"new":{{"id":3,"name":null,"doc":null,"ratio":"NaN"}}}}"#
            ),
            format!(r#"{place},"seq":4,{table},"key":{{"id":1}}}}"#),
        ];
        let rows: Vec<_> = lines.iter().filter(|line| line.contains("\"seq\"")).collect();
        assert_eq!(rows.len(), expected.len(), "{lines:?}");
        for (row, expected) in rows.iter().zip(&expected) {
            assert!(
                row.ends_with(expected.as_str()),
                "PostgreSQL {major}: {row}\nis not …{expected}"
            );
        }
        // What is left of the slot is gone with the connection.
        walscope.signal(rustix::process::Signal::TERM);
        assert!(walscope.wait().0.success());
        assert_eq!(server.value("SELECT count(*)::text FROM pg_replication_slots"), "0");
    }
}

#[test]
fn the_stream_ends_where_it_was_told_to() {
    let server = Server::any();
    server.sql("CREATE TABLE until_t (id int); CREATE PUBLICATION until_p FOR TABLE until_t");
    let create = stream(&server, "until_s", "until_p", &["--create-slot", "--until", "now"]);
    assert!(program::run(&create).status.success(), "an empty stream ends at once");
    server.sql("INSERT INTO until_t VALUES (1)");
    server.sql("INSERT INTO until_t VALUES (2)");
    let output = program::run(stream(&server, "until_s", "until_p", &["--until", "now"]));
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(text.lines().filter(|line| is_commit(line)).count(), 2, "{text}");
    let again = program::run(stream(&server, "until_s", "until_p", &["--until", "now"]));
    assert_eq!(String::from_utf8_lossy(&again.stdout), "", "all of it was confirmed");
    // The server notices a closed connection a little later.
    server.wait_for("SELECT active FROM pg_replication_slots WHERE slot_name = 'until_s'", "f");
    server.sql("SELECT pg_drop_replication_slot('until_s')");
}

#[test]
fn several_publications_with_odd_names() {
    let server = Server::any();
    server.sql(
        r#"CREATE SCHEMA odd;
           CREATE TABLE odd.a (id int); CREATE TABLE odd.b (id int); CREATE TABLE odd.c (id int);
           CREATE PUBLICATION "it's, odd" FOR TABLE odd.a;
           CREATE PUBLICATION "say ""hi""" FOR TABLE odd.b;
           CREATE PUBLICATION "Über" FOR TABLE odd.c"#,
    );
    let more =
        ["--publication", "say \"hi\"", "--publication", "Über", "--create-slot", "--temporary"];
    let mut walscope = Program::start(stream(&server, "odd_s", "it's, odd", &more));
    walscope.error_line();
    server.sql("BEGIN; INSERT INTO odd.a VALUES (1); INSERT INTO odd.b VALUES (2); INSERT INTO odd.c VALUES (3); COMMIT");
    let lines = walscope.lines_until(is_commit);
    let tables: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("\"seq\""))
        .map(|line| member(line, "table"))
        .collect();
    assert_eq!(tables, ["a", "b", "c"]);
}
