//! The differential test: one random workload, read from the same position in every way that the
//! server has, must give the same changes, and applied to a copy the same tables.
//!
//! Three things are compared in every round:
//!
//! 1. the lines of all configurations with each other, byte for byte ([`lines`] says what may
//!    differ);
//! 2. the lines with PostgreSQL's own `test_decoding` (`oracle.sql`);
//! 3. the tables of a copy, to which SQL applies the lines (`copy.sql`), with the origin's.

mod configuration;
mod contents;
mod drain;
pub mod lines;
mod totals;

use std::fs;
use std::path::PathBuf;

use tokio::runtime::Runtime;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::workload::{PUBLICATION, Workload};
use crate::{Major, Server, ServerOptions};

pub use configuration::Configuration;
pub use totals::Totals;

const ORIGIN: &str = "origin";
const COPY: &str = include_str!("copy.sql");
const ORACLE: &str = include_str!("oracle.sql");

/// A server with a workload, slots and copies.
#[derive(Debug)]
pub struct Differential {
    server: Server,
    runtime: Runtime,
    workload: Workload,
    configurations: Vec<Configuration>,
    major: Major,
    seed: u64,
    round: usize,
    position: u64,
    totals: Totals,
}

impl Differential {
    /// Starts a server. The seed is printed, so that whatever fails can be repeated.
    pub fn start(major: Major, seed: u64) -> Self {
        println!("PostgreSQL {major}, WALSCOPE_SEED={seed}");
        let settings = [
            // Little memory makes small transactions large ones.
            ("logical_decoding_work_mem", "64kB"),
            ("autovacuum", "off"),
            ("max_wal_senders", "48"),
            ("max_replication_slots", "48"),
            ("max_locks_per_transaction", "256"),
            ("wal_writer_delay", "10ms"),
        ];
        let server = Server::start(ServerOptions {
            major,
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Default::default()
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap_or_else(|error| panic!("cannot make a runtime: {error}"));
        let configurations = Configuration::all(major, seed);
        let workload = runtime.block_on(set_up(&server, &configurations, seed));
        let mut differential = Self {
            server,
            runtime,
            workload,
            configurations,
            major,
            seed,
            round: 0,
            position: 0,
            totals: Totals::default(),
        };
        differential.position = differential.end_of_log().1;
        let conninfo = differential.server.conninfo_with(&[("dbname", ORIGIN)]);
        let types = drain::drain(&["types".to_owned(), conninfo], &differential.types());
        types.unwrap_or_else(|error| panic!("walscope types: {error}"));
        differential
    }

    /// What was done so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Lets so many transactions happen and compares everything. A round that settles leaves no
    /// transaction open, so that no table is locked.
    ///
    /// # Panics
    ///
    /// Where something differs.
    pub fn round(&mut self, transactions: usize, settle: bool) {
        self.runtime.block_on(async {
            self.workload.run(transactions).await;
            if settle {
                self.workload.settle().await;
            }
        });
        self.round += 1;
        self.totals.transactions = self.workload.transactions();
        let (until, position) = self.end_of_log();
        self.totals.wal += position - self.position;
        self.position = position;
        for two_phase in [false, true] {
            let all = self.configurations.iter().copied();
            let same: Vec<_> = all.filter(|one| one.two_phase == two_phase).collect();
            if !same.is_empty() {
                self.compare(&same, &until);
            }
        }
    }

    /// Compares configurations whose changes must be the same.
    fn compare(&mut self, same: &[Configuration], until: &str) {
        let mut outputs = Vec::new();
        for &configuration in same {
            outputs.push((configuration, self.drain(configuration, until)));
        }
        let Some((reference, expected)) = outputs.first() else { return };
        for (configuration, output) in &outputs {
            let with_origin = configuration.streaming == "off";
            let (lines, expected) =
                (lines::comparable(output, with_origin), lines::comparable(expected, with_origin));
            if let Some(difference) = lines::difference(&lines, &expected) {
                self.fail(*configuration, &format!("not as {reference}: {difference}"));
            }
        }
        self.totals.changes += expected.lines().filter(|line| lines::is_change(line)).count();
        // Each round another one has to stand up to PostgreSQL.
        let turn = (self.round + usize::try_from(self.seed % 64).unwrap_or_default()) % same.len();
        let result = self.runtime.block_on(self.against_postgresql(same[turn]));
        match result {
            Ok(compared) => self.totals.compared += compared,
            Err(error) => self.fail(same[turn], &error),
        }
    }

    /// Reads one slot to the end, and returns the lines.
    fn drain(&mut self, configuration: Configuration, until: &str) -> String {
        let mut options = String::from("-c logical_decoding_work_mem=64kB");
        if configuration.immediate {
            let name = match self.major {
                Major::V14 | Major::V15 => panic!("PostgreSQL {} has no such setting", self.major),
                _ => "debug_logical_replication_streaming",
            };
            options.push_str(&format!(" -c {name}=immediate"));
        }
        let conninfo = self.server.conninfo_with(&[("dbname", ORIGIN), ("options", &options)]);
        let slot = configuration.slot();
        let mut arguments: Vec<String> =
            ["stream", &conninfo, "--slot", &slot, "--publication", PUBLICATION, "--messages"]
                .map(str::to_owned)
                .into();
        arguments.extend(configuration.arguments());
        arguments.extend(["--until".to_owned(), until.to_owned()]);
        if configuration.binary {
            arguments.extend(["--types".to_owned(), self.types().display().to_string()]);
        }
        let path = self.output(configuration);
        match drain::drain(&arguments, &path) {
            Ok(drained) => {
                self.totals.peak_memory = self.totals.peak_memory.max(drained.peak_memory);
            }
            Err(error) => self.fail(configuration, &error),
        }
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.totals.output += bytes.len() as u64;
        String::from_utf8(bytes)
            .unwrap_or_else(|error| self.fail(configuration, &error.to_string()))
    }

    /// The lines of a configuration. The server reads them too.
    fn output(&self, configuration: Configuration) -> PathBuf {
        self.server.folder().join(format!("{}.jsonl", configuration.slot()))
    }

    /// The types of the database, which do not change.
    fn types(&self) -> PathBuf {
        self.server.folder().join("types.json")
    }

    /// What `test_decoding` says.
    fn expected(&self, two_phase: bool) -> PathBuf {
        self.server.folder().join(format!("{}.expected", oracle_slot(two_phase)))
    }

    /// Compares with `test_decoding`, applies the lines to the copy, and compares that.
    async fn against_postgresql(&self, configuration: Configuration) -> Result<u64, String> {
        let database = copy_name(configuration.two_phase);
        let copy = self.server.client_of(database).await;
        let origin = self.server.client_of(ORIGIN).await;
        let expected = self.expected(configuration.two_phase);
        // JSON has no control characters, so none is a delimiter or a quotation mark.
        let load = format!(
            "COPY walscope.lines (line) FROM '{}' (FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01')",
            self.output(configuration).display()
        );
        // PostgreSQL 18.4 crashed in test_decoding with as little memory as the server has.
        let ask = format!(
            "SET DateStyle = ISO, MDY; SET IntervalStyle = postgres; SET TimeZone = 'UTC';
             SET extra_float_digits = 3; SET bytea_output = hex; SET lc_monetary = 'C';
             SET search_path = ''; SET logical_decoding_work_mem = '64MB';
             COPY (SELECT * FROM pg_logical_slot_get_binary_changes('{}', NULL, NULL,
               'force-binary', 'on', 'include-xids', 'on', 'include-timestamp', 'on',
               'skip-empty-xacts', 'off')) TO '{1}'",
            oracle_slot(configuration.two_phase),
            expected.display()
        );
        run(&copy, &load).await?;
        run(&origin, &ask).await?;
        run(&copy, "SET TimeZone = 'UTC'; SET search_path = public").await?;
        run(&copy, "SET session_replication_role = replica").await?;
        run(
            &copy,
            &format!("COPY walscope.expected (lsn, xid, data) FROM '{}'", expected.display()),
        )
        .await?;
        let compared = value(&copy, "SELECT walscope.compare()").await?;
        run(&copy, "CALL walscope.apply()").await?;
        contents::compare(&origin, &copy).await?;
        compared.parse().map_err(|_| format!("{compared} is no number"))
    }

    /// The end of the WAL so far. It takes something behind it for all before it to be sent.
    fn end_of_log(&self) -> (String, u64) {
        let sql = "SELECT lsn, lsn - '0/0' FROM pg_current_wal_insert_lsn() lsn";
        let row = self.server.sql(sql).remove(0);
        self.server.sql("SELECT txid_current()");
        let [Some(lsn), Some(position)] = &row[..] else { panic!("{row:?}") };
        let position = position.parse().unwrap_or_else(|error| panic!("{position}: {error}"));
        (lsn.clone(), position)
    }

    fn fail(&self, configuration: Configuration, what: &str) -> ! {
        let kept = std::env::temp_dir().join(format!("walscope-differential-{}", self.seed));
        // The lines and the server's log are for a person to look at.
        let _ = fs::create_dir_all(&kept);
        let _ = fs::write(kept.join("server.log"), self.server.log());
        let outputs = self.configurations.iter().map(|one| self.output(*one));
        for path in outputs.chain([false, true].map(|two_phase| self.expected(two_phase))) {
            let _ = fs::copy(&path, kept.join(path.file_name().unwrap_or_default()));
        }
        panic!(
            "PostgreSQL {}, WALSCOPE_SEED={}, round {}, {configuration}: {what}\nThe lines and the server's log are in {}",
            self.major,
            self.seed,
            self.round,
            kept.display()
        );
    }
}

fn copy_name(two_phase: bool) -> &'static str {
    if two_phase { "copy_two_phase" } else { "copy" }
}

fn oracle_slot(two_phase: bool) -> &'static str {
    if two_phase { "oracle_two_phase" } else { "oracle" }
}

