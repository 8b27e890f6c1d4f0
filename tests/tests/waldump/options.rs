//! Every option, alone and with others, on the log of a server: what `pg_waldump` says, `walscope` says.

use std::fs;
use std::path::Path;

use walscope_tests::program;

use super::{assert_same, ours, run, segments, theirs};

/// Runs both with the same arguments, in the folder of the segments.
fn same(zone: &str, arguments: &str) {
    let folder = &segments().folder;
    let words = || arguments.split(' ').filter(|word| !word.is_empty());
    let ours = run(ours(), folder, zone, words());
    let mut theirs = run(&theirs(), folder, zone, words());
    // The C library names the program by the path that it was started with.
    let path = super::theirs();
    theirs.errors = theirs.errors.replace(path.to_str().expect("UTF-8"), "pg_waldump");
    let path = super::ours();
    assert!(!ours.errors.contains(path.to_str().expect("UTF-8")));
    assert_same(&ours, &theirs, arguments);
}

/// Options that may stand together.
const OPTIONS: [&str; 34] = [
    "",
    "-b",
    "-q",
    "-n 3",
    "-n 0",
    "-n -1",
    "-n2 -b",
    "-bqn2",
    "-z",
    "--stats",
    "--stats=record",
    "--stats=rmgr",
    "-z -q",
    "-r Heap",
    "-r heap -r btree",
    "-r XLOG --stats",
    "-r Gin --stats=record",
    "-r custom128 --stats",
    "-r list",
    "-x 0",
    "-x 100000",
    "-x 740 --stats=record",
    "-F main",
    "-F vm -b",
    "-w",
    "-w -b",
    "-w --stats",
    "-R 1663/5/1259",
    "-R 1663/5/1259 -B 0",
    "-R 1664/0/1262 --stats=record",
    "-t 1",
    "-t 0x1",
    "--lim=2",
    "--bkp-details --limit 5 --rmgr=Transaction",
];

#[test]
fn options_do_what_they_do_in_pg_waldump() {
    let (first, last) = (segments().first(), segments().last());
    for option in OPTIONS {
        same("UTC", &format!("{option} {first}"));
        same("UTC", &format!("{option} -p . {first} {last}"));
    }
    same("UTC", &format!("{first} -b -n 2"));
    same("UTC", &format!("-n 2 -- {first}"));
    same("UTC", &format!("-n 2 ./{first}"));
}

#[test]
fn wrong_options_are_refused_in_the_same_words() {
    let (first, last) = (segments().first(), segments().last());
    for option in [
        "-n x",
        "--stats=foo",
        "-zrecord",
        "-r foo",
        "-r custom1",
        "-r custom",
        "-x foo",
        "-F foo",
        "-R 1663/5",
        "-R 0/0/0",
        "-B 3",
        "-R 1663/5/1259 -B x",
        "-s 0/1",
        "-s foo",
        "-e 0/1",
        "-e x",
        "-y",
        "--foo",
        "--foo=1",
        "--st=1",
        "--bkp-details=1",
        "-b --help",
        "-b -V",
        "-p /nowhere",
        "-?b",
    ] {
        same("UTC", &format!("{option} {first}"));
    }
    for arguments in [
        "",
        "-b",
        "-p .",
        "-n",
        "--limit",
        "/nowhere/000000010000000000000001",
        "0000000100000000000000FF",
        &format!("{last} {first}"),
        &format!("{first} {last} surplus"),
        &format!("{first} nothing"),
        &format!("-t 9 -p . -s {} -q", segments().lsn(40)),
    ] {
        same("UTC", arguments);
    }
}

/// Where reading begins and ends.
#[test]
fn positions_do_what_they_do_in_pg_waldump() {
    let segments = segments();
    let (first, last) = (segments.first(), segments.last());
    for offset in [40, 41, 200, 5000, 8192, 8200, 8216, 8220, 24_576, 100_001, 1 << 20] {
        let lsn = segments.lsn(offset);
        for arguments in [
            format!("-s {lsn} {first}"),
            format!("-s {lsn} -q {first}"),
            format!("-s {lsn} -z {first} {last}"),
            format!("-s {lsn} -n 4 -p ."),
            format!("-e {lsn} {first}"),
            format!("-s {} -e {lsn} -p . --stats=record", segments.lsn(40)),
        ] {
            same("UTC", &arguments);
        }
    }
}

/// Times are those of the machine's clock.
#[test]
fn times_are_local() {
    let first = segments().first();
    for zone in ["Europe/Berlin", "America/St_Johns", "EST5EDT", "Asia/Kathmandu", ""] {
        same(zone, &format!("-r Transaction {first}"));
    }
}

/// A data directory is as good as its `pg_wal`.
#[test]
fn segments_are_found() {
    let segments = segments();
    let data = tempfile::tempdir().expect("a folder");
    let wal = data.path().join("pg_wal");
    fs::create_dir(&wal).expect("a folder");
    fs::copy(segments.folder.join(segments.first()), wal.join(segments.first())).expect("a copy");
    let path = data.path().to_str().expect("UTF-8");
    for arguments in [
        format!("-p {path} -n 3 {}", segments.first()),
        format!("-p {path} -n 3 -s {}", segments.lsn(40)),
        format!("-n 3 {path}/{}", segments.first()),
        format!("-n 3 {path}/pg_wal/{}", segments.first()),
        format!("-p {path} {}", segments.last()),
    ] {
        same("UTC", &arguments);
    }
    let arguments = ["-n", "3", segments.first()];
    let ours = run(ours(), data.path(), "UTC", arguments);
    assert_same(&ours, &run(&theirs(), data.path(), "UTC", arguments), "in the data directory");
}

/// As a subcommand it has its own name, and behind the tool's own options it is the same.
#[test]
fn the_subcommand_names_itself() {
    for arguments in [["waldump", "-n", "x"].as_slice(), &["-v", "waldump", "-n", "x"]] {
        let answer = run(&program::path(), Path::new("/"), "UTC", arguments);
        let expected = "walscope waldump: error: invalid value \"x\" for option -n/--limit\n\
                        walscope waldump: hint: Try \"walscope waldump --help\" for more information.\n";
        assert_eq!((answer.errors.as_str(), answer.code), (expected, Some(1)));
    }
    let help = run(&program::path(), Path::new("/"), "UTC", ["waldump", "--help"]);
    assert!(help.out.starts_with("walscope waldump decodes and displays PostgreSQL"));
    assert_eq!((help.errors.as_str(), help.code), ("", Some(0)));
}

/// Every line of `pg_waldump`'s help that is about an option is a line of this one.
#[test]
fn help_lists_the_options() {
    let pg_waldump = theirs();
    let [ours, theirs] = [ours(), &pg_waldump]
        .map(|program| run(program, &segments().folder, "UTC", ["--help"]).out);
    for line in theirs.lines().filter(|line| line.starts_with("  -")) {
        let option = line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        assert!(ours.contains(&option), "{line}");
    }
    let rest: Vec<_> = ours.lines().filter(|line| line.contains("walscope")).collect();
    assert!(rest.is_empty(), "{rest:?}");
}
