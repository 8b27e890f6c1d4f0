//! What a base backup is to be, and the `BASE_BACKUP` command that asks for it: the manual's "Streaming
//! Replication Protocol", `src/backend/backup/basebackup.c`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::compression::Compression;
use crate::error::{Error, Result, require};
use crate::sql::quote_replication_literal;

/// The first server whose command has its options in parentheses, and targets and compression.
pub(super) const OPTION_LIST: u32 = 15;
/// The first server that finds repetitions over long distances.
const LONG: u32 = 16;
/// The first server with incremental backups.
pub(super) const INCREMENTAL: u32 = 17;
/// The limits of the transfer rate, in kB a second.
const RATES: std::ops::RangeInclusive<u32> = 32..=1_048_576;

/// Where the server puts the backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BackupTarget {
    /// It sends it.
    #[default]
    Client,
    /// It writes it into a new directory of its own (PostgreSQL 15).
    Server(PathBuf),
    /// It throws it away (PostgreSQL 15).
    Blackhole,
    /// A target that an extension of the server has (PostgreSQL 15).
    Other {
        /// Its name.
        name: String,
        /// What the extension is told.
        detail: Option<String>,
    },
}

/// Whether there is a manifest: a list of the backup's files with their checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackupManifest {
    /// None.
    No,
    /// One.
    #[default]
    Yes,
    /// One in which all file names are in hexadecimal digits, as otherwise only those that are not UTF-8.
    ForceEncode,
}

/// A checksum of a backup's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumAlgorithm {
    /// No checksum.
    None,
    /// CRC-32C: fast, against accidents.
    Crc32c,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl ChecksumAlgorithm {
    const ALL: [(Self, &str); 6] = [
        (Self::None, "NONE"),
        (Self::Crc32c, "CRC32C"),
        (Self::Sha224, "SHA224"),
        (Self::Sha256, "SHA256"),
        (Self::Sha384, "SHA384"),
        (Self::Sha512, "SHA512"),
    ];
}

impl fmt::Display for ChecksumAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(algorithm, _)| algorithm == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

/// Capitals and small letters are the same.
impl FromStr for ChecksumAlgorithm {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.iter();
        all.find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(known, _)| *known).ok_or(())
    }
}

/// What a base backup is to be.
///
/// ```
/// use walscope::BackupOptions;
/// let options = BackupOptions { fast_checkpoint: true, wal: true, ..BackupOptions::default() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupOptions {
    /// A name for it, which the file `backup_label` shows.
    pub label: String,
    /// Where it goes.
    pub target: BackupTarget,
    /// Whether the server estimates its size beforehand, which takes it a moment.
    pub progress: bool,
    /// Whether the checkpoint that it begins with hurries, at the expense of other work.
    pub fast_checkpoint: bool,
    /// Whether the write-ahead log that it needs stands at the end of the main archive.
    pub wal: bool,
    /// Whether the server waits at the end until that log is archived, and warns where nobody archives.
    pub wait: bool,
    /// How many kB a second the server sends at most, 32 to 1048576.
    pub max_rate: Option<u32>,
    /// Whether tablespaces' places stand in a file `tablespace_map` instead of symbolic links: for
    /// archives that are kept as they are.
    pub tablespace_map: bool,
    /// Whether the server checks the checksums of data pages, where the cluster has them.
    pub verify_checksums: bool,
    /// Whether there is a manifest.
    pub manifest: BackupManifest,
    /// The checksum of the files in the manifest; `None`: CRC-32C.
    pub manifest_checksums: Option<ChecksumAlgorithm>,
    /// How the server compresses the archives (PostgreSQL 15).
    pub compression: Option<Compression>,
    /// Whether it has only what changed since the backup whose manifest was uploaded with
    /// [`Client::upload_manifest`](crate::Client::upload_manifest) (PostgreSQL 17).
    pub incremental: bool,
}

