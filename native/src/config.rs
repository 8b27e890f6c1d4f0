//! Where the server is and who we are: connection settings with libpq's names and meaning.

mod conninfo;
mod pass_file;
mod servers;
mod service_file;
mod settings;
mod uri;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::password::PasswordSource;
use crate::unix_socket;
use servers::List;

pub use servers::TargetSession;
pub(crate) use servers::shuffle;

const DEFAULT_HOST: &str = "localhost";
const DEFAULT_PORT: u16 = 5432;
const DEFAULT_APPLICATION_NAME: &str = "walscope";
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How much TLS protects the connection: libpq's `sslmode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS only if the server refuses the connection without.
    Allow,
    /// TLS if the server has it, else none. Protects against nobody who can change the traffic.
    #[default]
    Prefer,
    /// TLS. The certificate is checked as by `verify-ca` only if trusted ones were given.
    Require,
    /// TLS with a certificate that is signed by a trusted authority.
    VerifyCa,
    /// As `verify-ca`, and the certificate names the host.
    VerifyFull,
}

impl SslMode {
    const ALL: [(Self, &str); 6] = [
        (Self::Disable, "disable"),
        (Self::Allow, "allow"),
        (Self::Prefer, "prefer"),
        (Self::Require, "require"),
        (Self::VerifyCa, "verify-ca"),
        (Self::VerifyFull, "verify-full"),
    ];
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(mode, _)| mode == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for SslMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(mode, _)| *mode).ok_or(())
    }
}

/// Where the certificates come from that the server's must be signed by: libpq's `sslrootcert`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootCertificates {
    /// The certificates that the operating system trusts. Goes with `verify-full` only.
    System,
    /// A file of certificates in PEM form.
    File(PathBuf),
}

/// Whether SCRAM proves that nobody sits between the two ends of the TLS connection: libpq's
/// `channel_binding`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Binding {
    Disable,
    #[default]
    Prefer,
    /// Whoever cannot prove it is no server of ours.
    Require,
}

/// The files of our own certificate, where they are set.
pub(crate) struct ClientCertificate<'c> {
    pub(crate) certificate: Option<&'c Path>,
    pub(crate) key: Option<&'c Path>,
}

/// When the operating system looks whether a silent connection is alive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keepalives {
    pub(crate) off: Option<bool>,
    pub(crate) idle: Option<Duration>,
    pub(crate) interval: Option<Duration>,
    pub(crate) count: Option<u32>,
    pub(crate) user_timeout: Option<Duration>,
}

/// Connection settings.
///
/// Made from a URI or a keyword/value text, as libpq reads them, or setting by setting. What is
/// not set is taken from the `PG*` environment variables by [`Config::parse`] and
/// [`Config::fill_from_env`], and has libpq's defaults otherwise. Debug output never shows the
/// password.
///
/// ```
/// # use walscope::Config;
/// let config = Config::parse("postgres://app:secret@db.example/shop?sslmode=verify-full")?;
/// assert_eq!(config.host(), "db.example");
/// let config = Config::parse("host=db.example user=app dbname='my shop'")?;
/// assert_eq!(config.dbname(), Some("my shop"));
/// let config = Config::new().with_host("db.example").with_user("app");
/// assert_eq!(config.port(), 5432);
/// # Ok::<(), walscope::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// As it is given: commas are between several.
    host: Option<String>,
    hostaddr: List<IpAddr>,
    port: List<u16>,
    user: Option<String>,
    password: Option<String>,
    password_source: Option<PasswordSource>,
    passfile: Option<PathBuf>,
    dbname: Option<String>,
    sslmode: Option<SslMode>,
    sslrootcert: Option<RootCertificates>,
    sslcert: Option<PathBuf>,
    sslkey: Option<PathBuf>,
    no_client_certificate: Option<bool>,
    application_name: Option<String>,
    fallback_application_name: Option<String>,
    options: Option<String>,
    /// `Some(None)`: no limit.
    connect_timeout: Option<Option<Duration>>,
    channel_binding: Option<Binding>,
    keepalives: Keepalives,
    target_session: Option<TargetSession>,
    balances_load: Option<bool>,
    /// Until what it has is taken over.
    service: Option<String>,
    servicefile: Option<PathBuf>,
}

