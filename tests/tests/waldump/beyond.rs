//! What `pg_waldump` cannot do.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use walscope_core::Lsn;
use walscope_tests::{Major, Server, ServerOptions};

use super::{assert_same, ours, run, segments, theirs};

/// Lines of JSON say what `pg_walinspect` says.
#[test]
fn json_is_what_pg_walinspect_says() {
    for major in [Major::V15, Major::V18] {
        let settings = [("autovacuum", "off"), ("wal_compression", "pglz")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let server = Server::start(ServerOptions { major, settings, ..Default::default() });
        server.sql("CREATE EXTENSION pg_walinspect");
        server.sql("CHECKPOINT");
        let start = server.value("SELECT pg_current_wal_insert_lsn()");
        for statement in super::WORKLOAD.iter().filter(|text| !text.contains("PREPARE")) {
            server.sql(statement);
        }
        let end = server.value("SELECT pg_current_wal_flush_lsn()");
        let rows = server.sql(&format!(
            "SELECT start_lsn, end_lsn, prev_lsn, xid, resource_manager, record_type, \
             record_length, main_data_length, fpi_length, description \
             FROM pg_get_wal_records_info('{start}', '{end}')"
        ));
        let wal = server.data_dir().join("pg_wal");
        let answer = run(ours(), &wal, "UTC", ["--format=json", "-s", &start, "-e", &end]);
        assert_eq!((answer.errors.as_str(), answer.code), ("", Some(0)));
        let lines: Vec<Value> =
            answer.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), rows.len(), "{major}");
        assert!(lines.len() > 1000);
        for (line, row) in lines.iter().zip(&rows) {
            let names = [
                "startLsn",
                "endLsn",
                "prevLsn",
                "xid",
                "resourceManager",
                "recordType",
                "recordLength",
                "mainDataLength",
                "fpiLength",
                "description",
            ];
            for (name, value) in names.iter().zip(row) {
                let said = match &line[*name] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                // Nothing is NULL there.
                let value = value.as_deref().unwrap_or_default();
                // The server prints times in another way.
                let has_time = *name == "description" && said.contains(" UTC");
                if !has_time {
                    assert_eq!(said.trim_end(), value.trim_end(), "{line}");
                }
            }
        }
    }
}

/// The number of records and of bytes in the line that begins a table's row.
fn total(table: &str) -> Vec<u64> {
    let line = table.lines().find(|line| line.starts_with("Total")).expect("a total");
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

fn rows(table: &str) -> Vec<(String, u64)> {
    let rows = table.lines().skip(2).take_while(|line| !line.trim_start().starts_with("----"));
    rows.map(|row| {
        let (name, numbers) = row.split_at(27);
        let count = numbers.split_whitespace().next().expect("a number");
        (name.trim().to_owned(), count.parse().expect("a number"))
    })
    .collect()
}

fn by(what: &str) -> String {
    let segments = segments();
    let by = format!("--by={what}");
    let answer = run(ours(), &segments.folder, "UTC", [by.as_str(), segments.first()]);
    assert_eq!((answer.errors.as_str(), answer.code), ("", Some(0)));
    answer.out
}

fn said(arguments: &[&str]) -> String {
    run(&theirs(), &segments().folder, "UTC", arguments).out
}

/// The sums are those of `pg_waldump --stats`, whatever they are of.
#[test]
fn tables_have_the_totals_of_statistics() {
    let expected = said(&["--stats", segments().first()]);
    for what in ["relation", "transaction", "time", "lsn"] {
        let table = by(what);
        assert_eq!(total(&table), total(&expected), "{what}");
        let sum: u64 = rows(&table).iter().map(|(_, count)| count).sum();
        assert_eq!(sum, total(&expected)[0], "{what}");
    }
}

#[test]
fn a_transaction_has_its_subtransactions() {
    let first = segments().first();
    let commits = said(&["-r", "Transaction", first]);
    let mut subtransactions = 0;
    for (xid, count) in rows(&by("transaction")) {
        let Ok(number) = xid.parse::<u32>() else { continue };
        let own = format!("tx: {number:10}, ");
        let ends = |line: &&str| line.contains(&own) && line.contains("COMMIT");
        let end = commits.lines().find(ends).unwrap_or_default();
        let subxids = end.split("subxacts: ").nth(1).unwrap_or_default();
        let subxids = subxids.split(';').next().unwrap_or_default().split_whitespace();
        let mut expected = total(&said(&["--stats", "-x", &xid, first]))[0];
        for subxid in subxids {
            expected += total(&said(&["--stats", "-x", subxid, first]))[0];
            subtransactions += 1;
        }
        // COMMIT PREPARED is written by another.
        if !said(&["-x", &xid, first]).contains("PREPARE") {
            assert_eq!(count, expected, "transaction {xid}");
        }
    }
    assert_eq!(subtransactions, 1);
}

#[test]
fn minutes_are_those_of_commits() {
    let commits = said(&["-r", "Transaction", segments().first()]);
    let rows = rows(&by("time"));
    let minutes: Vec<_> = rows.iter().filter(|(name, _)| !name.starts_with('(')).collect();
    assert!(!minutes.is_empty());
    for (minute, _) in minutes {
        assert!(commits.contains(&format!(" {minute}:")), "{minute}");
    }
}

/// Parts are by where records begin.
#[test]
fn parts_of_the_log_have_their_size() {
    const SIZE: u64 = 64 << 10;
    let first = segments().first();
    let mut expected = BTreeMap::new();
    for line in said(&[first]).lines() {
        let lsn = line.split("lsn: ").nth(1).and_then(|rest| rest.split(',').next());
        let Lsn(lsn) = lsn.and_then(|lsn| lsn.parse().ok()).expect("a position");
        *expected.entry(Lsn(lsn - lsn % SIZE).to_string()).or_insert(0) += 1;
    }
    for size in ["64kB", "65536"] {
        let answer = run(ours(), &segments().folder, "UTC", ["--by=lsn", "--bucket", size, first]);
        assert_eq!((answer.errors.as_str(), answer.code), ("", Some(0)));
        assert_eq!(rows(&answer.out).into_iter().collect::<BTreeMap<_, _>>(), expected);
        let answer = run(
            ours(),
            &segments().folder,
            "UTC",
            ["--by=lsn", "--bucket", size, "--format=json", first],
        );
        let lines = answer.out.lines().map(|line| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            let name = line["name"].as_str().expect("text").to_owned();
            (name, line["records"].as_u64().expect("a number"))
        });
        assert_eq!(lines.collect::<BTreeMap<_, _>>(), expected);
    }
    for (arguments, why) in [
        (["--bucket=1MB", "--stats"], "option --bucket requires option --by=lsn to be specified"),
        (["--bucket=1XB", "--by=lsn"], "unrecognized value for option --bucket: 1XB"),
        (["--bucket=4kB", "--by=lsn"], "--bucket must be at least 8192 bytes"),
        (["--bucket=99999999999TB", "--by=lsn"], "unrecognized value for option --bucket"),
    ] {
        let answer = run(ours(), &segments().folder, "UTC", arguments.iter().chain([&first]));
        assert!(answer.errors.contains(why) && answer.code == Some(1), "{}", answer.errors);
    }
}

