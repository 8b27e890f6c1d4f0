//! A backup from the first connection to the last flush.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use walscope_core::Lsn;

use super::directories::Directories;
use super::options::{Format, Settings, WalMethod};
use super::output::{ArchiveOutput, ManifestFile};
use super::progress::Progress;
use super::wal::{Slot, Start, WalStream};
use super::wal_files::{Place, link};
use crate::backup::{
    archive_place, make_within, open_to_group, recovery_settings, sync, write_recovery_settings,
};
use crate::cli::pg_tool::{Stop, say};
use crate::cli::signals::Signals;
use crate::{
    Archive, BackupEvent, BackupManifest, BackupOptions, BackupTarget, BaseBackup, Client,
    CompressionMethod, Config, Error, System, Tablespace, Unpacker, mapped,
};

/// "Data corrupted": pages whose checksum is wrong.
const DATA_CORRUPTED: &str = "XX001";
/// What the group may do with a file that it may read.
const GROUP: u32 = 0o040;
/// The first server that summarizes its log.
const SUMMARIES: u32 = 17;

/// The stream of the log beside the backup, and how it is told where to end.
struct Beside {
    end: watch::Sender<Option<Lsn>>,
    task: JoinHandle<crate::Result<()>>,
}

/// A backup that is taken.
pub(super) struct Backup<'s> {
    settings: &'s Settings,
    directories: Directories,
    progress: Progress,
    tablespaces: Vec<Tablespace>,
    /// Settings that make it a standby.
    recovery: Option<String>,
    archive: Option<ArchiveOutput>,
    manifest: Option<ManifestFile>,
    /// The manifest, where it goes into the archive.
    manifest_bytes: Vec<u8>,
    /// The group may read it, as it may the server's.
    group: bool,
    /// It is whole, but pages in it are damaged: it is left as it is.
    damaged: bool,
}

impl<'s> Backup<'s> {
    pub(super) fn new(settings: &'s Settings) -> Self {
        Self {
            settings,
            directories: Directories::default(),
            progress: Progress::new(settings.progress),
            tablespaces: Vec::new(),
            recovery: None,
            archive: None,
            manifest: None,
            manifest_bytes: Vec::new(),
            group: false,
            damaged: false,
        }
    }

    /// Takes it.
    pub(super) async fn take(&mut self) -> Result<(), Stop> {
        let mut signals = Signals::catch()
            .map_err(|error| Stop::new(format!("cannot catch signals: {error}")))?;
        tokio::select! {
            result = self.take_to_the_end() => result,
            () = signals.wait() => Err(Stop::new("interrupted: the backup is not whole")),
        }
    }

    async fn take_to_the_end(&mut self) -> Result<(), Stop> {
        let settings = self.settings;
        let (config, mut client) = settings.server.connect().await?;
        self.group = client.data_file_mode().await? & GROUP != 0;
        let slot = settings.slot.as_deref();
        self.recovery = settings.recovery_conf.then(|| recovery_settings(&config, slot));
        self.prepare_directories()?;
        let system = client.identify_system().await?;
        if let Some(path) = &settings.incremental {
            upload(&mut client, path).await?;
        }
        let options = self.options()?;
        let summaries = client.server_major() >= SUMMARIES;
        if settings.verbose {
            say(settings.program, "initiating base backup, waiting for checkpoint to complete");
        } else {
            self.progress.waiting();
        }
        let mut backup = client.base_backup(&options).await?;
        self.begin(&backup)?;
        let mut beside = match settings.wal {
            WalMethod::Stream => Some(self.stream_wal(&config, &system, &backup, summaries).await?),
            _ => None,
        };
        let end = self.receive(&mut backup, beside.as_mut()).await?;
        if let Some(client) = backup.into_client() {
            client.close().await;
        }
        if let Some(Beside { end: teller, task }) = beside {
            self.verbose("waiting for background process to finish streaming ...");
            // Where it has ended already, it has failed.
            let _ = teller.send(Some(end));
            wal_result(task.await)?;
        }
        self.make_durable().await
    }

