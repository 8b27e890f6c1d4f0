//! One connection to a server: queries, replication commands, and the way into a stream.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, Message, RowDescriptionBody};
use postgres_protocol::message::frontend;
use tokio::time::{Instant, timeout};
use tracing::debug;

use crate::config::Config;
use crate::connect::{self, Connected, ConnectionKind};
use crate::error::{Error, Result};
use crate::notices::Notices;
use crate::server_choice;
use crate::server_error::ServerError;
use crate::wire::{Backend, Socket, Wire, server_error};

/// The oldest server that is supported: its logical replication can stream transactions.
const OLDEST_MAJOR: u32 = 14;
/// The results of one query may take this much memory.
const MAX_RESULT_BYTES: usize = 64 * 1024 * 1024;
/// What a row and a value cost beside their bytes.
const OVERHEAD: usize = 32;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// The result of one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryResult {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows' values as PostgreSQL's text; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// What the server says it did, such as `SELECT 1`.
    pub tag: String,
}

impl QueryResult {
    /// A value by the number of its row and the name of its column; `None` where there is no such
    /// row or column, or it is NULL.
    pub fn get(&self, row: usize, column: &str) -> Option<&str> {
        let column = self.columns.iter().position(|name| name == column)?;
        self.rows.get(row)?.get(column)?.as_deref()
    }
}

/// A connection to a PostgreSQL server.
///
/// Dropping a future of its methods leaves it usable: the next one first reads what the server
/// still has to say. [`Client::close`] ends the connection in order; dropping it just ends it.
pub struct Client {
    wire: Wire,
    kind: ConnectionKind,
    parameters: BTreeMap<String, String>,
    process_id: i32,
    notices: Notices,
    major: u32,
    /// Queries that were sent and whose ReadyForQuery has not come.
    unanswered: u32,
    /// The protocol is in a state that we cannot get out of.
    broken: bool,
}

/// What is left of a client when a replication stream has begun on its connection.
pub(crate) struct Replication {
    /// The connection, now a stream of CopyData messages in both directions.
    pub(crate) socket: Socket,
    /// What was already read from it.
    pub(crate) buffered: BytesMut,
    /// What the server said about itself.
    pub(crate) parameters: BTreeMap<String, String>,
    /// What the server remarked so far.
    pub(crate) notices: Vec<ServerError>,
    kind: ConnectionKind,
    process_id: i32,
    major: u32,
}

impl Replication {
    /// The client again, once both sides have ended their copies: what is left is the answer to the
    /// command that began the stream.
    pub(crate) fn into_client(self) -> Client {
        Client {
            wire: Wire::from_parts(self.socket, self.buffered),
            kind: self.kind,
            parameters: self.parameters,
            process_id: self.process_id,
            notices: Notices::default(),
            major: self.major,
            unanswered: 1,
            broken: false,
        }
    }
}

/// What `START_REPLICATION` was answered with.
pub(crate) enum Started {
    /// The stream.
    Streaming(Box<Replication>),
    /// There is nothing to stream: the timeline ends where the stream was to start. The server's results
    /// say what comes next.
    Nothing(Box<Client>, Vec<QueryResult>),
}

impl Client {
    /// Connects and logs in.
    pub async fn connect(config: &Config, kind: ConnectionKind) -> Result<Self> {
        let config = config.with_password_of_now().await?;
        connect::in_time(&config, |deadline| Self::open(&config, kind, deadline)).await
    }

    async fn open(
        config: &Config,
        kind: ConnectionKind,
        deadline: Option<Instant>,
    ) -> Result<Self> {
        let (server, connected) = server_choice::connect(config, kind, deadline).await?;
        let Connected { wire, parameters, process_id, notices } = connected;
        let version = parameters.get("server_version").map_or("", String::as_str);
        let major = major_version(version).ok_or_else(|| {
            Error::protocol(format!("the server's version \"{version}\" is not PostgreSQL's"))
        })?;
        if major < OLDEST_MAJOR {
            return Err(Error::Unsupported {
                problem: format!("the server is PostgreSQL {version}"),
                hint: Some(format!("walscope needs PostgreSQL {OLDEST_MAJOR} or newer")),
            });
        }
        let (unanswered, broken) = (0, false);
        let mut client =
            Self { wire, kind, parameters, process_id, notices, major, unanswered, broken };
        debug!(
            host = server.host(),
            port = server.port(),
            encrypted = client.is_encrypted(),
            server_version = client.parameter("server_version"),
            process_id,
            "connected"
        );
        client.choose_encoding().await?;
        Ok(client)
    }

    /// A database without an encoding holds any bytes. The server would check them before it
    /// sends them to a client with UTF8, and end a stream at the first that is something else.
    async fn choose_encoding(&mut self) -> Result<()> {
        let database = self.kind != ConnectionKind::Physical;
        if database && self.parameter("server_encoding") == Some("SQL_ASCII") {
            self.simple_query("SET client_encoding = 'SQL_ASCII'").await?;
        }
        Ok(())
    }

