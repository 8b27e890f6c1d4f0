//! The command line: the options of `pg_basebackup` 18, with its rules of what goes with what.

use std::path::{Path, PathBuf};

use crate::backup::SyncMethod;
use crate::cli::getopt::{Given, Known, Value};
use crate::cli::pg_tool::{Options, Others, Stop, known, os};
use crate::cli::server_options::ServerOptions;
use crate::{ChecksumAlgorithm, Compression, CompressionMethod};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Plain,
    Tar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WalMethod {
    None,
    Fetch,
    Stream,
}

/// Where it is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Unsaid,
    Client,
    Server,
}

/// What is to be done.
#[derive(Debug)]
pub(super) struct Settings {
    /// The name that it speaks under.
    pub(super) program: &'static str,
    pub(super) server: ServerOptions,
    /// `None`: the server keeps it.
    pub(super) directory: Option<PathBuf>,
    pub(super) target: Option<String>,
    pub(super) format: Format,
    pub(super) incremental: Option<PathBuf>,
    pub(super) max_rate: Option<u32>,
    pub(super) recovery_conf: bool,
    pub(super) tablespaces: Vec<(PathBuf, PathBuf)>,
    pub(super) wal_directory: Option<PathBuf>,
    pub(super) wal: WalMethod,
    pub(super) client_compression: Option<Compression>,
    pub(super) server_compression: Option<Compression>,
    pub(super) fast: bool,
    pub(super) create_slot: bool,
    pub(super) slot: Option<String>,
    pub(super) no_slot: bool,
    pub(super) label: String,
    pub(super) clean: bool,
    pub(super) sync: Option<SyncMethod>,
    pub(super) progress: bool,
    pub(super) verbose: bool,
    pub(super) manifest: bool,
    pub(super) force_encode: bool,
    pub(super) manifest_checksums: Option<ChecksumAlgorithm>,
    pub(super) estimate: bool,
    pub(super) verify_checksums: bool,
    /// Seconds; 0: never.
    pub(super) status_interval: u32,
}

const OWN: [Known; 27] = [
    known("pgdata", b'D', Value::Required),
    known("format", b'F', Value::Required),
    known("incremental", b'i', Value::Required),
    known("checkpoint", b'c', Value::Required),
    known("create-slot", b'C', Value::No),
    known("max-rate", b'r', Value::Required),
    known("write-recovery-conf", b'R', Value::No),
    known("slot", b'S', Value::Required),
    known("target", b't', Value::Required),
    known("tablespace-mapping", b'T', Value::Required),
    known("wal-method", b'X', Value::Required),
    known("gzip", b'z', Value::No),
    known("compress", b'Z', Value::Required),
    known("label", b'l', Value::Required),
    known("no-clean", b'n', Value::No),
    known("no-sync", b'N', Value::No),
    known("status-interval", b's', Value::Required),
    known("verbose", b'v', Value::No),
    known("progress", b'P', Value::No),
    known("waldir", 0, Value::Required),
    known("no-slot", 0, Value::No),
    known("no-verify-checksums", 0, Value::No),
    known("no-estimate-size", 0, Value::No),
    known("no-manifest", 0, Value::No),
    known("manifest-force-encode", 0, Value::No),
    known("manifest-checksums", 0, Value::Required),
    known("sync-method", 0, Value::Required),
];

/// What the options say before it is known how they go together.
pub(super) struct Draft {
    settings: Settings,
    format: Option<Format>,
    /// `METHOD[:DETAIL]` or `none`.
    compression: String,
    place: Place,
}

impl Settings {
    fn new(program: &'static str) -> Self {
        Self {
            program,
            server: ServerOptions::default(),
            directory: None,
            target: None,
            format: Format::Plain,
            incremental: None,
            max_rate: None,
            recovery_conf: false,
            tablespaces: Vec::new(),
            wal_directory: None,
            wal: WalMethod::Stream,
            client_compression: None,
            server_compression: None,
            fast: false,
            create_slot: false,
            slot: None,
            no_slot: false,
            label: "walscope base backup".to_owned(),
            clean: true,
            sync: Some(SyncMethod::Fsync),
            progress: false,
            verbose: false,
            manifest: true,
            force_encode: false,
            manifest_checksums: None,
            estimate: true,
            verify_checksums: true,
            status_interval: 10,
        }
    }
}

