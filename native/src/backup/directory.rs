//! A backup as a directory that a server can be started on: what `pg_basebackup -Fp` makes.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::event::{Archive, BackupEvent};
use super::places::{archive_place, make_directories, make_within, open_to_group, remove_contents};
use super::recovery::{STANDBY_SIGNAL, recovery_settings, write_recovery_settings};
use super::stream::BaseBackup;
use super::sync::{self, SyncMethod};
use super::unpack::{Unpacker, failed, mapped};
use crate::Tablespace;
use crate::config::Config;
use crate::error::{Error, Result};

/// The manifest's name, and the one that it has until everything is on disk.
const MANIFEST: &str = "backup_manifest";
const UNFINISHED_MANIFEST: &str = "backup_manifest.tmp";
/// What the group may do with a file that it may read.
const GROUP: u32 = 0o040;

/// What becomes of a backup beyond its files.
#[derive(Clone, Debug)]
pub struct BackupDirectoryOptions {
    /// Where tablespaces are put instead of where the server has them: its place and ours.
    pub tablespaces: Vec<(PathBuf, PathBuf)>,
    /// Makes it a standby of the server with these settings: `standby.signal`, and `primary_conninfo`
    /// with the password if there is one.
    pub standby_of: Option<Config>,
    /// The slot that the standby streams from.
    pub slot: Option<String>,
    /// The permissions of the server's files, by
    /// [`Client::data_file_mode`](crate::Client::data_file_mode): whether a group may read them.
    pub file_mode: u32,
    /// Whether everything is flushed to disk at the end.
    pub sync: bool,
}

impl Default for BackupDirectoryOptions {
    fn default() -> Self {
        Self { tablespaces: Vec::new(), standby_of: None, slot: None, file_mode: 0o600, sync: true }
    }
}

/// A backup that is unpacked into a directory, and its tablespaces beside it.
///
/// Give it each [`BackupEvent`], then [`finish`](Self::finish) it: the manifest gets its name only when
/// everything is on disk. Dropped before that, it removes what was made, so that half a backup is not
/// taken for a whole one. It blocks while it writes.
///
/// ```no_run
/// # async fn run(mut backup: walscope::BaseBackup) -> walscope::Result<()> {
/// use walscope::{BackupDirectory, BackupDirectoryOptions};
/// let options = BackupDirectoryOptions::default();
/// let mut directory = BackupDirectory::create("/backups/monday", &backup, options)?;
/// while let Some(event) = backup.next().await? {
///     directory.take(event)?;
/// }
/// directory.finish()
/// # }
/// ```
pub struct BackupDirectory {
    path: PathBuf,
    options: BackupDirectoryOptions,
    tablespaces: Vec<Tablespace>,
    archive: Option<Unpacker>,
    manifest: Option<File>,
    /// The directories that are written to, and whether they were made.
    used: Vec<(PathBuf, bool)>,
    /// The backup is whole.
    ended: bool,
    flushed: bool,
}

impl BackupDirectory {
    /// Makes the directory and those of tablespaces; they may be there already, if they are empty.
    ///
    /// # Errors
    ///
    /// A directory with something in it, and what the file system says.
    pub fn create(
        path: impl Into<PathBuf>,
        backup: &BaseBackup,
        options: BackupDirectoryOptions,
    ) -> Result<Self> {
        let mut created = Self {
            path: path.into(),
            options,
            tablespaces: backup.tablespaces().to_vec(),
            archive: None,
            manifest: None,
            used: Vec::new(),
            ended: false,
            flushed: false,
        };
        created.prepare()?;
        Ok(created)
    }

    /// Takes the next piece of the backup.
    ///
    /// # Errors
    ///
    /// An archive that the server has compressed; what [`Unpacker`] refuses; what the file system says.
    pub fn take(&mut self, event: BackupEvent) -> Result<()> {
        match event {
            BackupEvent::ArchiveBegins(archive) => self.archive = Some(self.unpacker(&archive)?),
            BackupEvent::ArchiveData(bytes) => {
                if let Some(archive) = &mut self.archive {
                    archive.write(&bytes)?;
                }
            }
            BackupEvent::ArchiveEnds => {
                if let Some(archive) = self.archive.take() {
                    archive.finish()?;
                }
            }
            BackupEvent::ManifestBegins => self.manifest = Some(self.create_manifest()?),
            BackupEvent::ManifestData(bytes) => {
                if let Some(manifest) = &mut self.manifest {
                    let written = manifest.write_all(&bytes);
                    written.map_err(|error| failed("write", &self.unfinished_manifest(), error))?;
                }
            }
            BackupEvent::Finished(_) => self.ended = true,
            BackupEvent::Progress { .. } | BackupEvent::ManifestEnds => {}
        }
        Ok(())
    }

