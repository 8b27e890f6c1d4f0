//! Writes a manifest (`src/bin/pg_combinebackup/write_manifest.c`).

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use aws_lc_rs::digest;

use crate::ChecksumAlgorithm;
use crate::cli::pg_tool::Stop;
use crate::cli::verifybackup::manifest::WalRange;

/// A manifest of version 2 that is being written.
#[derive(Debug)]
pub(super) struct ManifestWriter {
    text: String,
    first: bool,
}

impl ManifestWriter {
    pub(super) fn new(system_identifier: u64) -> Self {
        let text = format!(
            "{{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": \
             {system_identifier},\n\"Files\": ["
        );
        Self { text, first: true }
    }

    /// Adds a file that is written, with its checksum.
    pub(super) fn add(
        &mut self,
        path: &[u8],
        file: &Path,
        algorithm: ChecksumAlgorithm,
        checksum: &[u8],
    ) -> Result<(), Stop> {
        let found = fs::metadata(file).map_err(|error| Stop::file("stat file", file, &error))?;
        let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let seconds = modified.and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0);
        let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        self.text.push_str(if self.first { "\n" } else { ",\n" });
        self.first = false;
        let name = match std::str::from_utf8(path) {
            Ok(path) => format!("\"Path\": {}", serde_json::Value::from(path)),
            Err(_) => format!("\"Encoded-Path\": \"{}\"", hex(path)),
        };
        let (size, time) = (found.len(), time.strftime("%Y-%m-%d %H:%M:%S GMT"));
        // A text takes everything that is written to it.
        let _ = write!(self.text, "{{ {name}, \"Size\": {size}, \"Last-Modified\": \"{time}\"");
        if !checksum.is_empty() {
            let digits = hex(checksum);
            let _ = write!(
                self.text,
                ", \"Checksum-Algorithm\": \"{algorithm}\", \"Checksum\": \"{digits}\""
            );
        }
        self.text.push_str(" }");
        Ok(())
    }

    /// The whole manifest.
    pub(super) fn finish(mut self, ranges: &[WalRange]) -> String {
        let ranges: Vec<_> = ranges
            .iter()
            .map(|WalRange { timeline, start, end }| {
                format!(
                    "{{ \"Timeline\": {timeline}, \"Start-LSN\": \"{start}\", \"End-LSN\": \"{end}\" }}"
                )
            })
            .collect();
        let _ = write!(self.text, "\n],\n\"WAL-Ranges\": [\n{}\n],\n", ranges.join(",\n"));
        let digits = hex(digest::digest(&digest::SHA256, self.text.as_bytes()).as_ref());
        let _ = writeln!(self.text, "\"Manifest-Checksum\": \"{digits}\"}}");
        self.text
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
