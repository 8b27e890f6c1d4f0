//! What is flushed stays.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use walscope_tests::Major;
use walscope_tests::receiving::{Archive, KillOptions, kill_all, kills, server};
use walscope_tests::tools::pg_bin;

/// A short version of what `cargo run -p walscope-tests --bin receive-crashes` does in full.
///
/// Red with `positions.written` for `positions.flushed` in `Receiver::report` and without `writer.sync()`
/// in `Receiver::receive`.
#[test]
fn what_was_reported_survives_kills() {
    kills(KillOptions { major: Major::V18, clients: 6, servers: 2, seed: 7 });
}

/// Writers whose commits wait for a receiver, until all are killed: server, receiver, everything.
///
/// Red with `positions.written` for `positions.flushed` in `Receiver::report` and without `writer.sync()`
/// in `Receiver::receive`: what is compressed is in the process yet.
#[test]
fn every_commit_that_returned_is_in_the_archive() {
    for more in [&["--synchronous"][..], &["--synchronous", "-Z", "gzip:1"]] {
        let mut server = server(Major::V15, &[]);
        server.sql("CREATE TABLE t (id int)");
        server.sql("SELECT pg_create_physical_replication_slot('s', true)");
        let archive = Archive::new(&server, "synchronous");
        let arguments: Vec<_> = ["-S", "s"].iter().chain(more).copied().collect();
        let receiver = archive.receive(&server.conninfo(), &arguments);
        server.sql("ALTER SYSTEM SET synchronous_standby_names = 'walscope'");
        server.sql("SELECT pg_reload_conf()");
        server.wait_for(
            "SELECT count(*)::text FROM pg_stat_replication WHERE sync_state = 'sync'",
            "1",
        );
        // It returns when what was written before has been received.
        server.sql("INSERT INTO t VALUES (0)");
        let returned = Mutex::new(BTreeSet::new());
        let stop = Instant::now() + Duration::from_millis(1500);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Ok(rows) = server
                        .try_sql("INSERT INTO t VALUES (1) RETURNING pg_current_xact_id()::text")
                    {
                        let xid = rows[0][0].clone().expect("a transaction");
                        returned.lock().expect("no panic").insert(xid);
                    }
                });
            }
            thread::sleep(stop.saturating_duration_since(Instant::now()));
            kill_all(&server);
            receiver.signal(Signal::KILL);
        });
        let returned = returned.into_inner().expect("no panic");
        let committed = committed(&archive);
        let missing: Vec<_> = returned.difference(&committed).collect();
        assert!(missing.is_empty(), "{more:?}: {missing:?} of {} are lost", returned.len());
        assert!(returned.len() > 20, "{more:?}: {}", returned.len());
        server.kill();
    }
}

/// The transactions whose commits PostgreSQL's own `pg_waldump` finds in an archive.
fn committed(archive: &Archive) -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut names: Vec<_> =
        archive.files().iter().map(|name| name.get(..24).expect("a segment").to_owned()).collect();
    names.dedup();
    for name in &names {
        let (_, mut bytes) = archive.segment(name).expect("it is there");
        bytes.resize(16 << 20, 0);
        fs::write(folder.path().join(name), bytes).expect("a file");
    }
    // It ends with an error at the end of what there is.
    let output = Command::new(pg_bin(Major::V15).join("pg_waldump"))
        .args(["-r", "Transaction", &names[0], names.last().expect("a segment")])
        .current_dir(folder.path())
        .output()
        .expect("pg_waldump starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let commits = text.lines().filter(|line| line.contains("desc: COMMIT"));
    commits
        .filter_map(|line| line.split("tx:").nth(1)?.split(',').next())
        .map(|xid| xid.trim().to_owned())
        .collect()
}
