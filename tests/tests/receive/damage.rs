//! Disks that are full, directories that cannot be written, archives that are of something else.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use walscope_tests::receiving::{Archive, end, fill, last_whole, server};
use walscope_tests::{Major, Server, program};

/// The user and group `nobody`.
const NOBODY: u32 = 65534;

/// Runs it with files limited to so many kilobytes, which is how a full disk shows: a mount of a small
/// file system is not allowed everywhere.
fn limited(archive: &Archive, server: &Server, kilobytes: u32, more: &str) -> Output {
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" receive -n -D \"$1\" -S s {more} -d \"$2\"",
        kilobytes * 2
    );
    let command = Command::new("/bin/dash")
        .args(["-c", &script])
        .arg(program::path())
        .arg(archive.path())
        .arg(server.conninfo())
        .output();
    command.expect("a shell")
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let server = server(Major::V18, &[]);
    server.sql("SELECT pg_create_physical_replication_slot('s', true)");
    fill(&server);
    fill(&server);
    let archive = Archive::new(&server, "full");
    let plain = limited(&archive, &server, 8 * 1024, "");
    let said = String::from_utf8_lossy(&plain.stderr);
    assert_eq!(plain.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot make room for ") && said.contains("File too large"), "{said}");
    assert!(archive.whole().is_empty(), "{:?}", archive.files());
    // What is left of it is no obstacle.
    let mut receiver = archive.receive(&server.conninfo(), &["-S", "s"]);
    archive.wait_for(&last_whole(&server), &mut receiver);
    end(receiver);
    assert!(archive.check_against(&server).len() >= 2);

    server.sql("SELECT pg_create_physical_replication_slot('t', true)");
    server.sql("INSERT INTO filled SELECT n, md5(n::text) FROM generate_series(1, 40000) n");
    fill(&server);
    let archive = Archive::new(&server, "packed");
    let packed = limited(&archive, &server, 256, "-Z lz4 --synchronous -S t");
    let said = String::from_utf8_lossy(&packed.stderr);
    assert_eq!(packed.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write ") && said.contains("File too large"), "{said}");
    let mut receiver = archive.receive(&server.conninfo(), &["-S", "t", "-Z", "lz4"]);
    archive.wait_for(&last_whole(&server), &mut receiver);
    end(receiver);
    archive.check_against(&server);
}

#[test]
fn a_directory_that_cannot_be_written_is_said() {
    let server = server(Major::V18, &[]);
    let archive = Archive::new(&server, "closed");
    let folder = tempfile::tempdir_in("/tmp").expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
    let tool = folder.path().join("walscope");
    fs::copy(program::path(), &tool).expect("a copy");
    let run = |directory: &std::path::Path| {
        let mut command = Command::new(&tool);
        command.args(["receive", "-n", "-D"]).arg(directory).arg("-d").arg(server.conninfo());
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY).current_dir("/");
        }
        let output = command.output().expect("it starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).expect("a folder");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).expect("permissions");
    fill(&server);
    let (code, said) = run(&closed);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cannot open ") && said.contains("Permission denied"), "{said}");
    let (code, said) = run(&folder.path().join("missing"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("could not open directory "), "{said}");
    drop(archive);
    let _ = chown(&closed, None, None);
}

/// Red without `check_system` in `connection::place`: the archives of two systems are mixed.
#[test]
fn an_archive_of_another_system_is_refused() {
    let (one, other) = (server(Major::V18, &[]), server(Major::V15, &[]));
    fill(&one);
    fill(&one);
    let archive = Archive::new(&one, "mixed");
    one.sql("SELECT pg_create_physical_replication_slot('s', true)");
    fill(&one);
    let mut receiver = archive.receive(&one.conninfo(), &["-S", "s"]);
    archive.wait_for(&last_whole(&one), &mut receiver);
    end(receiver);
    let before = archive.files();
    let (status, _, said) = archive.receive(&other.conninfo(), &["-n"]).wait();
    assert_eq!(status.code(), Some(1), "{said:?}");
    assert!(said[0].contains("holds the log of another system"), "{said:?}");
    assert_eq!(archive.files(), before);
}
