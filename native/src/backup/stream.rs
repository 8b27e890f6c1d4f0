//! Drives `BASE_BACKUP`: two results, the copies, a result, the end.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, Message};
use walscope_core::{Lsn, Oid, TimelineId};

use super::event::{Archive, BackupEnd, BackupEvent, Tablespace};
use super::options::{BackupManifest, BackupOptions, OPTION_LIST};
use super::payload::Payload;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::server_error::ServerError;
use crate::wire::{Backend, server_error};

/// PostgreSQL 14 leaves the two blocks out that end a tar file.
const TAR_END: [u8; 1024] = [0; 1024];
/// PostgreSQL 14 does not tell how far it is; it is told after so many bytes.
const PROGRESS_INTERVAL: u64 = 1024 * 1024;
/// No cluster has more.
const MAX_TABLESPACES: usize = 100_000;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A copy, or the result at the end.
    Between,
    Archive,
    Manifest,
    /// After the position of the end, the word that all went well.
    Closing,
    Over,
}

/// A base backup that is under way: pull [`BackupEvent`]s until [`BackupEvent::Finished`].
///
/// Nothing is read ahead, so that a slow consumer slows the server down. Dropping a future of
/// [`next`](Self::next) loses nothing; dropping this value ends the connection, and the server gives the
/// backup up.
///
/// ```no_run
/// # async fn run(config: walscope::Config) -> walscope::Result<()> {
/// use walscope::{BackupEvent, BackupOptions, Client, ConnectionKind};
/// let client = Client::connect(&config, ConnectionKind::Physical).await?;
/// let mut backup = client.base_backup(&BackupOptions::default()).await?;
/// while let Some(event) = backup.next().await? {
///     match event {
///         BackupEvent::ArchiveBegins(archive) => println!("{}", archive.name),
///         BackupEvent::ArchiveData(bytes) => println!("{} bytes", bytes.len()),
///         BackupEvent::Finished(end) => println!("{} to {}", end.start, end.end),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct BaseBackup {
    client: Client,
    start: Lsn,
    timeline: TimelineId,
    /// In the order of their archives; the data directory's is the last and not among them.
    tablespaces: Vec<Tablespace>,
    total: Option<u64>,
    one_copy: bool,
    manifest: bool,
    phase: Phase,
    /// How many archives have begun.
    archives: usize,
    done: u64,
    told: u64,
    end: Option<(Lsn, TimelineId)>,
    /// Events that are due before anything is read.
    due: VecDeque<BackupEvent>,
}

impl Client {
    /// Starts a base backup, once the server's checkpoint is done. Needs a connection for replication,
    /// which it takes over: [`BaseBackup::into_client`] gives it back after the end.
    ///
    /// # Errors
    ///
    /// What the server's version does not have is refused before anything is sent.
    pub async fn base_backup(mut self, options: &BackupOptions) -> Result<BaseBackup> {
        let major = self.server_major();
        let sql = options.sql(major)?;
        self.needs_replication("BASE_BACKUP")?;
        self.send(&sql).await?;
        self.read_much();
        let mut rows = one_result(&mut self).await?;
        let [row] = &mut rows[..] else {
            return Err(Error::protocol("the beginning of a base backup is not one row"));
        };
        let (start, timeline) = position(row)?;
        let mut tablespaces = Vec::new();
        let mut total = Some(0);
        for row in one_result(&mut self).await? {
            let tablespace = tablespace(&row)?;
            let size = size(&row)?;
            total = total.zip(size).map(|(total, size)| total + size * 1024);
            tablespaces.extend(tablespace);
        }
        Ok(BaseBackup {
            client: self,
            start,
            timeline,
            tablespaces,
            total,
            one_copy: major >= OPTION_LIST,
            manifest: options.manifest != BackupManifest::No,
            phase: Phase::Between,
            archives: 0,
            done: 0,
            told: 0,
            end: None,
            due: VecDeque::new(),
        })
    }
}

impl BaseBackup {
    /// Recovery needs the log from here.
    pub fn start(&self) -> Lsn {
        self.start
    }

    /// The timeline of the start.
    pub fn timeline(&self) -> TimelineId {
        self.timeline
    }

    /// The tablespaces outside of the data directory.
    pub fn tablespaces(&self) -> &[Tablespace] {
        &self.tablespaces
    }

    /// About how many bytes there will be, where the server was asked to estimate it.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// What the server has remarked since this was last asked, such as pages whose checksum is wrong.
    pub fn take_notices(&mut self) -> Vec<ServerError> {
        self.client.take_notices()
    }

    /// The next piece; `None` after [`BackupEvent::Finished`].
    ///
    /// # Errors
    ///
    /// After one there is no backup. A page whose checksum is wrong is one at the very end
    /// (SQLSTATE XX001).
    pub async fn next(&mut self) -> Result<Option<BackupEvent>> {
        loop {
            if let Some(event) = self.due.pop_front() {
                return Ok(Some(event));
            }
            if self.phase == Phase::Over {
                return Ok(None);
            }
            let message = self.client.read().await?;
            if let Err(error) = self.take(message) {
                self.client.give_up();
                self.phase = Phase::Over;
                return Err(error);
            }
        }
    }

