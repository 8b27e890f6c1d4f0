//! An archive that `walscope receive` writes, and what is in it beside the server's own `pg_wal`.

mod kills;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use walscope::{CompressionMethod, unpacked};
use walscope_core::Lsn;

use crate::program::Program;
use crate::{Major, Server, ServerOptions};

pub use kills::{KillOptions, kill_all, kills};

/// How long something may take to come true.
const PATIENCE: Duration = Duration::from_secs(120);
/// The size of the servers' segments.
pub const SEGMENT: u64 = 16 << 20;

/// A server that keeps its log, with more settings.
pub fn server(major: Major, settings: &[(&str, &str)]) -> Server {
    let own = [("wal_keep_size", "2GB"), ("max_wal_size", "4GB"), ("wal_level", "replica")];
    let settings = own.iter().chain(settings);
    let settings = settings.map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Server::start(ServerOptions { major, settings, ..ServerOptions::default() })
}

/// Writes a little log and begins a new segment.
pub fn fill(server: &Server) {
    server.sql("CREATE TABLE IF NOT EXISTS filled (id int, v text)");
    server.sql("INSERT INTO filled SELECT n, md5(n::text) FROM generate_series(1, 2000) n");
    server.sql("SELECT pg_switch_wal()");
}

/// Waits until so many receivers stream: where PostgreSQL 14 is when they come is where they begin.
pub fn streaming(server: &Server, receivers: usize) {
    let count = "SELECT count(*)::text FROM pg_stat_replication WHERE state = 'streaming'";
    server.wait_for(count, &receivers.to_string());
}

/// Up to where the server has flushed its log.
pub fn flushed(server: &Server) -> Lsn {
    server.value("SELECT pg_current_wal_flush_lsn()::text").parse().expect("an LSN")
}

/// A directory that segments are received into.
#[derive(Debug)]
pub struct Archive {
    /// Where it is; it is removed with this value.
    folder: PathBuf,
}

impl Archive {
    /// An empty one.
    ///
    /// # Panics
    ///
    /// Where it cannot be made.
    pub fn new(server: &Server, name: &str) -> Self {
        let folder = server.folder().join(format!("archive-{name}"));
        fs::create_dir(&folder).expect("a folder");
        Self { folder }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Starts `walscope receive` into it.
    pub fn receive(&self, conninfo: &str, more: &[&str]) -> Program {
        let folder = self.folder.to_str().expect("UTF-8");
        let first = ["receive", "-D", folder, "-d", conninfo];
        Program::start(first.iter().chain(more))
    }

    /// The files in it.
    pub fn files(&self) -> Vec<String> {
        let names = fs::read_dir(&self.folder).expect("a folder").map(|entry| {
            entry.expect("an entry").file_name().into_string().expect("an ASCII name")
        });
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// Whether a segment is whole, and what its file holds as far as it can be read, under whatever suffix
    /// it is; `None`: there is none.
    pub fn segment(&self, name: &str) -> Option<(bool, Vec<u8>)> {
        for (suffix, whole) in [("", true), (".partial", false)] {
            for packing in ["", ".gz", ".lz4", ".zst"] {
                let path = self.folder.join(format!("{name}{packing}{suffix}"));
                if path.exists() {
                    return Some((
                        whole,
                        if whole { unpack(&path, packing) } else { readable(&path, packing) },
                    ));
                }
            }
        }
        None
    }

    /// The segments that are whole, by their names without a suffix.
    pub fn whole(&self) -> Vec<String> {
        let files = self.files().into_iter();
        files
            .filter(|name| !name.ends_with(".partial") && !name.ends_with(".history"))
            .filter(|name| !name.contains(".new") && !name.ends_with(".tmp"))
            .map(|name| name.get(..24).expect("a segment's name").to_owned())
            .collect()
    }

    /// Compares every whole segment with the server's own, and returns their names.
    ///
    /// # Panics
    ///
    /// Where one differs, or one between the first and the last is missing.
    pub fn check_against(&self, server: &Server) -> Vec<String> {
        let whole = self.whole();
        for name in &whole {
            let (_, ours) = self.segment(name).expect("it is there");
            let theirs = fs::read(server.data_dir().join("pg_wal").join(name));
            let theirs = theirs.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(ours.len(), theirs.len(), "{name}");
            assert!(ours == theirs, "{name} differs");
        }
        let mut next = BTreeMap::new();
        for name in &whole {
            let number = u64::from_str_radix(&name[16..], 16).expect("a number");
            if let Some(before) = next.insert(&name[..8], number) {
                assert_eq!(number, before + 1, "no hole before {name}");
            }
        }
        whole
    }

    /// Waits until a segment is whole.
    ///
    /// # Panics
    ///
    /// When it does not become so in time.
    pub fn wait_for(&self, name: &str, receiver: &mut Program) {
        let began = Instant::now();
        while !self.whole().iter().any(|whole| whole == name) {
            if began.elapsed() > PATIENCE {
                panic!("no {name}: {:?}, {:?}", self.files(), receiver.errors_so_far());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        // The server's folder goes with the server.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Ends a receiver in order.
///
/// # Panics
///
/// Where it does not end well.
pub fn end(receiver: Program) -> Vec<String> {
    receiver.signal(Signal::TERM);
    let (status, _, errors) = receiver.wait();
    assert!(status.success(), "{errors:?}");
    errors
}

/// The name of the segment that was written before the server's last switch.
pub fn last_whole(server: &Server) -> String {
    server.value(
        "SELECT pg_walfile_name(pg_current_wal_insert_lsn() - \
         mod(pg_current_wal_insert_lsn() - '0/0'::pg_lsn, 16777216) - 1)",
    )
}

/// What a whole file holds: the tools that made the formats unpack it.
fn unpack(path: &Path, packing: &str) -> Vec<u8> {
    let tool: &[&str] = match packing {
        "" => return fs::read(path).expect("a file"),
        ".gz" => &["gzip", "-dc"],
        ".lz4" => &["lz4", "-dcq"],
        _ => &["zstd", "-dcq"],
    };
    let output = Command::new(tool[0])
        .args(&tool[1..])
        .stdin(fs::File::open(path).expect("a file"))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", tool[0]));
    assert!(output.status.success(), "{}: {output:?}", path.display());
    output.stdout
}

/// What a file holds that has no end yet. (The tool `zstd` drops what it has in hand when it misses the
/// end.)
fn readable(path: &Path, packing: &str) -> Vec<u8> {
    let file = fs::File::open(path).expect("a file");
    let method = CompressionMethod::of_name(packing);
    let mut bytes = Vec::new();
    if let Ok(mut reader) = unpacked(file, method) {
        // What came before the end counts.
        let _ = reader.read_to_end(&mut bytes);
    }
    bytes
}
