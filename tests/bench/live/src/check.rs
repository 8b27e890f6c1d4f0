//! The rows in what the command-line tools have written. It is looked at in the round that warms up; in
//! those that count the output goes to `/dev/null`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use walscope_core::capture::{Entry, Format, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::pgoutput::Decoder;

use crate::contender::Contender;
use crate::tally::{RowSet, Tally};

/// A file for a tool's output, removed when dropped.
pub struct Output(PathBuf);

impl Output {
    pub fn new() -> Self {
        Self(std::env::temp_dir().join(format!("walscope-bench-{}", std::process::id())))
    }

    /// Where the contender's standard output goes.
    pub fn stdio(&self) -> Stdio {
        let path = &self.0;
        let file = File::create(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.into()
    }

    pub fn row_set(&self, contender: Contender) -> RowSet {
        if contender == Contender::CommandLine { json(&self.0) } else { recvlogical(&self.0) }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Nobody has written into it.
        let _ = fs::remove_file(&self.0);
    }
}

fn json(path: &Path) -> RowSet {
    let mut set = RowSet::default();
    for line in fs::read(path).expect("the output").split(|byte| *byte == b'\n') {
        if line.is_empty() {
            continue;
        }
        let change: Value = serde_json::from_slice(line).expect("JSON");
        let row = match change["kind"].as_str() {
            Some("insert" | "update") => &change["new"],
            Some("delete") if change["old"].is_object() => &change["old"],
            Some("delete") => &change["key"],
            _ => continue,
        };
        set.add(row["id"].as_i64().expect("an identity"));
    }
    set
}

fn recvlogical(path: &Path) -> RowSet {
    let bytes = fs::read(path).expect("the output");
    let mut reader = Reader::of_format(Format::PgRecvlogical, MAX_MESSAGE);
    let (mut decoder, mut tally, mut at) = (Decoder::default(), Tally::default(), 0);
    while at < bytes.len() {
        let Next::Entry(entry, length) = reader.next(&bytes[at..]).expect("pgoutput") else {
            panic!("the output is cut");
        };
        if let Entry::Data(data) = entry {
            tally.message(&decoder.decode(data.data).expect("pgoutput"));
        }
        at += length;
    }
    tally.set
}
