//! Goes through the newest backup and puts each of its files into the new one
//! (`process_directory_recursively` of `pg_combinebackup.c`).

use std::fs;
use std::path::{Path, PathBuf};

use super::Tablespace;
use super::copy::{CopyMethod, copy_file};
use super::manifest::ManifestWriter;
use super::options::Settings;
use super::reconstruct::{PREFIX, Plan, plan};
use crate::ChecksumAlgorithm;
use crate::cli::pg_tool::{Stop, say};
use crate::cli::verifybackup::checksum::Checksum;
use crate::cli::verifybackup::manifest::Manifest;

/// Made in another way.
const SPECIAL: [&str; 2] = ["backup_label", "backup_manifest"];

/// A new backup that is being made.
pub(super) struct Tree<'s> {
    pub(super) settings: &'s Settings,
    /// Of each backup, if it has one.
    pub(super) manifests: &'s [Option<Manifest>],
    pub(super) tablespaces: &'s [Tablespace],
    pub(super) writer: Option<ManifestWriter>,
    /// The permissions of files, and of directories.
    pub(super) modes: (u32, u32),
}

impl Tree<'_> {
    /// Takes a directory. `relative` is its path within the backup, with a slash at its end if it is not the
    /// backup itself; `from` and `to` are where it is.
    pub(super) fn directory(&mut self, relative: &str, from: &Path, to: &Path) -> Result<(), Stop> {
        let entries =
            fs::read_dir(from).map_err(|error| Stop::file("open directory", from, &error))?;
        let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
        let names: Result<Vec<_>, _> = names.collect();
        let mut names = names.map_err(|error| Stop::file("read directory", from, &error))?;
        names.sort();
        for name in names {
            let path = from.join(&name);
            let Some(name) = name.to_str() else {
                return Err(Stop::new(format!("a file name is not UTF-8: \"{}\"", path.display())));
            };
            let found = fs::symlink_metadata(&path);
            let found = found.map_err(|error| Stop::file("stat file", &path, &error))?;
            let is_tablespace =
                relative == "pg_tblspc/" && name.parse().is_ok_and(|oid: u32| oid > 0);
            if is_tablespace && !found.is_file() {
                continue;
            }
            if found.is_dir() {
                let below = to.join(name);
                self.make(&below)?;
                self.directory(&format!("{relative}{name}/"), &path, &below)?;
            } else if !found.is_file() {
                let kind = if found.is_symlink() { "symbolic link" } else { "special file" };
                say(
                    self.settings.program,
                    format!("warning: skipping {kind} \"{}\"", path.display()),
                );
            } else if !(relative.is_empty() && SPECIAL.contains(&name)) {
                self.file(relative, name, &path, to)?;
            }
        }
        Ok(())
    }

    /// Makes a directory.
    pub(super) fn make(&self, path: &Path) -> Result<(), Stop> {
        if self.settings.dry_run {
            return Ok(());
        }
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(self.modes.1);
        }
        builder.create(path).map_err(|error| Stop::file("create directory", path, &error))
    }

    fn file(&mut self, relative: &str, name: &str, path: &Path, to: &Path) -> Result<(), Stop> {
        // The log is not in the manifest.
        let wanted = self.settings.manifest.filter(|_| !relative.starts_with("pg_wal/"));
        let relations = ["base/", "pg_tblspc/"].iter().any(|place| relative.starts_with(place));
        let incremental = name.strip_prefix(PREFIX).filter(|_| relations || relative == "global/");
        let bare = incremental.unwrap_or(name);
        let (to, listed) = (to.join(bare), format!("{relative}{bare}"));
        let newest = self.manifests.len().saturating_sub(1);
        let plan = match incremental {
            Some(bare) => plan(&self.places(relative), bare)?,
            None => Plan::Copy { backup: newest, path: path.to_owned() },
        };
        if self.settings.debug {
            let shown = to.display();
            say(
                self.settings.program,
                format!(
                    "debug: {} \"{shown}\"",
                    match &plan {
                        Plan::Copy { .. } => "copying to",
                        Plan::Blocks { .. } => "reconstructing",
                    }
                ),
            );
        }
        if self.settings.dry_run {
            return Ok(());
        }
        let known = match &plan {
            Plan::Copy { backup, .. } => {
                wanted.and_then(|wanted| self.known(*backup, &listed, wanted))
            }
            Plan::Blocks { .. } => None,
        };
        let mut checksum = wanted.filter(|_| known.is_none()).map(Checksum::new);
        let (mode, _) = self.modes;
        match plan {
            Plan::Copy { path, .. } => {
                copy_file(&path, &to, mode, self.settings.copy, checksum.as_mut())?;
            }
            Plan::Blocks { sources } => sources.write(&to, mode, checksum.as_mut())?,
        }
        let found = known.or_else(|| checksum.map(Checksum::finish)).unwrap_or_default();
        self.list(&listed, &to, &found)
    }

    /// Adds a file to the manifest.
    pub(super) fn list(&mut self, listed: &str, file: &Path, checksum: &[u8]) -> Result<(), Stop> {
        // With NONE the log is listed by pg_combinebackup too, but pg_verifybackup leaves it out.
        match (&mut self.writer, self.settings.manifest) {
            (Some(writer), Some(algorithm)) => {
                writer.add(listed.as_bytes(), file, algorithm, checksum)
            }
            _ => Ok(()),
        }
    }

    /// The checksum that a backup's manifest has of a file.
    fn known(&self, backup: usize, listed: &str, wanted: ChecksumAlgorithm) -> Option<Vec<u8>> {
        let manifest = self.manifests.get(backup)?.as_ref()?;
        let Some(index) = manifest.index.get(listed.as_bytes()) else {
            let text = format!("warning: the manifest contains no entry for file \"{listed}\"");
            say(self.settings.program, text);
            return None;
        };
        let file = manifest.files.get(*index)?;
        (file.algorithm == wanted).then(|| file.checksum.clone())
    }

    /// Where a directory is in each backup. Earlier backups have tablespaces behind their links.
    fn places(&self, relative: &str) -> Vec<PathBuf> {
        let newest = self.tablespaces.iter().find_map(|tablespace| {
            let rest = relative.strip_prefix(&tablespace.prefix())?;
            Some(tablespace.from.join(rest))
        });
        let mut places: Vec<_> =
            self.settings.inputs.iter().map(|input| input.join(relative)).collect();
        if let (Some(newest), Some(last)) = (newest, places.last_mut()) {
            *last = newest;
        }
        places
    }

    /// Whether files of the new backup are those of others, too.
    pub(super) fn shares(&self) -> bool {
        self.settings.copy == CopyMethod::Link
    }
}
