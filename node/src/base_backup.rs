//! Base backups: pulled piece by piece, or unpacked into a directory.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Uint8ArraySlice};
use napi_derive::napi;
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};
use walscope::{
    BackupEnd, BackupOptions, BaseBackup, Client, Config, ConnectionKind, Error, Result,
};

use crate::base_backup_options::{IncrementalField, RawBackupOptions, RawUnpackOptions};
use crate::base_backup_source::{How, Piece, Source};
use crate::error::{config_error, to_napi};
use crate::json::parse;

/// A piece of a base backup.
#[napi(object, object_from_js = false)]
pub struct RawPiece<'env> {
    /// `archive`, `manifest`: one begins. `data`: more of it. `members`: more of an archive that is taken
    /// apart. `end`: it is whole. `progress`: nothing but that. `finished`: the backup is whole.
    pub kind: &'static str,
    /// As JSON: what there is to know of it.
    pub facts: Option<String>,
    /// The bytes, in memory of their own.
    pub bytes: Option<Uint8ArraySlice<'env>>,
    /// Bytes that the server has read.
    pub done: f64,
    /// What the server has remarked meanwhile, each as JSON.
    pub notices: Vec<String>,
}

/// A base backup that is under way.
///
/// What a promise waits for must not borrow from this: when a worker thread is terminated this is
/// dropped, and what ran for its promises goes on.
#[napi]
pub struct RawBaseBackup {
    started: String,
    config: Config,
    source: Arc<Mutex<Source>>,
    closed: watch::Sender<bool>,
}

impl RawBaseBackup {
    /// Connects, and starts it. `manifest` is what an incremental one builds on, if it is not in a file.
    pub(crate) async fn start(
        config: Config,
        fields: &RawBackupOptions,
        manifest: Option<Vec<u8>>,
    ) -> napi::Result<Self> {
        let options = fields.build()?;
        let client = Client::connect(&config, ConnectionKind::Physical).await;
        let mut client = client.map_err(|error| to_napi(&error))?;
        let prepared = prepare(&mut client, &options, fields.incremental.as_ref(), manifest).await;
        let file_mode = match prepared {
            Ok(file_mode) => file_mode,
            Err(error) => {
                client.close().await;
                return Err(to_napi(&error));
            }
        };
        let backup = client.base_backup(&options).await.map_err(|error| to_napi(&error))?;
        let started = started(&backup).to_string();
        let source = Arc::new(Mutex::new(Source::new(backup, file_mode)));
        Ok(Self { started, config, source, closed: watch::Sender::new(false) })
    }
}

impl Drop for RawBaseBackup {
    /// Nobody can ask any more. A `next` whose thread is gone would keep the connection.
    fn drop(&mut self) {
        self.closed.send_replace(true);
    }
}

#[napi]
impl RawBaseBackup {
    /// What is known before the first archive, as JSON.
    #[napi(getter)]
    pub fn started(&self) -> String {
        self.started.clone()
    }

    /// The next piece; null when the backup was closed. `how` is what becomes of an archive's bytes:
    /// `bytes`, `files`, `skip`, `unpack`; of the member in hand so many bytes are left out.
    #[napi(ts_return_type = "Promise<RawPiece | null>")]
    pub fn next<'env>(
        &self,
        env: &'env Env,
        how: String,
        leave_out: f64,
    ) -> napi::Result<PromiseRaw<'env, Option<RawPiece<'env>>>> {
        let how = match how.as_str() {
            "bytes" => How::Bytes,
            "files" => How::Files { leave_out: leave_out as u64 },
            "skip" => How::Skip,
            "unpack" => How::Unpack,
            _ => return Err(config_error("next: no such way")),
        };
        let (source, closed) = (Arc::clone(&self.source), self.closed.subscribe());
        env.spawn_future_with_callback(
            async move {
                source.lock().await.next(how, closed).await.map_err(|error| to_napi(&error))
            },
            |env, piece| piece.map(|piece| raw_piece(env, piece)).transpose(),
        )
    }

    /// Makes the directory that the backup is unpacked into. The options are JSON.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn unpack_into<'env>(
        &self,
        env: &'env Env,
        options: String,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let options: RawUnpackOptions = parse(&options)?;
        let (source, config) = (Arc::clone(&self.source), self.config.clone());
        env.spawn_future(async move {
            let unpacking = source.lock().await.unpack_into(options, &config).await;
            unpacking.map_err(|error| to_napi(&error))
        })
    }

    /// Ends the connection, and removes what was unpacked, unless the backup is whole. A pending
    /// `next()` gives null.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.closed.send_replace(true);
        let source = Arc::clone(&self.source);
        env.spawn_future(async move {
            source.lock().await.end().await;
            Ok(())
        })
    }
}

/// Whatever goes before the command. Returns the permissions of the server's files.
async fn prepare(
    client: &mut Client,
    options: &BackupOptions,
    incremental: Option<&IncrementalField>,
    manifest: Option<Vec<u8>>,
) -> Result<u32> {
    options.check(client.server_major())?;
    match incremental {
        Some(IncrementalField::File(path)) => {
            let opened = tokio::fs::File::open(path).await;
            let file = opened.map_err(|source| Error::File {
                action: "open",
                path: path.clone(),
                source,
            })?;
            client.upload_manifest(file).await?;
        }
        Some(IncrementalField::Bytes) => {
            client.upload_manifest(manifest.unwrap_or_default().as_slice()).await?;
        }
        None => {}
    }
    client.data_file_mode().await
}

fn started(backup: &BaseBackup) -> Value {
    let tablespaces = backup.tablespaces().iter().map(crate::base_backup_source::tablespace);
    json!({
        "startLsn": backup.start().to_string(),
        "startTimeline": backup.timeline().0,
        "tablespaces": tablespaces.collect::<Vec<_>>(),
        "total": backup.total(),
    })
}

fn raw_piece<'env>(
    env: &'env Env,
    (piece, done, notices): (Piece, u64, Vec<String>),
) -> napi::Result<RawPiece<'env>> {
    let (kind, facts, bytes) = match piece {
        Piece::Archive(facts) => ("archive", Some(facts), None),
        Piece::Manifest => ("manifest", None, None),
        Piece::Data(bytes) => ("data", None, Some(bytes)),
        Piece::Members(members, bytes) => ("members", Some(Value::Array(members)), Some(bytes)),
        Piece::End => ("end", None, None),
        Piece::Progress => ("progress", None, None),
        Piece::Finished(end) => ("finished", Some(finished(&end)), None),
    };
    let bytes = bytes.map(|bytes| Uint8ArraySlice::copy_from(env, bytes)).transpose()?;
    let facts = facts.map(|facts| facts.to_string());
    Ok(RawPiece { kind, facts, bytes, done: done as f64, notices })
}

fn finished(end: &BackupEnd) -> Value {
    json!({
        "startLsn": end.start.to_string(),
        "startTimeline": end.start_timeline.0,
        "endLsn": end.end.to_string(),
        "endTimeline": end.end_timeline.0,
    })
}
