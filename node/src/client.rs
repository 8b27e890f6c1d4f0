//! Connections: settings, and one ordinary SQL connection that proves them.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex};

use napi::bindgen_prelude::{Promise, PromiseRaw, Uint8Array};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;
use serde::Deserialize;
use tokio::sync::{Notify, watch};
use walscope::{Client, Config, ConnectionKind, Error, Stream, StreamEvent};

use crate::base_backup::RawBaseBackup;
use crate::commands::{Command, SlotFields};
use crate::decoder::type_table;
use crate::error::{own, to_napi};
use crate::json::parse;
use crate::physical::RawPhysical;
use crate::physical_options::RawPhysicalOptions;
use crate::slots::RawSnapshot;
use crate::sql_connection::SqlConnection;
use crate::stream::{RawStream, json_of};
use crate::stream_options::RawStreamOptions;

/// What `connect` is given, as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConnectOptions {
    conninfo: String,
    password: Option<String>,
}

/// Asks JavaScript for the password of the moment. That it can be asked keeps no process.
type AskPassword = ThreadsafeFunction<(), Promise<String>, (), Status, false, true>;

/// Tells JavaScript, as JSON, that a stream that is being opened waits. It keeps no process either.
type TellWaiting = ThreadsafeFunction<String, (), String, Status, false, true>;

/// A client: settings and an SQL connection.
///
/// What a promise waits for must not borrow from this: when a worker thread is terminated this is
/// dropped, and what ran for its promises goes on.
#[napi]
pub struct RawClient {
    shared: Arc<Shared>,
}

/// What the client shares with what it has begun.
struct Shared {
    config: Config,
    ask_password: Option<Arc<AskPassword>>,
    sql: SqlConnection,
    /// Ends what still runs when the client is closed.
    closed: watch::Sender<bool>,
    /// Streams and backups that are being opened, by the number that JavaScript gave them.
    openings: Mutex<HashMap<u32, Arc<Notify>>>,
}

/// Connects and logs in.
#[napi]
pub async fn connect(
    options: String,
    ask_password: Option<AskPassword>,
) -> napi::Result<RawClient> {
    let options: ConnectOptions = parse(&options)?;
    let config: Config = options.conninfo.parse().map_err(|error| to_napi(&error))?;
    let config = with_password(&config, options.password);
    let client =
        Client::connect(&config, ConnectionKind::Sql).await.map_err(|error| to_napi(&error))?;
    let (sql, closed) = (SqlConnection::new(client), watch::Sender::new(false));
    let ask_password = ask_password.map(Arc::new);
    let shared = Shared { config, ask_password, sql, closed, openings: Mutex::default() };
    Ok(RawClient { shared: Arc::new(shared) })
}

#[napi]
impl RawClient {
    /// Opens a stream on a connection of its own.
    #[napi(ts_return_type = "Promise<RawStream>")]
    pub fn stream<'env>(
        &self,
        env: &'env Env,
        options: String,
        opening: u32,
        waiting: Option<TellWaiting>,
    ) -> napi::Result<PromiseRaw<'env, RawStream>> {
        let shared = Arc::clone(&self.shared);
        let cancelled = shared.begin(opening);
        env.spawn_future(async move {
            shared.unless(cancelled, opening, shared.open(options, waiting)).await
        })
    }

    /// Opens a stream of the log itself, on a connection of its own.
    #[napi(ts_return_type = "Promise<RawPhysical>")]
    pub fn physical<'env>(
        &self,
        env: &'env Env,
        options: String,
        opening: u32,
    ) -> napi::Result<PromiseRaw<'env, RawPhysical>> {
        let shared = Arc::clone(&self.shared);
        let cancelled = shared.begin(opening);
        env.spawn_future(async move {
            let opened = async {
                let options: RawPhysicalOptions = parse(&options)?;
                let config = shared.asking(options.password());
                options.open(&config).await
            };
            shared.unless(cancelled, opening, opened).await
        })
    }

    /// Gives up opening the stream or starting the backup of that number, which may wait for its slot.
    #[napi]
    pub fn cancel(&self, opening: u32) {
        if let Ok(openings) = self.shared.openings.lock()
            && let Some(cancelled) = openings.get(&opening)
        {
            cancelled.notify_one();
        }
    }

    /// Runs a command, and gives its answer as JSON. It ends when the client is closed.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn run<'env>(
        &self,
        env: &'env Env,
        command: String,
        password: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let shared = Arc::clone(&self.shared);
        env.spawn_future(async move { shared.run(&command, password).await })
    }

    /// Starts a base backup on a connection of its own. `manifest` is what an incremental one builds
    /// on, where the options do not name its file.
    #[napi(ts_return_type = "Promise<RawBaseBackup>")]
    pub fn base_backup<'env>(
        &self,
        env: &'env Env,
        options: String,
        opening: u32,
        password: Option<String>,
        manifest: Option<Uint8Array>,
    ) -> napi::Result<PromiseRaw<'env, RawBaseBackup>> {
        let shared = Arc::clone(&self.shared);
        let cancelled = shared.begin(opening);
        let manifest = manifest.map(|manifest| manifest.to_vec());
        env.spawn_future(async move {
            let config = with_password(&shared.config, password);
            let started = async { RawBaseBackup::start(config, &parse(&options)?, manifest).await };
            shared.unless(cancelled, opening, started).await
        })
    }

    /// Creates a slot and exports the snapshot of its consistent point.
    #[napi(ts_return_type = "Promise<RawSnapshot>")]
    pub fn export_snapshot<'env>(
        &self,
        env: &'env Env,
        slot: String,
        password: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, RawSnapshot>> {
        let shared = Arc::clone(&self.shared);
        env.spawn_future(async move { shared.export_snapshot(&slot, password).await })
    }

    /// Closes the SQL connection. Streams go on.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let shared = Arc::clone(&self.shared);
        env.spawn_future(async move {
            shared.closed.send_replace(true);
            shared.sql.close().await;
            Ok(())
        })
    }
}