impl Config {
    /// No settings; libpq's defaults without the environment.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a URI (`postgres://…`) or keyword/value text (`host=… user=…`), and takes what it
    /// leaves open from the `PG*` environment variables.
    pub fn parse(conninfo: &str) -> Result<Self> {
        let mut config = Self::parse_only(conninfo)?;
        config.fill_from_env()?;
        config.check()?;
        Ok(config)
    }

    fn parse_only(conninfo: &str) -> Result<Self> {
        let settings = match uri::without_scheme(conninfo) {
            Some(rest) => uri::parse(rest)?,
            None => conninfo::parse(conninfo)?,
        };
        let mut config = Self::new();
        for (key, value) in &settings {
            config.set(key, value)?;
        }
        Ok(config)
    }

    /// Sets what is not set yet from the service that is named (`service=NAME` or `PGSERVICE`), then from
    /// the `PG*` environment variables.
    pub fn fill_from_env(&mut self) -> Result<()> {
        self.fill_from(|name| std::env::var(name).ok())
    }

    /// Sets the host name, or the folder of a Unix-domain socket (`/var/run/postgresql`), which is no
    /// name because it begins with a slash; `@` begins a name in Linux' abstract namespace.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Sets the address, which saves resolving the host name.
    #[must_use]
    pub fn with_hostaddr(mut self, address: IpAddr) -> Self {
        self.hostaddr = vec![Some(address)];
        self
    }

