//! `walscope combinebackup`: `pg_combinebackup` for backups of PostgreSQL 17 and 18. Options, files and exit
//! codes are those of `pg_combinebackup` 18 (`src/bin/pg_combinebackup/pg_combinebackup.c`).

mod copy;
mod label;
mod manifest;
mod options;
mod reconstruct;
mod tree;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use copy::create;
use manifest::ManifestWriter;
use options::Settings;
use tree::Tree;

use crate::backup::sync;
use crate::cli::basebackup::directories::Directories;
use crate::cli::pg_tool::{Stop, Tool, perform, say, say_stop};
use crate::cli::verifybackup::checksum::Checksum;
use crate::cli::verifybackup::control;
use crate::cli::verifybackup::manifest::Manifest;
use crate::mapped;

pub(super) const TOOL: Tool = Tool {
    subcommand: "combinebackup",
    name: "walscope combinebackup",
    link: "pg_combinebackup",
    main: |program, arguments| perform::<Settings>(program, arguments, options::help, combine),
};

/// A tablespace of the newest backup.
#[derive(Debug)]
struct Tablespace {
    oid: u32,
    /// Where it is.
    from: PathBuf,
    /// Where it goes.
    to: PathBuf,
    /// It is within the data directory.
    within: bool,
}

impl Tablespace {
    /// Its path within the backup.
    fn prefix(&self) -> String {
        format!("pg_tblspc/{}/", self.oid)
    }
}

fn combine(settings: &Settings) -> Result<bool, Stop> {
    let mut directories = Directories::default();
    let Err(stop) = make(settings, &mut directories) else { return Ok(true) };
    say_stop(settings.program, &stop);
    directories.clean_up(settings.program, true);
    Ok(false)
}

fn make(settings: &Settings, directories: &mut Directories) -> Result<(), Stop> {
    let system_identifier = check_control_files(settings)?;
    let label = label::check_chain(&settings.inputs)?;
    let manifests = load_manifests(settings, system_identifier)?;
    let newest = settings.inputs.last().map(PathBuf::as_path).unwrap_or(Path::new(""));
    let tablespaces = find_tablespaces(newest, settings)?;
    let ranges = match (manifests.last(), settings.manifest) {
        (Some(Some(manifest)), _) => manifest.wal.clone(),
        (_, None) => Vec::new(),
        _ => {
            return Err(Stop::new(
                "cannot generate a manifest because no manifest is available for the final input backup",
            ));
        }
    };
    if !settings.dry_run {
        directories.take("output directory", &settings.output)?;
        for tablespace in tablespaces.iter().filter(|tablespace| !tablespace.within) {
            directories.take("output directory", &tablespace.to)?;
        }
    }
    let mut tree = Tree {
        settings,
        manifests: &manifests,
        tablespaces: &tablespaces,
        writer: settings.manifest.map(|_| ManifestWriter::new(system_identifier)),
        modes: modes(newest)?,
    };
    write_label(&mut tree, &label)?;
    tree.directory("", newest, &settings.output)?;
    for tablespace in &tablespaces {
        let link = settings.output.join("pg_tblspc").join(tablespace.oid.to_string());
        if tablespace.within {
            tree.make(&link)?;
        } else if !settings.dry_run {
            make_link(&tablespace.to, &link)?;
        }
        tree.directory(&tablespace.prefix(), &tablespace.from, &tablespace.to)?;
    }
    if tree.shares() {
        say(
            settings.program,
            "warning: --link mode was used; any modifications to the output directory might \
                      destructively modify input directories",
        );
    }
    let writer = tree.writer.take();
    finish(settings, writer.map(|writer| writer.finish(&ranges)), tree.modes.0)
}

/// Flushes everything; only then the manifest gets its name.
fn finish(settings: &Settings, manifest: Option<String>, mode: u32) -> Result<(), Stop> {
    if settings.dry_run {
        return Ok(());
    }
    let name = |name: &str| settings.output.join(name);
    let (temporary, path) = (name("backup_manifest.tmp"), name("backup_manifest"));
    if let Some(text) = &manifest {
        let written = create(&temporary, mode)?.write_all(text.as_bytes());
        written.map_err(|error| Stop::file("write file", &temporary, &error))?;
    }
    if let Some(method) = settings.sync {
        sync::sync(&settings.output, method)
            .map_err(|error| Stop::new(format!("could not sync the backup: {error}")))?;
    }
    if manifest.is_some() {
        sync::rename(&temporary, &path, settings.sync.is_some())
            .map_err(|error| Stop::file("rename file", &temporary, &error))?;
    }
    Ok(())
}

