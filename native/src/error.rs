//! What can go wrong between a program and a PostgreSQL server, by stage, with what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use walscope_core::Lsn;

use crate::config::TargetSession;
use crate::server_error::ServerError;
use crate::sql::quote_ident;
use crate::tls_error::TlsError;
use crate::undecodable::Undecodable;
use crate::unix_socket;

/// The result of talking to a server.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, by the stage at which it did.
///
/// Displayed it is one line that says what and where. [`Error::hint`] says what to do about it,
/// [`Error::code`] is stable and meant for programs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A setting is wrong. Nothing was sent.
    Config(ConfigError),
    /// No TCP connection could be made.
    Connect {
        /// The host that was asked for.
        host: String,
        /// The port that was asked for.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// The TLS connection could not be made, or was not secure enough for the `sslmode`.
    Tls(TlsError),
    /// The client could not prove who it is, or the server could not.
    Auth {
        /// What failed.
        problem: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// What [`Config::with_password_from`](crate::Config::with_password_from) was given gave none.
    Password(io::Error),
    /// The server answered with an error.
    Server(Box<ServerError>),
    /// The other side does not keep to the protocol.
    Protocol(String),
    /// What the server sends cannot be taken apart into messages.
    Decode(walscope_core::Error),
    /// A message cannot be decoded.
    Undecodable(Box<Undecodable>),
    /// The connection broke.
    Io(io::Error),
    /// The server closed the connection without saying why.
    Closed,
    /// The stream was closed, by us, before the transaction in hand had come to its end.
    StreamClosed,
    /// After a broken connection the server does not send a transaction as it sent its beginning before:
    /// what was read of it is void.
    NotResumed,
    /// The server has been silent for so long, and has not answered when it was asked.
    Silent(Duration),
    /// There is no slot of that name.
    SlotMissing {
        /// The slot.
        slot: String,
    },
    /// The slot has lost what the stream has not confirmed.
    SlotLost {
        /// The slot.
        slot: String,
        /// How.
        reason: String,
        /// What is lost begins here.
        since: Lsn,
    },
    /// The server has no log from there any more.
    WalRemoved {
        /// The slot that should have held it back, if there is one.
        slot: Option<String>,
        /// What the server says.
        reason: String,
        /// Where the stream was to go on.
        since: Lsn,
    },
    /// There is no publication of that name.
    PublicationMissing {
        /// The publication.
        publication: String,
        /// The database that was looked in.
        database: String,
    },
    /// Connecting took longer than `connect_timeout`.
    Timeout {
        /// The host that was asked for.
        host: String,
        /// The port that was asked for.
        port: u16,
        /// The `connect_timeout`.
        after: Duration,
    },
    /// The server is not what `target_session_attrs` asks for.
    Role {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What it is.
        role: &'static str,
        /// What was asked for.
        target: TargetSession,
    },
    /// None of several servers will do.
    NoServer {
        /// What is wrong with each, in the order in which they were tried.
        failures: Vec<Self>,
    },
    /// A transaction that is too large for memory cannot be kept in files.
    Spill {
        /// Where the files are.
        directory: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Something cannot be done with a file.
    File {
        /// What: `create`, `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The server, or this version of walscope, does not do what was asked for.
    Unsupported {
        /// What is not supported.
        problem: String,
        /// What to do instead.
        hint: Option<String>,
    },
}

/// A setting that is missing, unknown or has a value that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// A sentence that names the setting.
    pub problem: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// It can: the network, a restart, too many connections, a slot that is still held.
    Retry,
    /// It cannot, until somebody changes something.
    Final,
    /// Nothing is known about this error; try a few times.
    Unknown,
}

impl Error {
    pub(crate) fn config(problem: impl Into<String>) -> Self {
        Self::Config(ConfigError { problem: problem.into(), hint: None })
    }

    pub(crate) fn config_hint(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Config(ConfigError { problem: problem.into(), hint: Some(hint.into()) })
    }

    pub(crate) fn protocol(problem: impl Into<String>) -> Self {
        Self::Protocol(problem.into())
    }

    /// The SQLSTATE of a server's error, else a stable name that begins with `WALSCOPE_`.
    pub fn code(&self) -> &str {
        match self {
            Self::Config(_) => "WALSCOPE_CONFIG",
            Self::Connect { .. } => "WALSCOPE_CONNECT",
            Self::Tls(error) => error.code(),
            Self::Auth { .. } => "WALSCOPE_AUTH",
            Self::Password(_) => "WALSCOPE_PASSWORD",
            Self::Server(error) => &error.code,
            Self::Protocol(_) => "WALSCOPE_PROTOCOL",
            Self::Decode(_) | Self::Undecodable(_) => "WALSCOPE_DECODE",
            Self::Io(_) => "WALSCOPE_IO",
            Self::Closed => "WALSCOPE_CLOSED",
            Self::StreamClosed => "WALSCOPE_STREAM_CLOSED",
            Self::NotResumed => "WALSCOPE_RESUME_MISMATCH",
            Self::Silent(_) => "WALSCOPE_SILENT",
            Self::SlotMissing { .. } => "WALSCOPE_SLOT_MISSING",
            Self::SlotLost { .. } => "WALSCOPE_SLOT_LOST",
            Self::WalRemoved { .. } => "WALSCOPE_WAL_REMOVED",
            Self::PublicationMissing { .. } => "WALSCOPE_PUBLICATION_MISSING",
            Self::Timeout { .. } => "WALSCOPE_TIMEOUT",
            Self::Role { .. } => "WALSCOPE_ROLE",
            Self::NoServer { .. } => "WALSCOPE_NO_SERVER",
            Self::Spill { .. } => "WALSCOPE_SPILL",
            Self::File { .. } => "WALSCOPE_FILE",
            Self::Unsupported { .. } => "WALSCOPE_UNSUPPORTED",
        }
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint.clone(),
            Self::Connect { host, source, .. } => Some(connect_hint(host, source).into()),
            Self::Tls(error) => error.hint(),
            Self::Auth { hint, .. } | Self::Unsupported { hint, .. } => hint.clone(),
            Self::Server(error) => error.cure(),
            Self::Timeout { .. } => Some(
                "Check host, port and firewall; connect_timeout=SECONDS allows more time".into(),
            ),
            Self::Role { .. } => Some(
                "A standby becomes a primary when it is promoted; name it too: host=a,b".into(),
            ),
            Self::NoServer { failures } => failures.last().and_then(Self::hint),
            Self::Protocol(_) => {
                Some("Check that host and port are those of a PostgreSQL server".into())
            }
            Self::SlotMissing { .. } => {
                Some("Check the name, or ask for the slot to be created (--create-slot)".into())
            }
            Self::SlotLost { .. } => Some(
                "Copy the tables anew: create a slot, and read them in the snapshot that it exports"
                    .into(),
            ),
            Self::WalRemoved { slot, .. } => Some(
                if slot.is_some() {
                    "Take a new base backup and start at it; max_slot_wal_keep_size limits what a \
                     slot holds back"
                } else {
                    "Take a new base backup and start at it; a slot (--slot) holds the log back \
                     until it was received"
                }
                .into(),
            ),
            Self::PublicationMissing { publication, .. } => Some(format!(
                "Check name and database, or create it: CREATE PUBLICATION {} FOR ALL TABLES",
                quote_ident(publication)
            )),
            Self::Spill { .. } => Some(
                "Make room there, or name another directory (--spill-dir); nothing of the \
                 transaction is confirmed"
                    .into(),
            ),
            Self::Decode(_) | Self::Undecodable(_) => {
                Some("Nothing from there on is confirmed: the slot still has it".into())
            }
            Self::StreamClosed => Some("The transaction is not confirmed, and comes again".into()),
            Self::NotResumed => Some(
                "Drop what was read of it and read on: it begins again, unless it was rolled back"
                    .into(),
            ),
            Self::Password(_)
            | Self::Io(_)
            | Self::Closed
            | Self::Silent(_)
            | Self::File { .. } => None,
        }
    }

    /// Whether trying again can help.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Connect { .. }
            | Self::Password(_)
            | Self::Io(_)
            | Self::Closed
            | Self::NotResumed
            | Self::Silent(_)
            | Self::Timeout { .. }
            | Self::Role { .. }
            | Self::NoServer { .. } => ErrorClass::Retry,
            Self::Tls(TlsError::Handshake(_)) => ErrorClass::Unknown,
            Self::Server(error) => error.class(),
            Self::Config(_)
            | Self::Tls(_)
            | Self::Auth { .. }
            | Self::Protocol(_)
            | Self::Decode(_)
            | Self::Undecodable(_)
            | Self::StreamClosed
            | Self::SlotMissing { .. }
            | Self::SlotLost { .. }
            | Self::WalRemoved { .. }
            | Self::PublicationMissing { .. }
            | Self::Spill { .. }
            | Self::File { .. }
            | Self::Unsupported { .. } => ErrorClass::Final,
        }
    }
}