    fn prepare_directories(&mut self) -> Result<(), Stop> {
        let settings = self.settings;
        let Some(directory) = settings.directory.as_deref().filter(|_| !settings.to_stdout())
        else {
            return Ok(());
        };
        self.directories.take("data directory", directory)?;
        if self.group {
            open_to_group(directory)?;
        }
        if let Some(wal) = &settings.wal_directory {
            self.directories.take("WAL directory", wal)?;
            link(wal, &directory.join("pg_wal"))?;
        }
        Ok(())
    }

    fn options(&self) -> Result<BackupOptions, Stop> {
        let settings = self.settings;
        let target = match settings.target.as_deref() {
            None => BackupTarget::Client,
            Some("blackhole") => BackupTarget::Blackhole,
            Some(text) => match text.split_once(':') {
                Some(("server", directory)) => BackupTarget::Server(directory.into()),
                Some((name, detail)) => {
                    BackupTarget::Other { name: name.to_owned(), detail: Some(detail.to_owned()) }
                }
                None => BackupTarget::Other { name: text.to_owned(), detail: None },
            },
        };
        let manifest = match (settings.manifest, settings.force_encode) {
            (false, _) => BackupManifest::No,
            (true, false) => BackupManifest::Yes,
            (true, true) => BackupManifest::ForceEncode,
        };
        Ok(BackupOptions {
            label: settings.label.clone(),
            tablespace_map: settings.format == Format::Tar || settings.target.is_some(),
            target,
            progress: settings.estimate,
            fast_checkpoint: settings.fast,
            wal: settings.wal == WalMethod::Fetch,
            wait: settings.wal == WalMethod::None,
            max_rate: settings.max_rate,
            verify_checksums: settings.verify_checksums,
            manifest,
            manifest_checksums: settings.manifest_checksums,
            compression: settings.server_compression,
            incremental: settings.incremental.is_some(),
        })
    }

    /// What is known before the first archive.
    fn begin(&mut self, backup: &BaseBackup) -> Result<(), Stop> {
        self.verbose("checkpoint completed");
        if self.settings.wal != WalMethod::None {
            let (start, timeline) = (backup.start(), backup.timeline());
            self.verbose(&format!("write-ahead log start point: {start} on timeline {timeline}"));
        }
        self.tablespaces = backup.tablespaces().to_vec();
        self.progress.begin(backup.total(), self.tablespaces.len() + 1);
        if self.settings.to_stdout() && !self.tablespaces.is_empty() {
            let count = self.tablespaces.len() + 1;
            return Err(Stop::new(format!(
                "can only write single tablespace to stdout, database has {count}"
            )));
        }
        let plain = self.settings.format == Format::Plain;
        if let Some(directory) = self.settings.directory.as_deref().filter(|_| plain) {
            for tablespace in &self.tablespaces {
                let place = mapped(&tablespace.location, &self.settings.tablespaces);
                if place.is_absolute() {
                    self.directories.take_tablespace(place)?;
                } else {
                    make_within(directory, place)?;
                }
            }
        }
        Ok(())
    }

    async fn stream_wal(
        &self,
        config: &Config,
        system: &System,
        backup: &BaseBackup,
        summaries: bool,
    ) -> Result<Beside, Stop> {
        self.verbose("starting background WAL receiver");
        let settings = self.settings;
        let directory = settings.directory.as_deref().unwrap_or(Path::new("."));
        let place = match settings.format {
            Format::Plain => Place::Directory { path: directory.join("pg_wal"), summaries },
            Format::Tar => {
                // As pg_basebackup: the log is compressed with gzip or not at all.
                let compression = settings
                    .client_compression
                    .filter(|compression| compression.method == CompressionMethod::Gzip);
                let suffix = compression.map_or("", |gzip| gzip.method.suffix());
                Place::Tar { path: directory.join(format!("pg_wal.tar{suffix}")), compression }
            }
        };
        let slot = match (&settings.slot, settings.create_slot, settings.no_slot) {
            (Some(name), true, _) => Slot::New(name),
            (Some(name), false, _) => Slot::Existing(name),
            (None, _, true) => Slot::None,
            (None, _, false) => Slot::Temporary,
        };
        let start = Start {
            config,
            system_id: system.system_id,
            lsn: backup.start(),
            timeline: backup.timeline(),
            slot,
            interval: Duration::from_secs(settings.status_interval.into()),
            mode: if self.group { 0o640 } else { 0o600 },
        };
        let stream = WalStream::begin(&start, place).await?;
        let (end, told) = watch::channel(None);
        Ok(Beside { end, task: tokio::spawn(stream.run(told)) })
    }