impl Default for BackupOptions {
    fn default() -> Self {
        Self {
            label: "walscope base backup".to_owned(),
            target: BackupTarget::Client,
            progress: true,
            fast_checkpoint: false,
            wal: false,
            wait: true,
            max_rate: None,
            tablespace_map: false,
            verify_checksums: true,
            manifest: BackupManifest::Yes,
            manifest_checksums: None,
            compression: None,
            incremental: false,
        }
    }
}

impl BackupOptions {
    /// Refuses what cannot be, or not on a server of that major version.
    ///
    /// # Errors
    ///
    /// The first such option, by its name.
    pub fn check(&self, major: u32) -> Result<()> {
        let target = self.target != BackupTarget::Client;
        require(target, major, OPTION_LIST, "option target of a base backup")?;
        let compressed = self.compression.is_some();
        require(compressed, major, OPTION_LIST, "option compression of a base backup")?;
        let long = self.compression.is_some_and(|compression| compression.long);
        require(long, major, LONG, "option long of a base backup's compression")?;
        require(self.incremental, major, INCREMENTAL, "option incremental of a base backup")?;
        if let Some(compression) = &self.compression {
            compression.check()?;
        }
        if self.max_rate.is_some_and(|rate| !RATES.contains(&rate)) {
            let (least, most) = (RATES.start(), RATES.end());
            return Err(Error::config(format!(
                "max_rate of a base backup must be between {least} and {most} kB/s"
            )));
        }
        if self.manifest == BackupManifest::No && self.manifest_checksums.is_some() {
            return Err(Error::config("manifest checksums require a backup manifest"));
        }
        if self.label.contains('\0') {
            return Err(Error::config("the label of a base backup contains a zero byte"));
        }
        Ok(())
    }

    /// The command.
    pub(super) fn sql(&self, major: u32) -> Result<String> {
        self.check(major)?;
        let mut command = Command { list: major >= OPTION_LIST, options: Vec::new() };
        self.add_contents(&mut command);
        self.add_manifest(&mut command);
        if command.list {
            self.add_target(&mut command)?;
        }
        if let Some(compression) = &self.compression {
            command.text("COMPRESSION", compression.method.name());
            if let Some(detail) = compression.detail() {
                command.text("COMPRESSION_DETAIL", &detail);
            }
        }
        command.switch("INCREMENTAL", self.incremental);
        Ok(command.finish())
    }

    fn add_contents(&self, command: &mut Command) {
        command.text("LABEL", &self.label);
        command.switch("PROGRESS", self.progress);
        command.switch("WAL", self.wal);
        if command.list {
            command.text("CHECKPOINT", if self.fast_checkpoint { "fast" } else { "spread" });
            command.number("WAIT", u32::from(self.wait));
            command.number("VERIFY_CHECKSUMS", u32::from(self.verify_checksums));
        } else {
            command.switch("FAST", self.fast_checkpoint);
            command.switch("NOWAIT", !self.wait);
            command.switch("NOVERIFY_CHECKSUMS", !self.verify_checksums);
        }
        if let Some(rate) = self.max_rate {
            command.number("MAX_RATE", rate);
        }
        command.switch("TABLESPACE_MAP", self.tablespace_map);
    }

    fn add_manifest(&self, command: &mut Command) {
        let manifest = match self.manifest {
            BackupManifest::No => "no",
            BackupManifest::Yes => "yes",
            BackupManifest::ForceEncode => "force-encode",
        };
        command.text("MANIFEST", manifest);
        if let Some(algorithm) = self.manifest_checksums {
            command.text("MANIFEST_CHECKSUMS", &algorithm.to_string());
        }
    }

