//! The classic mistakes: each has its code, and a hint that says what to do.

use std::net::TcpListener;

use walscope::{Client, Config, ConnectionKind, Error, ErrorClass, LogicalSlot};
use walscope_tests::{Major, Server, ServerOptions, Tls};

use crate::{code, code_and_hint, connect, replicate, run, start};

#[test]
fn no_such_database_and_no_entry_in_pg_hba() {
    let options = ServerOptions {
        hba: vec!["host all postgres all reject".into()],
        ..ServerOptions::default()
    };
    let server = Server::start(options);
    run(async {
        let changes = [("user", "trust_user"), ("dbname", "no such database")];
        let error = connect(&server, &changes).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "FATAL: database \"no such database\" does not exist (3D000)"
        );
        assert!(error.hint().unwrap().contains("dbname"));
        let (code, hint) = code_and_hint(connect(&server, &[]).await);
        assert_eq!(code, "28000");
        assert!(hint.contains("pg_hba.conf"), "{hint}");
    });
}

#[test]
fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = Config::new().with_host("127.0.0.1").with_port(port).with_user("u");
    run(async {
        let error = Client::connect(&config, ConnectionKind::Sql).await.unwrap_err();
        assert_eq!((error.code(), error.class()), ("WALSCOPE_CONNECT", ErrorClass::Retry));
        assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
        assert!(error.hint().unwrap().contains("listen_addresses"));
    });
}

#[test]
fn a_host_that_cannot_be_resolved() {
    let config = Config::new().with_host("no-such-host.invalid").with_user("u");
    run(async {
        let error = Client::connect(&config, ConnectionKind::Sql).await.unwrap_err();
        assert!(matches!(error, Error::Connect { .. } | Error::Timeout { .. }), "{error}");
        assert!(error.to_string().contains("no-such-host.invalid"), "{error}");
    });
}

#[test]
fn a_role_without_the_right_to_replicate() {
    for major in Major::ALL {
        let server = start(major, Tls::Off);
        server.sql("CREATE ROLE plain LOGIN PASSWORD 'secret'");
        run(async {
            let (code, hint) = code_and_hint(replicate(&server, &[("user", "plain")]).await);
            assert_eq!(code, "42501", "{major}");
            assert!(hint.contains("ALTER ROLE name REPLICATION"), "{major}: {hint}");
            connect(&server, &[("user", "plain")]).await.unwrap();
        });
    }
}

fn with_settings(major: Major, settings: &[(&str, &str)]) -> Server {
    let settings = settings.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Server::start(ServerOptions { major, settings: settings.collect(), ..Default::default() })
}

#[test]
fn wal_level_is_too_low() {
    for major in Major::ALL {
        let server = with_settings(major, &[("wal_level", "replica")]);
        run(async {
            let mut client = replicate(&server, &[]).await.unwrap();
            let made = client.create_logical_slot(&LogicalSlot::new("s", "pgoutput")).await;
            let (code, hint) = code_and_hint(made);
            assert_eq!(code, "55000", "{major}");
            assert!(hint.contains("wal_level = logical"), "{major}: {hint}");
        });
    }
}

#[test]
fn too_many_slots_and_senders() {
    let settings = [("max_replication_slots", "1"), ("max_wal_senders", "1")];
    for major in Major::ALL {
        let server = with_settings(major, &settings);
        run(async {
            let mut client = replicate(&server, &[]).await.unwrap();
            client.create_logical_slot(&LogicalSlot::new("one", "pgoutput")).await.unwrap();
            let two = client.create_logical_slot(&LogicalSlot::new("two", "pgoutput")).await;
            let (found, hint) = code_and_hint(two);
            assert_eq!(found, "53400", "{major}");
            assert!(hint.contains("max_replication_slots"), "{major}: {hint}");
            let (found, hint) = code_and_hint(replicate(&server, &[]).await);
            assert_eq!(found, "53300", "{major}");
            assert!(hint.contains("max_wal_senders"), "{major}: {hint}");
        });
    }
}

#[test]
fn a_server_that_goes_away() {
    let mut server = start(Major::default(), Tls::Off);
    run(async {
        let mut client = connect(&server, &[]).await.unwrap();
        let own = format!("SELECT pg_terminate_backend({})", client.process_id());
        server.sql(&own);
        let error = client.simple_query("SELECT 1").await.unwrap_err();
        assert_eq!((error.code(), error.class()), ("57P01", ErrorClass::Retry), "{error}");
        assert_eq!(code(client.simple_query("SELECT 1").await), "WALSCOPE_CLOSED");

        let mut client = connect(&server, &[]).await.unwrap();
        server.kill();
        let error = client.simple_query("SELECT 1").await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Retry, "{error}");
    });
}
