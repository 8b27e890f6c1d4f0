//! The command line: the options of `pg_verifybackup` 18.

use std::path::PathBuf;

use crate::cli::getopt::{Given, Known, Value};
use crate::cli::pg_tool::{Options, Others, Stop, known, no_more, os};

/// What `--help` prints.
pub(super) fn help(program: &str) -> String {
    format!(
        "\
{program} verifies a backup against the backup manifest, as pg_verifybackup 18 does.

Usage:
  {program} [OPTION]... BACKUPDIR

Options:
  -e, --exit-on-error         exit immediately on error
  -F, --format=p|t            backup format (plain, tar)
  -i, --ignore=RELATIVE_PATH  ignore indicated path
  -m, --manifest-path=PATH    use specified path for manifest
  -n, --no-parse-wal          do not try to parse WAL files
  -P, --progress              show progress information
  -q, --quiet                 do not print any output, except for errors
  -s, --skip-checksums        skip checksum verification
  -w, --wal-path=PATH         use specified path for WAL files: a directory or a tar file
      --wal-directory=PATH    (same as --wal-path)
  -V, --version               output version information, then exit
  -?, --help                  show this help, then exit

Beyond pg_verifybackup: the WAL of tar-format backups is parsed too, and files are read by as many
threads as there are processors.
"
    )
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Plain,
    Tar,
}

/// What is to be done.
#[derive(Debug)]
pub(super) struct Settings {
    /// The name that it speaks under.
    pub(super) program: &'static str,
    pub(super) directory: PathBuf,
    pub(super) exit_on_error: bool,
    /// `None`: it is looked for.
    pub(super) format: Option<Format>,
    /// Without slashes at their ends.
    pub(super) ignore: Vec<Vec<u8>>,
    pub(super) manifest: Option<PathBuf>,
    pub(super) parse_wal: bool,
    pub(super) progress: bool,
    pub(super) quiet: bool,
    pub(super) checksums: bool,
    pub(super) wal: Option<PathBuf>,
}

/// Not in the manifest, or changed on purpose: the manifest itself, the log, which has a check of its own,
/// and what `-R` writes.
const IGNORED: [&str; 5] =
    ["backup_manifest", "pg_wal", "postgresql.auto.conf", "recovery.signal", "standby.signal"];

const KNOWN: [Known; 10] = [
    known("exit-on-error", b'e', Value::No),
    known("format", b'F', Value::Required),
    known("ignore", b'i', Value::Required),
    known("manifest-path", b'm', Value::Required),
    known("no-parse-wal", b'n', Value::No),
    known("progress", b'P', Value::No),
    known("quiet", b'q', Value::No),
    known("skip-checksums", b's', Value::No),
    known("wal-path", b'w', Value::Required),
    known("wal-directory", 0, Value::Required),
];

impl Options for Settings {
    type Settings = Self;

    fn new(program: &'static str) -> Self {
        Self {
            program,
            directory: PathBuf::new(),
            exit_on_error: false,
            format: None,
            ignore: IGNORED.iter().map(|name| name.as_bytes().to_vec()).collect(),
            manifest: None,
            parse_wal: true,
            progress: false,
            quiet: false,
            checksums: true,
            wal: None,
        }
    }

    fn known() -> Vec<Known> {
        KNOWN.to_vec()
    }

    fn take(&mut self, given: &Given) -> Result<(), Stop> {
        let value = given.value.as_deref().unwrap_or_default();
        match given.name {
            "exit-on-error" => self.exit_on_error = true,
            "format" => {
                self.format = Some(match value {
                    b"p" | b"plain" => Format::Plain,
                    b"t" | b"tar" => Format::Tar,
                    _ => {
                        let text = String::from_utf8_lossy(value);
                        return Err(Stop::new(format!(
                            "invalid backup format \"{text}\", must be \"plain\" or \"tar\""
                        )));
                    }
                });
            }
            "ignore" => self.ignore.push(tidy(value)),
            "manifest-path" => self.manifest = Some(PathBuf::from(os(value))),
            "no-parse-wal" => self.parse_wal = false,
            "progress" => self.progress = true,
            "quiet" => self.quiet = true,
            "skip-checksums" => self.checksums = false,
            _ => self.wal = Some(PathBuf::from(os(value))),
        }
        Ok(())
    }

    fn finish(mut self, mut others: Others) -> Result<Self, Stop> {
        let directory =
            others.next().ok_or_else(|| Stop::usage("no backup directory specified"))?;
        no_more(others)?;
        if self.progress && self.quiet {
            return Err(Stop::new("cannot specify both -P/--progress and -q/--quiet"));
        }
        self.directory = PathBuf::from(os(&directory));
        Ok(self)
    }
}

/// A path within the backup without what means nothing in it (`canonicalize_path`): empty parts and dots;
/// two dots take back what is before them.
pub(super) fn tidy(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn paths_are_tidied() {
        for (path, tidied) in
            [("a/b", "a/b"), ("./a//b/", "a/b"), ("/a", "a"), ("a/../b", "b"), ("../a", "a")]
        {
            assert_eq!(tidy(path.as_bytes()), tidied.as_bytes());
        }
    }
}
