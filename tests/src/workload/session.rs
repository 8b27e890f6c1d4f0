//! One of the workload's connections, and the transaction that is open in it.

use tokio_postgres::Client;

use super::catalog::{self, Table};

/// What a session has begun.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    pub(super) savepoints: Vec<String>,
    /// Statements so far.
    pub(super) statements: usize,
    /// The tables as they were when a definition was last seen to change.
    pub(super) tables: Vec<Table>,
}

pub(super) struct Session {
    pub(super) client: Client,
    /// Whether its transactions come from elsewhere.
    pub(super) has_origin: bool,
    /// `None` between transactions.
    pub(super) transaction: Option<Transaction>,
}

impl Session {
    /// Runs a statement; what PostgreSQL has against it is handed back.
    pub(super) async fn run(&self, sql: &str) -> Result<(), String> {
        match self.client.simple_query(sql).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_closed() => panic!("the server has gone: {sql}: {error:?}"),
            Err(error) => Err(error.as_db_error().map_or_else(String::new, ToString::to_string)),
        }
    }

    /// Runs a statement that must not fail.
    pub(super) async fn must(&self, sql: &str) {
        if let Err(error) = self.run(sql).await {
            panic!("{sql}: {error}");
        }
    }

    pub(super) async fn look_at_tables(&mut self) {
        let tables = catalog::tables(&self.client).await;
        let tables = tables.unwrap_or_else(|error| panic!("the catalogs: {error:?}"));
        if let Some(transaction) = &mut self.transaction {
            transaction.tables = tables;
        }
    }
}
