//! Runs a scenario's script.
//!
//! A line that begins in the first column begins a statement; lines that are indented belong to the
//! statement before them. Comments begin with `--`, and some are commands: `-- @record` ends the
//! set-up, `-- @session NAME` goes on in another session, and `-- @catch-up` waits until the
//! recorded stream has sent everything so far, even what is not committed, and asks the oracle too.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, SimpleQueryMessage};
use walscope_core::Lsn;
use walscope_tests::Server;

use crate::Result;
use crate::oracle::Oracle;

/// How long a server may take to send what has happened.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(10);
/// The session that the script begins with.
const MAIN: &str = "main";

enum Step<'a> {
    Statement(String),
    Session(&'a str),
    CatchUp,
}

pub(crate) struct Script<'a> {
    set_up: Vec<Step<'a>>,
    recorded: Vec<Step<'a>>,
}

impl<'a> Script<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut set_up = Vec::new();
        let mut steps = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line.strip_prefix("-- @") {
                Some("record") => set_up = std::mem::take(&mut steps),
                Some("catch-up") => steps.push(Step::CatchUp),
                Some(command) => match command.strip_prefix("session ") {
                    Some(name) => steps.push(Step::Session(name)),
                    None => panic!("unknown command @{command}"),
                },
                None if line.starts_with("--") => {}
                None => match steps.last_mut() {
                    Some(Step::Statement(statement)) if line.starts_with(' ') => {
                        statement.push('\n');
                        statement.push_str(line);
                    }
                    _ => steps.push(Step::Statement(line.to_owned())),
                },
            }
        }
        Self { set_up, recorded: steps }
    }

    /// What comes before the slots.
    pub(crate) async fn set_up(&self, server: &Server, database: &str) -> Result<()> {
        let mut sessions = Sessions::new(server, database);
        for step in &self.set_up {
            sessions.step(step).await?;
        }
        Ok(())
    }

    /// What is recorded. Returns what the oracle says of it.
    pub(crate) async fn run(&self, server: &Server, oracle: &Oracle<'_>) -> Result<Vec<u8>> {
        let mut sessions = Sessions::new(server, oracle.database);
        let mut lines = Vec::new();
        for step in &self.recorded {
            match step {
                Step::CatchUp => {
                    catch_up(oracle.client).await?;
                    lines.extend(oracle.lines().await?);
                }
                _ => sessions.step(step).await?,
            }
        }
        catch_up(oracle.client).await?;
        lines.extend(oracle.lines().await?);
        Ok(lines)
    }
}

/// The sessions of a script, opened when it goes on in them for the first time.
struct Sessions<'a> {
    server: &'a Server,
    database: &'a str,
    open: HashMap<&'a str, Client>,
    current: &'a str,
}

impl<'a> Sessions<'a> {
    fn new(server: &'a Server, database: &'a str) -> Self {
        Self { server, database, open: HashMap::new(), current: MAIN }
    }

    async fn step(&mut self, step: &Step<'a>) -> Result<()> {
        match step {
            Step::Session(name) => self.current = name,
            Step::CatchUp => panic!("nothing is recorded yet"),
            Step::Statement(statement) => {
                if !self.open.contains_key(self.current) {
                    self.open.insert(self.current, self.server.client_of(self.database).await);
                }
                self.open[self.current]
                    .simple_query(statement)
                    .await
                    .map_err(|error| format!("{statement}\n{error:?}"))?;
            }
        }
        Ok(())
    }
}

/// The end of everything written so far, for waiting until it has been sent. That needs something
/// behind it which the WAL writer takes along: the commit of a transaction that has only an id.
pub(crate) async fn end_of_log(client: &Client) -> Result<Lsn> {
    let end = value(client, "SELECT pg_current_wal_insert_lsn()").await?.parse()?;
    client.simple_query("SELECT txid_current()").await?;
    Ok(end)
}

async fn catch_up(client: &Client) -> Result<()> {
    let end = end_of_log(client).await?;
    let sent = format!(
        "SELECT sent_lsn >= '{end}' FROM pg_stat_replication JOIN pg_replication_slots
           ON pid = active_pid WHERE slot_name = current_database()"
    );
    timeout(PATIENCE, async {
        while value(client, &sent).await? != "t" {
            sleep(POLL).await;
        }
        Ok(())
    })
    .await?
}

/// The first value of the first row.
pub(crate) async fn value(client: &Client, sql: &str) -> Result<String> {
    let messages = client.simple_query(sql).await?;
    let value = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(value.ok_or_else(|| format!("{sql}: no value"))?.to_owned())
}
