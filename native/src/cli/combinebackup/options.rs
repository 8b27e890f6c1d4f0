//! The command line: the options of `pg_combinebackup` 18.

use std::path::PathBuf;

use super::copy::CopyMethod;
use crate::ChecksumAlgorithm;
use crate::backup::SyncMethod;
use crate::cli::basebackup::options::{checksum_algorithm, mapping, sync_method};
use crate::cli::getopt::{Given, Known, Value};
use crate::cli::pg_tool::{Options, Others, Stop, known, os};

/// What `--help` prints.
pub(super) fn help(program: &str) -> String {
    format!(
        "\
{program} reconstructs full backups from incrementals, as pg_combinebackup 18 does.

Usage:
  {program} [OPTION]... DIRECTORY...

The directories are the backups of a chain: the full one first, the newest last.

Options:
  -d, --debug               generate lots of debugging output
  -k, --link                link files instead of copying
  -n, --dry-run             do not actually do anything
  -N, --no-sync             do not wait for changes to be written safely to disk
  -o, --output=DIRECTORY    output directory
  -T, --tablespace-mapping=OLDDIR=NEWDIR
                            relocate tablespace in OLDDIR to NEWDIR
      --clone               clone (reflink) files instead of copying
      --copy                copy files (default)
      --copy-file-range     copy using copy_file_range() system call
      --manifest-checksums=SHA{{224,256,384,512}}|CRC32C|NONE
                            use algorithm for manifest checksums
      --no-manifest         suppress generation of backup manifest
      --sync-method=METHOD  set method for syncing files to disk
  -V, --version             output version information, then exit
  -?, --help                show this help, then exit
"
    )
}

/// What is to be done.
#[derive(Debug)]
pub(super) struct Settings {
    /// The name that it speaks under.
    pub(super) program: &'static str,
    /// The full backup first.
    pub(super) inputs: Vec<PathBuf>,
    pub(super) output: PathBuf,
    pub(super) tablespaces: Vec<(PathBuf, PathBuf)>,
    pub(super) copy: CopyMethod,
    pub(super) debug: bool,
    pub(super) dry_run: bool,
    pub(super) sync: Option<SyncMethod>,
    /// `None`: no manifest.
    pub(super) manifest: Option<ChecksumAlgorithm>,
}

const KNOWN: [Known; 12] = [
    known("debug", b'd', Value::No),
    known("link", b'k', Value::No),
    known("dry-run", b'n', Value::No),
    known("no-sync", b'N', Value::No),
    known("output", b'o', Value::Required),
    known("tablespace-mapping", b'T', Value::Required),
    known("clone", 0, Value::No),
    known("copy", 0, Value::No),
    known("copy-file-range", 0, Value::No),
    known("manifest-checksums", 0, Value::Required),
    known("no-manifest", 0, Value::No),
    known("sync-method", 0, Value::Required),
];

impl Options for Settings {
    type Settings = Self;

    fn new(program: &'static str) -> Self {
        Self {
            program,
            inputs: Vec::new(),
            output: PathBuf::new(),
            tablespaces: Vec::new(),
            copy: CopyMethod::Copy,
            debug: false,
            dry_run: false,
            sync: Some(SyncMethod::Fsync),
            manifest: Some(ChecksumAlgorithm::Crc32c),
        }
    }

    fn known() -> Vec<Known> {
        KNOWN.to_vec()
    }

    fn take(&mut self, given: &Given) -> Result<(), Stop> {
        let bytes = given.value.as_deref().unwrap_or_default();
        let text = String::from_utf8_lossy(bytes);
        match given.name {
            "debug" => self.debug = true,
            "link" => self.copy = CopyMethod::Link,
            "clone" => self.copy = CopyMethod::Clone,
            // The system's call is what copying uses where there is one.
            "copy" | "copy-file-range" => self.copy = CopyMethod::Copy,
            "dry-run" => self.dry_run = true,
            "no-sync" => self.sync = None,
            "output" => self.output = PathBuf::from(os(bytes)),
            "tablespace-mapping" => self.tablespaces.push(mapping(&text)?),
            "manifest-checksums" => {
                let algorithm = checksum_algorithm(&text)?;
                self.manifest = self.manifest.map(|_| algorithm);
            }
            "no-manifest" => self.manifest = None,
            _ => {
                let method = sync_method(&text)?;
                self.sync = self.sync.map(|_| method);
            }
        }
        Ok(())
    }

    fn finish(mut self, others: Others) -> Result<Self, Stop> {
        self.inputs = others.map(|name| PathBuf::from(os(&name))).collect();
        if self.inputs.is_empty() {
            return Err(Stop::usage("no input directories specified"));
        }
        if self.output.as_os_str().is_empty() {
            return Err(Stop::new("no output directory specified"));
        }
        Ok(self)
    }
}