    /// Sets the port.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.port = vec![Some(port)];
        self
    }

    /// Sets the role to log in as.
    #[must_use]
    pub fn with_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Sets the password. Where none is set and the server asks for one, it is looked up in the password
    /// file: `passfile`, `PGPASSFILE` or `~/.pgpass`.
    #[must_use]
    pub fn with_password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the password file.
    #[must_use]
    pub fn with_passfile(mut self, file: impl Into<PathBuf>) -> Self {
        self.passfile = Some(file.into());
        self
    }

    /// Asks for the password whenever a connection is made, also when a stream comes back: for tokens
    /// that expire. It stands above [`with_password`](Self::with_password). What fails counts as a
    /// connection that cannot be made.
    ///
    /// ```
    /// # use walscope::Config;
    /// # async fn token() -> std::io::Result<String> { Ok("t".into()) }
    /// let config = Config::new().with_user("app").with_password_from(|| async { token().await });
    /// ```
    #[must_use]
    pub fn with_password_from<F, A>(mut self, ask: F) -> Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = io::Result<String>> + Send + 'static,
    {
        self.password_source = Some(PasswordSource::new(ask));
        self
    }

    /// The same settings with the password of the moment.
    pub(crate) async fn with_password_of_now(&self) -> Result<Cow<'_, Self>> {
        let Some(source) = &self.password_source else { return Ok(Cow::Borrowed(self)) };
        let password = source.ask().await?;
        Ok(Cow::Owned(self.clone().with_password(password)))
    }

    /// Sets the database.
    #[must_use]
    pub fn with_dbname(mut self, dbname: impl Into<String>) -> Self {
        self.dbname = Some(dbname.into());
        self
    }

    /// Sets how much TLS protects the connection.
    #[must_use]
    pub fn with_ssl_mode(mut self, mode: SslMode) -> Self {
        self.sslmode = Some(mode);
        self
    }

    /// Sets where trusted certificates come from.
    #[must_use]
    pub fn with_root_certificates(mut self, certificates: RootCertificates) -> Self {
        self.sslrootcert = Some(certificates);
        self
    }

    /// Sets the certificate that we show to a server that asks for one, and its private key, both in PEM
    /// form. Where none is set, they are `~/.postgresql/postgresql.crt` and `postgresql.key` beside it, if
    /// these are there.
    #[must_use]
    pub fn with_client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.sslcert = Some(certificate.into());
        self.sslkey = Some(key.into());
        self
    }

    /// Sets the name that the server shows in `pg_stat_activity`.
    #[must_use]
    pub fn with_application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = Some(name.into());
        self
    }

    /// Sets command-line options for the server process, such as `-c work_mem=64MB`.
    #[must_use]
    pub fn with_options(mut self, options: impl Into<String>) -> Self {
        self.options = Some(options.into());
        self
    }

    /// Sets how long connecting may take, from name resolution to login; `None`: no limit.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// The host name, which is what the certificate must name, also where `hostaddr` is set; or the folder
    /// of a Unix-domain socket. Of several servers it is that of the first, as are address and port.
    pub fn host(&self) -> &str {
        let first = self.host.as_deref().and_then(|hosts| hosts.split(',').next());
        first.filter(|host| !host.is_empty()).unwrap_or(DEFAULT_HOST)
    }

    /// The address to connect to instead of resolving the host name.
    pub fn hostaddr(&self) -> Option<IpAddr> {
        self.hostaddr.first().copied().flatten()
    }

    /// The Unix-domain socket that the host is the folder of.
    pub(crate) fn unix_socket(&self) -> Option<PathBuf> {
        let host = self.host();
        if self.hostaddr().is_some() || !unix_socket::is_folder(host) {
            return None;
        }
        let path = unix_socket::path(host, self.port());
        Some(match path.strip_prefix('@') {
            Some(name) => format!("\0{name}").into(),
            None => path.into(),
        })
    }

    /// What the certificate must name and messages show: the host's name, or where only an
    /// address is set, that.
    pub(crate) fn server_name(&self) -> String {
        match (&self.host, self.hostaddr()) {
            (None, Some(address)) => address.to_string(),
            _ => self.host().to_string(),
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port.first().copied().flatten().unwrap_or(DEFAULT_PORT)
    }

    /// The role to log in as.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The password.
    pub(crate) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// The database; the user's name where none is set.
    pub fn dbname(&self) -> Option<&str> {
        self.dbname.as_deref().or(self.user())
    }

    /// How much TLS protects the connection.
    pub fn ssl_mode(&self) -> SslMode {
        match (self.sslmode, &self.sslrootcert) {
            (Some(mode), _) => mode,
            (None, Some(RootCertificates::System)) => SslMode::VerifyFull,
            (None, _) => SslMode::default(),
        }
    }

    /// Where trusted certificates come from, where that is set.
    pub fn root_certificates(&self) -> Option<&RootCertificates> {
        self.sslrootcert.as_ref()
    }

    /// Where our own certificate is, unless none is to be shown.
    pub(crate) fn client_certificate(&self) -> Option<ClientCertificate<'_>> {
        let (certificate, key) = (self.sslcert.as_deref(), self.sslkey.as_deref());
        let is_shown = self.no_client_certificate != Some(true);
        is_shown.then_some(ClientCertificate { certificate, key })
    }

    /// The name that the server shows in `pg_stat_activity`.
    pub fn application_name(&self) -> &str {
        self.application_name
            .as_deref()
            .or(self.fallback_application_name.as_deref())
            .unwrap_or(DEFAULT_APPLICATION_NAME)
    }

    /// Command-line options for the server process.
    pub fn options(&self) -> &str {
        self.options.as_deref().unwrap_or_default()
    }

    /// How long connecting may take; `None`: no limit.
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout.unwrap_or(Some(DEFAULT_CONNECT_TIMEOUT))
    }

    pub(crate) fn channel_binding(&self) -> Binding {
        self.channel_binding.unwrap_or_default()
    }

    pub(crate) fn keepalives(&self) -> Keepalives {
        self.keepalives
    }

    /// Refuses what can be said with these settings, but not done with them.
    pub(crate) fn check(&self) -> Result<()> {
        for (name, value) in [
            ("host", &self.host),
            ("user", &self.user),
            ("password", &self.password),
            ("dbname", &self.dbname),
            ("application_name", &self.application_name),
            ("fallback_application_name", &self.fallback_application_name),
            ("options", &self.options),
        ] {
            if value.as_deref().is_some_and(|value| value.contains('\0')) {
                return Err(Error::config(format!("{name} contains a zero byte")));
            }
        }
        self.check_service()?;
        self.check_servers()?;
        self.check_options()?;
        let weak = self.ssl_mode() != SslMode::VerifyFull;
        if self.sslrootcert == Some(RootCertificates::System) && weak {
            return Err(Error::config_hint(
                format!("sslmode={} is too weak for sslrootcert=system", self.ssl_mode()),
                "Use sslmode=verify-full: anybody can get a certificate that the system trusts",
            ));
        }
        Ok(())
    }

    /// A lone backslash at the end would swallow the space before what walscope adds.
    fn check_options(&self) -> Result<()> {
        let options = self.options();
        let backslashes = options.len() - options.trim_end_matches('\\').len();
        if backslashes % 2 == 1 {
            return Err(Error::config_hint(
                "options ends with a lone backslash",
                "A backslash escapes the character after it; write two for one",
            ));
        }
        Ok(())
    }

    /// User and database, now that they are needed.
    pub(crate) fn login(&self) -> Result<(&str, &str)> {
        match (self.user(), self.dbname()) {
            (Some(user), Some(dbname)) => Ok((user, dbname)),
            _ => Err(Error::config_hint(
                "no user name is set",
                "Give user=NAME, or set the environment variable PGUSER",
            )),
        }
    }
}

