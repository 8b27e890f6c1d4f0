//! Backups that fail leave nothing that looks whole, and say why.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use walscope_tests::program::{self, Program};
use walscope_tests::{Major, Server, ServerOptions};

use crate::scene::Scene;

fn error(output: &std::process::Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a server does not have is refused by name and version, and nothing is left.
#[test]
fn what_a_server_does_not_have_is_refused() {
    let scene = Scene::start(Major::V14, &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("b");
    let manifest = folder.path().join("m");
    fs::write(&manifest, "{}").expect("a file");
    let manifest = format!("--incremental={}", manifest.display());
    let place = target.to_str().expect("UTF-8");
    for (options, problem) in [
        (&["-t", "blackhole", "-X", "none"][..], "PostgreSQL 14 does not have the option target"),
        (&["-D", place, "-Z", "server-gzip"], "PostgreSQL 14 does not have the option compression"),
        (&["-D", place, &manifest], "PostgreSQL 14 does not have the command UPLOAD_MANIFEST"),
        (&["-D", place, "-S", "none", "-Ft"], "replication slot \"none\" does not exist"),
        (&["-D", "-", "-Ft", "-X", "fetch"], "can only write single tablespace to stdout"),
    ] {
        let said = error(&scene.back_up(options));
        assert!(said.contains(problem), "{options:?}: {said}");
        assert!(!target.exists(), "{options:?}");
    }
    fs::create_dir(&target).expect("a folder");
    fs::write(target.join("x"), "").expect("a file");
    let said = error(&scene.back_up(&["-D", place]));
    assert!(said.contains("exists but is not empty"), "{said}");
    assert!(target.join("x").exists());
}

/// Waits until the backup has begun to write, and no longer.
fn wait_for(path: &Path) {
    let began = Instant::now();
    while !path.exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "{} does not come", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn slow(server: &Server, target: &str, more: &[&str]) -> Program {
    let conninfo = server.conninfo_with(&[("user", "trust_user")]);
    // So slow that it lasts for a while.
    let own = ["basebackup", &conninfo, "-c", "fast", "-r", "2M", "-D", target];
    Program::start([&own, more].concat())
}

/// Interrupted, or with the server gone, everything is removed that the backup made; what was there before
/// stays.
#[test]
fn a_backup_that_is_cut_off_is_removed() {
    let mut server = Server::start(ServerOptions { major: Major::V16, ..Default::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let (new, old, kept) = (place("new"), place("old"), place("kept"));
    let (wal, gone) = (place("wal"), place("gone"));
    fs::create_dir(&old).expect("a folder");
    let shown = |path: &Path| path.to_str().expect("UTF-8").to_owned();

    let waldir = format!("--waldir={}", wal.display());
    let program = slow(&server, &shown(&new), &[&waldir]);
    wait_for(&new.join("base"));
    program.signal(Signal::INT);
    let (status, _, errors) = program.wait();
    assert_eq!(status.code(), Some(1), "{errors:?}");
    assert!(errors[0].ends_with("interrupted: the backup is not whole"), "{errors:?}");
    assert!(!new.exists() && !wal.exists());

    let program = slow(&server, &shown(&old), &["-Ft"]);
    wait_for(&old.join("base.tar"));
    program.signal(Signal::TERM);
    assert_eq!(program.wait().0.code(), Some(1));
    assert_eq!(fs::read_dir(&old).expect("it stays").count(), 0);

    let program = slow(&server, &shown(&kept), &["--no-clean"]);
    wait_for(&kept.join("base"));
    program.signal(Signal::INT);
    assert_eq!(program.wait().0.code(), Some(1));
    assert!(kept.join("base").exists() && !kept.join("backup_manifest").exists());

    let program = slow(&server, &shown(&gone), &[]);
    wait_for(&gone.join("base"));
    server.kill();
    assert_eq!(program.wait().0.code(), Some(1));
    assert!(!gone.exists());
}

/// Pages whose checksum is wrong make the backup fail, and leave it, as `pg_basebackup` does.
#[test]
fn damaged_pages_are_found() {
    let mut server = Server::start(ServerOptions { major: Major::V18, ..Default::default() });
    assert_eq!(server.value("SHOW data_checksums"), "on", "initdb of 18 switches them on");
    server.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 10000) n; CHECKPOINT");
    let path = server.value("SELECT pg_relation_filepath('t')");
    server.restart();
    let path = server.data_dir().join(path);
    let mut bytes = fs::read(&path).expect("a table");
    bytes[8192 + 4000] ^= 1;
    fs::write(&path, bytes).expect("a table");
    let folder = tempfile::tempdir().expect("a folder");
    let conninfo = server.conninfo_with(&[("user", "trust_user")]);
    let back_up = |name: &str, more: &[&str]| {
        let target = folder.path().join(name);
        let target = target.to_str().expect("UTF-8");
        program::run([&["basebackup", &conninfo, "-c", "fast", "-D", target], more].concat())
    };
    let said = error(&back_up("checked", &[]));
    assert!(said.contains("checksum error occurred"), "{said}");
    assert!(said.contains("warning: checksum verification failed in file"), "{said}");
    assert!(folder.path().join("checked").exists());
    assert!(!folder.path().join("checked/backup_manifest").exists());
    assert!(back_up("unchecked", &["--no-verify-checksums"]).status.success());
}