impl Options for Draft {
    type Settings = Settings;

    fn new(program: &'static str) -> Self {
        Self {
            settings: Settings::new(program),
            format: None,
            compression: "none".to_owned(),
            place: Place::Unsaid,
        }
    }

    fn known() -> Vec<Known> {
        OWN.into_iter().chain(ServerOptions::KNOWN).collect()
    }

    fn take(&mut self, given: &Given) -> Result<(), Stop> {
        if self.settings.server.take(given) { Ok(()) } else { self.take_own(given) }
    }

    fn finish(mut self, others: Others) -> Result<Settings, Stop> {
        self.settings.server.take_others(others)?;
        self.settle()
    }
}

impl Draft {
    fn take_own(&mut self, option: &Given) -> Result<(), Stop> {
        let bytes = option.value.as_deref().unwrap_or_default();
        let text = String::from_utf8_lossy(bytes).into_owned();
        let path = || PathBuf::from(os(bytes));
        let settings = &mut self.settings;
        match option.name {
            "pgdata" => settings.directory = Some(path()),
            "incremental" => settings.incremental = Some(path()),
            "waldir" => settings.wal_directory = Some(path()),
            "tablespace-mapping" => settings.tablespaces.push(mapping(&text)?),
            "create-slot" => settings.create_slot = true,
            "write-recovery-conf" => settings.recovery_conf = true,
            "slot" => settings.slot = Some(text),
            "target" => settings.target = Some(text).filter(|target| target != "client"),
            "label" => settings.label = text,
            "no-clean" => settings.clean = false,
            "no-sync" => settings.sync = None,
            "verbose" => settings.verbose = true,
            "progress" => settings.progress = true,
            "no-slot" => settings.no_slot = true,
            "no-verify-checksums" => settings.verify_checksums = false,
            "no-estimate-size" => settings.estimate = false,
            "no-manifest" => settings.manifest = false,
            "manifest-force-encode" => settings.force_encode = true,
            "gzip" => (self.compression, self.place) = ("gzip".to_owned(), Place::Unsaid),
            "compress" => (self.compression, self.place) = compression(&text),
            _ => return self.take_word(option.name, &text),
        }
        Ok(())
    }

    /// Options that have one of several words, or a number.
    fn take_word(&mut self, name: &str, text: &str) -> Result<(), Stop> {
        let settings = &mut self.settings;
        let lower = text.to_ascii_lowercase();
        match name {
            "format" => {
                self.format = Some(match text {
                    "p" | "plain" => Format::Plain,
                    "t" | "tar" => Format::Tar,
                    _ => return refuse("output format", text, "\"plain\" or \"tar\""),
                });
            }
            "wal-method" => {
                settings.wal = match text {
                    "n" | "none" => WalMethod::None,
                    "f" | "fetch" => WalMethod::Fetch,
                    "s" | "stream" => WalMethod::Stream,
                    _ => {
                        let words = "\"fetch\", \"stream\", or \"none\"";
                        return refuse("wal-method option", text, words);
                    }
                };
            }
            "checkpoint" => {
                settings.fast = match lower.as_str() {
                    "fast" => true,
                    "spread" => false,
                    _ => return refuse("checkpoint argument", text, "\"fast\" or \"spread\""),
                };
            }
            "sync-method" => {
                let method = sync_method(text)?;
                settings.sync = settings.sync.map(|_| method);
            }
            "manifest-checksums" => settings.manifest_checksums = Some(checksum_algorithm(text)?),
            "max-rate" => settings.max_rate = Some(max_rate(text)?),
            _ => {
                let number = text.trim().parse().ok().filter(|n| *n <= i32::MAX as u32 / 1000);
                settings.status_interval = number.ok_or_else(|| {
                    Stop::new(format!("invalid value \"{text}\" for option -s/--status-interval"))
                })?;
            }
        }
        Ok(())
    }

