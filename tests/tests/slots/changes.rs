//! Slots that are altered, read and dropped.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use walscope::{Client, LogicalSlot, PhysicalSlot, SlotChanges, StreamOptions};
use walscope_tests::{Major, Server};

use crate::{await_value, code, refused, replicate, run, start};

#[test]
fn slots_are_altered_where_the_server_can() {
    for major in Major::ALL {
        let server = start(major);
        run(async {
            let mut client = replicate(&server).await;
            client.create_logical_slot(&LogicalSlot::new("s", "pgoutput")).await.unwrap();
            let failover = |on| SlotChanges { failover: Some(on), ..SlotChanges::default() };
            let two_phase = |on| SlotChanges { two_phase: Some(on), ..SlotChanges::default() };
            if major < Major::V17 {
                let altered = client.alter_slot("s", &failover(true)).await;
                refused(altered, &server, major, "failover", "ALTER_REPLICATION_SLOT");
            } else {
                for on in [true, false] {
                    client.alter_slot("s", &failover(on)).await.unwrap();
                    assert_eq!(client.slot_info("s").await.unwrap().unwrap().failover, on);
                }
                assert_eq!(code(client.alter_slot("none", &failover(true)).await), "42704");
                client.create_physical_slot(&PhysicalSlot::new("p")).await.unwrap();
                assert_eq!(code(client.alter_slot("p", &failover(true)).await), "0A000");
            }
            if major < Major::V18 {
                let altered = client.alter_slot("s", &two_phase(true)).await;
                refused(altered, &server, major, "two-phase", "TWO_PHASE");
            } else {
                for on in [true, false] {
                    client.alter_slot("s", &two_phase(on)).await.unwrap();
                    assert_eq!(client.slot_info("s").await.unwrap().unwrap().two_phase, on);
                }
            }
            let nothing = client.alter_slot("s", &SlotChanges::default()).await;
            assert_eq!(code(nothing), "WALSCOPE_CONFIG");
        });
    }
}

#[test]
fn physical_slots_say_where_they_are() {
    for major in Major::ALL {
        let server = start(major);
        run(async {
            let mut client = replicate(&server).await;
            client.create_physical_slot(&PhysicalSlot::new("empty")).await.unwrap();
            let reserving = PhysicalSlot { reserve_wal: true, ..PhysicalSlot::new("full") };
            client.create_physical_slot(&reserving).await.unwrap();
            client.create_logical_slot(&LogicalSlot::new("logical", "pgoutput")).await.unwrap();
            if major < Major::V15 {
                let read = client.read_slot("full").await;
                refused(read, &server, major, "READ_REPLICATION_SLOT", "READ_REPLICATION_SLOT");
                return;
            }
            let full = client.read_slot("full").await.unwrap().unwrap();
            let info = client.slot_info("full").await.unwrap().unwrap();
            assert!(full.restart_lsn.is_some() && full.restart_lsn == info.restart_lsn);
            assert_eq!(full.restart_timeline.map(|timeline| timeline.0), Some(1));
            let empty = client.read_slot("empty").await.unwrap().unwrap();
            assert_eq!((empty.restart_lsn, empty.restart_timeline), (None, None));
            assert_eq!(client.read_slot("none").await.unwrap(), None);
            assert_eq!(code(client.read_slot("logical").await), "0A000");
        });
    }
}

/// A stream from slot `s`, which holds it.
async fn hold(server: &Server) -> walscope::Stream {
    server.sql("CREATE PUBLICATION p FOR ALL TABLES");
    let options = StreamOptions { create_slot: true, ..StreamOptions::new("s", ["p"]) };
    walscope::Stream::open(&server.conninfo().parse().unwrap(), options).await.unwrap()
}

const ACTIVE: &str = "SELECT active::text FROM pg_replication_slots WHERE slot_name = 's'";

#[test]
fn a_slot_in_use_is_dropped_when_it_is_free() {
    for major in Major::ALL {
        let server = start(major);
        run(async {
            let mut stream = hold(&server).await;
            await_value(&server, ACTIVE, "true");
            let mut client = replicate(&server).await;
            let holder = client.slot_info("s").await.unwrap().unwrap().active_pid.unwrap();
            let error = client.drop_slot("s", false).await.unwrap_err();
            assert_eq!(error.code(), "55006", "{major}");
            assert!(error.to_string().contains(&holder.to_string()), "{error}");
            assert!(error.hint().unwrap().contains(&format!("backend({holder})")), "{error:?}");

            let waiting = async {
                let dropped = client.drop_slot("s", true);
                tokio::pin!(dropped);
                // It waits for as long as it takes.
                assert!(timeout(Duration::from_millis(300), &mut dropped).await.is_err());
                stream.close().await.unwrap();
                dropped.await.unwrap();
            };
            waiting.await;
            assert_eq!(client.slot_info("s").await.unwrap(), None, "{major}");
            let missing = client.drop_slot("s", true).await.unwrap_err();
            assert_eq!(missing.code(), "42704");
            assert!(missing.to_string().contains("\"s\" does not exist"), "{missing}");
        });
    }
}

/// Red with `DROP_REPLICATION_SLOT … WAIT` in `drop_sql`: the server waits on, whatever became of
/// its client.
#[test]
fn a_drop_that_was_given_up_drops_nothing_later() {
    for major in Major::ALL {
        let server = start(major);
        run(async {
            let mut stream = hold(&server).await;
            await_value(&server, ACTIVE, "true");
            let mut client = replicate(&server).await;
            let dropped = timeout(Duration::from_millis(300), client.drop_slot("s", true)).await;
            assert!(dropped.is_err());
            drop(client);
            stream.close().await.unwrap();
            await_value(&server, ACTIVE, "false");
            // A server process that waits for the slot has it at once.
            sleep(Duration::from_millis(300)).await;
            assert_eq!(server.value(ACTIVE), "false", "{major}");
        });
    }
}

#[test]
fn a_temporary_slot_of_our_own_is_dropped_at_once() {
    for major in Major::ALL {
        let server = start(major);
        run(async {
            let mut client: Client = replicate(&server).await;
            let slot = LogicalSlot { temporary: true, ..LogicalSlot::new("s", "pgoutput") };
            client.create_logical_slot(&slot).await.unwrap();
            assert_eq!(client.slot_info("s").await.unwrap().map(|slot| slot.active), Some(true));
            client.drop_slot("s", true).await.unwrap();
            assert!(client.slots().await.unwrap().is_empty());
        });
    }
}
