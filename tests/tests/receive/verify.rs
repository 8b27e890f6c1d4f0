//! Log that is damaged on its way.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use walscope_tests::Major;
use walscope_tests::proxy::{Proxy, Side, Watch};
use walscope_tests::receiving::{Archive, end, fill, last_whole, server};

/// What stands in the log many times, so that it comes whole at least once.
const TARGET: &[u8] = b"let this byte be";

/// Turns one bit of the log over, once.
#[derive(Default)]
struct Damage {
    done: AtomicBool,
}

impl Watch for Damage {
    fn connected(&self, _: u64) {}

    fn pass(&self, _: u64, _: Side, bytes: &[u8]) -> usize {
        bytes.len()
    }

    fn damage(&self, side: Side, bytes: &mut [u8]) {
        let found = bytes.windows(TARGET.len()).position(|window| window == TARGET);
        let Some(place) = found.filter(|_| side == Side::Server) else { return };
        if !self.done.swap(true, Ordering::SeqCst) {
            bytes[place] ^= 1;
        }
    }
}

/// `--verify` finds it before it is written; without, it is in the archive.
///
/// Red without `self.check(piece)?` in `Receiver::data`.
#[test]
fn damaged_log_is_not_written() {
    let server = server(Major::V18, &[]);
    server.sql("SELECT pg_create_physical_replication_slot('s', true)");
    server.sql("SELECT pg_create_physical_replication_slot('t', true)");
    fill(&server);
    server.sql("CREATE TABLE damaged (v text)");
    // What comes before it in its segment is written.
    server.sql("INSERT INTO damaged SELECT md5(n::text) FROM generate_series(1, 20000) n");
    let text = String::from_utf8_lossy(TARGET).repeat(10);
    server.sql(&format!("INSERT INTO damaged SELECT '{text}' FROM generate_series(1, 1000)"));
    fill(&server);
    let last = last_whole(&server);
    let conninfo = |proxy: &Proxy| server.conninfo_with(&[("port", &proxy.port().to_string())]);

    let damage = Arc::new(Damage::default());
    let proxy = Proxy::watched(server.port(), damage.clone());
    let archive = Archive::new(&server, "verified");
    let receiver = archive.receive(&conninfo(&proxy), &["-S", "s", "--verify"]);
    let (status, _, said) = receiver.wait();
    assert!(damage.done.load(Ordering::SeqCst), "{said:?}");
    assert_eq!(status.code(), Some(1), "{said:?}");
    let why = "what the server sent is no right log at ";
    assert!(said.iter().any(|line| line.contains(why) && line.contains("checksum")), "{said:?}");
    let files = archive.files();
    let partial = files.last().expect("a segment").strip_suffix(".partial").expect("not whole");
    assert_eq!(partial, last);
    let ours = fs::read(archive.path().join(files.last().expect("a segment"))).expect("a file");
    let theirs = fs::read(server.data_dir().join("pg_wal").join(&last)).expect("a segment");
    assert!(ours.iter().zip(&theirs).all(|(our, their)| our == their || *our == 0));
    // The next one gets it undamaged, and the archive is right.
    let mut receiver = archive.receive(&conninfo(&proxy), &["-S", "s", "--verify"]);
    archive.wait_for(&last, &mut receiver);
    end(receiver);
    archive.check_against(&server);

    let proxy = Proxy::watched(server.port(), Arc::new(Damage::default()));
    let archive = Archive::new(&server, "unverified");
    let mut receiver = archive.receive(&conninfo(&proxy), &["-S", "t"]);
    archive.wait_for(&last, &mut receiver);
    end(receiver);
    let ours = fs::read(archive.path().join(&last)).expect("a segment");
    let different = ours.iter().zip(&theirs).filter(|(our, their)| our != their).count();
    assert_eq!(different, 1, "a byte of it was damaged");
}
