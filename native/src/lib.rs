//! The native client.

mod auth;
mod certificate;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod client;
mod config;
mod connect;
mod error;
pub mod json;
mod notices;
mod server_error;
mod slots;
mod sql;
mod stream;
mod tls;
mod verifier;
mod wire;

pub use client::{Client, QueryResult};
pub use config::{Config, RootCertificates, SslMode};
pub use connect::ConnectionKind;
pub use error::{ConfigError, Error, ErrorClass, Result, TlsError};
pub use server_error::ServerError;
pub use slots::{CreatedSlot, SlotInfo, System};
pub use sql::{
    publication_list, quote_ident, quote_literal, quote_replication_literal, start_replication_sql,
};
pub use stream::{
    Acknowledge, Batch, Entries, OriginFilter, Stream, StreamControl, StreamInfo, StreamOptions,
    StreamStatus, Streaming,
};
