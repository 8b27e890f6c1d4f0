//! Where the server is: the options that PostgreSQL's client programs share, and how its password is asked
//! for (`src/bin/pg_basebackup/streamutil.c`).

use super::getopt::{Given, Known, Value};
use super::password;
use super::pg_tool::{Others, Stop, known, no_more};
use crate::auth::NO_PASSWORD;
use crate::{Client, Config, ConnectionKind, Error};

/// What the options say.
#[derive(Debug, Default)]
pub(super) struct ServerOptions {
    conninfo: Option<String>,
    host: Option<String>,
    port: Option<String>,
    user: Option<String>,
    password: Asking,
}

/// Whether the password is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asking {
    #[default]
    IfNeeded,
    Never,
    Always,
}

impl ServerOptions {
    pub(super) const KNOWN: [Known; 6] = [
        known("dbname", b'd', Value::Required),
        known("host", b'h', Value::Required),
        known("port", b'p', Value::Required),
        known("username", b'U', Value::Required),
        known("no-password", b'w', Value::No),
        known("password", b'W', Value::No),
    ];

    /// Takes an option, if it is one of these.
    pub(super) fn take(&mut self, given: &Given) -> bool {
        let value = given.value.as_deref().map(|value| String::from_utf8_lossy(value).into_owned());
        match given.name {
            "dbname" => self.conninfo = value,
            "host" => self.host = value,
            "port" => self.port = value,
            "username" => self.user = value,
            "no-password" => self.password = Asking::Never,
            "password" => self.password = Asking::Always,
            _ => return false,
        }
        true
    }

    /// The connection string.
    pub(super) fn set_conninfo(&mut self, conninfo: &[u8]) {
        self.conninfo = Some(String::from_utf8_lossy(conninfo).into_owned());
    }

    /// Takes what is no option: nothing but the connection string, which needs none.
    pub(super) fn take_others(&mut self, mut others: Others) -> Result<(), Stop> {
        if self.conninfo.is_none()
            && let Some(conninfo) = others.next()
        {
            self.set_conninfo(&conninfo);
        }
        no_more(others)
    }

    /// The settings. What the options say stands above the connection string.
    fn config(&self) -> Result<Config, Stop> {
        let mut config = match self.conninfo.as_deref() {
            Some(dbname) if !dbname.contains('=') && !dbname.contains("://") => {
                Config::parse("")?.with_dbname(dbname)
            }
            conninfo => Config::parse(conninfo.unwrap_or_default())?,
        };
        let own = [("host", &self.host), ("port", &self.port), ("user", &self.user)];
        for (name, value) in own {
            if let Some(value) = value {
                config.set(name, value)?;
            }
        }
        Ok(config)
    }

    /// Connects for replication, with a password that is asked for if that is wanted, or if the server wants
    /// one and there is none. What is returned has it.
    pub(super) async fn connect(&self) -> Result<(Config, Client), Stop> {
        let mut config = self.config()?;
        if self.password == Asking::Always {
            config = with_asked(config)?;
        }
        let connected = Client::connect(&config, ConnectionKind::Physical).await;
        let missing =
            matches!(&connected, Err(Error::Auth { problem, .. }) if problem == NO_PASSWORD);
        if missing && self.password == Asking::IfNeeded {
            config = with_asked(config)?;
            let client = Client::connect(&config, ConnectionKind::Physical).await?;
            return Ok((config, client));
        }
        Ok((config, connected?))
    }
}

/// Where nobody answers, the server says what is missing.
fn with_asked(config: Config) -> Result<Config, Stop> {
    Ok(match password::ask()? {
        Some(password) => config.with_password(password),
        None => config,
    })
}
