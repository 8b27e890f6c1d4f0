//! Where a test takes place: a database and a slot of its own.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio_postgres::{Client, SimpleQueryMessage};
use walscope_tests::program::{self, Program};
use walscope_tests::{Major, Server, ServerOptions};

/// How long something may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(120);

/// The oldest and the newest: enough where all of them do the same.
pub(crate) const ENDS: [Major; 2] = [Major::V14, Major::V18];

/// The server of a major, for all tests of this process.
fn server(major: Major) -> &'static Server {
    static SERVERS: [OnceLock<Server>; Major::ALL.len()] = [const { OnceLock::new() }; 5];
    let settings = [
        ("track_commit_timestamp", "on"),
        ("max_replication_slots", "100"),
        ("max_prepared_transactions", "100"),
        ("log_replication_commands", "on"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    SERVERS[major as usize]
        .get_or_init(|| Server::start(ServerOptions { major, settings, ..Default::default() }))
}

/// A database and a slot of one name.
pub(crate) struct Place {
    pub(crate) major: Major,
    pub(crate) server: &'static Server,
    pub(crate) name: String,
    /// Server settings of walscope's own connection.
    options: String,
}

impl Place {
    /// A new database with what `sql` makes in it.
    pub(crate) fn new(major: Major, name: &str, sql: &str) -> Self {
        let server = server(major);
        server.sql(&format!("CREATE DATABASE {name}"));
        let place = Self { major, server, name: name.to_owned(), options: String::new() };
        place.sql(sql);
        place
    }

    /// The same, and a slot that has every change from here on.
    pub(crate) fn with_slot(major: Major, name: &str, sql: &str) -> Self {
        let place = Self::new(major, name, sql);
        place.create_slot("pgoutput", "");
        place
    }

    /// The same, and whatever can be sent in pieces is: every change by itself (from PostgreSQL 16
    /// on), or what is over 64 kB.
    pub(crate) fn with_pieces(major: Major, name: &str, sql: &str) -> Self {
        let options = if major >= Major::V16 {
            "-c debug_logical_replication_streaming=immediate"
        } else {
            "-c logical_decoding_work_mem=64kB"
        };
        Self { options: options.to_owned(), ..Self::with_slot(major, name, sql) }
    }

    /// Creates the slot, with more arguments for the server's function.
    pub(crate) fn create_slot(&self, plugin: &str, more: &str) {
        let name = &self.name;
        self.sql(&format!("SELECT pg_create_logical_replication_slot('{name}', '{plugin}'{more})"));
    }

    pub(crate) fn sql(&self, text: &str) {
        self.server.sql_in(&self.name, text);
    }

    /// The first column of all rows.
    pub(crate) fn column(&self, text: &str) -> Vec<String> {
        let rows = self.server.sql_in(&self.name, text).into_iter();
        rows.map(|row| row.into_iter().next().flatten().expect("a value")).collect()
    }

    pub(crate) fn value(&self, text: &str) -> String {
        self.column(text).into_iter().next().expect("a row")
    }

    /// Arguments of `walscope stream` with the slot.
    pub(crate) fn arguments(&self, more: &[&str]) -> Vec<String> {
        let changes = [("dbname", self.name.as_str()), ("options", &self.options)];
        let conninfo = self.server.conninfo_with(&changes);
        let arguments = ["stream", &conninfo, "--slot", &self.name].into_iter();
        arguments.chain(more.iter().copied()).map(str::to_owned).collect()
    }

    /// The lines of everything that the slot has, which keeps it.
    pub(crate) fn stream(&self, more: &[&str]) -> Vec<String> {
        let mut arguments = self.arguments(more);
        arguments.extend(["--ack", "none", "--until", "now"].map(str::to_owned));
        let output = program::run(&arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "PostgreSQL {} {more:?}: {errors}", self.major);
        // The server notices a closed connection a little later.
        self.wait_for(&format!("SELECT (NOT active)::text {}", self.slot()));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().map(str::to_owned).collect()
    }

    fn slot(&self) -> String {
        format!("FROM pg_replication_slots WHERE slot_name = '{}'", self.name)
    }

    /// Starts `walscope stream` and waits until the server streams to it.
    pub(crate) fn start(&self, more: &[&str]) -> Program {
        let program = Program::start(self.arguments(more));
        self.wait_for(&format!("SELECT active::text {}", self.slot()));
        program
    }

    /// Waits until the server has decoded its log up to here for walscope, and so has sent what it
    /// sends before transactions end.
    pub(crate) fn wait_until_sent(&self) {
        let here = self.value("SELECT pg_current_wal_insert_lsn()");
        // A commit that writes something, in another database, has the log flushed at once.
        self.server.sql("SELECT pg_logical_emit_message(true, '', '')");
        self.wait_for(&format!(
            "SELECT (sent_lsn >= '{here}')::text FROM pg_stat_replication \
             JOIN pg_replication_slots ON pid = active_pid WHERE slot_name = '{}'",
            self.name
        ));
    }

    fn wait_for(&self, condition: &str) {
        let start = Instant::now();
        while self.column(condition) != ["true"] {
            assert!(start.elapsed() < PATIENCE, "PostgreSQL {}: never {condition}", self.major);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A session that stays open.
    pub(crate) fn session(&self) -> Session {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let client = runtime.block_on(self.server.client_of(&self.name));
        Session { runtime, client }
    }
}

/// One of several sessions of a test.
pub(crate) struct Session {
    runtime: Runtime,
    client: Client,
}

impl Session {
    pub(crate) fn sql(&self, text: &str) {
        let done = self.runtime.block_on(self.client.batch_execute(text));
        done.unwrap_or_else(|error| panic!("{text}: {error:?}"));
    }
    /// The only value of a query.
    pub(crate) fn value(&self, text: &str) -> String {
        let row = self.runtime.block_on(self.client.simple_query(text)).expect("a result");
        let value = row.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        value.unwrap_or_else(|| panic!("{text}: no value"))
    }
}
