//! Which of several servers is connected to: the first that answers and is what is wanted (libpq's
//! `PQconnectPoll`).

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::config::{Config, TargetSession};
use crate::connect::{Connected, ConnectionKind, by_mode};
use crate::error::{Error, ErrorClass, Result};

/// Connects and logs in; returns the server's own settings with the connection. The next server is tried
/// when trying again could help with this one: a wrong password, for instance, is an error at once.
pub(crate) async fn connect(
    config: &Config,
    kind: ConnectionKind,
    deadline: Option<Instant>,
) -> Result<(Config, Connected)> {
    config.check()?;
    config.login()?;
    let mut servers = config.servers();
    let rounds = config.target_session().rounds();
    let mut tries = servers.len() * rounds.len();
    if tries == 1 {
        let server = servers.remove(0);
        let connected = connect_to(&server, kind, config.target_session(), deadline).await?;
        return Ok((server, connected));
    }
    let mut failures = Vec::new();
    for target in rounds {
        failures.clear();
        for server in &servers {
            let end = share(deadline, tries);
            tries -= 1;
            match in_time(server, end, connect_to(server, kind, *target, end)).await {
                Ok(connected) => return Ok((server.clone(), connected)),
                Err(error) if error.class() == ErrorClass::Retry => failures.push(error),
                Err(error) => return Err(error),
            }
        }
    }
    Err(Error::NoServer { failures })
}

/// The end of the next try, which leaves as much time for each of the others.
fn share(deadline: Option<Instant>, tries: usize) -> Option<Instant> {
    let tries = u32::try_from(tries).unwrap_or(u32::MAX);
    let now = Instant::now();
    deadline.map(|deadline| now + deadline.saturating_duration_since(now) / tries)
}

async fn in_time<T>(
    server: &Config,
    end: Option<Instant>,
    trying: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(end) = end else { return trying.await };
    let after = Duration::from_secs((end - Instant::now()).as_secs_f64().round() as u64);
    let late = |_| Err(Error::Timeout { host: server.server_name(), port: server.port(), after });
    timeout_at(end, trying).await.unwrap_or_else(late)
}

async fn connect_to(
    server: &Config,
    kind: ConnectionKind,
    target: TargetSession,
    deadline: Option<Instant>,
) -> Result<Connected> {
    let connected = by_mode(server, kind, deadline).await?;
    match target.refusal(&connected.parameters) {
        None => Ok(connected),
        Some(role) => {
            Err(Error::Role { host: server.server_name(), port: server.port(), role, target })
        }
    }
}