    /// Sees whether all goes together (`main` of `pg_basebackup.c`).
    fn settle(mut self) -> Result<Settings, Stop> {
        let target = self.settings.target.is_some();
        if target && self.format.is_some() {
            return Err(Stop::usage("cannot specify both format and backup target"));
        }
        self.settings.format = self.format.unwrap_or(Format::Plain);
        match (&self.settings.directory, target) {
            (None, false) => {
                return Err(Stop::usage("must specify output directory or backup target"));
            }
            (Some(_), true) => {
                return Err(Stop::usage("cannot specify both output directory and backup target"));
            }
            _ => {}
        }
        self.settle_compression()?;
        let settings = self.settings;
        settings.check_wal()?;
        settings.check_slot()?;
        settings.check_manifest()?;
        if settings.progress && !settings.estimate {
            return Err(incompatible("--progress", "--no-estimate-size"));
        }
        if target && settings.recovery_conf {
            let text = "recovery configuration cannot be written when a backup target is used";
            return Err(Stop::new(text));
        }
        Ok(settings)
    }

    fn settle_compression(&mut self) -> Result<(), Stop> {
        let target = self.settings.target.is_some();
        let on_server = self.place == Place::Server || (self.place == Place::Unsaid && target);
        let compression: Option<Compression> = match self.compression.as_str() {
            "none" => None,
            text => Some(text.parse()?),
        };
        if target && !on_server {
            let text = "client-side compression is not possible when a backup target is specified";
            return Err(Stop::usage(text));
        }
        let plain = self.settings.format == Format::Plain;
        if plain && !on_server && compression.is_some() {
            return Err(Stop::usage("only tar mode backups can be compressed"));
        }
        let place = if on_server {
            &mut self.settings.server_compression
        } else {
            &mut self.settings.client_compression
        };
        *place = compression;
        Ok(())
    }
}

impl Settings {
    /// Whether the backup goes to standard output.
    pub(super) fn to_stdout(&self) -> bool {
        self.format == Format::Tar && self.directory.as_deref() == Some(Path::new("-"))
    }

    /// Whether files are put into the main archive.
    pub(super) fn injects(&self) -> bool {
        let manifest = self.to_stdout() && self.manifest;
        self.format == Format::Tar && (manifest || self.recovery_conf)
    }

    fn check_wal(&self) -> Result<(), Stop> {
        let target = self.target.is_some();
        let stream = self.wal == WalMethod::Stream;
        if target && stream {
            return Err(Stop::usage("WAL cannot be streamed when a backup target is specified"));
        }
        if self.to_stdout() && stream {
            return Err(Stop::usage("cannot stream write-ahead logs in tar mode to stdout"));
        }
        if self.slot.is_some() && !stream {
            return Err(Stop::usage("replication slots can only be used with WAL streaming"));
        }
        let Some(directory) = &self.wal_directory else { return Ok(()) };
        if target {
            let text = "WAL directory location cannot be specified along with a backup target";
            return Err(Stop::usage(text));
        }
        if self.format != Format::Plain {
            return Err(Stop::usage("WAL directory location can only be specified in plain mode"));
        }
        if !directory.is_absolute() {
            return Err(Stop::usage("WAL directory location must be an absolute path"));
        }
        Ok(())
    }

    fn check_slot(&self) -> Result<(), Stop> {
        if self.no_slot && self.slot.is_some() {
            return Err(Stop::usage("--no-slot cannot be used with slot name"));
        }
        if self.create_slot && self.slot.is_none() {
            return Err(Stop::usage("--create-slot needs a slot to be specified using --slot"));
        }
        if self.create_slot && self.no_slot {
            return Err(incompatible("--create-slot", "--no-slot"));
        }
        Ok(())
    }

    fn check_manifest(&self) -> Result<(), Stop> {
        if self.manifest {
            return Ok(());
        }
        if self.manifest_checksums.is_some() {
            return Err(incompatible("--no-manifest", "--manifest-checksums"));
        }
        if self.force_encode {
            return Err(incompatible("--no-manifest", "--manifest-force-encode"));
        }
        Ok(())
    }
}

