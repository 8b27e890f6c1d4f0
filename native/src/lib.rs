//! walscope streams changes from PostgreSQL: a client for logical replication over TCP and TLS that
//! confirms nothing before its consumer has it.
//!
//! It is *not* a general SQL client, and it decodes nothing by itself: messages are
//! [`walscope_core`]'s.
//!
//! # The canonical loop
//!
//! ```no_run
//! use walscope::{Config, Stream, StreamOptions};
//! use walscope_core::capture::Entry;
//! use walscope_core::transaction::{Tracker, View};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config: Config = "postgres://localhost/app".parse()?;
//! let options = StreamOptions { create_slot: true, ..StreamOptions::new("app", ["app_pub"]) };
//! let mut stream = Stream::open(&config, options).await?;
//! let mut tracker = Tracker::new(View::Transactions);
//! while let Some(batch) = stream.next_batch().await? {
//!     for entry in batch.entries() {
//!         if let Entry::Data(data) = entry? {
//!             println!("{} {:?}", data.start, tracker.next(data.data)?.message);
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [`Stream`] keeps its own task on the ambient tokio runtime. [`Client`] runs SQL and replication
//! commands on a connection of its own.
//!
//! # Typed rows
//!
//! [`walscope_core::row`] makes values of your own types from rows, by the names of columns. What
//! the server did not send is an error, unless the field is a [`Maybe`](walscope_core::row::Maybe);
//! [`Json`] is for `json` and `jsonb`.
//!
//! ```
//! use serde::Deserialize;
//! use walscope_core::pgoutput::Message;
//! use walscope_core::row::{Maybe, Row, RowError};
//! use walscope_core::transaction::Tracker;
//!
//! #[derive(Debug, Deserialize)]
//! struct User {
//!     id: i64,
//!     email: Option<String>,
//!     bio: Maybe<Option<String>>,
//! }
//!
//! /// The user that a message of the table brings.
//! fn user(tracker: &mut Tracker, message: &Message<'_>) -> Option<Result<User, RowError>> {
//!     let row = match message {
//!         Message::Insert(insert) => Row::new(tracker.relation(insert.relation)?, insert.new),
//!         Message::Update(update) => Row::updated(tracker.relation(update.relation)?, update),
//!         _ => return None,
//!     };
//!     Some(row.deserialize())
//! }
//! ```
//!
//! # Features
//!
//! `cli`: the command-line tool `walscope`. Libraries do not need it.
//!
//! # Errors
//!
//! [`Error`] says at which stage something went wrong; [`Error::code`] is stable, [`Error::hint`]
//! says what to do, [`Error::class`] whether trying again can help.

mod auth;
mod certificate;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod client;
mod config;
mod connect;
mod error;
#[cfg(feature = "cli")]
mod json;
mod json_column;
mod notices;
mod server_error;
mod slots;
mod spill;
mod sql;
mod stream;
mod tls;
#[cfg(feature = "cli")]
mod type_file;
mod type_query;
mod undecodable;
mod verifier;
mod wire;

pub use client::{Client, QueryResult};
pub use config::{Config, RootCertificates, SslMode};
pub use connect::ConnectionKind;
pub use error::{ConfigError, Error, ErrorClass, Result, TlsError};
pub use json_column::Json;
pub use server_error::ServerError;
pub use slots::{CreatedSlot, SlotInfo, System, TimelineEntry};
pub use spill::SpillFiles;
pub use sql::{
    publication_list, quote_ident, quote_literal, quote_replication_literal, start_replication_sql,
};
pub use stream::{
    Acknowledge, Batch, Entries, OriginFilter, Plugin, Reconnect, Stream, StreamControl,
    StreamEvent, StreamInfo, StreamOptions, StreamStatus, Streaming,
};
pub use undecodable::Undecodable;
