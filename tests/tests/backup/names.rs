//! Called by the names of PostgreSQL's tools.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use walscope_tests::tools::{newer_pg_bin, pg_bin};
use walscope_tests::{Major, program};

/// The exit code, and what was said, by whatever path the tool was called.
fn run(tool: &Path, name: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(tool)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said.replace(&*tool.to_string_lossy(), name))
}

fn link(folder: &Path, name: &str) -> PathBuf {
    let link = folder.join(name);
    std::os::unix::fs::symlink(program::path(), &link).expect("a link");
    link
}

/// Says the same as PostgreSQL's own of these command lines.
fn compare(theirs: &Path, name: &str, lines: &[&[&str]]) {
    let folder = tempfile::tempdir().expect("a folder");
    let ours = link(folder.path(), name);
    for line in lines {
        let (their, our) = (run(&theirs.join(name), name, line), run(&ours, name, line));
        assert_eq!(our, their, "{name} {line:?}");
    }
    for (option, said) in [("--help", "Usage:\n"), ("--version", "(PostgreSQL) 18")] {
        let output = Command::new(&ours).arg(option).output().expect("it starts");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name} {option}");
        assert!(text.starts_with(name) && text.contains(said), "{text}");
    }
}

#[test]
fn a_link_is_pg_basebackup() {
    compare(
        &pg_bin(Major::V15),
        "pg_basebackup",
        &[
            &[],
            &["--nothing"],
            &["-q"],
            &["-D"],
            &["-D", "x", "--no-s"],
            &["-d", "", "-D", "x", "one"],
            &["-D", "x", "-F", "x"],
            &["-D", "x", "-t", "blackhole", "-X", "none"],
            &["-D", "x", "-C"],
            &["-D", "x", "-z"],
            &["-D", "x", "-T", "x"],
        ],
    );
}

#[test]
fn a_link_is_pg_verifybackup() {
    compare(
        &pg_bin(Major::V15),
        "pg_verifybackup",
        &[&[], &["--nothing"], &["-i"], &["one", "two"], &["/nowhere"]],
    );
}

#[test]
fn a_link_is_pg_combinebackup() {
    let Some(bin) = newer_pg_bin(Major::V18) else { return };
    compare(
        &bin,
        "pg_combinebackup",
        &[&[], &["--nothing"], &["-o"], &["one"], &["-T", "x", "one"]],
    );
}
