//! A server as tests see it.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config};

use crate::certificates::TlsFiles;
use crate::cluster::Cluster;
use crate::external::External;
use crate::install::Major;
use crate::sampler::{Sample, Sampler};
use crate::sql::{self, Row};

/// The password of every role of an embedded server.
pub const PASSWORD: &str = "secret";

/// How long something may take to come true.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether a server has TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// It has not.
    #[default]
    Off,
    /// With a certificate for `localhost` and `127.0.0.1`.
    On,
    /// With a certificate for another host.
    WrongName,
}

/// What a test asks of its server.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// The major version.
    pub major: Major,
    /// The folder of another build's `postgres` of that version, which works on the same data.
    pub bin: Option<PathBuf>,
    /// Settings of `postgresql.conf`.
    pub settings: Vec<(String, String)>,
    /// Lines of `pg_hba.conf` before the harness's own.
    pub hba: Vec<String>,
    /// Whether it has TLS.
    pub tls: Tls,
}

/// A running PostgreSQL, stopped and removed when it is dropped.
///
/// Roles, all superusers with [`PASSWORD`]: `postgres` and `scram_user` sign in with SCRAM,
/// `md5_user` with MD5, `password_user` with the password in the clear, `trust_user` with nothing.
#[derive(Debug)]
pub struct Server {
    /// None for the server of `WALSCOPE_TEST_URL`.
    cluster: Option<Box<Cluster>>,
    /// The database there, dropped with this value.
    _external: Option<External>,
    /// host, port, user, password, dbname.
    parameters: Vec<(String, String)>,
    /// The harness's own way in.
    config: Config,
}

impl Server {
    /// Starts an embedded server.
    pub fn start(options: ServerOptions) -> Self {
        Self::of(Cluster::start(&options))
    }

    /// A standby of this server, which has a slot of that name for it and is restarted for the copy.
    ///
    /// # Panics
    ///
    /// Where it is not the test's own.
    pub fn standby(&mut self, slot: &str, options: ServerOptions) -> Self {
        let own = [
            ("primary_conninfo", self.socket_conninfo()),
            ("primary_slot_name", slot.to_owned()),
            ("hot_standby_feedback", "on".to_owned()),
        ];
        let mut options = options;
        options.settings.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let cluster = self.cluster_mut();
        cluster.end(Signal::INT);
        let standby = Cluster::start_standby(cluster, &options);
        assert!(cluster.start_on_port(), "port {} was taken meanwhile", cluster.port);
        Self::of(standby)
    }

    /// A server on a data directory that `make` makes: a backup, for instance. It may put tablespaces into
    /// the folder that the directory is in.
    pub fn start_made(options: ServerOptions, make: impl FnOnce(&Path)) -> Self {
        Self::of(Cluster::start_made(&options, make))
    }

    /// Makes a folder that the server may write to, beside its data.
    ///
    /// # Panics
    ///
    /// Where it cannot be made.
    pub fn make_folder(&self, name: &str) -> PathBuf {
        self.cluster().make_folder(name)
    }

