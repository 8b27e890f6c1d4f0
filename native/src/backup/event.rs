//! What comes of a base backup, piece by piece.

use std::path::PathBuf;

use bytes::Bytes;
use walscope_core::{Lsn, Oid, TimelineId};

/// A tablespace outside of the data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tablespace {
    /// Its OID, as in the name of its archive.
    pub oid: Oid,
    /// Where the server has it; a path that is not absolute is one within the data directory.
    pub location: PathBuf,
    /// How much it has, in kB, where the server was asked to estimate it.
    pub size: Option<u64>,
}

/// An archive that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Its name: `base.tar` or `OID.tar`, with the suffix of the server's compression. It has no
    /// separators of directories and does not begin with a dot.
    pub name: String,
    /// The tablespace; `None`: the data directory.
    pub tablespace: Option<Tablespace>,
}

/// How a base backup ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupEnd {
    /// Recovery needs the log from here.
    pub start: Lsn,
    /// The timeline there.
    pub start_timeline: TimelineId,
    /// And to here.
    pub end: Lsn,
    /// The timeline there.
    pub end_timeline: TimelineId,
}

/// A piece of a base backup, in the order in which the server sends them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackupEvent {
    /// An archive begins: that of the data directory is the last.
    ArchiveBegins(Archive),
    /// More of the archive. All pieces together are one tar file, compressed if the server was asked to.
    ArchiveData(Bytes),
    /// The archive is whole.
    ArchiveEnds,
    /// How far it is.
    Progress {
        /// Bytes that the server has read, before it compressed them.
        done: u64,
        /// How many there will be, by the estimate at the beginning.
        total: Option<u64>,
    },
    /// The manifest begins.
    ManifestBegins,
    /// More of the manifest.
    ManifestData(Bytes),
    /// The manifest is whole.
    ManifestEnds,
    /// The backup is whole. Nothing follows. Without it there is no backup, whatever came before.
    Finished(BackupEnd),
}
