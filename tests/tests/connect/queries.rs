//! Simple queries: results, errors, notices, limits, and futures dropped half-way.

use std::time::Duration;

use tokio::time::timeout;
use walscope::LogicalSlot;
use walscope_tests::{Major, Tls};

use crate::{code, connect, replicate, run, start, value};

#[test]
fn results_have_columns_rows_and_tags() {
    let server = start(Major::default(), Tls::Off);
    run(async {
        let mut client = connect(&server, &[]).await.unwrap();
        let sql = "SELECT 1 AS one, NULL AS nothing, '' AS empty; CREATE TABLE public.t (); ; \
                   SELECT 'ü' AS \"Ü\" FROM generate_series(1, 2)";
        let results = client.simple_query(sql).await.unwrap();
        let tags: Vec<_> = results.iter().map(|result| result.tag.as_str()).collect();
        assert_eq!(tags, ["SELECT 1", "CREATE TABLE", "SELECT 2"]);
        assert_eq!(results[0].columns, ["one", "nothing", "empty"]);
        assert_eq!(results[0].rows, [[Some("1".into()), None, Some(String::new())]]);
        assert_eq!(results[2].get(1, "Ü"), Some("ü"));
        assert_eq!(results[2].get(2, "Ü"), None);
        assert!(client.simple_query("").await.unwrap().is_empty());
    });
}

#[test]
fn an_error_does_not_end_the_connection_and_has_its_fields() {
    let server = start(Major::default(), Tls::Off);
    run(async {
        let mut client = connect(&server, &[]).await.unwrap();
        let sql = "CREATE TABLE public.t (c int CONSTRAINT positive CHECK (c > 0));\
                   INSERT INTO public.t VALUES (0)";
        let error = client.simple_query(sql).await.unwrap_err();
        let walscope::Error::Server(fields) = error else { panic!("{error}") };
        assert_eq!((fields.code.as_str(), fields.severity.as_str()), ("23514", "ERROR"));
        assert_eq!(fields.schema.as_deref(), Some("public"));
        assert_eq!(fields.table.as_deref(), Some("t"));
        assert_eq!(fields.constraint.as_deref(), Some("positive"));
        assert!(fields.detail.is_some() && fields.routine.is_some() && fields.line.is_some());
        let error = client.simple_query("SELEC").await.unwrap_err();
        let walscope::Error::Server(fields) = error else { panic!("{error}") };
        assert_eq!(fields.position, Some(1));
        assert_eq!(value(&mut client, "SELECT 1").await, "1");
        assert_eq!(code(client.simple_query("SELECT '\0'").await), "WALSCOPE_CONFIG");
        assert_eq!(value(&mut client, "SELECT 2").await, "2");
    });
}

#[test]
fn notices_are_kept() {
    let server = start(Major::default(), Tls::Off);
    run(async {
        let mut client = connect(&server, &[]).await.unwrap();
        client.simple_query("DO $$ BEGIN RAISE WARNING 'careful'; END $$").await.unwrap();
        let notices = client.take_notices();
        assert_eq!(notices.len(), 1);
        assert_eq!(notices[0].to_string(), "WARNING: careful (01000)");
        assert!(client.take_notices().is_empty());
    });
}

#[test]
fn a_dropped_query_leaves_the_connection_usable() {
    let server = start(Major::default(), Tls::On);
    run(async {
        for sslmode in ["disable", "require"] {
            let mut client = connect(&server, &[("sslmode", sslmode)]).await.unwrap();
            for _ in 0..3 {
                let slow = client.simple_query("SELECT pg_sleep(0.3); SELECT 'late'");
                assert!(timeout(Duration::from_millis(30), slow).await.is_err());
            }
            assert_eq!(value(&mut client, "SELECT 'now'").await, "now");
            // So much that a part of the query has not been sent when its future is dropped.
            let long = format!("SELECT length('{}')", "x".repeat(32 << 20));
            assert!(timeout(Duration::ZERO, client.simple_query(&long)).await.is_err());
            assert_eq!(value(&mut client, "SELECT 'now'").await, "now");
        }
    });
}