impl FromStr for Config {
    type Err = Error;

    fn from_str(conninfo: &str) -> Result<Self> {
        Self::parse(conninfo)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("host", &self.host)
            .field("hostaddr", &self.hostaddr)
            .field("port", &self.port)
            .field("user", &self.user())
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("dbname", &self.dbname())
            .field("ssl_mode", &self.ssl_mode())
            .field("root_certificates", &self.root_certificates())
            .field("sslcert", &self.sslcert)
            .field("sslkey", &self.sslkey)
            .field("application_name", &self.application_name())
            .field("options", &self.options())
            .field("connect_timeout", &self.connect_timeout())
            .field("channel_binding", &self.channel_binding())
            .field("keepalives", &self.keepalives())
            .field("target_session", &self.target_session())
            .field("balances_load", &self.balances_load())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_libpq() {
        let config = Config::new();
        assert_eq!((config.host(), config.port()), ("localhost", 5432));
        assert_eq!(config.ssl_mode(), SslMode::Prefer);
        assert_eq!(config.application_name(), "walscope");
        assert_eq!(config.connect_timeout(), Some(Duration::from_secs(30)));
        assert!(config.login().is_err());
        assert_eq!(Config::new().with_user("u").dbname(), Some("u"));
    }

    #[test]
    fn a_host_with_a_slash_is_the_folder_of_a_socket() {
        let path = |config: Config| config.unix_socket().map(|path| path.display().to_string());
        let config = Config::new().with_port(7);
        assert_eq!(path(config.clone()), None);
        assert_eq!(path(config.clone().with_host("/run")).as_deref(), Some("/run/.s.PGSQL.7"));
        assert_eq!(path(config.clone().with_host("@pg")).as_deref(), Some("\0pg/.s.PGSQL.7"));
        assert_eq!(path(config.with_host("/run").with_hostaddr([127, 0, 0, 1].into())), None);
    }

    #[test]
    fn debug_never_shows_the_password() {
        let shown = format!("{:?}", Config::new().with_password("hunter2").with_user("u"));
        assert!(!shown.contains("hunter2") && shown.contains("***"), "{shown}");
    }

    #[test]
    fn system_certificates_mean_verify_full() {
        let system = Config::new().with_root_certificates(RootCertificates::System);
        assert_eq!(system.ssl_mode(), SslMode::VerifyFull);
        assert!(system.check().is_ok());
        for (mode, name) in SslMode::ALL {
            let checked = system.clone().with_ssl_mode(mode).check();
            assert_eq!(checked.is_ok(), mode == SslMode::VerifyFull, "{name}");
        }
    }

    #[test]
    fn impossible_settings_are_refused() {
        for (config, problem) in [
            (Config::new().with_servers([("a", 1), ("b", 2)]).with_host("a"), "2 ports"),
            (Config::new().with_password("a\0b"), "password contains a zero byte"),
            (Config::new().with_options("-c a=b\\"), "backslash"),
        ] {
            let error = config.check().map_err(|error| error.to_string());
            assert!(error.as_ref().is_err_and(|error| error.contains(problem)), "{error:?}");
        }
        assert!(Config::new().with_options("-c a=b\\\\").check().is_ok());
    }
}
