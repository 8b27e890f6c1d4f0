//! A random workload: the same statements, in the same order, for the same seed.
//!
//! Several sessions have transactions open at once, but only one statement runs at a time, so that
//! a seed replays. A statement that would wait for another session's lock fails, and like every
//! other failure it takes its savepoint or its transaction with it.

mod catalog;
mod definitions;
mod rows;
mod session;
mod values;

use std::fmt;

use crate::random::Random;
use session::{Session, Transaction};

use crate::Server;

/// The publication of all tables.
pub const PUBLICATION: &str = "everything";

/// What origin and copy begin with.
const SETUP: &str = include_str!("setup.sql");
/// What only the origin has.
const PUBLISHED: &str = include_str!("published.sql");

const SESSIONS: usize = 5;
/// Prepared transactions that may be open at once; the harness's servers allow some more.
const PREPARED: usize = 6;

/// A workload that goes on from where it is.
pub struct Workload {
    random: Random,
    sessions: Vec<Session>,
    /// The prepared transactions that are open, by their identifiers as literals.
    prepared: Vec<String>,
    /// For names that nothing else has.
    number: usize,
    /// Transactions that were ended so far, however they were.
    transactions: usize,
}

impl fmt::Debug for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workload")
            .field("transactions", &self.transactions)
            .field("prepared", &self.prepared)
            .finish_non_exhaustive()
    }
}

