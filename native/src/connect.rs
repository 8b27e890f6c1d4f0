//! From settings to a connection that is ready for queries: name, TCP or Unix-domain socket, TLS,
//! login.
//!
//! The manual's "Start-up" and "SSL Session Encryption" of the frontend/backend protocol, and
//! libpq's table of SSL modes.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use crate::auth;
use crate::config::{Config, Keepalives, SslMode, shuffle};
use crate::error::{Error, Result};
use crate::link::Link;
use crate::loopback::{self, is_loopback};
use crate::notices::Notices;
use crate::tls::Tls;
use crate::tls_error::TlsError;
use crate::wire::{Backend, Socket, Wire, server_error};

/// Settings that make PostgreSQL's text the same everywhere, and let its warnings through: that a
/// publication is missing must not be kept from us. They follow the user's own options
/// and so beat them, and as start-up options they beat those of role and database.
const PINNED: [(&str, &str); 8] = [
    ("DateStyle", "ISO,MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("lc_monetary", "C"),
    ("client_min_messages", "warning"),
    ("search_path", ""),
];
/// More than this no server reports about itself.
const MAX_PARAMETERS: usize = 1000;
/// What a password file calls physical replication, which has no database.
const PASSFILE_DATABASE: &str = "replication";
/// "Invalid authorization specification": by pg_hba.conf, for instance.
const REFUSED_BY_HBA: &str = "28000";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionKind {
    /// SQL.
    Sql,
    /// Replication commands, and SQL without parameters, in the settings' database.
    Replication,
    /// Commands of physical replication: base backups and the write-ahead log of the whole cluster.
    /// `pg_hba.conf` has the database `replication` for it.
    Physical,
}

/// A connection after its login.
pub(crate) struct Connected {
    pub(crate) wire: Wire,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) process_id: i32,
    pub(crate) notices: Notices,
}

/// Does what takes `connect_timeout` at most. The deadline is for sharing out the time.
pub(crate) async fn in_time<T, F: Future<Output = Result<T>>>(
    config: &Config,
    connecting: impl FnOnce(Option<Instant>) -> F,
) -> Result<T> {
    let Some(after) = config.connect_timeout() else { return connecting(None).await };
    let deadline = Instant::now() + after;
    let late = || Error::Timeout { host: config.server_name(), port: config.port(), after };
    timeout_at(deadline, connecting(Some(deadline))).await.unwrap_or_else(|_| Err(late()))
}

/// How to come to TLS on one connection.
#[derive(Clone, Copy)]
enum Encryption<'a> {
    None,
    IfOffered(&'a Tls),
    Always(&'a Tls),
}

/// Connects to a server and logs in, a second time with or without TLS where the mode says so.
pub(crate) async fn by_mode(
    config: &Config,
    kind: ConnectionKind,
    deadline: Option<Instant>,
) -> Result<Connected> {
    if let Some(path) = config.unix_socket() {
        // libpq, too, has no TLS there, whatever the mode says: nobody is in between.
        return login(Wire::new(unix(config, &path).await?), config, kind).await;
    }
    let attempt = |encryption| attempt(config, kind, deadline, encryption);
    match config.ssl_mode() {
        SslMode::Disable => attempt(Encryption::None).await,
        SslMode::Allow => match attempt(Encryption::None).await {
            Err(Error::Server(first)) if first.code.starts_with("28") => {
                let tls = Tls::new(config)?;
                match attempt(Encryption::Always(&tls)).await {
                    // There is no second way, so the first refusal is what counts.
                    Err(Error::Tls(TlsError::Refused)) => Err(Error::Server(first)),
                    second => second,
                }
            }
            first => first,
        },
        SslMode::Prefer => match attempt(Encryption::IfOffered(&Tls::new(config)?)).await {
            Err(first) if may_go_without_tls(&first) => match attempt(Encryption::None).await {
                // Without TLS it is forbidden, so what was wrong with TLS is what counts.
                Err(Error::Server(second)) if second.code == REFUSED_BY_HBA => Err(first),
                second => second,
            },
            first => first,
        },
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
            attempt(Encryption::Always(&Tls::new(config)?)).await
        }
    }
}

