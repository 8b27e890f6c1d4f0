//! The machine's own server in place of an embedded one.
//!
//! `WALSCOPE_TEST_URL` is a connection string of a superuser; `harness/external.js` says what that
//! server must allow. A test gets a database of its own there, dropped with its slots afterwards.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::Config;

use crate::sql;

/// A database on a server that is not ours.
#[derive(Debug)]
pub(crate) struct External {
    admin: Config,
    pub(crate) config: Config,
    pub(crate) database: String,
}

impl External {
    /// What `WALSCOPE_TEST_URL` names, if it is set.
    pub(crate) fn from_environment() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("WALSCOPE_TEST_URL").ok()?;
        let admin: Config =
            url.parse().unwrap_or_else(|error| panic!("WALSCOPE_TEST_URL is no URL: {error}"));
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let database = format!("walscope_test_rs_{}_{count}", std::process::id());
        let create = format!("CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8'");
        sql::run(&admin, &create).unwrap_or_else(|error| panic!("WALSCOPE_TEST_URL: {error:?}"));
        let mut config = admin.clone();
        config.dbname(&database);
        Some(Self { admin, config, database })
    }
}

impl Drop for External {
    fn drop(&mut self) {
        let database = &self.database;
        let mine = format!("FROM pg_replication_slots WHERE database = '{database}'");
        let statements = [
            format!("SELECT pg_terminate_backend(active_pid) {mine} AND active"),
            format!("SELECT pg_drop_replication_slot(slot_name) {mine}"),
            format!("DROP DATABASE {database} WITH (FORCE)"),
        ];
        for statement in statements {
            if let Err(error) = sql::run(&self.admin, &statement) {
                eprintln!("cannot clean up the database {database}: {error:?}");
            }
        }
    }
}