impl Workload {
    /// Makes the types and tables. What is to be a copy is copied from it before
    /// [`Workload::publish`].
    pub async fn set_up(server: &Server, database: &str) {
        let client = server.client_of(database).await;
        let columns: Vec<_> = values::every_type()
            .enumerate()
            .map(|(at, type_name)| format!("v{at} {type_name}"))
            .collect();
        let every_type = format!(
            "CREATE TABLE public.every_type (id integer PRIMARY KEY, {})",
            columns.join(", ")
        );
        for sql in [SETUP, &every_type] {
            client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
    }

    /// Publishes all tables and whatever becomes of them.
    pub async fn publish(server: &Server, database: &str) {
        let client = server.client_of(database).await;
        client
            .batch_execute(PUBLISHED)
            .await
            .unwrap_or_else(|error| panic!("{PUBLISHED}: {error:?}"));
    }

    /// Connects.
    pub async fn start(server: &Server, database: &str, seed: u64) -> Self {
        let mut sessions = Vec::new();
        for number in 0..SESSIONS {
            let session = Session {
                client: server.client_of(database).await,
                has_origin: number == 0,
                transaction: None,
            };
            session.must("SET lock_timeout = '5ms'; SET search_path = ''").await;
            if session.has_origin {
                session.must("SELECT pg_replication_origin_session_setup('elsewhere')").await;
            }
            sessions.push(session);
        }
        let random = Random::new(seed);
        Self { random, sessions, prepared: Vec::new(), number: 0, transactions: 0 }
    }

    /// Transactions that were ended so far: committed, prepared or rolled back.
    pub fn transactions(&self) -> usize {
        self.transactions
    }

    /// Goes on until so many more transactions have ended. Some stay open, if `settle` does not end
    /// them.
    pub async fn run(&mut self, transactions: usize) {
        let last = self.transactions + transactions;
        while self.transactions < last {
            let at = self.random.below(self.sessions.len());
            match self.sessions[at].transaction {
                Some(_) => self.go_on(at).await,
                None if !self.prepared.is_empty() && self.random.percent(20) => {
                    self.end_prepared(at).await;
                }
                None => self.begin(at).await,
            }
        }
    }

    /// Ends what is open, the prepared transactions too, and adds a row to every table, so that a
    /// change of the last definition of each is in the stream.
    pub async fn settle(&mut self) {
        for at in 0..self.sessions.len() {
            if self.sessions[at].transaction.is_some() {
                self.end(at).await;
            }
        }
        while !self.prepared.is_empty() {
            self.end_prepared(0).await;
        }
        self.begin(0).await;
        let tables = self.sessions[0].transaction.take().map(|open| open.tables);
        self.sessions[0].must("COMMIT").await;
        for table in tables.unwrap_or_default() {
            let sql = rows::insert(&mut self.random, &table);
            // A row may be there already.
            let _ = self.sessions[0].run(&sql).await;
        }
    }

    async fn begin(&mut self, at: usize) {
        let session = &mut self.sessions[at];
        session.must("BEGIN").await;
        if session.has_origin && self.random.percent(80) {
            let lsn = self.random.between(1, 0xFFFF);
            let sql = format!(
                "SELECT pg_replication_origin_xact_setup('1/{lsn:X}', '2026-01-01 00:00:00+00')"
            );
            session.must(&sql).await;
        }
        session.transaction = Some(Transaction::default());
        session.look_at_tables().await;
    }

    /// A statement, or the end.
    async fn go_on(&mut self, at: usize) {
        let Some(open) = &mut self.sessions[at].transaction else { return };
        let is_over = open.statements > self.random.between(1, 12);
        open.statements += 1;
        match self.random.below(100) {
            _ if is_over => self.end(at).await,
            0..12 => self.savepoint(at).await,
            12..20 => self.back_to_savepoint(at).await,
            20..23 => self.release_savepoint(at).await,
            23..24 => self.failed(at, "SELECT 1 / 0").await,
            24..34 => self.define(at).await,
            _ => self.change(at).await,
        }
    }

    async fn change(&mut self, at: usize) {
        let Some(open) = &self.sessions[at].transaction else { return };
        // Where the server streams it does not say which subtransaction wrote a message.
        let sql = if open.savepoints.is_empty() && self.random.percent(8) {
            rows::message(&mut self.random)
        } else {
            rows::statement(&mut self.random, &open.tables)
        };
        if self.sessions[at].run(&sql).await.is_err() {
            self.recover(at).await;
        }
    }

    async fn define(&mut self, at: usize) {
        self.number += 1;
        let Some(open) = &self.sessions[at].transaction else { return };
        let sql = definitions::statement(&mut self.random, &open.tables, self.number);
        match self.sessions[at].run(&sql).await {
            Ok(()) => self.sessions[at].look_at_tables().await,
            Err(_) => self.recover(at).await,
        }
    }

    async fn savepoint(&mut self, at: usize) {
        self.number += 1;
        let name = format!("s{}", self.number);
        self.sessions[at].must(&format!("SAVEPOINT {name}")).await;
        if let Some(open) = &mut self.sessions[at].transaction {
            open.savepoints.push(name);
        }
    }

    /// Rolls back to one of the savepoints; those after it are gone with what they did.
    async fn back_to_savepoint(&mut self, at: usize) {
        let session = &mut self.sessions[at];
        let Some(open) = &mut session.transaction else { return };
        if open.savepoints.is_empty() {
            return;
        }
        let kept = self.random.below(open.savepoints.len());
        let sql = format!("ROLLBACK TO {}", open.savepoints[kept]);
        open.savepoints.truncate(kept + 1);
        session.must(&sql).await;
        session.look_at_tables().await;
    }

    async fn release_savepoint(&mut self, at: usize) {
        let session = &mut self.sessions[at];
        let Some(open) = &mut session.transaction else { return };
        if open.savepoints.is_empty() {
            return;
        }
        let kept = self.random.below(open.savepoints.len());
        let sql = format!("RELEASE {}", open.savepoints[kept]);
        open.savepoints.truncate(kept);
        session.must(&sql).await;
    }

    async fn failed(&mut self, at: usize, sql: &str) {
        // It fails by design.
        let _ = self.sessions[at].run(sql).await;
        self.recover(at).await;
    }

    /// After a failure: back to a savepoint, if there is one.
    async fn recover(&mut self, at: usize) {
        let has_savepoint =
            self.sessions[at].transaction.as_ref().is_some_and(|open| !open.savepoints.is_empty());
        if has_savepoint && self.random.percent(80) {
            self.back_to_savepoint(at).await;
        } else {
            self.finish(at, "ROLLBACK").await;
        }
    }

    async fn end(&mut self, at: usize) {
        match self.random.below(100) {
            0..15 => self.finish(at, "ROLLBACK").await,
            15..35 if self.prepared.len() < PREPARED => self.prepare(at).await,
            _ => self.finish(at, "COMMIT").await,
        }
    }

    async fn finish(&mut self, at: usize, sql: &str) {
        self.sessions[at].transaction = None;
        self.transactions += 1;
        // A deferred check may fail a commit.
        let _ = self.sessions[at].run(sql).await;
    }

    async fn prepare(&mut self, at: usize) {
        self.number += 1;
        let gid = walscope::quote_literal(&format!("it's \"{}\" é", self.number));
        self.sessions[at].transaction = None;
        self.transactions += 1;
        // If that fails, the transaction is rolled back.
        if self.sessions[at].run(&format!("PREPARE TRANSACTION {gid}")).await.is_ok() {
            self.prepared.push(gid);
        }
    }

    async fn end_prepared(&mut self, at: usize) {
        let gid = self.prepared.swap_remove(self.random.below(self.prepared.len()));
        let verb = if self.random.percent(65) { "COMMIT" } else { "ROLLBACK" };
        self.sessions[at].must(&format!("{verb} PREPARED {gid}")).await;
    }
}
