//! `walscope receive` under the name `pg_receivewal` beside PostgreSQL's own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use walscope_tests::receiving::{Archive, fill, flushed, server};
use walscope_tests::tools::pg_bin;
use walscope_tests::{Major, PASSWORD, program};

struct Tools {
    theirs: PathBuf,
    ours: PathBuf,
    _link: tempfile::TempDir,
}

impl Tools {
    fn new() -> Self {
        let link = tempfile::tempdir().expect("a folder");
        let ours = link.path().join("pg_receivewal");
        std::os::unix::fs::symlink(program::path(), &ours).expect("a link");
        Self { theirs: pg_bin(Major::V15).join("pg_receivewal"), ours, _link: link }
    }
}

/// A file's name, its permissions, whether it is whole, and what is in it.
type Received = (String, u32, (bool, Vec<u8>));

/// The exit code, and what was said.
fn run(tool: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(tool)
        .args(arguments)
        .env("LC_ALL", "C")
        .env("PGPASSWORD", PASSWORD)
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn command_lines_are_refused_in_the_same_words() {
    let tools = Tools::new();
    let lines: [&[&str]; 15] = [
        &[],
        &["-D", "/nowhere"],
        &["-x"],
        &["--nothing"],
        &["-D"],
        &["-D", "/tmp", "--s"],
        &["-D", "/tmp", "one", "two"],
        &["--create-slot"],
        &["--drop-slot"],
        &["-S", "s", "--create-slot", "--drop-slot"],
        &["-D", "/tmp", "--synchronous", "--no-sync"],
        &["-D", "/tmp", "-E", "x"],
        &["-D", "/tmp", "-s", "x"],
        &["-D", "/tmp", "-s", "-1"],
        &["-D", "/tmp", "-Z", "gzip:10"],
    ];
    for line in lines {
        let (theirs, ours) = (run(&tools.theirs, line), run(&tools.ours, line));
        // A first argument that is no option is our connection string; the C library names the program
        // as it was called.
        let path = tools.theirs.to_string_lossy();
        let said = theirs.1.replace("first is \"one\"", "first is \"two\"");
        let said = said.replace(&*path, "pg_receivewal").replace(" (default at -1)", "");
        let theirs = (theirs.0, said);
        let path = tools.ours.to_string_lossy();
        let ours = (ours.0, ours.1.replace(&*path, "pg_receivewal"));
        assert_eq!(ours, theirs, "{line:?}");
    }
}

/// Files, their names, permissions and contents, what is said, and the exit code, up to an end position.
#[test]
fn both_receive_the_same() {
    let tools = Tools::new();
    let server = server(Major::V15, &[]);
    let port = server.port().to_string();
    let place = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres"];
    let mut answers = Vec::new();
    for slot in ["theirs", "ours", "theirs_packed", "ours_packed"] {
        server.sql(&format!("SELECT pg_create_physical_replication_slot('{slot}', true)"));
    }
    fill(&server);
    fill(&server);
    server.sql("INSERT INTO filled VALUES (1)");
    let end = flushed(&server).0 - 8;
    let end = format!("{:X}/{:X}", end >> 32, end & 0xFFFF_FFFF);
    // Beyond this the server writes nothing by itself.
    for (tool, slot, more) in [
        (&tools.theirs, "theirs", &[][..]),
        (&tools.ours, "ours", &[]),
        (&tools.theirs, "theirs_packed", &["-Z", "gzip:1"]),
        (&tools.ours, "ours_packed", &["-Z", "gzip:1"]),
    ] {
        let archive = Archive::new(&server, slot);
        let folder = archive.path().to_str().expect("UTF-8");
        let first = ["-D", folder, "-S", slot, "-E", &end, "-v", "-n"];
        let arguments: Vec<_> = place.iter().chain(&first).chain(more).copied().collect();
        let answer = run(tool, &arguments);
        let contents: Vec<_> = archive
            .files()
            .into_iter()
            .map(|name| {
                let metadata = std::fs::metadata(archive.path().join(&name)).expect("a file");
                let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
                let bytes = archive.segment(&name[..24]).expect("it is there");
                (name, mode, bytes)
            })
            .collect();
        assert!(!contents.is_empty(), "{answer:?}");
        answers.push((answer, contents));
    }
    let [their, our, their_packed, our_packed] = &answers[..] else { panic!("four of them") };
    for (ours, theirs) in [(our, their), (our_packed, their_packed)] {
        assert_eq!(ours.0.0, theirs.0.0, "{:?} {:?}", ours.0, theirs.0);
        assert_eq!(without_positions(&ours.0.1), without_positions(&theirs.0.1));
        let names = |contents: &[Received]| {
            contents.iter().map(|file| (file.0.clone(), file.1)).collect::<Vec<_>>()
        };
        assert_eq!(names(&ours.1), names(&theirs.1));
        for (our, their) in ours.1.iter().zip(&theirs.1) {
            // A segment that is not whole ends where the tool stopped.
            assert!(!our.2.0 || our.2 == their.2, "{} differs", our.0);
        }
    }
}

/// What is said, once: where it stops depends on how much came at once, and `pg_receivewal` may say it
/// again.
fn without_positions(said: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in said.lines() {
        let line = match line.split_once("stopped log streaming at ") {
            Some((before, _)) => format!("{before}stopped log streaming"),
            None => line.to_owned(),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}
