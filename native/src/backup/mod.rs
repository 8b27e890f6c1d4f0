//! Base backups: what `pg_basebackup` does on the wire, and what becomes of it here.

mod compression;
mod directory;
mod event;
#[cfg(feature = "cli")]
mod inject;
mod options;
#[cfg(feature = "compression")]
mod packing;
mod payload;
mod places;
mod recovery;
mod stream;
pub(crate) mod sync;
mod tar;
mod unpack;
mod upload;

pub use compression::{Compression, CompressionMethod};
pub use directory::{BackupDirectory, BackupDirectoryOptions};
pub use event::{Archive, BackupEnd, BackupEvent, Tablespace};
#[cfg(feature = "cli")]
pub(crate) use inject::{Injector, TarWriter};
pub use options::{BackupManifest, BackupOptions, BackupTarget, ChecksumAlgorithm};
#[cfg(feature = "compression")]
pub use packing::{Packer, unpacked};
#[cfg(feature = "cli")]
pub(crate) use places::{
    archive_place, make_directories, make_within, open_to_group, remove_contents,
};
#[cfg(feature = "cli")]
pub(crate) use recovery::{recovery_settings, write_recovery_settings};
pub use stream::BaseBackup;
#[cfg(feature = "cli")]
pub(crate) use sync::SyncMethod;
#[cfg(feature = "cli")]
pub(crate) use tar::{TAR_BLOCK, TarOutline};
pub use tar::{TarKind, TarMember, TarPiece, TarReader};
pub use unpack::{TablespaceMap, Unpacker, mapped};
#[cfg(feature = "cli")]
pub(crate) use unpack::{failed, make_private_directory};

/// The Rust in the guide compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/backup.md")]
mod guide {}
