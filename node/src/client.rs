//! Connections: settings, and one ordinary SQL connection that proves them.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use napi::Status;
use napi::bindgen_prelude::Promise;
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;
use serde::Deserialize;
use tokio::sync::{Notify, watch};
use walscope::{Client, Config, ConnectionKind, Error, Stream};

use crate::commands::{Command, SlotFields};
use crate::decoder::type_table;
use crate::error::{config_error, own, to_napi};
use crate::slots::RawSnapshot;
use crate::sql_connection::SqlConnection;
use crate::stream::RawStream;
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

/// A client: settings and an SQL connection.
#[napi]
pub struct RawClient {
    config: Config,
    ask_password: Option<Arc<AskPassword>>,
    sql: SqlConnection,
    /// Ends what still runs when the client is closed.
    closed: watch::Sender<bool>,
    /// Streams that are being opened, by the number that JavaScript gave them.
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
    Ok(RawClient { config, ask_password, sql, closed, openings: Mutex::default() })
}

#[napi]
impl RawClient {
    /// Opens a stream on a connection of its own.
    #[napi]
    pub async fn stream(&self, options: String, opening: u32) -> napi::Result<RawStream> {
        let cancelled = self.begin(opening);
        let stream = tokio::select! {
            stream = self.open(options) => stream,
            () = cancelled.notified() => Err(to_napi(&Error::StreamClosed)),
        };
        if let Ok(mut openings) = self.openings.lock() {
            openings.remove(&opening);
        }
        stream
    }

    /// Gives up opening the stream of that number, which may wait for its slot.
    #[napi]
    pub fn cancel(&self, opening: u32) {
        if let Ok(openings) = self.openings.lock()
            && let Some(cancelled) = openings.get(&opening)
        {
            cancelled.notify_one();
        }
    }

    fn begin(&self, opening: u32) -> Arc<Notify> {
        let cancelled = Arc::new(Notify::new());
        if let Ok(mut openings) = self.openings.lock() {
            openings.insert(opening, Arc::clone(&cancelled));
        }
        cancelled
    }

    async fn open(&self, options: String) -> napi::Result<RawStream> {
        let options: RawStreamOptions = parse(&options)?;
        let (raw, types) = (options.raw, type_table(options.type_table.as_deref())?);
        let config = self.asking(options.password.clone());
        let stream =
            Stream::open(&config, options.build()?).await.map_err(|error| to_napi(&error))?;
        Ok(RawStream::new(stream, raw, types))
    }

    /// Runs a command, and gives its answer as JSON. It ends when the client is closed.
    #[napi]
    pub async fn run(&self, command: String, password: Option<String>) -> napi::Result<String> {
        let command: Command = parse(&command)?;
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

    /// Creates a slot and exports the snapshot of its consistent point.
    #[napi]
    pub async fn export_snapshot(
        &self,
        slot: String,
        password: Option<String>,
    ) -> napi::Result<RawSnapshot> {
        let slot = parse::<SlotFields>(&slot)?.build();
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

    /// Closes the SQL connection. Streams go on.
    #[napi]
    pub async fn close(&self) {
        self.closed.send_replace(true);
        self.sql.close().await;
    }
}

impl RawClient {
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

fn parse<T: for<'de> Deserialize<'de>>(json: &str) -> napi::Result<T> {
    serde_json::from_str(json).map_err(|error| config_error(&format!("options: {error}")))
}

fn with_password(config: &Config, password: Option<String>) -> Config {
    match password {
        Some(password) => config.clone().with_password(password),
        None => config.clone(),
    }
}