/// Whether `prefer` tries again without TLS: when TLS itself fails or the server refuses the
/// connection with it. Unlike libpq, not after a wrong password, which would be no better then.
fn may_go_without_tls(error: &Error) -> bool {
    match error {
        Error::Tls(TlsError::EarlyData) => false,
        Error::Tls(_) => true,
        Error::Server(error) => error.code == REFUSED_BY_HBA,
        _ => false,
    }
}

async fn attempt(
    config: &Config,
    kind: ConnectionKind,
    deadline: Option<Instant>,
    encryption: Encryption<'_>,
) -> Result<Connected> {
    let stream = tcp(config, kind, deadline).await?;
    let socket = encrypt(stream, encryption).await?;
    login(Wire::new(socket), config, kind).await
}

#[cfg(unix)]
async fn unix(config: &Config, path: &Path) -> Result<Socket> {
    let connected = tokio::net::UnixStream::connect(path).await;
    connected
        .map(|stream| Socket::Unix(Link::new(stream)))
        .map_err(|source| not_connected(config, source))
}

#[cfg(not(unix))]
async fn unix(config: &Config, _: &Path) -> Result<Socket> {
    Err(not_connected(config, io::ErrorKind::Unsupported.into()))
}

fn not_connected(config: &Config, source: io::Error) -> Error {
    Error::Connect { host: config.server_name(), port: config.port(), source }
}

/// Connects to the first of the host's addresses that answers.
async fn tcp(
    config: &Config,
    kind: ConnectionKind,
    deadline: Option<Instant>,
) -> Result<TcpStream> {
    let port = config.port();
    let mut addresses: Vec<SocketAddr> = match config.hostaddr() {
        Some(address) => vec![SocketAddr::new(address, port)],
        None => lookup_host((config.host(), port))
            .await
            .map_err(|error| not_connected(config, error))?
            .collect(),
    };
    if config.balances_load() {
        shuffle(&mut addresses);
    }
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for (tried, address) in addresses.iter().enumerate() {
        let share = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX)
        });
        match within(share, tcp_to(*address, kind)).await {
            Ok(stream) => {
                prepare(&stream, config.keepalives())
                    .map_err(|error| not_connected(config, error))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(not_connected(config, last))
}

async fn tcp_to(address: SocketAddr, kind: ConnectionKind) -> io::Result<TcpStream> {
    if kind == ConnectionKind::Replication && is_loopback(address) {
        return loopback::connect(address).await;
    }
    TcpStream::connect(address).await
}

/// An address that does not answer must leave time for the next one.
async fn within<T>(
    share: Option<Duration>,
    connecting: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    match share {
        None => connecting.await,
        Some(share) => timeout(share, connecting)
            .await
            .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut))),
    }
}

fn prepare(stream: &TcpStream, keepalives: Keepalives) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(keepalives.user_timeout)?;
    if keepalives.off == Some(true) {
        return Ok(());
    }
    socket.set_keepalive(true)?;
    if (keepalives.idle, keepalives.interval, keepalives.count) == (None, None, None) {
        return Ok(());
    }
    let mut settings = TcpKeepalive::new();
    if let Some(idle) = keepalives.idle {
        settings = settings.with_time(idle);
    }
    if let Some(interval) = keepalives.interval {
        settings = settings.with_interval(interval);
    }
    if let Some(count) = keepalives.count {
        settings = settings.with_retries(count);
    }
    socket.set_tcp_keepalive(&settings)
}