    /// Receives everything, and returns where the log that is needed ends.
    async fn receive(
        &mut self,
        backup: &mut BaseBackup,
        mut beside: Option<&mut Beside>,
    ) -> Result<Lsn, Stop> {
        let mut end = None;
        loop {
            let event = match &mut beside {
                None => backup.next().await,
                Some(beside) => tokio::select! {
                    event = backup.next() => event,
                    ended = &mut beside.task => {
                        wal_result(ended)?;
                        return Err(Stop::new("the log ended before the backup did"));
                    }
                },
            };
            for notice in backup.take_notices() {
                say(
                    self.settings.program,
                    format!("{}: {}", notice.severity.to_lowercase(), notice.message),
                );
            }
            match event.map_err(|error| self.backup_failed(error))? {
                None => break,
                Some(BackupEvent::Finished(position)) => end = Some(position.end),
                Some(event) => self.take_event(event)?,
            }
        }
        let end =
            end.ok_or_else(|| Stop::new("no write-ahead log end position returned from server"))?;
        self.finish_archive()?;
        self.progress.end();
        if self.settings.wal != WalMethod::None {
            self.verbose(&format!("write-ahead log end point: {end}"));
        }
        self.finish_files()?;
        Ok(end)
    }

    fn backup_failed(&mut self, error: Error) -> Stop {
        if matches!(&error, Error::Server(error) if error.code == DATA_CORRUPTED) {
            self.damaged = true;
            return Stop::new("checksum error occurred");
        }
        error.into()
    }

    fn take_event(&mut self, event: BackupEvent) -> Result<(), Stop> {
        match event {
            BackupEvent::ArchiveBegins(archive) => {
                self.progress.archive();
                self.archive = Some(self.output(&archive)?);
            }
            BackupEvent::ArchiveData(bytes) => self.write(bytes)?,
            // The manifest may go into the last one.
            BackupEvent::ArchiveEnds if self.archive.as_ref().is_some_and(ArchiveOutput::waits) => {
            }
            BackupEvent::ArchiveEnds => self.finish_archive()?,
            BackupEvent::Progress { done, .. } => self.progress.update(done),
            BackupEvent::ManifestBegins => {
                if let Some(directory) = self.directory() {
                    self.manifest = Some(ManifestFile::create(directory)?);
                }
            }
            BackupEvent::ManifestData(bytes) => match &mut self.manifest {
                Some(file) => file.write(&bytes)?,
                None if self.settings.to_stdout() => self.manifest_bytes.extend_from_slice(&bytes),
                None => {}
            },
            _ => {}
        }
        Ok(())
    }