pub(in crate::cli) fn sync_method(text: &str) -> Result<SyncMethod, Stop> {
    match text {
        "fsync" => Ok(SyncMethod::Fsync),
        "syncfs" => Ok(SyncMethod::Syncfs),
        _ => Err(Stop::new(format!("unrecognized sync method: {text}"))),
    }
}

pub(in crate::cli) fn checksum_algorithm(text: &str) -> Result<ChecksumAlgorithm, Stop> {
    text.parse().map_err(|()| Stop::new(format!("unrecognized checksum algorithm: \"{text}\"")))
}

fn incompatible(one: &str, other: &str) -> Stop {
    Stop::usage(format!("{one} and {other} are incompatible options"))
}

fn refuse<T>(what: &str, text: &str, expected: &str) -> Result<T, Stop> {
    Err(Stop::new(format!("invalid {what} \"{text}\", must be {expected}")))
}

/// `OLDDIR=NEWDIR`, where a backslash makes an equals sign one of a name.
pub(in crate::cli) fn mapping(text: &str) -> Result<(PathBuf, PathBuf), Stop> {
    let mut names = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.peek() == Some(&'=') => {
                rest.next();
                if let Some(name) = names.last_mut() {
                    name.push('=');
                }
            }
            '=' if names.len() == 2 => {
                return Err(Stop::new("multiple \"=\" signs in tablespace mapping"));
            }
            '=' => names.push(String::new()),
            c => {
                if let Some(name) = names.last_mut() {
                    name.push(c);
                }
            }
        }
    }
    let (Some(new), Some(old)) = (names.pop().filter(|_| names.len() == 1), names.pop()) else {
        return Err(bad_mapping(text));
    };
    if old.is_empty() || new.is_empty() {
        return Err(bad_mapping(text));
    }
    for (what, name) in [("old", &old), ("new", &new)] {
        if !Path::new(name).is_absolute() {
            return Err(Stop::new(format!(
                "{what} directory is not an absolute path in tablespace mapping: {name}"
            )));
        }
    }
    Ok((tidy(&old), tidy(&new)))
}

fn bad_mapping(text: &str) -> Stop {
    let form = "must be \"OLDDIR=NEWDIR\"";
    Stop::new(format!("invalid tablespace mapping format \"{text}\", {form}"))
}

/// Without slashes and dots that mean nothing.
fn tidy(name: &str) -> PathBuf {
    Path::new(name).components().collect()
}

/// `[{client|server}-]METHOD[:DETAIL]`, or a level of gzip.
fn compression(text: &str) -> (String, Place) {
    if let Ok(level) = text.parse::<i32>() {
        let method = if level == 0 { "none".to_owned() } else { format!("gzip:{level}") };
        return (method, Place::Unsaid);
    }
    for (prefix, place) in [("server-", Place::Server), ("client-", Place::Client)] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return (rest.to_owned(), place);
        }
    }
    for (word, place) in [("server", Place::Server), ("client", Place::Client)] {
        if text == word {
            return (CompressionMethod::Gzip.name().to_owned(), place);
        }
    }
    (text.to_owned(), Place::Unsaid)
}

