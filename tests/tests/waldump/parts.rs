//! Parts of the log that are read at once: nothing of it can be seen.

use std::fs;
use std::path::Path;

use super::{Answer, assert_same, ours, run, segments, theirs};

/// What a thread reads at once.
const PART: usize = 2 << 20;

const PAGE: usize = 8192;

fn with_jobs(jobs: u32, folder: &Path, arguments: &[&str]) -> Answer {
    let jobs = format!("--jobs={jobs}");
    run(ours(), folder, "UTC", [jobs.as_str()].iter().chain(arguments))
}

fn assert_all_same(folder: &Path, arguments: &[&str], what: &str) -> Answer {
    let theirs = run(&theirs(), folder, "UTC", arguments);
    for jobs in [1, 2, 5] {
        let ours = with_jobs(jobs, folder, arguments);
        assert_same(&ours, &theirs, &format!("{what}, {jobs} jobs: {arguments:?}"));
    }
    theirs
}

#[test]
fn outputs_are_those_of_one_reader() {
    let segments = segments();
    let (first, last) = (segments.first(), segments.last());
    let [start, end] = [3 << 20, 9 << 20].map(|offset| segments.lsn(offset));
    for arguments in [
        vec![first, last],
        vec!["-b", first, last],
        vec!["-q", first, last],
        vec!["-r", "Heap", "-F", "main", first, last],
        vec!["--stats", first, last],
        vec!["--stats=record", first, last],
        vec!["--stats", "-r", "Btree", first, last],
        vec!["-s", &start, first],
        vec!["--stats", "-s", &start, first],
        vec!["-s", &start, "-e", &end, first],
        vec!["--stats=record", "-s", &start, "-e", &end, first],
        // Up to where there is no more.
        vec!["-s", &start],
        vec!["--stats", "-s", &start],
        vec!["-n", "7", first, last],
    ] {
        assert_all_same(&segments.folder, &arguments, "whole");
    }
}

/// Red where `Progress::read_on` does not keep to what the reader goes by, or where parts are put
/// together without looking at it (`parallel::join`).
#[test]
fn what_is_wrong_where_parts_meet_is_found() {
    let name = segments().first();
    let whole = fs::read(segments().folder.join(name)).expect("a segment");
    let is_written = |at: &usize| whole[*at..at + PAGE].iter().any(|byte| *byte != 0);
    let meetings: Vec<_> = (PART..whole.len()).step_by(PART).filter(is_written).collect();
    assert!(meetings.len() >= 2, "{meetings:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let mut refused = 0;
    for (number, meeting) in meetings.iter().enumerate() {
        // The header of the page there, what lies around it, and the page before.
        let header = (0..24).step_by(4).map(|at| meeting + at);
        let around = (0..5).map(|step| meeting - 5 * PAGE / 4 + step * 3511 + number);
        for at in header.chain(around) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x81;
            fs::write(folder.path().join(name), &bytes).expect("a segment");
            let what = format!("byte {at}");
            let said = assert_all_same(folder.path(), &["--stats=record", name], &what);
            refused += usize::from(said.code == Some(1));
        }
        let mut bytes = whole.clone();
        bytes[meeting - 4..meeting + 4].fill(0x5A);
        fs::write(folder.path().join(name), &bytes).expect("a segment");
        assert_all_same(folder.path(), &[name], "text");
    }
    assert!(refused > 4 * meetings.len(), "{refused} errors");
}

/// A record that is longer than parts are, of which some begin nowhere.
#[test]
fn a_record_may_cover_parts() {
    use walscope_tests::{Major, Server, ServerOptions};
    let server = Server::start(ServerOptions { major: Major::V15, ..Default::default() });
    let start = server.value("SELECT pg_current_wal_insert_lsn()");
    for _ in 0..2 {
        server.sql("SELECT pg_logical_emit_message(false, 'long', repeat('x', 9000000))");
        server
            .sql("SELECT pg_logical_emit_message(false, 'short', 'y') FROM generate_series(1, 50)");
    }
    server.sql("SELECT pg_switch_wal()");
    let end = server.value("SELECT pg_current_wal_flush_lsn()");
    let folder = server.data_dir().join("pg_wal");
    for option in ["--stats=record", "-q", "--bkp-details"] {
        let said = assert_all_same(&folder, &[option, "-s", &start, "-e", &end], "long records");
        assert_eq!(said.code, Some(0), "{}", said.errors);
    }
}