/// Checks that all are of one database system, and returns its identifier.
fn check_control_files(settings: &Settings) -> Result<u64, Stop> {
    let mut newest: Option<(u64, u32)> = None;
    let mut mixed = false;
    for input in settings.inputs.iter().rev() {
        let path = input.join("global/pg_control");
        let bytes = fs::read(&path).map_err(|error| Stop::file("open file", &path, &error))?;
        let shown = path.display().to_string();
        control::check(&bytes, None, &shown).map_err(Stop::new)?;
        let found = control::system_identifier(&bytes);
        let checksums = control::page_checksums(&bytes);
        let (expected, newest_checksums) = *newest.get_or_insert((found, checksums));
        if expected != found {
            return Err(Stop::new(format!(
                "{shown}: expected system identifier {expected}, but found {found}"
            )));
        }
        mixed |= newest_checksums != 0 && checksums != newest_checksums;
    }
    if mixed {
        say(settings.program, "warning: only some backups have checksums enabled");
        say(
            settings.program,
            "hint: Disable, and optionally reenable, checksums on the output directory to avoid failures.",
        );
    }
    Ok(newest.map_or(0, |(identifier, _)| identifier))
}

fn load_manifests(
    settings: &Settings,
    system_identifier: u64,
) -> Result<Vec<Option<Manifest>>, Stop> {
    let load = |input: &PathBuf| {
        let path = input.join("backup_manifest");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = format!("warning: file \"{}\" does not exist", path.display());
                say(settings.program, text);
                return Ok(None);
            }
            Err(error) => return Err(Stop::file("open file", &path, &error)),
        };
        let manifest = Manifest::parse(&bytes).map_err(Stop::new)?;
        match manifest.system_identifier {
            Some(found) if found == system_identifier => Ok(Some(manifest)),
            found => Err(Stop::new(format!(
                "{}: manifest system identifier is {}, but control file has {system_identifier}",
                input.join("global/pg_control").display(),
                found.unwrap_or(0)
            ))),
        }
    };
    settings.inputs.iter().map(load).collect()
}

/// The tablespaces that the newest backup has (`scan_for_existing_tablespaces`).
fn find_tablespaces(newest: &Path, settings: &Settings) -> Result<Vec<Tablespace>, Stop> {
    let folder = newest.join("pg_tblspc");
    let entries = fs::read_dir(&folder);
    let entries = entries.map_err(|error| Stop::file("open directory", &folder, &error))?;
    let mut tablespaces: Vec<Tablespace> = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Stop::file("read directory", &folder, &error))?.path();
        let oid = path.file_name().and_then(|name| name.to_str()?.parse().ok());
        let Some(oid) = oid.filter(|oid: &u32| *oid > 0) else { continue };
        let kind = fs::symlink_metadata(&path);
        let kind = kind.map_err(|error| Stop::file("stat file", &path, &error))?;
        if kind.is_dir() {
            let to = settings.output.join("pg_tblspc").join(oid.to_string());
            tablespaces.push(Tablespace { oid, from: path, to, within: true });
            continue;
        }
        let from = fs::read_link(&path);
        let from = from.map_err(|error| Stop::file("read symbolic link", &path, &error))?;
        let to = mapped(&from, &settings.tablespaces).to_owned();
        if to == from {
            return Err(Stop::new(format!(
                "tablespace at \"{}\" has no tablespace mapping",
                from.display()
            )));
        }
        if let Some(other) = tablespaces.iter().find(|other| other.to == to) {
            return Err(Stop::new(format!(
                "tablespaces with OIDs {} and {oid} both point at directory \"{}\"",
                other.oid,
                to.display()
            )));
        }
        tablespaces.push(Tablespace { oid, from, to, within: false });
    }
    tablespaces.sort_by_key(|tablespace| tablespace.oid);
    Ok(tablespaces)
}

/// The permissions of new files and directories: those of the newest backup.
fn modes(newest: &Path) -> Result<(u32, u32), Stop> {
    let found = fs::metadata(newest).map_err(|error| Stop::file("stat file", newest, &error))?;
    #[cfg(unix)]
    let group = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o050 == 0o050;
    #[cfg(not(unix))]
    let group = !found.is_dir();
    Ok(if group { (0o640, 0o750) } else { (0o600, 0o700) })
}

fn write_label(tree: &mut Tree<'_>, label: &str) -> Result<(), Stop> {
    if tree.settings.dry_run {
        return Ok(());
    }
    let path = tree.settings.output.join("backup_label");
    let written = create(&path, tree.modes.0)?.write_all(label.as_bytes());
    written.map_err(|error| Stop::file("write file", &path, &error))?;
    let checksum = tree.settings.manifest.map(|algorithm| {
        let mut checksum = Checksum::new(algorithm);
        checksum.update(label.as_bytes());
        checksum.finish()
    });
    tree.list("backup_label", &path, &checksum.unwrap_or_default())
}

fn make_link(target: &Path, path: &Path) -> Result<(), Stop> {
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(target, path);
    #[cfg(not(unix))]
    let linked = std::os::windows::fs::symlink_dir(target, path);
    linked.map_err(|error| Stop::file("create symbolic link", path, &error))
}
