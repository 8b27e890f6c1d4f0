//! `walscope doctor`: what it says of healthy servers and of sick ones.

use std::process::Output;

use walscope_tests::{Major, Server, ServerOptions, program};

const HEALTHY: &[(&str, &str)] = &[("max_slot_wal_keep_size", "10GB"), ("wal_level", "logical")];

fn server(major: Major) -> Server {
    let settings = HEALTHY.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Server::start(ServerOptions { major, settings: settings.collect(), ..Default::default() })
}

fn doctor(url: &str) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = program::run(["doctor", url]);
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).expect("UTF-8"));
    (status.code(), stdout, stderr)
}

/// The lines that are not ok.
fn complaints(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("ok ") && !line.starts_with(' ')).collect()
}

#[test]
fn a_healthy_server_has_nothing_wrong() {
    for major in [Major::V14, Major::V18] {
        let server = server(major);
        server.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t");
        server.sql("SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
        let (code, text, errors) = doctor(&server.url());
        assert_eq!((code, complaints(&text), errors.as_str()), (Some(0), vec![], ""), "{text}");
        assert!(text.contains("slot s is not read now, and keeps "), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    for major in [Major::V14, Major::V18] {
        let server = server(major);
        server.sql(
            r#"CREATE TABLE "no key" (id int); CREATE TABLE u (id int UNIQUE NOT NULL);
               CREATE TABLE whole (id int); ALTER TABLE whole REPLICA IDENTITY FULL;
               CREATE PUBLICATION p FOR TABLE "no key", u, whole; CREATE PUBLICATION nothing;
               CREATE PUBLICATION inserts FOR TABLE "no key" WITH (publish = 'insert')"#,
        );
        server.sql("SELECT pg_create_physical_replication_slot('gone', true)");
        server.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
        server.sql("SELECT pg_reload_conf()");
        for _ in 0..3 {
            server.sql("SELECT pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()");
            server.sql("CHECKPOINT");
        }
        let (code, text, errors) = doctor(&server.url());
        assert_eq!((code, errors.as_str()), (Some(1), "walscope: 3 errors were found\n"), "{text}");
        let complaints = complaints(&text);
        let [lost, rest @ ..] = complaints.as_slice() else { panic!("{text}") };
        assert!(lost.starts_with("error    slot gone can be used no more: "), "{lost}");
        assert_eq!(
            rest,
            [
                r#"error    UPDATE and DELETE on "public"."no key" fail: it is published without a replica identity"#,
                r#"error    UPDATE and DELETE on "public"."u" fail: it is published without a replica identity"#,
                "warning  publication nothing publishes no table",
            ]
        );
        // What the server itself says of these tables.
        assert!(server.try_sql(r#"DELETE FROM "no key""#).is_err());
        assert!(server.try_sql("DELETE FROM u").is_err());
        assert!(server.try_sql("DELETE FROM whole").is_ok());
    }
}

#[test]
fn a_role_that_may_not_replicate_is_named() {
    let server = server(Major::V18);
    server.sql("CREATE ROLE weak LOGIN PASSWORD 'secret'");
    let (code, text, _) = doctor(&server.url().replace("postgres:secret@", "weak:secret@"));
    assert_eq!(code, Some(1));
    assert_eq!(complaints(&text), ["error    the role weak may not replicate"]);
}
