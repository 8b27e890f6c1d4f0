//! Slots and publications on every major version: what is made is what the server has, and what a
//! version lacks is refused before anything is sent.

mod changes;
mod command;
mod creation;
mod health;
mod publications;
mod snapshots;

use std::future::Future;
use std::time::{Duration, Instant};

use walscope::{Client, Config, ConnectionKind, Error};
use walscope_tests::{Major, Server, ServerOptions};

/// How long something may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs an async test.
fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

fn start(major: Major) -> Server {
    start_with(major, &[])
}

/// The server's log has every command that it was sent.
fn start_with(major: Major, settings: &[(&str, &str)]) -> Server {
    let all = [("log_replication_commands", "on"), ("log_statement", "all")];
    let settings = all.iter().chain(settings);
    let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
    Server::start(ServerOptions { major, settings: settings.collect(), ..Default::default() })
}

async fn connect(server: &Server, kind: ConnectionKind) -> Client {
    connect_with(server, kind, "").await
}

async fn connect_with(server: &Server, kind: ConnectionKind, options: &str) -> Client {
    let config = Config::parse(&server.conninfo_with(&[("options", options)])).unwrap();
    Client::connect(&config, kind).await.unwrap()
}

async fn replicate(server: &Server) -> Client {
    connect(server, ConnectionKind::Replication).await
}

fn code<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => "no error".into(),
        Err(error) => error.code().into(),
    }
}

/// Checks that the version is named and what it lacks, and that the server has not heard of it.
fn refused<T>(result: Result<T, Error>, server: &Server, major: Major, what: &str, sql: &str) {
    let Err(error) = result else { panic!("{what} was not refused on {major}") };
    assert_eq!(error.code(), "WALSCOPE_UNSUPPORTED", "{error}");
    let text = error.to_string();
    assert!(text.contains(&format!("PostgreSQL {major}")) && text.contains(what), "{text}");
    assert!(error.hint().is_some_and(|hint| hint.contains("or newer")), "{error:?}");
    assert!(!server.log().contains(sql), "{major} was sent {sql}");
}

/// Waits until a query's value is what is expected.
fn await_value(server: &Server, sql: &str, expected: &str) {
    let start = Instant::now();
    while server.value(sql) != expected {
        assert!(start.elapsed() < PATIENCE, "{sql} is not {expected}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
