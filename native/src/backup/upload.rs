//! `UPLOAD_MANIFEST`: what an incremental backup builds on (`src/backend/replication/walsender.c`).

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::options::INCREMENTAL;
use crate::client::Client;
use crate::error::{Error, Result, require};
use crate::wire::{Backend, server_error};

/// What is read and sent at once.
const CHUNK: usize = 64 * 1024;

impl Client {
    /// Gives the server the manifest of an earlier backup, which an
    /// [incremental](crate::BackupOptions::incremental) one on this connection then builds on
    /// (PostgreSQL 17). Needs a connection for replication.
    ///
    /// Dropping the future leaves the connection unusable.
    ///
    /// # Errors
    ///
    /// A server that is too old, before anything is sent; a manifest that cannot be read, or is none.
    pub async fn upload_manifest(&mut self, manifest: impl AsyncRead) -> Result<()> {
        let major = self.server_major();
        require(true, major, INCREMENTAL, "command UPLOAD_MANIFEST")?;
        self.needs_replication("UPLOAD_MANIFEST")?;
        self.send("UPLOAD_MANIFEST").await?;
        match self.read().await? {
            Backend::Message(Message::CopyInResponse(_)) => {}
            Backend::Message(Message::ErrorResponse(body)) => {
                return Err(server_error(body.fields())?.into());
            }
            _ => {
                self.give_up();
                return Err(Error::protocol("the server does not take a manifest"));
            }
        }
        // Half a manifest cannot be taken back, except by ending the connection.
        self.give_up();
        self.copy(manifest).await?;
        self.end_of_upload().await
    }

    async fn copy(&mut self, manifest: impl AsyncRead) -> Result<()> {
        let mut manifest = std::pin::pin!(manifest);
        let mut chunk = BytesMut::with_capacity(CHUNK);
        while manifest.read_buf(&mut chunk).await.map_err(Error::Io)? > 0 {
            let too_long = |error| Error::config(format!("a manifest cannot be sent: {error}"));
            frontend::CopyData::new(chunk.split().freeze()).map_err(too_long)?.write(self.output());
            self.flush().await?;
            chunk.reserve(CHUNK);
        }
        frontend::copy_done(self.output());
        self.flush().await
    }

    async fn end_of_upload(&mut self) -> Result<()> {
        let mut failure = None;
        loop {
            let Backend::Message(message) = self.read().await? else {
                return Err(Error::protocol("a copy begins after a manifest"));
            };
            match message {
                Message::CommandComplete(_) => {}
                Message::ErrorResponse(body) => failure = Some(server_error(body.fields())?),
                Message::ReadyForQuery(_) => {
                    self.answered();
                    return failure.map_or(Ok(()), |error| Err(error.into()));
                }
                _ => return Err(Error::protocol("an unexpected message after a manifest")),
            }
        }
    }
}
