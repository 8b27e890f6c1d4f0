//! The example that needs no server.

use std::fs;
use std::path::Path;
use std::process::Command;

use walscope_tests::program::example;

/// Recordings whose transactions come whole, interleaved in pieces, and prepared.
const RECORDINGS: [&str; 3] = ["narrow", "streamed", "prepared"];

/// What test_decoding said of the same transactions: tables of the rows that were inserted.
fn expected(path: &Path) -> Vec<String> {
    // Some values are not UTF-8, on purpose.
    let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let tables = text.lines().filter_map(|line| {
        let (before, _) = line.split_once(": INSERT: ")?;
        Some(before.rsplit_once('.')?.1.to_string())
    });
    tables.collect()
}

#[test]
fn decode_capture_prints_the_rows_of_recordings() {
    for recording in RECORDINGS {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pg18");
        let capture = fixtures.join(format!("{recording}.walcap"));
        let output = Command::new(example("decode_capture")).arg(&capture).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{recording}: {errors}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let tables: Vec<_> = lines.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
        assert!(!tables.is_empty());
        assert_eq!(tables, expected(&fixtures.join(format!("{recording}.expected.txt"))));
    }
}

#[test]
fn decode_capture_says_where_a_capture_is_cut() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pg18");
    let whole = fs::read(fixtures.join("narrow.walcap")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.walcap");
    fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let output = Command::new(example("decode_capture")).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(!output.stdout.is_empty(), "what is whole comes out");
}