    /// What the connection is for.
    pub fn kind(&self) -> ConnectionKind {
        self.kind
    }

    /// The server's major version, such as 17.
    pub fn server_major(&self) -> u32 {
        self.major
    }

    /// A parameter that the server reports, such as `server_version` or `TimeZone`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The process that serves this connection, as in `pg_stat_activity`.
    pub fn process_id(&self) -> i32 {
        self.process_id
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.wire.socket(), Socket::Tls(_))
    }

    /// What the server has remarked since this was last asked; the newest 256 of it.
    pub fn take_notices(&mut self) -> Vec<ServerError> {
        self.notices.take()
    }

    /// Runs one or more SQL statements, or a replication command, and returns all results.
    ///
    /// The results may have 64 MiB together. `COPY` is not supported.
    pub async fn simple_query(&mut self, sql: &str) -> Result<Vec<QueryResult>> {
        self.send(sql).await?;
        self.answer().await
    }

    /// The results of what was sent last.
    pub(crate) async fn answer(&mut self) -> Result<Vec<QueryResult>> {
        self.rest_of(Answer::default()).await
    }

    async fn rest_of(&mut self, mut answer: Answer) -> Result<Vec<QueryResult>> {
        loop {
            match self.read().await? {
                Backend::Message(Message::ReadyForQuery(_)) => {
                    self.unanswered = 0;
                    return answer.finish();
                }
                Backend::Message(message) => {
                    if let Err(error) = answer.take(message) {
                        self.broken = true;
                        return Err(error);
                    }
                }
                _ => return Err(self.copy_refused()),
            }
        }
    }

    /// Starts replication; from then on the connection is a stream.
    pub(crate) async fn start_replication(self, sql: &str) -> Result<Replication> {
        match self.start_or_end(sql).await? {
            Started::Streaming(replication) => Ok(*replication),
            Started::Nothing(..) => Err(Error::protocol("replication did not begin")),
        }
    }

    /// The same of a timeline that may end right there.
    pub(crate) async fn start_or_end(mut self, sql: &str) -> Result<Started> {
        self.send(sql).await?;
        match self.read().await? {
            Backend::CopyBoth => {}
            Backend::Message(Message::ErrorResponse(body)) => {
                let error = server_error(body.fields())?;
                self.close().await;
                return Err(error.into());
            }
            Backend::Message(message @ Message::RowDescription(_)) => {
                let mut answer = Answer::default();
                answer.take(message)?;
                let results = self.rest_of(answer).await?;
                return Ok(Started::Nothing(Box::new(self), results));
            }
            _ => return Err(Error::protocol("replication did not begin")),
        }
        let (socket, buffered) = self.wire.into_parts();
        let notices = self.notices.take();
        Ok(Started::Streaming(Box::new(Replication {
            socket,
            buffered,
            parameters: self.parameters,
            notices,
            kind: self.kind,
            process_id: self.process_id,
            major: self.major,
        })))
    }

    /// Says goodbye to the server, so that its log has no complaint, and ends the connection.
    pub async fn close(mut self) {
        frontend::terminate(self.wire.output());
        let goodbye = async {
            self.wire.flush().await?;
            self.wire.shutdown().await
        };
        // It is over in any case.
        let _ = timeout(GOODBYE, goodbye).await;
    }

    /// Sends a query after what is left of an earlier one has been read.
    pub(crate) async fn send(&mut self, sql: &str) -> Result<()> {
        if self.unanswered > 0 && !self.broken {
            // The future that wrote the earlier query may have been dropped before all was sent.
            self.wire.flush().await?;
        }
        while self.unanswered > 0 && !self.broken {
            match self.read().await? {
                Backend::Message(Message::ReadyForQuery(_)) => self.unanswered -= 1,
                Backend::Message(Message::CopyInResponse(_)) | Backend::CopyBoth => {
                    return Err(self.copy_refused());
                }
                Backend::Message(_) => {}
                Backend::NegotiateProtocolVersion => return Err(self.copy_refused()),
            }
        }
        if self.broken {
            return Err(Error::Closed);
        }
        // Checked here because half a message would stay in the buffer.
        if sql.contains('\0') {
            return Err(Error::config("the query contains a zero byte"));
        }
        if let Err(error) = frontend::query(sql, self.wire.output()) {
            self.broken = true;
            return Err(Error::config(format!("the query cannot be sent: {error}")));
        }
        self.unanswered += 1;
        self.wire.flush().await
    }

    /// The next message that is not just news about the connection. After an error there is none.
    pub(crate) async fn read(&mut self) -> Result<Backend> {
        let message = self.read_to_be_answered().await;
        self.broken |= message.is_err();
        message
    }

    /// Where frontend messages are written to before [`Client::flush`].
    pub(crate) fn output(&mut self) -> &mut BytesMut {
        self.wire.output()
    }

    /// Sends what was written.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        self.wire.flush().await
    }

    /// From now on much is received at once.
    pub(crate) fn read_much(&mut self) {
        self.wire.read_much();
    }

    /// The connection cannot be used for anything else, until [`Client::answered`].
    pub(crate) fn give_up(&mut self) {
        self.broken = true;
    }

    /// The server is ready for queries.
    pub(crate) fn answered(&mut self) {
        self.unanswered = 0;
        self.broken = false;
    }

    async fn read_to_be_answered(&mut self) -> Result<Backend> {
        loop {
            match self.wire.read_message().await? {
                Backend::Message(Message::NoticeResponse(body)) => {
                    self.notices.push(server_error(body.fields())?);
                }
                Backend::Message(Message::ParameterStatus(body)) => {
                    let (Ok(name), Ok(value)) = (body.name(), body.value()) else { continue };
                    // Only what was reported at the login is kept up to date.
                    if let Some(known) = self.parameters.get_mut(name) {
                        value.clone_into(known);
                    }
                }
                Backend::Message(Message::NotificationResponse(_)) => {}
                Backend::Message(Message::ErrorResponse(body)) => {
                    let error = server_error(body.fields())?;
                    // After a fatal one no ReadyForQuery follows.
                    if error.is_fatal() {
                        return Err(error.into());
                    }
                    return Ok(Backend::Message(Message::ErrorResponse(body)));
                }
                other => return Ok(other),
            }
        }
    }

    /// Leaves the connection for good: the server waits for data that will not come.
    fn copy_refused(&mut self) -> Error {
        self.broken = true;
        Error::Unsupported {
            problem: "COPY and replication streams cannot be run as a query".into(),
            hint: None,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("kind", &self.kind)
            .field("server_major", &self.major)
            .field("process_id", &self.process_id)
            .field("is_encrypted", &self.is_encrypted())
            .finish_non_exhaustive()
    }
}