#[test]
fn results_are_bounded() {
    let server = start(Major::default(), Tls::Off);
    run(async {
        for sql in [
            // Many rows, and one row, each of more than 64 MiB.
            "SELECT repeat('x', 1 << 20) FROM generate_series(1, 65)",
            "SELECT repeat('x', 65 << 20)",
            "SELECT FROM generate_series(1, 1 << 22)",
        ] {
            let mut client = connect(&server, &[]).await.unwrap();
            let error = client.simple_query(sql).await.unwrap_err();
            assert!(error.to_string().contains("67108864"), "{error}");
            assert_eq!(code(client.simple_query("SELECT 1").await), "WALSCOPE_CLOSED");
        }
    });
}

#[test]
fn copy_is_refused() {
    let server = start(Major::default(), Tls::Off);
    server.sql("CREATE TABLE public.t (c int)");
    run(async {
        for sql in ["COPY public.t TO STDOUT", "COPY public.t FROM STDIN"] {
            let mut client = connect(&server, &[]).await.unwrap();
            assert_eq!(code(client.simple_query(sql).await), "WALSCOPE_UNSUPPORTED");
            assert_eq!(code(client.simple_query("SELECT 1").await), "WALSCOPE_CLOSED");
        }
    });
}

/// The session's text is the same whatever role, database and user ask for.
#[test]
fn the_text_of_values_is_pinned_on_every_major() {
    for major in Major::ALL {
        let server = start(major, Tls::Off);
        for target in ["ROLE trust_user", "DATABASE postgres"] {
            server.sql(&format!(
                "ALTER {target} SET DateStyle = 'German'; ALTER {target} SET TimeZone = 'Asia/Tokyo';\
                 ALTER {target} SET IntervalStyle = 'iso_8601'; \
                 ALTER {target} SET extra_float_digits = 0; \
                 ALTER {target} SET bytea_output = 'escape'; \
                 ALTER {target} SET search_path = 'public'; \
                 ALTER {target} SET client_encoding = 'LATIN1'"
            ));
        }
        let options = "-c TimeZone=Asia/Tokyo -c work_mem=77kB --statement_timeout=5h \
                       -c application_name=a\\ b -c search_path=public -c client_encoding=LATIN1";
        let changes = [("user", "trust_user"), ("options", options)];
        run(async {
            for mut client in [
                connect(&server, &changes).await.unwrap(),
                replicate(&server, &changes).await.unwrap(),
            ] {
                for (name, expected) in [
                    ("DateStyle", "ISO, MDY"),
                    ("IntervalStyle", "postgres"),
                    ("TimeZone", "UTC"),
                    ("extra_float_digits", "3"),
                    ("bytea_output", "hex"),
                    ("lc_monetary", "C"),
                    ("search_path", ""),
                    ("client_encoding", "UTF8"),
                    ("application_name", "walscope"),
                    ("work_mem", "77kB"),
                    ("statement_timeout", "5h"),
                ] {
                    let shown = value(&mut client, &format!("SHOW {name}")).await;
                    assert_eq!(shown, expected, "{name} on {major}");
                }
                assert_eq!(client.parameter("TimeZone"), Some("UTC"));
            }
        });
    }
}

/// Only a database without an encoding can send it. The server would refuse to send it to a client
/// whose encoding is UTF8, in a query as in a stream.
#[test]
fn bytes_of_a_database_without_encoding_stay_reachable() {
    for major in Major::ALL {
        let server = start(major, Tls::Off);
        server.sql("CREATE DATABASE raw TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
        run(async {
            let mut client = replicate(&server, &[("dbname", "raw")]).await.unwrap();
            assert_eq!(client.parameter("client_encoding"), Some("SQL_ASCII"));
            let sql = "CREATE TABLE public.t (c text); CREATE PUBLICATION p FOR ALL TABLES";
            client.simple_query(sql).await.unwrap();
            client.create_logical_slot(&LogicalSlot::new("s", "pgoutput")).await.unwrap();
            client.simple_query("INSERT INTO public.t VALUES (E'\\xff')").await.unwrap();
            let sql = "SELECT encode(data, 'escape') FROM pg_logical_slot_peek_binary_changes('s', \
                       NULL, NULL, 'proto_version', '1', 'publication_names', 'p') \
                       WHERE get_byte(data, 0) = ascii('I')";
            let row = value(&mut client, sql).await;
            assert!(row.ends_with("\\377"), "{major}: {row}");
            // A query's results are text.
            let result = client.simple_query("SELECT c FROM public.t").await;
            assert_eq!(code(result), "WALSCOPE_PROTOCOL", "{major}");
        });
    }
}
