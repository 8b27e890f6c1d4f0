//! Recorded logs: `core/tests/wal/samples/VERSION/NAME`, and what the environment variable
//! `WALSCOPE_WAL_SAMPLES` names besides.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of all samples, each with what `pg_waldump` has said of it.
pub fn folders() -> impl Iterator<Item = PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/wal/samples");
    let more = std::env::var_os("WALSCOPE_WAL_SAMPLES").map(PathBuf::from);
    let versions = [own].into_iter().chain(more).flat_map(|folder| folders_in(&folder));
    versions.flat_map(|version| folders_in(&version))
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut folders: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

/// The segments of a sample, by their names.
pub fn segments(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let archive = folder.join("segs.tar.zst");
    // Both sides of a promotion are in one archive.
    let other = folder.with_file_name("promote_tli2").join("segs.tar.zst");
    untar(&unpack(if archive.exists() { &archive } else { &other }))
}

/// What a compressed file holds.
pub fn unpack(path: &Path) -> Vec<u8> {
    let packed = fs::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    zstd::decode_all(packed.as_slice()).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// Files of a tar archive: headers of 512 bytes with the name first and the size in octal at 124.
fn untar(mut archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    const BLOCK: usize = 512;
    let mut files = BTreeMap::new();
    while archive.len() >= BLOCK && archive[0] != 0 {
        let field = |from: usize, to: usize| {
            let bytes = archive[from..to].split(|byte| *byte == 0).next().unwrap_or_default();
            str::from_utf8(bytes).expect("ASCII").trim().to_owned()
        };
        let size = usize::from_str_radix(&field(124, 136), 8).expect("a size");
        let (body, rest) = archive[BLOCK..].split_at(size.next_multiple_of(BLOCK));
        let name = field(0, 100);
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        files.insert(name, body[..size].to_vec());
        archive = rest;
    }
    files
}