    /// The directory that is written to, if one is.
    fn directory(&self) -> Option<&'s Path> {
        self.settings.directory.as_deref().filter(|_| !self.settings.to_stdout())
    }

    fn output(&mut self, archive: &Archive) -> Result<ArchiveOutput, Stop> {
        let settings = self.settings;
        let Some(directory) = settings.directory.as_deref() else {
            return Ok(ArchiveOutput::Nowhere);
        };
        if settings.format == Format::Plain {
            let place = archive_place(directory, archive, &settings.tablespaces);
            let unpacker = Unpacker::new(place, &self.tablespaces, &settings.tablespaces);
            return Ok(ArchiveOutput::unpacking(unpacker, archive)?);
        }
        let compression = settings.client_compression.as_ref();
        if archive.tablespace.is_none() && settings.injects() {
            let compression = compression.or(settings.server_compression.as_ref());
            let recovery = self.recovery.clone();
            return Ok(ArchiveOutput::file_with_more(directory, archive, compression, recovery)?);
        }
        Ok(ArchiveOutput::file(directory, archive, compression)?)
    }

    fn write(&mut self, bytes: Bytes) -> Result<(), Stop> {
        let Some(archive) = &mut self.archive else { return Ok(()) };
        let Err(error) = archive.write(bytes) else { return Ok(()) };
        Err(match self.archive.take() {
            Some(ArchiveOutput::Decompressed { thread, .. }) => thread.failure(error).into(),
            _ => error.into(),
        })
    }

    fn finish_archive(&mut self) -> Result<(), Stop> {
        let Some(archive) = self.archive.take() else { return Ok(()) };
        let manifest = [("backup_manifest", self.manifest_bytes.as_slice())];
        let inject = self.settings.to_stdout() && self.settings.manifest;
        Ok(archive.finish(if inject { &manifest } else { &[] })?)
    }

    fn finish_files(&mut self) -> Result<(), Stop> {
        let Some(directory) = self.directory() else { return Ok(()) };
        if let (Format::Plain, Some(recovery)) = (self.settings.format, &self.recovery) {
            write_recovery_settings(directory, recovery)?;
            if self.group {
                open_to_group(&directory.join("standby.signal"))?;
            }
        }
        if let (true, Some(manifest)) = (self.group, &self.manifest) {
            open_to_group(&manifest.temporary)?;
        }
        Ok(())
    }

    /// Flushes everything; only then the manifest gets its name.
    async fn make_durable(&mut self) -> Result<(), Stop> {
        let Some(directory) = self.directory().map(Path::to_owned) else { return Ok(()) };
        if let Some(method) = self.settings.sync {
            self.verbose("syncing data to disk ...");
            // It may take long, and can be interrupted meanwhile.
            let synced = tokio::task::spawn_blocking(move || sync::sync(&directory, method)).await;
            synced
                .map_err(io::Error::other)
                .and_then(|synced| synced)
                .map_err(|error| Stop::new(format!("could not sync the backup: {error}")))?;
        }
        let Some(manifest) = self.manifest.take() else { return Ok(()) };
        self.verbose("renaming backup_manifest.tmp to backup_manifest");
        sync::rename(&manifest.temporary, &manifest.path, self.settings.sync.is_some())
            .map_err(|error| Stop::file("rename file", &manifest.temporary, &error))
    }

    /// After a failure.
    pub(super) fn clean_up(&mut self) {
        // What is open is closed first.
        if let Some(archive) = self.archive.take() {
            archive.give_up();
        }
        self.manifest = None;
        if !self.damaged {
            self.directories.clean_up(self.settings.program, self.settings.clean);
        }
    }

    fn verbose(&self, text: &str) {
        if self.settings.verbose {
            say(self.settings.program, text);
        }
    }
}

fn wal_result(ended: Result<crate::Result<()>, tokio::task::JoinError>) -> Result<(), Stop> {
    let ended = ended.map_err(|error| Stop::new(format!("streaming the log failed: {error}")))?;
    ended.map_err(|error| Stop::from(error).within("streaming the log failed"))
}

async fn upload(client: &mut Client, path: &PathBuf) -> Result<(), Stop> {
    let file = File::open(path).map_err(|error| Stop::file("open file", path, &error))?;
    let uploaded = client.upload_manifest(Blocking(file)).await;
    uploaded.map_err(|error| Stop::from(error).within("could not upload manifest"))
}

/// A file that is read where nothing else waits for the thread.
struct Blocking(File);

impl AsyncRead for Blocking {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let length = self.get_mut().0.read(buffer.initialize_unfilled())?;
        buffer.advance(length);
        Poll::Ready(Ok(()))
    }
}