    /// The connection, after the end; `None` before, when it can only be ended.
    pub fn into_client(self) -> Option<Client> {
        (self.phase == Phase::Over && self.end.is_some()).then_some(self.client)
    }

    fn take(&mut self, message: Backend) -> Result<()> {
        let Backend::Message(message) = message else { return Err(unexpected("a copy to us")) };
        match message {
            Message::CopyData(body) => self.take_data(body.into_bytes()),
            Message::CopyOutResponse(_) => self.begin_copy(),
            Message::CopyDone => self.end_copy(),
            Message::RowDescription(_) if self.phase == Phase::Between => Ok(()),
            Message::DataRow(body) if self.phase == Phase::Between && self.end.is_none() => {
                self.end = Some(position(&values(&body)?)?);
                Ok(())
            }
            Message::CommandComplete(_) if self.phase == Phase::Between && self.end.is_some() => {
                self.phase = Phase::Closing;
                Ok(())
            }
            // PostgreSQL says what was done after each result and once more at the end.
            Message::CommandComplete(_) if self.phase == Phase::Closing => Ok(()),
            Message::ReadyForQuery(_) if self.phase == Phase::Closing => self.finish(),
            Message::ErrorResponse(body) => Err(server_error(body.fields())?.into()),
            _ => Err(unexpected("a message out of order")),
        }
    }

    fn begin_copy(&mut self) -> Result<()> {
        let in_order = self.phase == Phase::Between && self.end.is_none();
        if !in_order || (self.one_copy && self.archives > 0) {
            return Err(unexpected("a copy out of order"));
        }
        if self.one_copy {
            return Ok(());
        }
        if self.archives <= self.tablespaces.len() {
            let tablespace = self.tablespaces.get(self.archives).cloned();
            let name = match &tablespace {
                Some(tablespace) => format!("{}.tar", tablespace.oid),
                None => "base.tar".to_owned(),
            };
            self.begin_archive(Archive { name, tablespace });
        } else {
            self.begin_manifest()?;
        }
        Ok(())
    }

    fn begin_archive(&mut self, archive: Archive) {
        self.phase = Phase::Archive;
        self.archives += 1;
        self.due.push_back(BackupEvent::ArchiveBegins(archive));
    }

    fn begin_manifest(&mut self) -> Result<()> {
        if !self.manifest {
            return Err(unexpected("a manifest that was not asked for"));
        }
        self.phase = Phase::Manifest;
        self.due.push_back(BackupEvent::ManifestBegins);
        Ok(())
    }

    fn end_copy(&mut self) -> Result<()> {
        if !self.one_copy && self.phase == Phase::Archive {
            self.due.push_back(BackupEvent::ArchiveData(Bytes::from_static(&TAR_END)));
        }
        self.end_part();
        self.phase = Phase::Between;
        Ok(())
    }

    /// Says that the archive or manifest is whole, if there is one.
    fn end_part(&mut self) {
        match self.phase {
            Phase::Archive => self.due.push_back(BackupEvent::ArchiveEnds),
            Phase::Manifest => {
                self.manifest = false;
                self.due.push_back(BackupEvent::ManifestEnds);
            }
            _ => {}
        }
    }

    fn take_data(&mut self, body: Bytes) -> Result<()> {
        if !self.one_copy {
            let length = body.len() as u64;
            self.data(body)?;
            if self.phase == Phase::Archive {
                self.done += length;
                if self.done >= self.told + PROGRESS_INTERVAL {
                    self.progress(self.done);
                }
            }
            return Ok(());
        }
        match Payload::decode(body)? {
            Payload::Data(bytes) => self.data(bytes),
            Payload::Progress(done) => {
                self.progress(done);
                Ok(())
            }
            Payload::Manifest => {
                self.end_part();
                self.begin_manifest()
            }
            Payload::Archive { name, location } => self.named_archive(name, &location),
        }
    }

    fn data(&mut self, bytes: Bytes) -> Result<()> {
        self.due.push_back(match self.phase {
            Phase::Archive => BackupEvent::ArchiveData(bytes),
            Phase::Manifest => BackupEvent::ManifestData(bytes),
            _ => return Err(unexpected("data of nothing")),
        });
        Ok(())
    }

    fn progress(&mut self, done: u64) {
        self.told = done;
        let total = self.total.map(|total| total.max(done));
        self.due.push_back(BackupEvent::Progress { done, total });
    }