/// The major version at the start of `server_version`: `15.18 (Debian …)`, `18beta1`.
fn major_version(version: &str) -> Option<u32> {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

/// The answer to a query as it comes in.
#[derive(Default)]
struct Answer {
    results: Vec<QueryResult>,
    current: QueryResult,
    error: Option<ServerError>,
    bytes: usize,
}

impl Answer {
    fn take(&mut self, message: Message) -> Result<()> {
        match message {
            Message::RowDescription(body) => {
                self.current = QueryResult { columns: columns(&body)?, ..QueryResult::default() };
            }
            Message::DataRow(body) => {
                let row = row(&body)?;
                self.bytes += body.buffer().len() + OVERHEAD * (1 + row.len());
                self.current.rows.push(row);
            }
            Message::CommandComplete(body) => {
                let tag = body.tag().map_err(|_| Error::protocol("a tag is not UTF-8"))?;
                self.current.tag = tag.into();
                self.bytes += OVERHEAD + tag.len();
                self.results.push(std::mem::take(&mut self.current));
            }
            Message::EmptyQueryResponse => {}
            Message::ErrorResponse(body) => self.error = Some(server_error(body.fields())?),
            Message::CopyInResponse(_) | Message::CopyOutResponse(_) => {
                return Err(Error::Unsupported {
                    problem: "COPY cannot be run as a query".into(),
                    hint: None,
                });
            }
            _ => return Err(Error::protocol("an unexpected message in the answer to a query")),
        }
        if self.bytes > MAX_RESULT_BYTES {
            return Err(Error::Unsupported {
                problem: format!("the query's results have more than {MAX_RESULT_BYTES} bytes"),
                hint: Some("Ask for less, with LIMIT for instance".into()),
            });
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<QueryResult>> {
        match self.error {
            Some(error) => Err(error.into()),
            None => Ok(self.results),
        }
    }
}

fn columns(body: &RowDescriptionBody) -> Result<Vec<String>> {
    let names = body.fields().map(|field| Ok(field.name().to_string())).collect();
    names.map_err(|error| Error::protocol(format!("a malformed RowDescription: {error}")))
}

fn row(body: &DataRowBody) -> Result<Vec<Option<String>>> {
    let mut row = Vec::new();
    let mut ranges = body.ranges();
    while let Some(range) =
        ranges.next().map_err(|error| Error::protocol(format!("a malformed DataRow: {error}")))?
    {
        let bytes = range.and_then(|range| body.buffer().get(range));
        let text = bytes.map(|bytes| String::from_utf8(bytes.to_vec())).transpose();
        row.push(text.map_err(|_| Error::protocol("a query's value is not UTF-8"))?);
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_all_kinds_are_read() {
        for (text, major) in [
            ("15.18 (Debian 15.18-0+deb12u1)", Some(15)),
            ("14beta1", Some(14)),
            ("18devel", Some(18)),
            ("9.6.24", Some(9)),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(major_version(text), major, "{text}");
        }
    }

    #[test]
    fn clients_and_their_futures_can_move_between_threads() {
        fn is_send<T: Send>() {}
        fn value_is_send<T: Send>(_: &T) {}
        is_send::<Client>();
        is_send::<Replication>();
        value_is_send(&Client::connect(&Config::new(), ConnectionKind::Sql));
    }
}
