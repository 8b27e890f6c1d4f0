//! The connection layer against real servers of every major version.
//!
//! Where a test needs a server that misbehaves, it plays one itself (`false_servers`).

mod auth;
mod client_certificate;
mod errors;
mod false_servers;
mod pass_file;
mod queries;
mod several_servers;
mod slots;
mod tls;
mod unix;

use std::future::Future;

use walscope::{Client, Config, ConnectionKind, Error};
use walscope_tests::{Major, Server, ServerOptions, Tls};

/// Runs an async test.
fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

fn start(major: Major, tls: Tls) -> Server {
    Server::start(ServerOptions { major, tls, ..Default::default() })
}

/// Connects for SQL with the server's settings, changed.
async fn connect(server: &Server, changes: &[(&str, &str)]) -> Result<Client, Error> {
    Client::connect(&Config::parse(&server.conninfo_with(changes))?, ConnectionKind::Sql).await
}

/// Connects for replication with the server's settings, changed.
async fn replicate(server: &Server, changes: &[(&str, &str)]) -> Result<Client, Error> {
    let config = Config::parse(&server.conninfo_with(changes))?;
    Client::connect(&config, ConnectionKind::Replication).await
}

/// The only value of a query.
async fn value(client: &mut Client, sql: &str) -> String {
    let results = client.simple_query(sql).await.unwrap();
    results[0].rows[0][0].clone().unwrap()
}

/// An error's code and hint.
fn code_and_hint<T>(result: Result<T, Error>) -> (String, String) {
    match result {
        Ok(_) => ("no error".into(), String::new()),
        Err(error) => (error.code().into(), error.hint().unwrap_or_default()),
    }
}

fn code<T>(result: Result<T, Error>) -> String {
    code_and_hint(result).0
}
