//! walscope streams changes from PostgreSQL: a client for logical replication over TCP and TLS that
//! confirms nothing before its consumer has it.
//!
//! It is *not* a general SQL client.
//!
//! # The canonical loop
//!
//! ```no_run
//! use serde::Deserialize;
//! use walscope::{Config, Stream, StreamOptions};
//!
//! #[derive(Debug, Deserialize)]
//! struct User {
//!     id: i64,
//!     email: Option<String>,
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config: Config = "postgres://localhost/app".parse()?;
//! let options = StreamOptions { create_slot: true, ..StreamOptions::new("app", ["app_pub"]) };
//! let mut changes = Stream::open(&config, options).await?.changes()?;
//! while let Some(change) = changes.next().await? {
//!     if let Some(row) = change.row() {
//!         println!("{:?} {:?}", change.position(), row.deserialize::<User>()?);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Asking for the change after the end of a transaction confirms it. A [`Stream`] keeps its own task
//! on the ambient tokio runtime; [`Client`] runs SQL and replication commands on a connection of its
//! own.
//!
//! # Ways to read
//!
//! | by | gives | confirms |
//! |---|---|---|
//! | [`Stream::changes`] | changes one by one, borrowed | by asking past the end of a transaction, or by hand |
//! | [`Stream::transactions`] | the same by transaction | by asking for the next, or by hand |
//! | [`Stream::next_batch`] | all that was received, untouched: the least work | by asking for the next, or by hand |
//! | [`Stream::into_batches`] | the same as a `futures` stream, which reads ahead | by hand only |
//!
//! By hand means [`Acknowledge::Manual`] and [`StreamControl`], which can be cloned into other tasks:
//! one reads, another works and confirms. Dropping any future of these loses nothing, so that
//! `select!` with a timer or a cancellation token is safe; [`StreamControl::close`] ends the stream
//! with a last confirmation.
//!
//! # Base backups
//!
//! [`Client::base_backup`] copies a whole cluster: [`BaseBackup`] gives archives, progress and manifest
//! piece by piece, [`BackupDirectory`] makes of them what a server can be started on, [`Unpacker`] files.
//!
//! # Watching
//!
//! [`StreamControl::status`] says how far the stream is and what it waits for,
//! [`StreamControl::next_event`] what happens to its connection; each step is a `tracing` event too.
//!
//! # Typed rows
//!
//! [`walscope_core::row`] makes values of your own types from rows, by the names of columns. What
//! the server did not send is an error, unless the field is a [`Maybe`](walscope_core::row::Maybe);
//! [`Json`] is for `json` and `jsonb`.
//!
//! ```
//! use serde::Deserialize;
//! use walscope::Change;
//! use walscope_core::row::{Maybe, RowError};
//!
//! #[derive(Debug, Deserialize)]
//! struct User {
//!     id: i64,
//!     email: Option<String>,
//!     bio: Maybe<Option<String>>,
//! }
//!
//! /// The user that a change of the table brings.
//! fn user(change: &Change<'_>) -> Option<Result<User, RowError>> {
//!     change.row().map(|row| row.deserialize())
//! }
//! ```
//!
//! # Features
//!
//! - `cli`: the command-line tool `walscope`. Libraries do not need it.
//! - `compression`: compressed archives of base backups.
//! - `types`: tables of user types, and catalogs of relations, from and to JSON.
//!
//! # Errors
//!
//! [`Error`] says at which stage something went wrong; [`Error::code`] is stable, [`Error::hint`]
//! says what to do, [`Error::class`] whether trying again can help.

mod auth;
mod backup;
#[cfg(feature = "types")]
mod catalog_file;
mod certificate;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod client;
mod client_certificate;
mod config;
mod connect;
mod error;
#[cfg(feature = "cli")]
mod json;
mod json_column;
mod link;
mod loopback;
mod notices;
mod password;
mod physical;
mod publications;
mod relation_query;
mod result_row;
mod segments;
mod server_choice;
mod server_error;
mod shared;
mod slots;
mod spill;
mod sql;
mod stream;
mod system;
mod tls;
mod tls_error;
#[cfg(feature = "types")]
mod type_file;
mod type_query;
mod undecodable;
mod unix_socket;
mod verifier;
mod wire;

pub use backup::{
    Archive, BackupDirectory, BackupDirectoryOptions, BackupEnd, BackupEvent, BackupManifest,
    BackupOptions, BackupTarget, BaseBackup, ChecksumAlgorithm, Compression, CompressionMethod,
    Tablespace, TablespaceMap, TarKind, TarMember, TarPiece, TarReader, Unpacker, mapped,
};
#[cfg(feature = "compression")]
pub use backup::{Packer, unpacked};
#[cfg(feature = "types")]
pub use catalog_file::{CatalogFileError, catalog_from_json, catalog_to_json};
pub use client::{Client, QueryResult};
pub use config::{Config, RootCertificates, SslMode, TargetSession};
pub use connect::ConnectionKind;
pub use error::{ConfigError, Error, ErrorClass, Result};
pub use json_column::Json;
pub use physical::{
    PhysicalControl, PhysicalEvent, PhysicalInfo, PhysicalOptions, PhysicalStatus, PhysicalStream,
    StandbyFeedback, TimelineSwitch, WalData, WalPositions,
};
pub use publications::{
    GeneratedColumns, Publication, PublicationChange, PublicationInfo, PublicationOptions,
    PublicationScope, PublishedKind, PublishedObjects, PublishedTable,
};
pub use segments::{ArchiveEnd, SegmentOptions, SegmentWriter, archive_end};
pub use server_error::ServerError;
pub use slots::{
    CreatedSlot, ExportedSnapshot, LogicalSlot, PhysicalSlot, SlotChanges, SlotInfo, SlotPosition,
};
pub use spill::SpillFiles;
pub use sql::{
    publication_list, quote_ident, quote_literal, quote_replication_literal, start_replication_sql,
};
pub use stream::{
    Acknowledge, Batch, Batches, Change, Changes, Entries, OriginFilter, Plugin, Reconnect, Stream,
    StreamControl, StreamEvent, StreamInfo, StreamOptions, StreamStatus, Streaming,
    TransactionChanges, Transactions,
};
pub use system::{HistoryFile, System, TimelineEntry};
pub use tls_error::TlsError;
#[cfg(feature = "types")]
pub use type_file::{TypeFileError, types_from_json, types_to_json};
pub use undecodable::Undecodable;
