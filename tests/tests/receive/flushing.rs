//! A disk that cannot flush.

use std::process::{Command, Stdio};

use walscope_core::Lsn;
use walscope_tests::receiving::{Archive, end, fill, last_whole, server};
use walscope_tests::{Major, Server, program};

/// Where the slot is: what the server was told is flushed.
fn told(server: &Server) -> Lsn {
    let told = "SELECT restart_lsn::text FROM pg_replication_slots WHERE slot_name = 's'";
    server.value(told).parse().expect("an LSN")
}

/// Whether `strace` can make system calls fail here.
fn can_inject() -> bool {
    let traced = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true"])
        .stderr(Stdio::null())
        .status();
    let can = traced.is_ok_and(|status| status.success());
    if !can {
        eprintln!("not tested: a disk that cannot flush, for strace is not there or not allowed");
    }
    can
}

/// The system says once that it could not flush, and what it lost stays lost: nothing is flushed again, the
/// server is told nothing of it, and it ends. Who comes next has everything.
///
/// Red with `!self.broken` left out in `SegmentWriter::close`, which flushes a second time, and with
/// `positions.written` for `positions.flushed` in `Receiver::report`.
#[test]
fn what_could_not_be_flushed_is_not_reported() {
    if !can_inject() {
        return;
    }
    for compression in ["none", "lz4"] {
        let server = server(Major::V18, &[]);
        server.sql("SELECT pg_create_physical_replication_slot('s', true)");
        server.sql("CREATE TABLE flushed (v text)");
        server.sql("INSERT INTO flushed SELECT md5(n::text) FROM generate_series(1, 20000) n");
        let before = told(&server);
        let archive = Archive::new(&server, "flushing");
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("calls");
        // The contents of segments are flushed by fdatasync: the first time fails, later ones would not.
        let output = Command::new("strace")
            .args(["-f", "-qq", "-e", "trace=fdatasync,fsync"])
            .args(["-e", "inject=fdatasync:error=EIO:when=1", "-o"])
            .arg(&log)
            .arg(program::path())
            .args(["receive", "--synchronous", "-S", "s", "-Z", compression, "-d"])
            .arg(server.conninfo())
            .arg("-D")
            .arg(archive.path())
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot flush ") && said.contains("Input/output error"), "{said}");
        let calls = std::fs::read_to_string(&log).expect("a log");
        let (_, later) = calls.split_once("(INJECTED)").expect("one failed");
        assert!(!later.contains("sync("), "nothing is flushed after it: {calls}");
        assert!(told(&server) <= before, "{compression}: {before}, {}", told(&server));
        fill(&server);
        let arguments = ["-S", "s", "-Z", compression];
        let mut receiver = archive.receive(&server.conninfo(), &arguments);
        archive.wait_for(&last_whole(&server), &mut receiver);
        end(receiver);
        assert!(!archive.check_against(&server).is_empty());
    }
}
