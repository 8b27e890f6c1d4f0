//! Slots of both kinds with every option.

use walscope::{ConnectionKind, LogicalSlot, PhysicalSlot, SlotChanges};
use walscope_core::Lsn;
use walscope_tests::Major;

use crate::{code, connect, refused, replicate, run, start};

#[test]
fn logical_slots_have_the_options_that_the_server_has() {
    for major in Major::ALL {
        let server = start(major);
        run(async {
            let mut client = replicate(&server).await;
            let plain = LogicalSlot::new("plain", "test_decoding");
            let created = client.create_logical_slot(&plain).await.unwrap();
            assert_eq!(created.plugin, "test_decoding");
            let info = client.slot_info("plain").await.unwrap().unwrap();
            assert_eq!(info.confirmed_flush_lsn, Some(created.consistent_point));
            assert!(!info.two_phase && !info.failover && !info.temporary, "{major}");
            assert_eq!(code(client.create_logical_slot(&plain).await), "42710");

            // PostgreSQL 14 does it by its function.
            for (name, temporary) in [("two_phase", false), ("fleeting", true)] {
                let slot = LogicalSlot {
                    two_phase: true,
                    temporary,
                    ..LogicalSlot::new(name, "test_decoding")
                };
                let created = client.create_logical_slot(&slot).await.unwrap();
                let info = client.slot_info(name).await.unwrap().unwrap();
                assert!(info.two_phase, "{major}");
                assert_eq!((created.name.as_str(), info.temporary), (name, temporary));
                assert_eq!(info.confirmed_flush_lsn, Some(created.consistent_point));
                let at = (major >= Major::V18).then_some(created.consistent_point);
                assert_eq!(info.two_phase_at, at, "{major}");
            }

            let failover = LogicalSlot {
                failover: true,
                two_phase: true,
                ..LogicalSlot::new("failover", "pgoutput")
            };
            let made = client.create_logical_slot(&failover).await;
            if major < Major::V17 {
                refused(made, &server, major, "failover", "\"failover\"");
            } else {
                made.unwrap();
                let info = client.slot_info("failover").await.unwrap().unwrap();
                assert!(info.failover && info.two_phase && !info.synced);
            }
        });
    }
}

#[test]
fn physical_slots_reserve_the_log_when_asked() {
    for major in Major::ALL {
        let server = start(major);
        run(async {
            let mut client = replicate(&server).await;
            client.create_physical_slot(&PhysicalSlot::new("empty")).await.unwrap();
            let reserving = PhysicalSlot { reserve_wal: true, ..PhysicalSlot::new("full") };
            client.create_physical_slot(&reserving).await.unwrap();
            let fleeting = PhysicalSlot { temporary: true, ..PhysicalSlot::new("fleeting") };
            client.create_physical_slot(&fleeting).await.unwrap();

            let slots = client.slots().await.unwrap();
            let names: Vec<_> = slots.iter().map(|slot| slot.name.as_str()).collect();
            assert_eq!(names, ["empty", "fleeting", "full"], "{major}");
            let [empty, fleeting, full] = slots.as_slice() else { panic!("three slots") };
            assert!(slots.iter().all(|slot| slot.slot_type == "physical" && slot.plugin.is_none()));
            assert_eq!(
                (empty.restart_lsn, empty.lag_bytes, empty.retained_bytes),
                (None, None, None)
            );
            assert_eq!((fleeting.temporary, fleeting.active), (true, true));
            assert_eq!(fleeting.active_pid, Some(client.process_id()));
            assert!(full.restart_lsn > Some(Lsn(0)) && !full.temporary, "{major}");
            assert_eq!(full.wal_status.as_deref(), Some("reserved"));

            // An error ends the temporary slots of its connection.
            assert_eq!(code(client.create_physical_slot(&reserving).await), "42710");
            assert_eq!(client.slot_info("fleeting").await.unwrap(), None);
        });
    }
}

#[test]
fn connections_for_sql_are_told_before_they_meet_a_syntax_error() {
    let server = start(Major::default());
    run(async {
        let mut client = connect(&server, ConnectionKind::Sql).await;
        let logical = LogicalSlot::new("s", "pgoutput");
        let physical = PhysicalSlot::new("s");
        assert_eq!(code(client.create_logical_slot(&logical).await), "WALSCOPE_CONFIG");
        assert_eq!(code(client.create_slot_exporting_snapshot(&logical).await), "WALSCOPE_CONFIG");
        assert_eq!(code(client.create_slot_using_snapshot(&logical).await), "WALSCOPE_CONFIG");
        assert_eq!(code(client.create_physical_slot(&physical).await), "WALSCOPE_CONFIG");
        let changes = SlotChanges { failover: Some(true), ..SlotChanges::default() };
        assert_eq!(code(client.alter_slot("s", &changes).await), "WALSCOPE_CONFIG");
        assert_eq!(code(client.read_slot("s").await), "WALSCOPE_CONFIG");
        assert_eq!(code(client.drop_slot("s", true).await), "WALSCOPE_CONFIG");
        assert!(client.slots().await.unwrap().is_empty());
        assert!(!server.log().contains("REPLICATION_SLOT"));
    });
}