/// kB a second, or with `M` MB.
fn max_rate(text: &str) -> Result<u32, Stop> {
    let invalid = |why: &str| Stop::new(format!("transfer rate \"{text}\" {why}"));
    let trimmed = text.trim();
    let (number, factor) = match trimmed.strip_suffix('M') {
        Some(number) => (number, 1024.0),
        None => (trimmed.strip_suffix('k').unwrap_or(trimmed), 1.0),
    };
    let rate: f64 = number.trim().parse().map_err(|_| invalid("is not a valid value"))?;
    let rate = rate * factor;
    if rate <= 0.0 || rate.is_nan() {
        return Err(invalid("must be greater than zero"));
    }
    if !(32.0..=1_048_576.0).contains(&rate) {
        return Err(invalid("is out of range: 32 to 1048576 kB/s"));
    }
    Ok(rate as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::pg_tool::{Request, parse};

    fn settings(line: &str) -> Result<Settings, String> {
        match parse::<Draft>("tool", line.split_whitespace().map(Into::into).collect()) {
            Ok(Request::Work(settings)) => Ok(settings),
            Ok(other) => Err(format!("{other:?}")),
            Err(stop) => Err(stop.message),
        }
    }

    #[test]
    fn options_are_those_of_pg_basebackup() {
        let plain =
            settings("-D d -X fetch -c fast -r 2M -T /a=/b/ -l x -n -N -P -v --slot=").err();
        assert_eq!(plain.as_deref(), Some("replication slots can only be used with WAL streaming"));
        let got =
            settings("-D d -c fast -r 2M -T /a/=/b/c/ -T /a\\=1=/d -Ss -C host=h").expect("one");
        assert_eq!((got.max_rate, got.fast, got.wal), (Some(2048), true, WalMethod::Stream));
        assert_eq!(got.tablespaces[0], ("/a".into(), "/b/c".into()));
        assert_eq!(got.tablespaces[1], ("/a=1".into(), "/d".into()));
        let got = settings("-D d -Ft -Z 5").expect("one");
        assert_eq!(got.client_compression.map(|c| c.to_string()).as_deref(), Some("gzip:level=5"));
        let got = settings("-D d -Z server-zstd:3").expect("one");
        assert_eq!(got.server_compression.map(|c| c.to_string()).as_deref(), Some("zstd:level=3"));
        let got = settings("-t server:/x -X none -z").expect("one");
        assert!(got.server_compression.is_some() && got.target.as_deref() == Some("server:/x"));
    }

    #[test]
    fn what_does_not_go_together_is_refused_in_its_words() {
        for (line, problem) in [
            ("", "must specify output directory or backup target"),
            ("-D d -t blackhole -X none", "cannot specify both output directory and backup target"),
            ("-t blackhole -Fp -X none", "cannot specify both format and backup target"),
            ("-t blackhole", "WAL cannot be streamed when a backup target is specified"),
            ("-D - -Ft", "cannot stream write-ahead logs in tar mode to stdout"),
            ("-D d -z", "only tar mode backups can be compressed"),
            ("-t blackhole -X none -Z client-gzip", "client-side compression is not possible"),
            ("-D d -X fetch -S s", "replication slots can only be used with WAL streaming"),
            ("-D d --no-slot -S s", "--no-slot cannot be used with slot name"),
            ("-D d -C", "--create-slot needs a slot to be specified using --slot"),
            ("-D d --waldir x", "WAL directory location must be an absolute path"),
            ("-D d -Ft --waldir /x", "WAL directory location can only be specified in plain mode"),
            ("-D d -P --no-estimate-size", "--progress and --no-estimate-size are incompatible"),
            ("-D d --no-manifest --manifest-checksums=none", "are incompatible options"),
            ("-D d --no-manifest --manifest-force-encode", "are incompatible options"),
            ("-D d -F x", "invalid output format \"x\", must be \"plain\" or \"tar\""),
            ("-D d -X x", "invalid wal-method option \"x\""),
            ("-D d -c x", "invalid checkpoint argument \"x\""),
            ("-D d -T x", "invalid tablespace mapping format \"x\""),
            ("-D d -T /a=/b=/c", "multiple \"=\" signs in tablespace mapping"),
            ("-D d -T a=/b", "old directory is not an absolute path"),
            ("-D d -r 1", "transfer rate \"1\" is out of range"),
            ("-D d -r x", "transfer rate \"x\" is not a valid value"),
            ("-D d --manifest-checksums=md5", "unrecognized checksum algorithm: \"md5\""),
            ("-D d -Ft -Z brotli", "unrecognized compression algorithm: \"brotli\""),
            ("-D d a b", "too many command-line arguments (first is \"b\")"),
            ("-D d -s x", "invalid value \"x\" for option -s/--status-interval"),
        ] {
            let refused = settings(line).expect_err(line);
            assert!(refused.contains(problem), "{line}: {refused}");
        }
    }
}
