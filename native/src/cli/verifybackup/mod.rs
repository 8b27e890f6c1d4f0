//! `walscope verifybackup`: `pg_verifybackup` for backups of PostgreSQL 14 to 18. Options, messages and exit
//! codes are those of `pg_verifybackup` 18 (`src/bin/pg_verifybackup/pg_verifybackup.c`).

pub(super) mod checksum;
pub(super) mod control;
pub(super) mod manifest;
mod options;
mod parts;
mod plain;
mod report;
mod tar;
mod wal;

use std::fs;
use std::io;
use std::path::PathBuf;

use manifest::Manifest;
use options::{Format, Settings};
use report::Report;
use tar::WalArchives;

use crate::cli::pg_tool::{Stop, Tool, perform, print, system_text};

pub(super) const TOOL: Tool = Tool {
    subcommand: "verifybackup",
    name: "walscope verifybackup",
    link: "pg_verifybackup",
    main: |program, arguments| perform::<Settings>(program, arguments, options::help, verify),
};

/// A backup that is looked at.
struct Verification<'s> {
    settings: &'s Settings,
    manifest: Manifest,
    /// Paths that are left out, with all below them.
    ignore: Vec<Vec<u8>>,
    /// Of each file of the manifest: whether it is there.
    matched: Vec<bool>,
    /// And whether it was found wrong.
    bad: Vec<bool>,
    report: Report,
}

impl Verification<'_> {
    /// Whether a path or one above it is left out.
    fn ignores(&self, path: &[u8]) -> bool {
        self.ignore.iter().any(|ignored| {
            path.strip_prefix(ignored.as_slice())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    }
}

/// Returns whether all is right.
fn verify(settings: &Settings) -> Result<bool, Stop> {
    let path = settings.manifest.clone();
    let path = path.unwrap_or_else(|| settings.directory.join("backup_manifest"));
    let bytes = fs::read(&path).map_err(|error| Stop::file("open file", &path, &error))?;
    let manifest = Manifest::parse(&bytes).map_err(Stop::new)?;
    drop(bytes);
    let count = manifest.files.len();
    let mut verification = Verification {
        settings,
        manifest,
        ignore: settings.ignore.clone(),
        matched: vec![false; count],
        bad: vec![false; count],
        report: Report::new(settings.program, settings.exit_on_error, settings.progress),
    };
    let format = match settings.format {
        Some(format) => format,
        None => look_for_format(settings)?,
    };
    let archives = match format {
        Format::Plain => verification.verify_plain().map(|()| None),
        Format::Tar => verification.verify_tar().map(Some),
    };
    let archives = archives.map_err(Stop::new)?;
    if settings.parse_wal && !verification.report.stops() {
        let path = wal_path(settings, archives)?;
        for range in &verification.manifest.wal {
            if !wal::check(settings.program, range, &path) {
                let text = format!("WAL parsing failed for timeline {}", range.timeline);
                verification.report.error(&text);
            }
            if verification.report.stops() {
                break;
            }
        }
    }
    let verified = !verification.report.failed();
    if verified && !settings.quiet {
        print("backup successfully verified\n")?;
    }
    Ok(verified)
}

/// A plain backup has a file PG_VERSION.
fn look_for_format(settings: &Settings) -> Result<Format, Stop> {
    let path = settings.directory.join("PG_VERSION");
    match fs::metadata(&path) {
        Ok(_) => Ok(Format::Plain),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Format::Tar),
        Err(error) => {
            let text = system_text(&error);
            Err(Stop::new(format!("could not stat file \"{}\": {text}", path.display())))
        }
    }
}

fn wal_path(settings: &Settings, archives: Option<WalArchives>) -> Result<PathBuf, Stop> {
    if let Some(path) = &settings.wal {
        return Ok(path.clone());
    }
    let Some(archives) = archives else { return Ok(settings.directory.join("pg_wal")) };
    archives.wal.or(archives.base).ok_or_else(|| {
        Stop::with_hint(
            "WAL archive not found",
            "Specify the correct path using the option -w/--wal-path.  Or you must use \
             -n/--no-parse-wal when verifying a tar-format backup.",
        )
    })
}