    /// Writes everything to disk, which may take long. [`finish`](Self::finish) does it too, if nobody has.
    ///
    /// # Errors
    ///
    /// A backup that has not ended, and what the file system says.
    pub fn flush(&mut self) -> Result<()> {
        if !self.ended {
            return Err(Error::protocol("the base backup has no end"));
        }
        if self.flushed {
            return Ok(());
        }
        self.write_settings()?;
        if self.options.sync {
            sync::sync(&self.path, SyncMethod::Fsync)
                .map_err(|error| failed("flush", &self.path, error))?;
        }
        self.flushed = true;
        Ok(())
    }

    /// Gives the manifest its name, once everything is on disk.
    ///
    /// # Errors
    ///
    /// A backup that has not ended, and what the file system says. What was made is removed then.
    pub fn finish(mut self) -> Result<()> {
        self.flush()?;
        if self.manifest.take().is_some() {
            let unfinished = self.unfinished_manifest();
            sync::rename(&unfinished, &self.path.join(MANIFEST), self.options.sync)
                .map_err(|error| failed("rename", &unfinished, error))?;
        }
        self.used.clear();
        Ok(())
    }

    /// Leaves what was made as it is, without a manifest: pages of it may be damaged, and nobody may
    /// have anything better.
    pub fn keep(mut self) {
        self.used.clear();
    }

    fn prepare(&mut self) -> Result<()> {
        let path = self.path.clone();
        self.take_place(&path)?;
        if self.open_to_group() {
            open_to_group(&path)?;
        }
        let map = &self.options.tablespaces;
        let locations = self.tablespaces.iter().map(|tablespace| &tablespace.location);
        let places: Vec<PathBuf> = locations.map(|place| mapped(place, map).to_owned()).collect();
        for place in places {
            if place.is_absolute() {
                self.take_place(&place)?;
            } else {
                make_within(&path, &place)?;
            }
        }
        Ok(())
    }

    /// Makes a directory, or sees that it is empty.
    fn take_place(&mut self, path: &Path) -> Result<()> {
        let made = match fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    let full = io::Error::other("the directory is not empty");
                    return Err(failed("unpack into", path, full));
                }
                false
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_directories(path).map_err(|error| failed("create", path, error))?;
                true
            }
            Err(error) => return Err(failed("unpack into", path, error)),
        };
        self.used.push((path.to_owned(), made));
        Ok(())
    }

    fn unpacker(&self, archive: &Archive) -> Result<Unpacker> {
        if !archive.name.ends_with(".tar") {
            return Err(Error::Unsupported {
                problem: format!(
                    "the archive {} is compressed and cannot be unpacked",
                    archive.name
                ),
                hint: Some("Take the backup without compression by the server".into()),
            });
        }
        let map = &self.options.tablespaces;
        let place = archive_place(&self.path, archive, map);
        Ok(Unpacker::new(place, &self.tablespaces, map))
    }

    fn create_manifest(&self) -> Result<File> {
        let path = self.unfinished_manifest();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        options.open(&path).map_err(|error| failed("create", &path, error))
    }

    fn unfinished_manifest(&self) -> PathBuf {
        self.path.join(UNFINISHED_MANIFEST)
    }

    fn write_settings(&self) -> Result<()> {
        if let Some(config) = &self.options.standby_of {
            let settings = recovery_settings(config, self.options.slot.as_deref());
            write_recovery_settings(&self.path, &settings)?;
            if self.open_to_group() {
                open_to_group(&self.path.join(STANDBY_SIGNAL))?;
            }
        }
        if self.open_to_group() && self.manifest.is_some() {
            open_to_group(&self.unfinished_manifest())?;
        }
        Ok(())
    }

    fn open_to_group(&self) -> bool {
        self.options.file_mode & GROUP != 0
    }
}

impl Drop for BackupDirectory {
    /// The backup has failed. What cannot be removed has no manifest.
    fn drop(&mut self) {
        // What is open is closed first.
        (self.archive, self.manifest) = (None, None);
        for (path, made) in &self.used {
            let _ = if *made { fs::remove_dir_all(path) } else { remove_contents(path) };
        }
    }
}

impl fmt::Debug for BackupDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackupDirectory")
            .field("path", &self.path)
            .field("used", &self.used)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