/// Refuses what a server does not have yet, if it is wanted.
pub(crate) fn require(wanted: bool, major: u32, since: u32, what: &str) -> Result<()> {
    if !wanted || major >= since {
        return Ok(());
    }
    Err(Error::Unsupported {
        problem: format!("PostgreSQL {major} does not have the {what}"),
        hint: Some(format!("Leave it out, or use PostgreSQL {since} or newer")),
    })
}

fn connect_hint(host: &str, error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied if unix_socket::is_folder(host) => {
            "Run as a user who may use this socket (unix_socket_permissions)"
        }
        _ if unix_socket::is_folder(host) => {
            "Check that the server runs, and has its socket in this folder \
             (unix_socket_directories) and of this port"
        }
        io::ErrorKind::ConnectionRefused => {
            "Check that the server runs, listens on this address (listen_addresses) and port"
        }
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::TimedOut => "Check host, port and firewall",
        _ => "Check that the host name is right and can be resolved",
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Connect { host, port, source } => {
                write!(f, "cannot connect to {}: {source}", Place(host, *port))
            }
            Self::Tls(error) => error.fmt(f),
            Self::Auth { problem, .. } => write!(f, "authentication failed: {problem}"),
            Self::Password(error) => write!(f, "the password cannot be had: {error}"),
            Self::Server(error) => error.fmt(f),
            Self::Protocol(problem) => write!(f, "protocol violation: {problem}"),
            Self::Decode(error) => write!(f, "cannot decode the stream: {error}"),
            Self::Undecodable(error) => error.fmt(f),
            Self::Io(error) => write!(f, "the connection to the server broke: {error}"),
            Self::Closed => f.write_str("the server closed the connection"),
            Self::NotResumed => f.write_str(
                "the transaction in hand does not come again as it was before the connection broke",
            ),
            Self::StreamClosed => f.write_str("the stream was closed within a transaction"),
            Self::Silent(silence) => write!(
                f,
                "the server has been silent for {} s and does not answer",
                silence.as_secs()
            ),
            Self::SlotMissing { slot } => {
                write!(f, "replication slot \"{slot}\" does not exist")
            }
            Self::WalRemoved { slot: Some(slot), reason, since } => {
                write!(f, "replication slot \"{slot}\" has lost the log from {since} on: {reason}")
            }
            Self::WalRemoved { slot: None, reason, since } => {
                write!(f, "the server has no log from {since} on any more: {reason}")
            }
            Self::SlotLost { slot, reason, since } => write!(
                f,
                "replication slot \"{slot}\" has lost the changes after {since}: {reason}"
            ),
            Self::PublicationMissing { publication, database } => {
                write!(f, "publication \"{publication}\" does not exist in database \"{database}\"")
            }
            Self::Role { host, port, role, target } => {
                write!(f, "{} {role}, but target_session_attrs={target}", Place(host, *port))
            }
            Self::NoServer { failures } => {
                f.write_str("none of the servers will do")?;
                for (nth, failure) in failures.iter().enumerate() {
                    write!(f, "{} {failure}", if nth == 0 { ":" } else { ";" })?;
                }
                Ok(())
            }
            Self::Timeout { host, port, after } => {
                let place = Place(host, *port);
                write!(f, "no connection to {place} within {} s", after.as_secs_f64())
            }
            Self::Spill { directory, source } => {
                write!(f, "cannot keep a transaction in {}: {source}", directory.display())
            }
            Self::File { action, path, source } => {
                write!(f, "cannot {action} {}: {source}", path.display())
            }
            Self::Unsupported { problem, .. } => f.write_str(problem),
        }
    }
}

