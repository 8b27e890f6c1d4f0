//! Standbys that are promoted, one after the other, while their log is received.

use std::fs;

use walscope_tests::proxy::Proxy;
use walscope_tests::receiving::{Archive, end, fill, last_whole, server, streaming};
use walscope_tests::{Major, Server, ServerOptions};

fn standby_of(primary: &mut Server, major: Major, slot: &str) -> Server {
    primary.sql(&format!("SELECT pg_create_physical_replication_slot('{slot}', true)"));
    let settings = [("wal_keep_size", "2GB")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    primary.standby(slot, ServerOptions { major, settings, ..ServerOptions::default() })
}

fn promote(standby: &Server) {
    standby.sql("SELECT pg_promote()");
    standby.wait_for("SELECT pg_is_in_recovery()::text", "false");
}

fn caught_up(standby: &Server, primary: &Server) {
    let end = primary.value("SELECT pg_current_wal_lsn()::text");
    standby.wait_for(&format!("SELECT (pg_last_wal_replay_lsn() >= '{end}')::text"), "true");
}

/// A receiver at an address that moves from a primary to its standby, and on to the next one, whose
/// standby it receives from when that is promoted: by a new connection, and within one.
///
/// Red without `writer.write_history` in `Receiver::switch`, and without `COPY_DONE` in
/// `Driver::end_timeline`.
#[test]
fn timelines_are_followed_and_their_histories_archived() {
    for major in [Major::V14, Major::V18] {
        let mut first = server(major, &[]);
        fill(&first);
        let mut second = standby_of(&mut first, major, "second");
        let archive = Archive::new(&second, "promoted");
        let proxy = Proxy::start(first.port());
        let conninfo = first.conninfo_with(&[("port", &proxy.port().to_string())]);
        let mut receiver = archive.receive(&conninfo, &["-v", "--synchronous", "--verify"]);
        // The standby streams, too.
        streaming(&first, 2);
        fill(&first);
        archive.wait_for(&last_whole(&first), &mut receiver);
        caught_up(&second, &first);
        first.kill();
        promote(&second);
        proxy.lead_to(second.port());
        fill(&second);
        archive.wait_for(&last_whole(&second), &mut receiver);
        // The next promotion happens to the server that it receives from.
        let third = standby_of(&mut second, major, "third");
        proxy.lead_to(third.port());
        proxy.cut();
        streaming(&third, 1);
        fill(&second);
        caught_up(&third, &second);
        let before = last_whole(&second);
        archive.wait_for(&before, &mut receiver);
        promote(&third);
        fill(&third);
        archive.wait_for(&last_whole(&third), &mut receiver);
        let said = end(receiver).join("\n");
        assert!(said.contains("switched to timeline 3"), "PostgreSQL {major}: {said}");
        let whole = archive.whole();
        for timeline in ["00000001", "00000002", "00000003"] {
            assert!(whole.iter().any(|name| name.starts_with(timeline)), "{whole:?}");
        }
        for name in &whole {
            let (_, ours) = archive.segment(name).expect("it is there");
            // A server keeps the segments of its own timelines.
            let servers = [&third, &second, &first];
            let theirs = servers
                .iter()
                .find_map(|server| fs::read(server.data_dir().join("pg_wal").join(name)).ok());
            assert!(Some(ours) == theirs, "PostgreSQL {major}: {name} differs");
        }
        for timeline in [2, 3] {
            let name = format!("{timeline:08X}.history");
            let ours = fs::read(archive.path().join(&name)).expect("a history");
            let theirs = fs::read(third.data_dir().join("pg_wal").join(&name)).expect("a history");
            assert_eq!(ours, theirs, "PostgreSQL {major}: {name}");
        }
        // Who begins anew finds everything in its place.
        third.wait_for("SELECT count(*)::text FROM pg_stat_replication", "0");
        let again = archive.receive(&conninfo, &[]);
        streaming(&third, 1);
        end(again);
        assert_eq!(archive.whole(), whole);
    }
}