    /// Names come from the server and become those of files.
    fn named_archive(&mut self, name: String, location: &str) -> Result<()> {
        if self.phase == Phase::Manifest {
            return Err(unexpected("an archive after the manifest"));
        }
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0', ':']) {
            return Err(Error::protocol(format!("invalid name of an archive: {name:?}")));
        }
        self.end_part();
        let known = self.tablespaces.get(self.archives);
        let tablespace = match known {
            _ if location.is_empty() => None,
            Some(known) if known.location.as_os_str() == location => Some(known.clone()),
            _ => {
                let text = format!("an archive of {location:?}, which was not announced");
                return Err(Error::protocol(text));
            }
        };
        if tablespace.is_some() != known.is_some() {
            return Err(unexpected("the archive of the data directory before others"));
        }
        self.begin_archive(Archive { name, tablespace });
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        let Some((end, end_timeline)) = self.end else { return Err(unexpected("no end")) };
        if self.archives != self.tablespaces.len() + 1 {
            return Err(unexpected("an end before all archives"));
        }
        if self.manifest {
            return Err(unexpected("an end without the manifest"));
        }
        self.client.answered();
        self.phase = Phase::Over;
        let (start, start_timeline) = (self.start, self.timeline);
        self.due.push_back(BackupEvent::Finished(BackupEnd {
            start,
            start_timeline,
            end,
            end_timeline,
        }));
        Ok(())
    }
}

impl fmt::Debug for BaseBackup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BaseBackup")
            .field("client", &self.client)
            .field("start", &self.start)
            .field("timeline", &self.timeline)
            .field("tablespaces", &self.tablespaces)
            .field("total", &self.total)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

fn unexpected(what: &str) -> Error {
    Error::protocol(format!("unexpected in a base backup: {what}"))
}

type Row = Vec<Option<String>>;

/// The rows of the next result.
async fn one_result(client: &mut Client) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    loop {
        let Backend::Message(message) = client.read().await? else {
            return Err(unexpected("a copy before its description"));
        };
        match message {
            Message::RowDescription(_) => {}
            Message::DataRow(body) if rows.len() < MAX_TABLESPACES => rows.push(values(&body)?),
            Message::CommandComplete(_) => return Ok(rows),
            Message::ErrorResponse(body) => return Err(server_error(body.fields())?.into()),
            _ => return Err(unexpected("a message before its description")),
        }
    }
}

fn values(body: &DataRowBody) -> Result<Row> {
    let malformed = |_| unexpected("a malformed row");
    let mut row = Vec::new();
    let mut ranges = body.ranges();
    while let Some(range) = ranges.next().map_err(malformed)? {
        let bytes = range.and_then(|range| body.buffer().get(range));
        let text = bytes.map(|bytes| String::from_utf8(bytes.to_vec())).transpose();
        row.push(text.map_err(|_| unexpected("a value that is not UTF-8"))?);
    }
    Ok(row)
}

fn value<T: std::str::FromStr>(row: &Row, column: usize, name: &str) -> Result<Option<T>> {
    let text = row.get(column).and_then(Option::as_deref);
    let bad = |text: &str| Error::protocol(format!("the {name} of a base backup is {text:?}"));
    text.map(|text| text.parse().map_err(|_| bad(text))).transpose()
}

/// A row with a position in the log and its timeline.
fn position(row: &Row) -> Result<(Lsn, TimelineId)> {
    let lsn = value(row, 0, "position")?;
    let timeline = value(row, 1, "timeline")?;
    match (lsn, timeline) {
        (Some(lsn), Some(timeline)) => Ok((lsn, TimelineId(timeline))),
        _ => Err(unexpected("no position in the log")),
    }
}

/// A row's tablespace; `None`: the data directory.
fn tablespace(row: &Row) -> Result<Option<Tablespace>> {
    let oid: Option<u32> = value(row, 0, "tablespace")?;
    let location: Option<String> = value(row, 1, "tablespace's location")?;
    match (oid, location) {
        (None, None) => Ok(None),
        (Some(oid), Some(location)) => {
            let (within, size) = (format!("pg_tblspc/{oid}"), size(row)?);
            let location = PathBuf::from(location);
            // It becomes a place to write to.
            if !location.is_absolute() && location != Path::new(&within) {
                return Err(unexpected(
                    "a tablespace whose location is neither absolute nor its own",
                ));
            }
            Ok(Some(Tablespace { oid: Oid(oid), location, size }))
        }
        _ => Err(unexpected("half a tablespace")),
    }
}

fn size(row: &Row) -> Result<Option<u64>> {
    value(row, 2, "size")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red without the look at `within`.
    #[test]
    fn locations_of_tablespaces_do_not_lead_out() {
        let row = |location: &str| vec![Some("7".to_owned()), Some(location.to_owned()), None];
        for location in ["/ts", "pg_tblspc/7"] {
            let found = tablespace(&row(location)).expect(location).expect(location);
            assert_eq!((found.oid, found.location), (Oid(7), location.into()));
        }
        for location in ["../ts", "ts", "pg_tblspc/8", "pg_tblspc/7/../../..", ""] {
            assert!(tablespace(&row(location)).is_err(), "{location}");
        }
    }
}
