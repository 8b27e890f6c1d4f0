//! The recordings, split into the payloads that output plugins write.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use walscope_core::Lsn;
use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;

/// Rows of 3 columns, rows of 20 columns, and every kind of message, from PostgreSQL 18.
pub const FIXTURES: [&str; 3] = ["narrow", "wide", "kinds"];

/// One recording.
pub struct Corpus {
    /// Each message and its place in the log. They are slices of one buffer, as they are in a client
    /// that reads from a socket: cloning one counts a reference and copies nothing.
    pub payloads: Vec<(Bytes, Lsn)>,
}

impl Corpus {
    /// Reads a recording of `tests/fixtures`.
    pub fn load(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../fixtures/pg18/{name}.walcap"));
        let input = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let input = Bytes::from(input);
        let mut reader = Reader::new(MAX_MESSAGE);
        let (mut payloads, mut at) = (Vec::new(), 0);
        while let Next::Entry(entry, consumed) = reader.next(&input[at..]).expect("an entry") {
            if let Entry::Data(data) = entry {
                payloads.push((input.slice_ref(data.data), data.start));
            }
            at += consumed;
            if at == input.len() {
                break;
            }
        }
        assert_eq!(at, input.len(), "the recording is cut");
        Self { payloads }
    }

    /// The size of all payloads.
    pub fn bytes(&self) -> usize {
        self.payloads.iter().map(|(payload, _)| payload.len()).sum()
    }
}