impl Drop for RawClient {
    /// Nobody waits for what it has begun any more.
    fn drop(&mut self) {
        self.shared.closed.send_replace(true);
        if let Ok(openings) = self.shared.openings.lock() {
            for cancelled in openings.values() {
                cancelled.notify_one();
            }
        }
    }
}

impl Shared {
    fn begin(&self, opening: u32) -> Arc<Notify> {
        let cancelled = Arc::new(Notify::new());
        if let Ok(mut openings) = self.openings.lock() {
            openings.insert(opening, Arc::clone(&cancelled));
        }
        cancelled
    }

    /// What is being opened under that number, unless it is given up.
    async fn unless<T>(
        &self,
        cancelled: Arc<Notify>,
        opening: u32,
        opened: impl Future<Output = napi::Result<T>>,
    ) -> napi::Result<T> {
        let opened = tokio::select! {
            opened = opened => opened,
            () = cancelled.notified() => Err(to_napi(&Error::StreamClosed)),
        };
        if let Ok(mut openings) = self.openings.lock() {
            openings.remove(&opening);
        }
        opened
    }

    async fn open(&self, options: String, waiting: Option<TellWaiting>) -> napi::Result<RawStream> {
        let options: RawStreamOptions = parse(&options)?;
        let (raw, types) = (options.raw, type_table(options.type_table.as_deref())?);
        let config = self.asking(options.password.clone());
        let tell = |event: &StreamEvent| {
            if let (Some(waiting), Some(event)) = (&waiting, json_of(event)) {
                waiting.call(event.to_string(), ThreadsafeFunctionCallMode::NonBlocking);
            }
        };
        let stream = Stream::open_watched(&config, options.build()?, tell).await;
        let stream = stream.map_err(|error| to_napi(&error))?;
        Ok(RawStream::new(stream, raw, types))
    }

    async fn run(&self, command: &str, password: Option<String>) -> napi::Result<String> {
        let command: Command = parse(command)?;
        let config = with_password(&self.config, password);
        let mut closed = self.closed.subscribe();
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => {
                Err(own("WALSCOPE_CLOSED", "the client was closed before the server had answered"))
            }
            answer = command.run(&config, &self.sql) => {
                answer.map(|answer| answer.to_string()).map_err(|error| to_napi(&error))
            }
        }
    }

    async fn export_snapshot(
        &self,
        slot: &str,
        password: Option<String>,
    ) -> napi::Result<RawSnapshot> {
        let slot = parse::<SlotFields>(slot)?.build();
        let config = with_password(&self.config, password);
        let exported = async {
            let mut client = Client::connect(&config, ConnectionKind::Replication).await?;
            let (created, snapshot) = client.create_slot_exporting_snapshot(&slot).await?;
            let begin_sql = snapshot.begin_sql();
            let name = snapshot.into_name();
            Ok(RawSnapshot::new(&created, name, begin_sql, client))
        };
        exported.await.map_err(|error: Error| to_napi(&error))
    }

    /// Settings for a stream: the first connection takes the password that is there, those after it
    /// ask for their own.
    fn asking(&self, first: Option<String>) -> Config {
        let Some(ask) = &self.ask_password else { return with_password(&self.config, first) };
        let (ask, first) = (Arc::clone(ask), Arc::new(Mutex::new(first)));
        self.config.clone().with_password_from(move || {
            let first = first.lock().ok().and_then(|mut first| first.take());
            let ask = Arc::clone(&ask);
            async move {
                match first {
                    Some(password) => Ok(password),
                    None => {
                        ask_for_password(&ask).await.map_err(|error| io::Error::other(error.reason))
                    }
                }
            }
        })
    }
}

async fn ask_for_password(ask: &AskPassword) -> napi::Result<String> {
    ask.call_async(()).await?.await
}

fn with_password(config: &Config, password: Option<String>) -> Config {
    match password {
        Some(password) => config.clone().with_password(password),
        None => config.clone(),
    }
}
