//! What is said of slots: every column of the server's view, how far behind, and why lost.

use std::collections::BTreeSet;

use walscope::{ConnectionKind, LogicalSlot, PhysicalSlot, SlotInfo};
use walscope_core::Lsn;
use walscope_tests::{Major, Server, program};

use crate::{connect, replicate, run, start, start_with};

/// The columns of `pg_replication_slots` as its text, from what was read.
fn columns(slot: &SlotInfo) -> Vec<(&'static str, Option<String>)> {
    let flag = |flag: bool| Some(String::from(if flag { "t" } else { "f" }));
    let lsn = |lsn: Option<Lsn>| lsn.map(|lsn| lsn.to_string());
    vec![
        ("slot_name", Some(slot.name.clone())),
        ("plugin", slot.plugin.clone()),
        ("slot_type", Some(slot.slot_type.clone())),
        ("database", slot.database.clone()),
        ("temporary", flag(slot.temporary)),
        ("active", flag(slot.active)),
        ("active_pid", slot.active_pid.map(|pid| pid.to_string())),
        ("xmin", slot.xmin.map(|xid| xid.to_string())),
        ("catalog_xmin", slot.catalog_xmin.map(|xid| xid.to_string())),
        ("restart_lsn", lsn(slot.restart_lsn)),
        ("confirmed_flush_lsn", lsn(slot.confirmed_flush_lsn)),
        ("wal_status", slot.wal_status.clone()),
        ("safe_wal_size", slot.safe_wal_size.map(|size| size.to_string())),
        ("two_phase", flag(slot.two_phase)),
        ("two_phase_at", lsn(slot.two_phase_at)),
        ("inactive_since", slot.inactive_since.map(|time| time.to_string())),
        // NULL for physical slots.
        ("conflicting", (slot.slot_type == "logical").then(|| flag(slot.conflicting)).flatten()),
        ("invalidation_reason", slot.invalidation_reason.clone()),
        ("failover", flag(slot.failover)),
        ("synced", flag(slot.synced)),
    ]
}

/// The view, its times in our form.
async fn view(client: &mut walscope::Client) -> walscope::QueryResult {
    let sql = "SELECT * FROM pg_replication_slots ORDER BY slot_name";
    let mut result = client.simple_query(sql).await.unwrap().remove(0);
    if let Some(column) = result.columns.iter().position(|name| name == "inactive_since") {
        let sql = "SELECT to_char(inactive_since, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') \
                   FROM pg_replication_slots ORDER BY slot_name";
        let times = client.simple_query(sql).await.unwrap().remove(0);
        for (row, time) in result.rows.iter_mut().zip(times.rows) {
            row[column] = time[0].clone();
        }
    }
    result
}

/// A slot of each kind, and settings under which no column is NULL for all.
#[test]
fn every_column_of_the_view_is_read() {
    for major in Major::ALL {
        let server = start_with(major, &[("max_slot_wal_keep_size", "64MB")]);
        run(async {
            let mut client = replicate(&server).await;
            for (name, temporary) in [("logical", false), ("fleeting", true)] {
                let slot = LogicalSlot {
                    temporary,
                    two_phase: true,
                    failover: !temporary && major >= Major::V17,
                    ..LogicalSlot::new(name, "test_decoding")
                };
                client.create_logical_slot(&slot).await.unwrap();
            }
            let physical = PhysicalSlot { reserve_wal: true, ..PhysicalSlot::new("physical") };
            client.create_physical_slot(&physical).await.unwrap();

            let view = view(&mut client).await;
            let slots = client.slots().await.unwrap();
            assert_eq!(slots.len(), 3);
            let mut compared = BTreeSet::from(["datoid"]);
            for (row, slot) in slots.iter().enumerate() {
                for (column, value) in columns(slot) {
                    if view.columns.iter().any(|name| name == column) {
                        assert_eq!(view.get(row, column), value.as_deref(), "{column} on {major}");
                        compared.insert(column);
                    }
                }
                assert_eq!(client.slot_info(&slot.name).await.unwrap().as_ref(), Some(slot));
            }
            let all: BTreeSet<_> = view.columns.iter().map(String::as_str).collect();
            assert_eq!(compared, all, "{major}");
        });
    }
}

/// The server's own arithmetic, before and after.
#[test]
fn lag_and_retained_log_are_counted_in_bytes() {
    for major in Major::ALL {
        let server = start(major);
        run(async {
            let mut client = replicate(&server).await;
            client.create_logical_slot(&LogicalSlot::new("s", "pgoutput")).await.unwrap();
            let behind = |column| {
                let sql = format!(
                    "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), {column})::bigint \
                     FROM pg_replication_slots WHERE slot_name = 's'"
                );
                server.value(&sql).parse::<u64>().unwrap()
            };
            server.sql("CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 1000)");
            let (lag, retained) = (behind("confirmed_flush_lsn"), behind("restart_lsn"));
            assert!(lag > 1_000_000 && retained > lag, "{major}: {lag} {retained}");
            let slot = client.slot_info("s").await.unwrap().unwrap();
            let (found, kept) = (slot.lag_bytes.unwrap(), slot.retained_bytes.unwrap());
            assert!(lag <= found && found <= behind("confirmed_flush_lsn"), "{major}: {found}");
            assert!(retained <= kept && kept <= behind("restart_lsn"), "{major}: {kept}");
        });
    }
}

/// Makes the server remove the log that its slots need.
fn lose(server: &Server) {
    for _ in 0..4 {
        server.sql("CREATE TABLE filler (id int); DROP TABLE filler; SELECT pg_switch_wal()");
    }
    server.sql("CHECKPOINT");
}

#[test]
fn a_slot_whose_log_was_removed_is_lost_and_says_why() {
    for major in Major::ALL {
        let server = start_with(major, &[("max_slot_wal_keep_size", "1MB")]);
        run(async {
            let mut client = replicate(&server).await;
            client.create_logical_slot(&LogicalSlot::new("logical", "pgoutput")).await.unwrap();
            let physical = PhysicalSlot { reserve_wal: true, ..PhysicalSlot::new("physical") };
            client.create_physical_slot(&physical).await.unwrap();
            for slot in client.slots().await.unwrap() {
                assert_eq!(slot.why_lost(), None);
                assert!(slot.safe_wal_size.is_some_and(|size| size > 0), "{major}");
            }
            lose(&server);
            let reason = if major < Major::V17 { "max_slot_wal_keep_size" } else { "wal_removed" };
            let slots = client.slots().await.unwrap();
            assert_eq!(slots.len(), 2);
            for slot in &slots {
                assert_eq!(slot.wal_status.as_deref(), Some("lost"), "{major}");
                assert!(slot.why_lost().is_some_and(|why| why.contains(reason)), "{slot:?}");
                assert_eq!(slot.safe_wal_size, None);
            }
            let listed = program::run(["slot", "list", &server.conninfo()]);
            let text = String::from_utf8(listed.stdout).unwrap();
            let lost = text.lines().filter(|line| line.contains("lost") && line.contains(reason));
            assert_eq!(lost.count(), 2, "{major}: {text}");
        });
    }
}

#[test]
fn any_connection_can_list_slots() {
    let server = start(Major::default());
    run(async {
        replicate(&server)
            .await
            .create_logical_slot(&LogicalSlot::new("s", "pgoutput"))
            .await
            .unwrap();
        let mut client = connect(&server, ConnectionKind::Sql).await;
        assert_eq!(client.slots().await.unwrap().len(), 1);
        assert_eq!(client.slot_info("s").await.unwrap().unwrap().name, "s");
        assert_eq!(client.slot_info("S").await.unwrap(), None);
    });
}