/// Asks for TLS: SSLRequest is answered by one byte, `S` or `N`.
async fn encrypt(mut stream: TcpStream, encryption: Encryption<'_>) -> Result<Socket> {
    let tls = match encryption {
        Encryption::None => return Ok(Socket::Plain(Link::new(stream))),
        Encryption::IfOffered(tls) | Encryption::Always(tls) => tls,
    };
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write_all(&request).await.map_err(Error::Io)?;
    // There is room for more than the answer so that more is noticed.
    let mut answer = [0; 16];
    let length = stream.read(&mut answer).await.map_err(Error::Io)?;
    match (&answer[..length], encryption) {
        ([], _) => Err(Error::Closed),
        (b"S", _) => Ok(Socket::Tls(Box::new(tls.handshake(stream).await?))),
        (b"N", Encryption::IfOffered(_)) => Ok(Socket::Plain(Link::new(stream))),
        (b"N", _) => Err(TlsError::Refused.into()),
        ([b'S' | b'N', ..], _) => Err(TlsError::EarlyData.into()),
        ([other, ..], _) => Err(Error::protocol(format!(
            "the server answers {:?} when asked for TLS",
            char::from(*other)
        ))),
    }
}

/// The user's own options, then what walscope pins.
fn server_options(own: &str) -> String {
    let mut options = own.to_string();
    for (name, value) in PINNED {
        if !options.is_empty() {
            options.push(' ');
        }
        options.push_str(&format!("-c {name}={value}"));
    }
    options
}

async fn login(mut wire: Wire, config: &Config, kind: ConnectionKind) -> Result<Connected> {
    let (user, dbname) = config.login()?;
    let options = server_options(config.options());
    let mut parameters = vec![
        ("user", user),
        ("database", dbname),
        ("application_name", config.application_name()),
        ("client_encoding", "UTF8"),
        ("options", options.as_str()),
    ];
    match kind {
        ConnectionKind::Sql => {}
        ConnectionKind::Replication => parameters.push(("replication", "database")),
        ConnectionKind::Physical => parameters.push(("replication", "true")),
    }
    frontend::startup_message(parameters, wire.output())
        .map_err(|error| Error::config(format!("a setting cannot be sent: {error}")))?;
    wire.flush().await?;
    let database = if kind == ConnectionKind::Physical { PASSFILE_DATABASE } else { dbname };
    auth::authenticate(&mut wire, config, database).await?;
    until_ready(wire).await
}

/// Takes in what the server says about itself until it is ready for queries.
async fn until_ready(wire: Wire) -> Result<Connected> {
    let mut connected =
        Connected { wire, parameters: BTreeMap::new(), process_id: 0, notices: Notices::default() };
    loop {
        let Backend::Message(message) = connected.wire.read_message().await? else {
            return Err(Error::protocol("a copy begins during the login"));
        };
        match message {
            Message::ReadyForQuery(_) => return Ok(connected),
            Message::BackendKeyData(body) => connected.process_id = body.process_id(),
            Message::ParameterStatus(body) => {
                let (name, value) = (body.name(), body.value());
                let (Ok(name), Ok(value)) = (name, value) else {
                    return Err(Error::protocol("a parameter of the server is not UTF-8"));
                };
                if connected.parameters.len() >= MAX_PARAMETERS {
                    return Err(Error::protocol("the server reports too many parameters"));
                }
                connected.parameters.insert(name.into(), value.into());
            }
            Message::NoticeResponse(body) => {
                connected.notices.push(server_error(body.fields())?);
            }
            Message::ErrorResponse(body) => return Err(server_error(body.fields())?.into()),
            _ => return Err(Error::protocol("an unexpected message during the login")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_settings_follow_the_users_own() {
        let options = server_options("-c TimeZone=Asia/Tokyo");
        assert!(options.starts_with("-c TimeZone=Asia/Tokyo -c DateStyle=ISO,MDY "), "{options}");
        assert!(options.ends_with(" -c search_path="), "{options}");
        assert!(server_options("").starts_with("-c DateStyle="));
    }
}
