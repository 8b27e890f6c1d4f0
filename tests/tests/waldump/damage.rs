//! Files that are cut, or have wrong bytes: the same records come out, then the same words.

use std::fs;

use super::{assert_same, ours, run, segments, theirs};

fn same(bytes: &[u8], what: &str) -> String {
    let name = segments().first();
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(name), bytes).expect("a segment");
    let mut said = String::new();
    for arguments in [vec![name], vec!["--stats=record", name], vec!["-q", name]] {
        let ours = run(ours(), folder.path(), "UTC", &arguments);
        let theirs = run(&theirs(), folder.path(), "UTC", &arguments);
        assert_same(&ours, &theirs, &format!("{what}: {arguments:?}"));
        said = ours.errors;
    }
    said
}

fn whole() -> Vec<u8> {
    fs::read(segments().folder.join(segments().first())).expect("a segment")
}

#[test]
fn cut_files() {
    let whole = whole();
    let lengths = [0, 100, 8191, 8192, 8193, 12_288, 16_384, 20_000, 65_536, 100_000];
    for length in lengths {
        let said = same(&whole[..length], &format!("{length} bytes"));
        assert!(said.contains("could not read"), "{length} bytes: {said}");
    }
}

#[test]
fn wrong_bytes() {
    let whole = whole();
    let mut said = std::collections::BTreeSet::new();
    let headers = (0..40).step_by(2).chain((8192..8216).step_by(2));
    let records = (0..40).map(|number| 40 + number * 977);
    for at in headers.chain(records) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x81;
        let errors = same(&bytes, &format!("byte {at}"));
        said.insert(errors.chars().filter(|c| !c.is_ascii_hexdigit()).collect::<String>());
    }
    assert!(said.len() >= 6, "{said:?}");
}
