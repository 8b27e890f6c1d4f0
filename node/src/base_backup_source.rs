//! Where the pieces of a base backup come from: many of the server's messages at once, and what becomes
//! of them on the way.

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use walscope::{
    Archive, BackupDirectory, BackupEnd, BackupEvent, BaseBackup, CompressionMethod, Config, Error,
    Result, Tablespace, TarKind, TarMember, TarPiece, TarReader,
};

use crate::base_backup_options::RawUnpackOptions;
use crate::error::notice;

/// What JavaScript is given at once, or is written to files at once: about so much, of what is there
/// already.
const PIECE: usize = 256 * 1024;
/// "Data corrupted": pages whose checksum is wrong. What was unpacked is left then, without a manifest.
const DATA_CORRUPTED: &str = "XX001";

/// What becomes of an archive's bytes.
#[derive(Clone, Copy)]
pub(crate) enum How {
    /// JavaScript is given them.
    Bytes,
    /// It is given the members of the tar file, but of the one in hand not so many bytes that come next.
    Files { leave_out: u64 },
    /// Nobody wants them.
    Skip,
    /// They are unpacked into the directory.
    Unpack,
}

/// What JavaScript is given.
pub(crate) enum Piece {
    Archive(Value),
    Manifest,
    Data(Vec<u8>),
    /// What members begin, and the contents of all that are there, one behind the other.
    Members(Vec<Value>, Vec<u8>),
    End,
    Progress,
    Finished(BackupEnd),
}

/// With how far the backup is, and what the server has remarked.
pub(crate) type Told = (Piece, u64, Vec<String>);

/// What comes next of the backup.
enum Gathered {
    /// Data of one archive, or of the manifest.
    Data(Vec<BackupEvent>),
    Event(BackupEvent),
}

pub(crate) struct Source {
    /// `None` after the end, however that came.
    backup: Option<BaseBackup>,
    file_mode: u32,
    /// What was received while data was gathered, and is next.
    due: Option<Result<BackupEvent>>,
    done: u64,
    tar: TarReader,
    /// Of the member in hand so many bytes are left out.
    leave_out: u64,
    directory: Option<BackupDirectory>,
}

impl Source {
    pub(crate) fn new(backup: BaseBackup, file_mode: u32) -> Self {
        Self {
            backup: Some(backup),
            file_mode,
            due: None,
            done: 0,
            tar: TarReader::new(),
            leave_out: 0,
            directory: None,
        }
    }

    /// The next piece; `None` when it was closed. After an error there is nothing more.
    pub(crate) async fn next(
        &mut self,
        how: How,
        mut closed: watch::Receiver<bool>,
    ) -> Result<Option<Told>> {
        let told = self.told(how, &mut closed).await;
        if let Err(error) = &told {
            if error.code() == DATA_CORRUPTED
                && let Some(directory) = self.directory.take()
            {
                directory.keep();
            }
            self.end().await;
        }
        told
    }

