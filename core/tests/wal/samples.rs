//! Real segments with `pg_waldump`'s own answers: `samples/VERSION/NAME`, and what the environment
//! variable `WALSCOPE_WAL_SAMPLES` names besides.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use walscope_core::wal::{Options, PageHeader, SegmentName, SegmentSize};

/// Segments of a server, and what `pg_waldump` says of them.
pub struct Sample {
    pub name: String,
    /// The major version.
    pub major: u32,
    /// The segments that `pg_waldump` was told to read, one behind the other.
    pub wal: Vec<u8>,
    pub first: SegmentName,
    /// What it printed, and with `--bkp-details` where that was asked for.
    pub dump: String,
    pub details: Option<String>,
    /// What it said on its standard error.
    pub stderr: String,
}

impl Sample {
    /// A reader of the sample as `pg_waldump` sets it up.
    pub fn options(&self) -> Options {
        Options {
            start: self.first.size.start(self.first.number),
            segment_size: Some(self.first.size),
            timeline: Some(self.first.timeline),
            ..Options::default()
        }
    }
}

/// All samples.
pub fn all() -> &'static [Sample] {
    static ALL: OnceLock<Vec<Sample>> = OnceLock::new();
    ALL.get_or_init(read_all)
}

fn read_all() -> Vec<Sample> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wal/samples");
    let more = std::env::var_os("WALSCOPE_WAL_SAMPLES").map(PathBuf::from);
    let mut samples = Vec::new();
    for folder in [own].into_iter().chain(more) {
        for version in folders(&folder) {
            samples.extend(folders(&version).iter().map(|path| read(path)));
        }
    }
    assert!(samples.len() > 10, "{} samples", samples.len());
    samples
}

/// The sample of a version that is in the repository.
pub fn own(major: u32, name: &str) -> Sample {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wal/samples");
    read(&samples.join(major.to_string()).join(name))
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn read(folder: &Path) -> Sample {
    let names = fs::read_to_string(folder.join("cmd.txt")).expect("cmd.txt");
    let names: Vec<_> = names.split_whitespace().filter(|word| word.len() == 24).collect();
    let archive = folder.join("segs.tar.zst");
    // Both sides of the promotion are in one archive.
    let other = folder.with_file_name("promote_tli2").join("segs.tar.zst");
    let files = untar(&unpack(if archive.exists() { &archive } else { &other }));
    let size = PageHeader::decode(&files[names[0]]).and_then(|header| header.long);
    let size = SegmentSize::new(size.expect("a long header").segment_size).expect("a size");
    let [first, last] = [names[0], names[1]].map(|name| SegmentName::parse(name, size).unwrap());
    let mut wal = Vec::new();
    for number in first.number..=last.number {
        wal.extend_from_slice(&files[&SegmentName { number, ..first }.to_string()]);
    }
    let stderr = fs::read_to_string(folder.join("dump.stderr")).expect("dump.stderr");
    let details = folder.join("dump_bkp.txt.zst");
    let mut parts = folder.iter().rev().map(|part| part.to_str().unwrap());
    let (name, major) = (parts.next().unwrap(), parts.next().unwrap());
    Sample {
        name: format!("{major}/{name}"),
        major: major.parse().expect("a major version"),
        wal,
        first,
        dump: text(&folder.join("dump.txt.zst")),
        details: details.exists().then(|| text(&details)),
        stderr: stderr.lines().filter(|line| !line.starts_with("exit=")).collect(),
    }
}

fn text(path: &Path) -> String {
    String::from_utf8(unpack(path)).expect("UTF-8")
}

fn unpack(path: &Path) -> Vec<u8> {
    let packed = fs::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut bytes = Vec::new();
    let mut packed = packed.as_slice();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(&mut packed).expect("a frame");
    decoder.read_to_end(&mut bytes).expect("a whole frame");
    bytes
}

/// Files of a tar archive: headers of 512 bytes with the name first and the size in octal at 124.
fn untar(mut archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    const BLOCK: usize = 512;
    let mut files = BTreeMap::new();
    while archive.len() >= BLOCK && archive[0] != 0 {
        let field = |from: usize, to: usize| {
            let bytes = archive[from..to].split(|byte| *byte == 0).next().unwrap();
            str::from_utf8(bytes).expect("ASCII").trim().to_owned()
        };
        let size = usize::from_str_radix(&field(124, 136), 8).expect("a size");
        let (body, rest) = archive[BLOCK..].split_at(size.next_multiple_of(BLOCK));
        files.insert(field(0, 100), body[..size].to_vec());
        archive = rest;
    }
    files
}
