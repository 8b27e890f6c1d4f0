//! Slots, publications and what the server says of itself, on every major version.

use std::time::Duration;

use walscope::{LogicalSlot, publication_list, quote_literal, start_replication_sql};
use walscope_core::Lsn;
use walscope_tests::{Major, Tls};

use crate::{code, code_and_hint, connect, replicate, run, start, value};

/// Names that mean something to one of the three grammars that they pass.
const ODD_NAMES: [&str; 10] = [
    "plain",
    "UpperCase",
    "with space",
    "comma,comma",
    "it's",
    "\"quoted\"",
    "back\\slash",
    "ünï数据",
    "'; DROP TABLE t; --",
    "(\"a\", 'b')",
];

#[test]
fn the_system_identifies_itself() {
    for major in Major::ALL {
        let server = start(major, Tls::Off);
        run(async {
            let mut client = replicate(&server, &[]).await.unwrap();
            let system = client.identify_system().await.unwrap();
            let id = value(&mut client, "SELECT system_identifier FROM pg_control_system()").await;
            assert_eq!(system.system_id.to_string(), id);
            assert_eq!(system.timeline.0, 1);
            assert_eq!(system.dbname.as_deref(), Some("postgres"));
            let now = value(&mut client, "SELECT pg_current_wal_flush_lsn()").await;
            assert!(system.flushed > Lsn(0) && system.flushed <= now.parse().unwrap());
        });
    }
}

#[test]
fn a_slot_is_made_seen_used_and_dropped() {
    for major in Major::ALL {
        let server = start(major, Tls::Off);
        run(async {
            let mut client = replicate(&server, &[]).await.unwrap();
            assert_eq!(client.slot_info("s1").await.unwrap(), None);
            let slot =
                client.create_logical_slot(&LogicalSlot::new("s1", "pgoutput")).await.unwrap();
            assert_eq!((slot.name.as_str(), slot.plugin.as_str()), ("s1", "pgoutput"));
            let info = client.slot_info("s1").await.unwrap().unwrap();
            assert_eq!(info.confirmed_flush_lsn, Some(slot.consistent_point), "{major}");
            assert_eq!(info.plugin.as_deref(), Some("pgoutput"));
            assert_eq!(
                (info.slot_type.as_str(), info.database.as_deref()),
                ("logical", Some("postgres"))
            );
            assert_eq!((info.temporary, info.active, info.active_pid), (false, false, None));
            assert_eq!(info.wal_status.as_deref(), Some("reserved"));
            assert!(!info.two_phase && !info.conflicting && !info.failover && !info.synced);
            assert_eq!(info.invalidation_reason, None);
            let again = client.create_logical_slot(&LogicalSlot::new("s1", "pgoutput")).await;
            assert_eq!(code(again), "42710");

            // A stream begins, so the slot has a holder. A query cannot go on as a stream.
            let options = [("proto_version", "1"), ("publication_names", "\"p\"")];
            let begin = start_replication_sql("s1", Lsn(0), &options);
            let mut holder = replicate(&server, &[]).await.unwrap();
            assert_eq!(code(holder.simple_query(&begin).await), "WALSCOPE_UNSUPPORTED");
            let (found, hint) = code_and_hint(client.simple_query(&begin).await);
            assert_eq!(found, "55006", "{major}");
            let holder_ends = format!("pg_terminate_backend({})", holder.process_id());
            assert!(hint.contains(&holder_ends), "{hint}");
            let info = client.slot_info("s1").await.unwrap().unwrap();
            assert_eq!((info.active, info.active_pid), (true, Some(holder.process_id())));
            assert_eq!(code(client.drop_slot("s1", false).await), "55006");

            drop(holder);
            client.drop_slot("s1", true).await.unwrap();
            assert_eq!(client.slot_info("s1").await.unwrap(), None);
            let (found, hint) = code_and_hint(client.drop_slot("s1", false).await);
            assert_eq!(found, "42704");
            assert!(hint.contains("pg_replication_slots"), "{hint}");
        });
    }
}

