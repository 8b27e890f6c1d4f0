//! The server of a run, with everything in it that the contenders share.

use clap::ValueEnum;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, SimpleQueryMessage};
use walscope_tests::{Major, Server, ServerOptions, Tls};

use crate::tally::{END, RowSet};

pub const USER: &str = "postgres";
pub const DATABASE: &str = "postgres";
pub const PUBLICATION: &str = "bench_pub";

/// Beside those of the test harness. Checkpoints and autovacuum stay out of the way.
const SETTINGS: [(&str, &str); 8] = [
    ("shared_buffers", "256MB"),
    ("max_wal_size", "16GB"),
    ("checkpoint_timeout", "1h"),
    ("autovacuum", "off"),
    ("max_connections", "250"),
    ("synchronous_commit", "on"),
    ("logical_decoding_work_mem", "64MB"),
    ("wal_sender_timeout", "60s"),
];

/// What the tables of the results are printed with.
const SHOWN: [&str; 10] = [
    "server_version",
    "shared_buffers",
    "max_wal_size",
    "autovacuum",
    "fsync",
    "synchronous_commit",
    "logical_decoding_work_mem",
    "wal_sender_timeout",
    "max_connections",
    "ssl_ciphers",
];

/// The tables of pg_walstream's load test, and one whose only row ends a run.
const SCHEMA: &str = "\
CREATE TABLE narrow_events (id serial PRIMARY KEY, payload text NOT NULL, created_at timestamp DEFAULT now());
ALTER TABLE narrow_events REPLICA IDENTITY FULL;
CREATE TABLE finish (id int8 PRIMARY KEY, sent int8);
";

/// How many columns of text the wide table has.
pub const WIDE_COLUMNS: usize = 20;

/// Whether the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Link {
    Clear,
    Tls,
}

/// How contenders connect and what they ask for.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub link: Link,
    pub binary: bool,
}

impl Setting {
    pub fn is_tls(self) -> bool {
        self.link == Link::Tls
    }

    pub fn sslmode(self) -> &'static str {
        if self.is_tls() { "require" } else { "disable" }
    }

    pub fn describe(self) -> String {
        let link = if self.is_tls() { "TLS (sslmode=require)" } else { "in the clear" };
        format!("{link}, {}", if self.binary { "binary" } else { "text" })
    }
}

pub struct BenchServer {
    pub server: Server,
    pub runtime: Runtime,
    client: Client,
}

impl BenchServer {
    pub fn start(major: u32) -> Self {
        let known = Major::ALL.into_iter().find(|known| known.number() == major);
        let major = known.unwrap_or_else(|| panic!("no PostgreSQL {major}"));
        let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let options = ServerOptions { major, settings, tls: Tls::On, ..Default::default() };
        let server = Server::start(options);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let client = runtime.block_on(server.client());
        let this = Self { server, runtime, client };
        let columns: Vec<String> = (1..=WIDE_COLUMNS).map(|n| format!("col_{n} text")).collect();
        this.query(SCHEMA);
        this.query(&format!(
            "CREATE TABLE wide_events (id serial PRIMARY KEY, {});
             CREATE PUBLICATION {PUBLICATION} FOR TABLE narrow_events, wide_events, finish",
            columns.join(", ")
        ));
        this
    }

    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Runs statements and returns their rows.
    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        let messages = self.runtime.block_on(self.client.simple_query(sql));
        let messages = messages.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                let value = |at| row.get(at).unwrap_or_default().to_owned();
                Some((0..row.len()).map(value).collect())
            }
            _ => None,
        });
        rows.collect()
    }

    /// The first value.
    pub fn value(&self, sql: &str) -> Option<String> {
        self.query(sql).into_iter().next()?.into_iter().next()
    }

    pub fn create_slot(&self, name: &str) {
        self.query(&format!("SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')"));
    }

    pub fn copy_slot(&self, from: &str, name: &str) {
        self.query(&format!("SELECT pg_copy_logical_replication_slot('{from}', '{name}')"));
    }

    /// Drops a slot once its walsender has gone.
    pub fn drop_slot(&self, name: &str) {
        while self.walsender(name).is_some() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        self.query(&format!("SELECT pg_drop_replication_slot('{name}')"));
    }

    /// The process that sends from the slot.
    pub fn walsender(&self, slot: &str) -> Option<u32> {
        let sql = format!(
            "SELECT active_pid FROM pg_replication_slots WHERE slot_name = '{slot}' AND active"
        );
        self.value(&sql)?.parse().ok()
    }

    /// Whether the slot is confirmed up to there.
    pub fn is_confirmed(&self, slot: &str, lsn: &str) -> bool {
        let sql = format!(
            "SELECT confirmed_flush_lsn >= '{lsn}' FROM pg_replication_slots WHERE slot_name = '{slot}'"
        );
        self.value(&sql).as_deref() == Some("t")
    }

    /// Writes the row that ends a run. Returns where its transaction ends, at most.
    pub fn finish(&self) -> String {
        self.query(&format!("TRUNCATE finish; INSERT INTO finish VALUES ({END})"));
        self.value("SELECT pg_current_wal_insert_lsn()").expect("a position")
    }

    /// The rows of a table, and the one that ends a run.
    pub fn row_set(&self, table: &str) -> RowSet {
        let wrapped = |sum: &str| format!("coalesce(sum({sum}), 0) % 18446744073709551616");
        let (ids, squares) = (wrapped("id::numeric"), wrapped("id::numeric * id"));
        let sql = format!("SELECT count(*) || ' ' || {ids} || ' ' || {squares} FROM {table}");
        let text = self.value(&sql).expect("a row");
        let mut set: RowSet = text.parse().expect("three numbers");
        set.add(END);
        set
    }

    /// The settings that matter, for people.
    pub fn describe(&self) -> String {
        let shown = SHOWN.map(|name| {
            let value = self.value(&format!("SHOW {name}")).unwrap_or_default();
            format!("{name} {value}")
        });
        shown.join(", ")
    }
}