async fn set_up(server: &Server, configurations: &[Configuration], seed: u64) -> Workload {
    let outside = server.client_of("postgres").await;
    let must = |result: Result<(), String>| result.unwrap_or_else(|error| panic!("{error}"));
    must(run(&outside, &format!("CREATE DATABASE {ORIGIN}")).await);
    Workload::set_up(server, ORIGIN).await;
    for two_phase in [false, true] {
        let copy = copy_name(two_phase);
        must(run(&outside, &format!("CREATE DATABASE {copy} TEMPLATE {ORIGIN}")).await);
        let copy = server.client_of(copy).await;
        must(run(&copy, COPY).await);
        must(run(&copy, ORACLE).await);
    }
    Workload::publish(server, ORIGIN).await;
    let origin = server.client_of(ORIGIN).await;
    let pgoutput = configurations.iter().map(|one| (one.slot(), "pgoutput", one.two_phase));
    let oracles = [false, true]
        .map(|two_phase| (oracle_slot(two_phase).to_owned(), "test_decoding", two_phase));
    for (slot, plugin, two_phase) in pgoutput.chain(oracles) {
        let sql = format!(
            "SELECT pg_create_logical_replication_slot('{slot}', '{plugin}', false, {two_phase})"
        );
        must(run(&origin, &sql).await);
    }
    Workload::start(server, ORIGIN, seed).await
}

async fn run(client: &Client, sql: &str) -> Result<(), String> {
    client.batch_execute(sql).await.map_err(|error| in_words(sql, &error))
}

/// The first value of the first row.
async fn value(client: &Client, sql: &str) -> Result<String, String> {
    let messages = client.simple_query(sql).await.map_err(|error| in_words(sql, &error))?;
    let value = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    value.ok_or_else(|| format!("{sql}: no value"))
}

fn in_words(sql: &str, error: &tokio_postgres::Error) -> String {
    let sql = sql.lines().next().unwrap_or_default();
    match error.as_db_error() {
        Some(error) => {
            format!("{sql}: {}\n{}", error.message(), error.where_().unwrap_or_default())
        }
        None => format!("{sql}: {error:?}"),
    }
}