#[test]
fn a_temporary_slot_goes_with_its_connection() {
    for major in Major::ALL {
        let server = start(major, Tls::Off);
        run(async {
            let mut client = replicate(&server, &[]).await.unwrap();
            let slot =
                LogicalSlot { temporary: true, ..LogicalSlot::new("fleeting", "test_decoding") };
            client.create_logical_slot(&slot).await.unwrap();
            let info = client.slot_info("fleeting").await.unwrap().unwrap();
            assert!(info.temporary && info.active);
            assert_eq!(info.plugin.as_deref(), Some("test_decoding"));
            client.close().await;
            let mut other = connect(&server, &[]).await.unwrap();
            // The server's process may need a moment to end.
            while other.slot_info("fleeting").await.unwrap().is_some() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
}

#[test]
fn wrong_slots_are_refused() {
    let server = start(Major::default(), Tls::Off);
    run(async {
        let mut client = replicate(&server, &[]).await.unwrap();
        for name in ["", "Upper", "with space", "a\"b", "ü", "it's"] {
            let made = client.create_logical_slot(&LogicalSlot::new(name, "pgoutput")).await;
            assert!(["42602", "42601"].contains(&code(made).as_str()), "{name}");
        }
        for (plugin, expected) in [("no such, 'plugin'", "58P01"), ("a\" LOGICAL \"b", "42601")] {
            assert_eq!(
                code(client.create_logical_slot(&LogicalSlot::new("s", plugin)).await),
                expected
            );
        }
        for name in ["it's", "back\\slash", "\"", "x".repeat(64).as_str()] {
            assert_eq!(client.slot_info(name).await.unwrap(), None, "{name}");
        }
        assert_eq!(value(&mut client, "SELECT count(*) FROM pg_replication_slots").await, "0");
    });
}

/// Each publication publishes a table of its own, so that each name that arrives shows.
#[test]
fn oddly_named_publications_are_found_and_streamed() {
    for major in Major::ALL {
        let server = start(major, Tls::Off);
        run(async {
            let mut client = replicate(&server, &[]).await.unwrap();
            let missing = client.publications_missing(&ODD_NAMES).await.unwrap();
            assert_eq!(missing, ODD_NAMES);
            for (number, name) in ODD_NAMES.iter().enumerate() {
                let sql = format!(
                    "CREATE TABLE public.t{number} (id int); CREATE PUBLICATION {} FOR TABLE \
                     public.t{number}",
                    walscope::quote_ident(name)
                );
                client.simple_query(&sql).await.unwrap();
            }
            assert!(client.publications_missing(&ODD_NAMES).await.unwrap().is_empty());
            let none: [&str; 0] = [];
            assert!(client.publications_missing(&none).await.unwrap().is_empty());
            let cut = "x".repeat(70);
            let sql = format!("CREATE PUBLICATION {}", &cut[..63]);
            client.simple_query(&sql).await.unwrap();
            let names = [cut.as_str(), "PLAIN", "no"];
            assert_eq!(client.publications_missing(&names).await.unwrap(), names);

            client.create_logical_slot(&LogicalSlot::new("s", "pgoutput")).await.unwrap();
            for number in 0..ODD_NAMES.len() {
                let sql = format!("INSERT INTO public.t{number} VALUES ({number})");
                client.simple_query(&sql).await.unwrap();
            }
            // What the list means to pgoutput, without taking anything from the slot.
            for conforming in ["on", "off"] {
                let sql = format!("SET standard_conforming_strings = {conforming}");
                client.simple_query(&sql).await.unwrap();
                for names in [&ODD_NAMES[..], &ODD_NAMES[..1], &ODD_NAMES[7..9]] {
                    let sql = format!(
                        "SELECT count(*) FROM pg_logical_slot_peek_binary_changes('s', NULL, \
                         NULL, 'proto_version', '1', 'publication_names', {}) \
                         WHERE get_byte(data, 0) = ascii('I')",
                        quote_literal(&publication_list(names))
                    );
                    let inserts = value(&mut client, &sql).await;
                    assert_eq!(inserts, names.len().to_string(), "{major} {names:?}");
                }
            }
            // The whole list passes the replication grammar, and pgoutput takes it.
            let names = publication_list(&ODD_NAMES);
            let options = [("proto_version", "1"), ("publication_names", names.as_str())];
            let begun = client.simple_query(&start_replication_sql("s", Lsn(0), &options)).await;
            assert_eq!(code(begun), "WALSCOPE_UNSUPPORTED", "{major}");
        });
    }
}

#[test]
fn the_timeout_of_the_wal_sender_is_the_sessions() {
    let server = start(Major::default(), Tls::Off);
    run(async {
        for (options, expected) in [
            ("", Some(Duration::from_secs(60))),
            ("-c wal_sender_timeout=1500ms", Some(Duration::from_millis(1500))),
            ("-c wal_sender_timeout=0", None),
        ] {
            let mut client = replicate(&server, &[("options", options)]).await.unwrap();
            assert_eq!(client.wal_sender_timeout().await.unwrap(), expected, "{options}");
        }
    });
}