/// A host and a port; an IPv6 address stands in brackets. Of a Unix-domain socket, its path.
struct Place<'a>(&'a str, u16);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(host, port) = self;
        if unix_socket::is_folder(host) {
            return f.write_str(&unix_socket::path(host, *port));
        }
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connect { source, .. }
            | Self::Password(source)
            | Self::Io(source)
            | Self::Spill { source, .. }
            | Self::File { source, .. } => Some(source),
            Self::Tls(TlsError::Handshake(source)) => Some(source),
            Self::Decode(source) => Some(source),
            Self::Undecodable(source) => Some(&source.error),
            Self::Server(source) => Some(source.as_ref()),
            _ => None,
        }
    }
}

impl From<TlsError> for Error {
    fn from(error: TlsError) -> Self {
        Self::Tls(error)
    }
}

impl From<ServerError> for Error {
    fn from(error: ServerError) -> Self {
        Self::Server(Box::new(error))
    }
}

impl From<walscope_core::Error> for Error {
    fn from(error: walscope_core::Error) -> Self {
        Self::Decode(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(host: &str) -> Error {
        let source = io::Error::from(io::ErrorKind::ConnectionRefused);
        Error::Connect { host: host.into(), port: 5432, source }
    }

    /// The text is what people see and search for.
    #[test]
    fn every_error_is_one_line_with_a_stable_code() {
        let host = || "db.example".to_string();
        let name = |names: &[&str]| {
            let names = names.iter().map(ToString::to_string).collect();
            Error::Tls(TlsError::HostName { host: host(), names })
        };
        let after = Duration::from_millis(1500);
        for (error, code, text) in [
            (Error::config("port is bad"), "WALSCOPE_CONFIG", "port is bad"),
            (connect("h"), "WALSCOPE_CONNECT", "cannot connect to h:5432: connection refused"),
            (
                connect("::1"),
                "WALSCOPE_CONNECT",
                "cannot connect to [::1]:5432: connection refused",
            ),
            (
                connect("/run"),
                "WALSCOPE_CONNECT",
                "cannot connect to /run/.s.PGSQL.5432: connection refused",
            ),
            (
                Error::Timeout { host: host(), port: 1, after },
                "WALSCOPE_TIMEOUT",
                "no connection to db.example:1 within 1.5 s",
            ),
            (
                Error::Tls(TlsError::Refused),
                "WALSCOPE_TLS_REFUSED",
                "the server does not support TLS, but sslmode demands it",
            ),
            (
                name(&["a.example", "b.example"]),
                "WALSCOPE_TLS_HOST_NAME",
                "the server's certificate is not for db.example, but for a.example, b.example",
            ),
            (
                name(&[]),
                "WALSCOPE_TLS_HOST_NAME",
                "the server's certificate is not for db.example: it names no host",
            ),
            (
                Error::Tls(TlsError::NotTrusted { reason: "it has expired".into() }),
                "WALSCOPE_TLS_NOT_TRUSTED",
                "the server's certificate is not trusted: it has expired",
            ),
            (Error::protocol("x"), "WALSCOPE_PROTOCOL", "protocol violation: x"),
            (Error::Closed, "WALSCOPE_CLOSED", "the server closed the connection"),
        ] {
            assert_eq!((error.code(), error.to_string().as_str()), (code, text));
        }
    }
}
