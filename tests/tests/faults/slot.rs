//! Faults of slots, publications and positions.

use std::time::{Duration, Instant};

use walscope_tests::program;
use walscope_tests::sampler::Samples;

use crate::Fault;
use crate::scene::{Outcome, PATIENCE, Scene};

/// Log that a busy table writes.
const BUSY: u64 = 40 * 1024 * 1024;

pub(crate) const FAULTS: &[Fault] = &[
    Fault { name: "slot dropped", settings: &[], run: dropped },
    Fault {
        name: "slot invalidated",
        settings: &[("max_slot_wal_keep_size", "1MB"), ("max_wal_size", "32MB")],
        run: invalidated,
    },
    Fault {
        name: "slot in use at the start by a living consumer",
        settings: &[("wal_sender_timeout", "2s")],
        run: in_use_by_the_living,
    },
    Fault {
        name: "slot in use at the start by a dead one",
        settings: &[("wal_sender_timeout", "4s")],
        run: in_use_by_the_dead,
    },
    Fault {
        name: "slot in use when coming back",
        // Time to try more often than an error of which nothing is known.
        settings: &[("wal_sender_timeout", "8s")],
        run: in_use_when_coming_back,
    },
    Fault {
        name: "publication dropped while streaming",
        settings: &[("wal_sender_timeout", "2s")],
        run: publication_dropped,
    },
    Fault { name: "start ahead of the server", settings: &[], run: start_ahead },
    Fault {
        name: "published table idle beside a busy one",
        settings: &[("wal_sender_timeout", "2s")],
        run: idle_beside_busy,
    },
];

/// Red without `ok_or_else` with `slot_gone` in `start::resume`: the server says 42704.
fn dropped(scene: &mut Scene) -> Outcome {
    scene.insert(3);
    scene.read_all();
    scene.server.sql(
        "DO $$ BEGIN PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots; \
         PERFORM pg_sleep(0.05); PERFORM pg_drop_replication_slot('s'); END $$",
    );
    scene.ends()
}

/// Red without `check_position` in `start::resume`: the server says 55000.
fn invalidated(scene: &mut Scene) -> Outcome {
    scene.insert(3);
    scene.read_all();
    // What the consumer has not confirmed is more than the slot may hold.
    scene
        .server
        .sql("CREATE TABLE busy AS SELECT repeat('x', 1000) FROM generate_series(1, 20000)");
    for _ in 0..4 {
        scene.server.sql("SELECT pg_switch_wal(); INSERT INTO busy VALUES ('x')");
    }
    scene.server.sql("CHECKPOINT");
    scene.ends()
}

/// A consumer waits no longer than the server would for a dead one, and not at all where it does not
/// come back either. Red without `waited < dead_after` in `opening::open` (it waits for ever), and with
/// `Some(Reconnect::default())` for the policy there (it waits although it was told not to).
fn in_use_by_the_living(scene: &mut Scene) -> Outcome {
    scene.insert(3);
    let at_once = program::run(scene.arguments(&["--no-reconnect"]));
    assert_eq!(at_once.status.code(), Some(1), "{at_once:?}");
    let said = String::from_utf8_lossy(&at_once.stderr);
    assert!(said.lines().count() == 1 && !said.contains("Trying again"), "it waits: {said}");
    assert!(said.contains("pg_terminate_backend("), "{said}");
    let began = Instant::now();
    let outcome = scene.other_ends(&[]);
    let waited = began.elapsed();
    let bounds = Duration::from_secs(6)..Duration::from_secs(60);
    assert!(bounds.contains(&waited), "{waited:?}");
    assert!(outcome.said[0].contains("pg_terminate_backend("), "{outcome:?}");
    Outcome { class: outcome.class, said: outcome.said, ..scene.goes_on() }
}

/// Killed behind a network that breaks: the server keeps its slot, until it notices. What was not
/// confirmed comes again. Red without the loop in `opening::open`.
fn in_use_by_the_dead(scene: &mut Scene) -> Outcome {
    scene.insert(3);
    scene.read_all();
    let _server_side = scene.proxy.abandon();
    scene.replace_consumer();
    scene.wait_until_said("Trying again");
    scene.goes_on()
}

/// The server does not know yet that the connection is gone. Red without 55006 in
/// `ServerError::class`.
fn in_use_when_coming_back(scene: &mut Scene) -> Outcome {
    let _server_side = scene.proxy.abandon();
    scene.insert(3);
    scene.goes_on()
}

/// PostgreSQL 18 warns, and sends nothing of the publication; before it, the stream ends. Red on 18
/// without `suspend_idle_advance` in `native/src/stream/driver.rs`: keepalives confirm the row. Red on 14
/// without 42704 in `ServerError::class`: it is tried again, and the second error is another one.
fn publication_dropped(scene: &mut Scene) -> Outcome {
    let before = scene.sampler().samples().last.end;
    scene.server.sql("DROP PUBLICATION p; INSERT INTO t VALUES (0, 'v')");
    let row = scene.server.value("SELECT pg_current_wal_lsn()::text").parse().expect("an LSN");
    // The server looks at its publications with what comes next.
    scene.server.sql("CREATE TABLE elsewhere (id int)");
    if scene.major.number() < 18 {
        return Scene::is_said(scene.ends());
    }
    scene.wait_until_said("skipped loading publication");
    // Time for keepalives beyond the row.
    std::thread::sleep(Duration::from_secs(3));
    let confirmed = scene.sampler().samples().highest;
    assert!(
        confirmed < row,
        "{confirmed} is confirmed, the row ends at {row}, all began at {before}"
    );
    scene.server.sql("CREATE PUBLICATION p FOR TABLE t");
    scene.insert(3);
    scene.goes_on()
}

/// Red without the comparison in `start::start_position`: the server takes it, and sends nothing.
fn start_ahead(scene: &mut Scene) -> Outcome {
    scene.kill_consumer();
    scene.insert(3);
    let outcome = scene.other_ends(&["--start", "7/0"]);
    scene.next_time(outcome)
}

/// Red without `advance_idle` in `Session::received`: the slot holds all of the log.
fn idle_beside_busy(scene: &mut Scene) -> Outcome {
    let before = scene.sampler().samples().last;
    let target = before.end.0 + BUSY;
    scene.server.sql("CREATE TABLE busy (v text)");
    while scene.sampler().samples().last.end.0 < target {
        scene.server.sql("INSERT INTO busy SELECT repeat('x', 1000) FROM generate_series(1, 2000)");
        scene.server.sql("CHECKPOINT");
    }
    let half = before.end.0 + BUSY / 2;
    let began = Instant::now();
    let moved = |now: &Samples| now.last.confirmed.0 > half && now.last.restart.0 > half;
    while scene.sampler().wait(Duration::from_secs(1), moved).is_none() {
        // PostgreSQL 14 tells of transactions that have nothing of the publication.
        scene.take_what_is_there();
        let samples = scene.sampler().samples();
        assert!(began.elapsed() < PATIENCE, "the slot holds the log: {samples:?}");
    }
    scene.insert(3);
    scene.goes_on()
}