/// Relations are those that the records name first.
#[test]
fn relations_are_counted_once() {
    let lines = said(&[segments().first()]);
    let mut expected = BTreeMap::new();
    for line in lines.lines() {
        let name = line.split("blkref #").nth(1).and_then(|rest| rest.split(' ').nth(2));
        *expected.entry(name.unwrap_or("(no relation)").to_owned()).or_insert(0) += 1;
    }
    let found = rows(&by("relation")).into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(expected, found);
}

/// Standard input is read like a file.
#[test]
fn segments_come_through_a_pipe() {
    let segments = segments();
    let path = segments.folder.join(segments.first());
    let expected = run(&theirs(), &segments.folder, "UTC", ["-b", segments.first()]);
    let output = Command::new(ours())
        .args(["-b", "-"])
        .env("TZ", "UTC")
        .stdin(Stdio::from(File::open(path).expect("a segment")))
        .output()
        .expect("it starts");
    assert_eq!((output.stderr.as_slice(), output.status.code()), (b"".as_slice(), Some(0)));
    assert!(output.stdout == expected.out.as_bytes());
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file");
}

/// Segments as `pg_receivewal` and archives keep them.
#[test]
fn segments_may_be_unfinished_and_compressed() {
    let segments = segments();
    let (first, last) = (segments.first(), segments.last());
    let expected = run(&theirs(), &segments.folder, "UTC", [first, last]);
    let middle = &segments.names[1..segments.names.len() - 1];
    let read = |name: &str| fs::read(segments.folder.join(name)).expect("a segment");
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str, end: &str| folder.path().join(format!("{name}{end}"));

    for name in middle {
        write(&path(name, ""), &read(name));
    }
    let gzip = |bytes: &[u8]| {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(bytes).expect("memory");
        writer.finish().expect("memory")
    };
    let lz4 = |bytes: &[u8]| {
        let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
        writer.write_all(bytes).expect("memory");
        writer.finish().expect("memory")
    };
    let zstd = |bytes: &[u8]| {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    };
    let gzipped = gzip(&read(last));
    for (begin, begin_end, rest, rest_end) in [
        (gzip(&read(first)), ".gz", gzipped.clone(), ".gz"),
        (lz4(&read(first)), ".lz4", zstd(&read(last)), ".zst"),
        (read(first), "", read(last), ".partial"),
        (read(first), "", gzipped.clone(), ".gz.partial"),
    ] {
        let files = [path(first, begin_end), path(last, rest_end)];
        write(&files[0], &begin);
        write(&files[1], &rest);
        let what = format!("{begin_end} {rest_end}");
        let answer = run(ours(), folder.path(), "UTC", [first, last]);
        assert_same(&answer, &expected, &what);
        // Their own names are as good.
        let answer = run(ours(), folder.path(), "UTC", &files);
        assert_same(&answer, &expected, &what);
        for file in files {
            fs::remove_file(file).expect("a file");
        }
    }
    // A file that is still written ends somewhere.
    write(&path(first, ""), &read(first));
    write(&path(last, ".gz.partial"), &gzipped[..gzipped.len() / 2]);
    let answer = run(ours(), folder.path(), "UTC", [first, last]);
    assert!(expected.out.starts_with(&answer.out) && answer.out.lines().count() > 100);
}