    fn add_target(&self, command: &mut Command) -> Result<()> {
        let (name, detail) = match &self.target {
            BackupTarget::Client => ("client", None),
            BackupTarget::Blackhole => ("blackhole", None),
            BackupTarget::Server(directory) => {
                let directory = directory.to_str();
                let text = directory.ok_or_else(|| {
                    Error::config("the server's directory of a base backup is not UTF-8")
                })?;
                ("server", Some(text))
            }
            BackupTarget::Other { name, detail } => (name.as_str(), detail.as_deref()),
        };
        command.text("TARGET", name);
        if let Some(detail) = detail {
            command.text("TARGET_DETAIL", detail);
        }
        Ok(())
    }
}

/// A command that is being written.
struct Command {
    /// Whether its options stand in parentheses.
    list: bool,
    options: Vec<String>,
}

impl Command {
    fn switch(&mut self, name: &str, on: bool) {
        if on {
            self.options.push(name.to_owned());
        }
    }

    fn text(&mut self, name: &str, value: &str) {
        self.options.push(format!("{name} {}", quote_replication_literal(value)));
    }

    fn number(&mut self, name: &str, value: u32) {
        self.options.push(format!("{name} {value}"));
    }

    fn finish(self) -> String {
        if self.list {
            format!("BASE_BACKUP ({})", self.options.join(", "))
        } else {
            format!("BASE_BACKUP {}", self.options.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> BackupOptions {
        BackupOptions {
            label: "it's".into(),
            fast_checkpoint: true,
            wal: true,
            wait: false,
            max_rate: Some(32),
            tablespace_map: true,
            verify_checksums: false,
            manifest: BackupManifest::ForceEncode,
            manifest_checksums: Some(ChecksumAlgorithm::Sha256),
            ..BackupOptions::default()
        }
    }

    #[test]
    fn each_grammar_has_its_command() {
        assert_eq!(
            everything().sql(14).expect("a command"),
            "BASE_BACKUP LABEL 'it''s' PROGRESS WAL FAST NOWAIT NOVERIFY_CHECKSUMS MAX_RATE 32 \
             TABLESPACE_MAP MANIFEST 'force-encode' MANIFEST_CHECKSUMS 'SHA256'"
        );
        let options = BackupOptions {
            target: BackupTarget::Server("/b".into()),
            compression: Some("zstd:level=3,workers=2".parse().expect("one")),
            incremental: true,
            ..everything()
        };
        assert_eq!(
            options.sql(17).expect("a command"),
            "BASE_BACKUP (LABEL 'it''s', PROGRESS, WAL, CHECKPOINT 'fast', WAIT 0, \
             VERIFY_CHECKSUMS 0, MAX_RATE 32, TABLESPACE_MAP, MANIFEST 'force-encode', \
             MANIFEST_CHECKSUMS 'SHA256', TARGET 'server', TARGET_DETAIL '/b', COMPRESSION 'zstd', \
             COMPRESSION_DETAIL 'level=3,workers=2', INCREMENTAL)"
        );
    }

    #[test]
    fn what_a_server_does_not_have_is_refused_by_name_and_version() {
        let base = BackupOptions::default;
        let long = "zstd:long".parse().ok();
        for (major, options, text) in [
            (
                14,
                BackupOptions { target: BackupTarget::Blackhole, ..base() },
                "PostgreSQL 14 does not have the option target of a base backup",
            ),
            (
                14,
                BackupOptions { compression: "gzip".parse().ok(), ..base() },
                "PostgreSQL 14 does not have the option compression of a base backup",
            ),
            (
                15,
                BackupOptions { compression: long, ..base() },
                "PostgreSQL 15 does not have the option long of a base backup's compression",
            ),
            (
                16,
                BackupOptions { incremental: true, ..base() },
                "PostgreSQL 16 does not have the option incremental of a base backup",
            ),
            (
                18,
                BackupOptions { max_rate: Some(31), ..base() },
                "max_rate of a base backup must be between 32 and 1048576 kB/s",
            ),
        ] {
            assert_eq!(options.sql(major).expect_err(text).to_string(), text);
        }
    }
}