    fn of(cluster: Cluster) -> Self {
        let mut config = Config::new();
        config.host_path(&cluster.folder).port(cluster.port).user("postgres").dbname("postgres");
        let parameters = [
            ("host", Ipv4Addr::LOCALHOST.to_string()),
            ("port", cluster.port.to_string()),
            ("user", "postgres".to_owned()),
            ("password", PASSWORD.to_owned()),
            ("dbname", "postgres".to_owned()),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value)).into();
        Self { cluster: Some(Box::new(cluster)), _external: None, parameters, config }
    }

    /// The server that `WALSCOPE_TEST_URL` names, or an embedded one of the newest version.
    pub fn any() -> Self {
        let Some(external) = External::from_environment() else {
            return Self::start(ServerOptions::default());
        };
        let config = external.config.clone();
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let text = |bytes: Option<&[u8]>| {
            bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
        };
        let parameters = [
            ("host", host),
            ("port", config.get_ports().first().unwrap_or(&5432).to_string()),
            ("user", config.get_user().unwrap_or("postgres").to_owned()),
            ("password", text(config.get_password())),
            ("dbname", external.database.clone()),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value)).into();
        Self { cluster: None, _external: Some(external), parameters, config }
    }

    /// A connection string in `keyword=value` form.
    pub fn conninfo(&self) -> String {
        self.conninfo_with(&[])
    }

    /// The same with some parameters changed or added, such as `user` or `sslmode`.
    pub fn conninfo_with(&self, changes: &[(&str, &str)]) -> String {
        let quote = |value: &str| value.replace('\\', "\\\\").replace('\'', "\\'");
        let words = self.parameters_with(changes);
        let words = words.iter().map(|(name, value)| format!("{name}='{}'", quote(value)));
        words.collect::<Vec<_>>().join(" ")
    }

    fn parameters_with(&self, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut all = self.parameters.clone();
        for &(name, value) in changes {
            match all.iter_mut().find(|(known, _)| known == name) {
                Some((_, old)) => value.clone_into(old),
                None => all.push((name.to_owned(), value.to_owned())),
            }
        }
        all
    }

    /// A connection string in URL form.
    pub fn url(&self) -> String {
        let all = self.parameters_with(&[]);
        let value = |name: &str| {
            let found = all.iter().find(|(known, _)| known == name);
            percent_encode(found.map_or("", |(_, value)| value))
        };
        let [host, port, user, password, dbname] =
            ["host", "port", "user", "password", "dbname"].map(value);
        format!("postgres://{user}:{password}@{host}:{port}/{dbname}")
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(5432)
    }

    /// The authorities' certificates.
    ///
    /// # Panics
    /// When the server was started without TLS.
    pub fn tls(&self) -> &TlsFiles {
        self.cluster().tls.as_ref().unwrap_or_else(|| panic!("the server has no TLS"))
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.cluster().data()
    }

    /// The folder of everything that the server has, its Unix socket too.
    pub fn folder(&self) -> PathBuf {
        self.cluster().folder.clone()
    }

    /// The process id, `None` while the server is stopped.
    pub fn pid(&self) -> Option<u32> {
        self.cluster().pid()
    }

    /// What the server has written to its log.
    pub fn log(&self) -> String {
        self.cluster().log()
    }

    /// Runs statements in the test's database and returns their rows.
    ///
    /// # Panics
    /// When a statement fails: [`Server::try_sql`] hands that back.
    pub fn sql(&self, text: &str) -> Vec<Row> {
        self.try_sql(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    /// Runs statements in another database and returns their rows.
    ///
    /// # Panics
    /// When a statement fails.
    pub fn sql_in(&self, database: &str, text: &str) -> Vec<Row> {
        self.try_sql_in(database, text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    /// Runs statements that may fail in another database.
    pub fn try_sql_in(
        &self,
        database: &str,
        text: &str,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let mut config = self.config.clone();
        sql::run(config.dbname(database), text)
    }

    /// Runs statements that may fail.
    pub fn try_sql(&self, text: &str) -> Result<Vec<Row>, tokio_postgres::Error> {
        sql::run(&self.config, text)
    }

    /// The first value of the first row.
    ///
    /// # Panics
    /// When there is none or it is NULL.
    pub fn value(&self, text: &str) -> String {
        let first = self.sql(text).into_iter().next().and_then(|row| row.into_iter().next());
        first.flatten().unwrap_or_else(|| panic!("{text}: no value"))
    }

    /// Waits until a query's first value is that.
    ///
    /// # Panics
    /// When it does not become that in time.
    pub fn wait_for(&self, text: &str, value: &str) {
        let began = Instant::now();
        while self.value(text) != value {
            assert!(began.elapsed() < PATIENCE, "{text}: is not {value}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A connection that stays open, for async tests.
    pub async fn client(&self) -> Client {
        Self::open(&self.config).await
    }

    /// The same to another database.
    pub async fn client_of(&self, database: &str) -> Client {
        let mut config = self.config.clone();
        Self::open(config.dbname(database)).await
    }

    async fn open(config: &Config) -> Client {
        sql::connect(config).await.unwrap_or_else(|error| panic!("cannot connect: {error:?}"))
    }

    /// Looks at a slot's positions all the time; what `check` says about one is kept.
    pub fn watch_slot(
        &self,
        slot: &str,
        check: impl Fn(&Sample) -> Option<String> + Send + 'static,
    ) -> Sampler {
        Sampler::start(self.config.clone(), slot, check)
    }

    /// The harness's own way in.
    pub(crate) fn socket(&self) -> &Config {
        &self.config
    }

    /// The same as a connection string.
    pub(crate) fn socket_conninfo(&self) -> String {
        let folder = self.folder();
        format!("host={} port={} user=postgres dbname=postgres", folder.display(), self.port())
    }

    /// Stops the server in order and starts it again on the same port; after [`Server::kill`], only
    /// starts it.
    pub fn restart(&mut self) {
        let cluster = self.cluster_mut();
        cluster.end(Signal::INT);
        assert!(cluster.start_on_port(), "port {} was taken meanwhile", cluster.port);
    }

    /// Stops the server as a crash would.
    pub fn kill(&mut self) {
        self.cluster_mut().end(Signal::QUIT);
    }

    fn cluster(&self) -> &Cluster {
        self.cluster.as_ref().unwrap_or_else(|| not_ours())
    }

    fn cluster_mut(&mut self) -> &mut Cluster {
        self.cluster.as_mut().unwrap_or_else(|| not_ours())
    }
}

fn not_ours() -> ! {
    panic!("the server of WALSCOPE_TEST_URL is not the test's own: ask for one by Server::start")
}

fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