    async fn told(&mut self, how: How, closed: &mut watch::Receiver<bool>) -> Result<Option<Told>> {
        // Whatever comes now, be it a word on how far it is.
        if let How::Files { leave_out } = how {
            self.leave_out += leave_out;
        }
        // Files are not left in the middle of being written, so that they can be removed.
        let gathered = tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => return Ok(None),
            gathered = self.gather() => gathered,
        };
        let notices = self.backup.as_mut().map(BaseBackup::take_notices).unwrap_or_default();
        let piece = match gathered {
            Ok(gathered) => self.piece(gathered, how).await?,
            // What was remarked before it is told first.
            Err(error) if !notices.is_empty() => {
                self.due = Some(Err(error));
                Piece::Progress
            }
            Err(error) => return Err(error),
        };
        if let Piece::Finished(_) = piece
            && !self.finish(closed).await?
        {
            return Ok(None);
        }
        let notices = notices.iter().map(|remark| notice(remark).to_string()).collect();
        Ok(Some((piece, self.done, notices)))
    }

    /// Makes the directory that archives are unpacked into.
    pub(crate) async fn unpack_into(
        &mut self,
        options: RawUnpackOptions,
        config: &Config,
    ) -> Result<()> {
        let Some(backup) = &self.backup else { return Err(Error::Closed) };
        let path = options.directory.clone();
        let options = options.build(config, self.file_mode);
        self.directory = Some(BackupDirectory::create(path, backup, options)?);
        Ok(())
    }

    /// Ends the connection, and removes what was unpacked and is not whole.
    pub(crate) async fn end(&mut self) {
        self.backup = None;
        self.due = None;
        if let Some(directory) = self.directory.take() {
            // That it cannot be removed is no reason to stop.
            let _ = spawn_blocking(move || drop(directory)).await;
        }
    }

    /// Waits for something, and takes what is there already.
    async fn gather(&mut self) -> Result<Gathered> {
        let (mut data, mut size) = (Vec::new(), 0);
        while size < PIECE {
            let event = if data.is_empty() {
                self.event().await?
            } else {
                let at_once = tokio::select! {
                    biased;
                    event = self.event() => Some(event),
                    () = std::future::ready(()) => None,
                };
                match at_once {
                    Some(Ok(event)) => event,
                    Some(Err(error)) => {
                        self.due = Some(Err(error));
                        break;
                    }
                    None => break,
                }
            };
            match &event {
                BackupEvent::ArchiveData(bytes) | BackupEvent::ManifestData(bytes) => {
                    size += bytes.len();
                    data.push(event);
                }
                BackupEvent::Progress { done, .. } => {
                    self.done = *done;
                    if data.is_empty() {
                        return Ok(Gathered::Event(event));
                    }
                }
                _ if data.is_empty() => return Ok(Gathered::Event(event)),
                _ => {
                    self.due = Some(Ok(event));
                    break;
                }
            }
        }
        Ok(Gathered::Data(data))
    }

    /// Dropping the future loses nothing.
    async fn event(&mut self) -> Result<BackupEvent> {
        if let Some(due) = self.due.take() {
            return due;
        }
        let Some(backup) = &mut self.backup else { return Err(Error::Closed) };
        backup.next().await?.ok_or(Error::Closed)
    }

    async fn piece(&mut self, gathered: Gathered, how: How) -> Result<Piece> {
        match (gathered, how) {
            (Gathered::Data(data), How::Bytes) => Ok(Piece::Data(concat(&data))),
            (Gathered::Data(data), How::Files { .. }) => self.members(&data),
            (Gathered::Data(_), How::Skip) => Ok(Piece::Progress),
            (Gathered::Data(data), How::Unpack) => {
                self.unpack(data).await?;
                Ok(Piece::Progress)
            }
            (Gathered::Event(event), How::Unpack) => {
                self.unpack(vec![event.clone()]).await?;
                self.told_of(event, how)
            }
            (Gathered::Event(event), _) => self.told_of(event, how),
        }
    }

    fn told_of(&mut self, event: BackupEvent, how: How) -> Result<Piece> {
        Ok(match event {
            BackupEvent::ArchiveBegins(begun) => {
                (self.tar, self.leave_out) = (TarReader::new(), 0);
                Piece::Archive(archive(&begun))
            }
            BackupEvent::ManifestBegins => Piece::Manifest,
            BackupEvent::ArchiveEnds => {
                if let How::Files { .. } = how {
                    self.tar.finish()?;
                }
                Piece::End
            }
            BackupEvent::ManifestEnds => Piece::End,
            BackupEvent::Finished(end) => Piece::Finished(end),
            _ => Piece::Progress,
        })
    }

    fn members(&mut self, data: &[BackupEvent]) -> Result<Piece> {
        let (mut members, mut contents) = (Vec::new(), Vec::new());
        for mut input in data.iter().filter_map(bytes_of) {
            while let Some(piece) = self.tar.next(&mut input)? {
                match piece {
                    TarPiece::Member(begun) => members.push(member(&begun)),
                    TarPiece::Content(content) => {
                        let left_out = usize::try_from(self.leave_out).unwrap_or(usize::MAX);
                        let (left_out, wanted) = content.split_at(left_out.min(content.len()));
                        self.leave_out -= left_out.len() as u64;
                        contents.extend_from_slice(wanted);
                    }
                    TarPiece::MemberEnds => {}
                }
            }
        }
        Ok(Piece::Members(members, contents))
    }

    /// Hands events to the directory, on a thread that may wait for the disk.
    async fn unpack(&mut self, events: Vec<BackupEvent>) -> Result<()> {
        let Some(mut directory) = self.directory.take() else { return Err(Error::Closed) };
        let (directory, written) = blocking(move || {
            let written = events.into_iter().try_for_each(|event| directory.take(event));
            (directory, written)
        })
        .await?;
        self.directory = Some(directory);
        written
    }

    /// Everything is here: says goodbye to the server, and makes durable what was unpacked, unless it was
    /// closed meanwhile.
    async fn finish(&mut self, closed: &watch::Receiver<bool>) -> Result<bool> {
        if let Some(client) = self.backup.take().and_then(BaseBackup::into_client) {
            client.close().await;
        }
        let Some(mut directory) = self.directory.take() else { return Ok(true) };
        let flushed = blocking(move || directory.flush().map(|()| directory)).await??;
        if *closed.borrow() {
            self.directory = Some(flushed);
            return Ok(false);
        }
        blocking(move || flushed.finish()).await??;
        Ok(true)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(|error| Error::Io(std::io::Error::other(error)))
}

fn bytes_of(event: &BackupEvent) -> Option<&[u8]> {
    match event {
        BackupEvent::ArchiveData(bytes) | BackupEvent::ManifestData(bytes) => Some(bytes),
        _ => None,
    }
}

fn concat(data: &[BackupEvent]) -> Vec<u8> {
    data.iter().filter_map(bytes_of).collect::<Vec<_>>().concat()
}

fn archive(begun: &Archive) -> Value {
    let compression = CompressionMethod::of_name(&begun.name).map(CompressionMethod::name);
    json!({
        "name": begun.name,
        "tablespace": begun.tablespace.as_ref().map(tablespace),
        "compression": compression,
    })
}

pub(crate) fn tablespace(tablespace: &Tablespace) -> Value {
    json!({
        "oid": tablespace.oid.0,
        "location": tablespace.location.to_string_lossy(),
        // It is told in kB.
        "size": tablespace.size.map(|size| size * 1024),
    })
}

fn member(member: &TarMember) -> Value {
    let (kind, size, target) = match &member.kind {
        TarKind::File(size) => ("file", *size, None),
        TarKind::Directory => ("directory", 0, None),
        TarKind::Link(target) => ("symlink", 0, Some(target)),
    };
    json!({
        // Those of directories end in one.
        "name": member.name.trim_end_matches('/'),
        "type": kind,
        "size": size,
        "mode": member.mode,
        "modified": member.modified,
        "linkTarget": target,
    })
}
