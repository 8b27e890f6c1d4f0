//! A cluster under write load, and what must be in a backup of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use walscope_tests::receiving::kill_all;
use walscope_tests::{Major, Server, ServerOptions, program};

/// How long something may take to come true.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server whose tables are written to until this is dropped.
pub(crate) struct Scene {
    pub(crate) major: Major,
    pub(crate) server: Server,
    pub(crate) tablespace: PathBuf,
    stop: Arc<AtomicBool>,
    /// The server is killed while it is written to.
    dies: Arc<AtomicBool>,
    /// The last id that is committed.
    committed: Arc<AtomicU64>,
    writer: Option<JoinHandle<()>>,
}

impl Scene {
    pub(crate) fn start(major: Major, settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Self::of(ServerOptions { major, settings: settings.collect(), ..Default::default() })
    }

    pub(crate) fn of(options: ServerOptions) -> Self {
        let major = options.major;
        let server = Server::start(options);
        let tablespace = server.make_folder("ts");
        server.sql(&format!("CREATE TABLESPACE other LOCATION '{}'", tablespace.display()));
        server.sql(
            "CREATE TABLE a (id bigint PRIMARY KEY, text text); \
             CREATE TABLE b (id bigint, text text) TABLESPACE other; \
             CREATE TABLE last (id bigint); INSERT INTO last VALUES (0); \
             CREATE TABLE much AS SELECT n, md5(n::text) AS text FROM generate_series(1, 20000) n",
        );
        let [stop, dies] = [false; 2].map(|flag| Arc::new(AtomicBool::new(flag)));
        let committed = Arc::new(AtomicU64::new(0));
        let mut scene = Self { major, server, tablespace, stop, dies, committed, writer: None };
        scene.write();
        scene
    }

    /// Each transaction leaves its number in three tables.
    fn write(&mut self) {
        let (stop, dies) = (self.stop.clone(), self.dies.clone());
        let committed = self.committed.clone();
        let conninfo = self.server.conninfo_with(&[("user", "trust_user")]);
        self.writer = Some(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let connect = tokio_postgres::connect(&conninfo, tokio_postgres::NoTls).await;
                let (client, connection) = connect.expect("it takes connections");
                tokio::spawn(connection);
                for id in 1_u64.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let sql = format!(
                        "BEGIN; INSERT INTO a VALUES ({id}, repeat('{id}', 50)); \
                         INSERT INTO b VALUES ({id}, md5('{id}')); UPDATE last SET id = {id}; COMMIT"
                    );
                    if let Err(error) = client.batch_execute(&sql).await {
                        assert!(dies.load(Ordering::SeqCst), "{error}");
                        break;
                    }
                    committed.store(id, Ordering::SeqCst);
                }
            });
        }));
        self.wait_for_more(20);
    }

    /// Waits for so many more transactions.
    pub(crate) fn wait_for_more(&self, transactions: u64) {
        let (until, began) = (self.committed() + transactions, Instant::now());
        while self.committed() < until {
            assert!(began.elapsed() < PATIENCE, "no transactions: {}", self.committed());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn committed(&self) -> u64 {
        self.committed.load(Ordering::SeqCst)
    }

    /// No more is written; all of it is in the server.
    pub(crate) fn rest(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(writer) = self.writer.take() {
            writer.join().expect("the writer ends in order");
        }
    }

    /// Kills the server for good, in the middle of its work.
    pub(crate) fn kill(&mut self) {
        self.dies.store(true, Ordering::SeqCst);
        kill_all(&self.server);
        self.rest();
    }

    /// `walscope basebackup` of it, into a directory or with options that say otherwise.
    pub(crate) fn back_up(&self, options: &[&str]) -> Output {
        let conninfo = self.server.conninfo_with(&[("user", "trust_user")]);
        let first = ["basebackup", &conninfo, "-c", "fast"];
        program::run(first.iter().chain(options))
    }

    /// The same, and it must work.
    pub(crate) fn must_back_up(&self, options: &[&str]) -> Vec<u8> {
        let output = self.back_up(options);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{options:?}: {said}");
        output.stdout
    }

    /// The option that puts the tablespace there.
    pub(crate) fn mapping(&self, place: &Path) -> String {
        format!("--tablespace-mapping={}={}", self.tablespace.display(), place.display())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // A commit may wait for a receiver that is gone.
        self.dies.store(true, Ordering::SeqCst);
        self.server.kill();
        if let Some(writer) = self.writer.take() {
            // Where it failed, it has said so.
            let _ = writer.join();
        }
    }
}

/// A server on a backup has what was committed before the backup began, nothing that was not committed
/// when it ended, and no transaction in part.
pub(crate) fn check(server: &Server, before: u64, after: u64) {
    let last: u64 = server.value("SELECT id::text FROM last").parse().expect("a number");
    assert!((before..=after + 1).contains(&last), "{before} to {after}, but there is {last}");
    for table in ["a", "b"] {
        let found = server.value(&format!(
            "SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || max(id) FROM {table}"
        ));
        assert_eq!(found, format!("{last} {last} {last}"), "{table}");
    }
    let wrong = "SELECT (SELECT count(*) FROM a WHERE text <> repeat(id::text, 50)) \
                 + (SELECT count(*) FROM b WHERE text <> md5(id::text)) \
                 + (SELECT count(*) FROM much WHERE text <> md5(n::text))";
    assert_eq!(server.value(&format!("SELECT ({wrong})::text")), "0");
    assert_eq!(server.value("SELECT count(*)::text FROM much"), "20000");
}

/// Runs one of PostgreSQL's tools.
pub(crate) fn tool(bin: &Path, name: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(bin.join(name));
    command.args(arguments).env("LC_ALL", "C").output().expect("it starts")
}

/// The same, and it must work.
pub(crate) fn must(bin: &Path, name: &str, arguments: &[&str]) {
    let output = tool(bin, name, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {said}");
}
