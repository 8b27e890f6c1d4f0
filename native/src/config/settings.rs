//! libpq's setting names: those that walscope has, and what becomes of the others.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::servers::List;
use super::{Binding, Config, Keepalives, RootCertificates};
use crate::error::{Error, Result};

/// The settings that walscope has.
const KNOWN: [&str; 26] = [
    "host",
    "hostaddr",
    "port",
    "user",
    "password",
    "passfile",
    "dbname",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslcertmode",
    "channel_binding",
    "application_name",
    "fallback_application_name",
    "options",
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "target_session_attrs",
    "load_balance_hosts",
    "service",
    "servicefile",
];

/// libpq's other settings, with the values that ask for nothing that walscope would not do.
const UNSUPPORTED: [(&str, &[&str]); 28] = [
    ("require_auth", &[]),
    ("client_encoding", &["UTF8", "utf8", "UTF-8", "utf-8"]),
    ("replication", &[]),
    ("sslnegotiation", &["postgres"]),
    ("sslcompression", &["0"]),
    ("sslpassword", &[]),
    ("sslcrl", &[]),
    ("sslcrldir", &[]),
    ("sslsni", &["1"]),
    ("sslkeylogfile", &[]),
    ("ssl_min_protocol_version", &["TLSv1.2"]),
    ("ssl_max_protocol_version", &["TLSv1.3"]),
    ("min_protocol_version", &["3.0"]),
    ("max_protocol_version", &["3.0"]),
    ("requirepeer", &[]),
    ("requiressl", &["0"]),
    ("gssencmode", &["disable", "prefer"]),
    ("krbsrvname", &[]),
    ("gsslib", &[]),
    ("gssdelegation", &["0"]),
    ("scram_client_key", &[]),
    ("scram_server_key", &[]),
    ("oauth_issuer", &[]),
    ("oauth_client_id", &[]),
    ("oauth_client_secret", &[]),
    ("oauth_scope", &[]),
    ("authtype", &[]),
    ("tty", &[]),
];

/// The environment variables of the settings.
const ENVIRONMENT: [(&str, &str); 29] = [
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGDATABASE", "dbname"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGAPPNAME", "application_name"),
    ("PGOPTIONS", "options"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGREQUIREAUTH", "require_auth"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGLOADBALANCEHOSTS", "load_balance_hosts"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLCERTMODE", "sslcertmode"),
    ("PGSSLCRL", "sslcrl"),
    ("PGSSLCRLDIR", "sslcrldir"),
    ("PGSSLSNI", "sslsni"),
    ("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"),
    ("PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"),
    ("PGMINPROTOCOLVERSION", "min_protocol_version"),
    ("PGMAXPROTOCOLVERSION", "max_protocol_version"),
    ("PGREQUIREPEER", "requirepeer"),
    ("PGGSSENCMODE", "gssencmode"),
];

impl Config {
    /// Sets one setting by its libpq name. An empty value is no value, as in libpq.
    ///
    /// A name or value that walscope does not know is an error, and so is a setting of libpq
    /// that walscope does not support yet: none is ignored.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        self.set_as(key, key, value)
    }

    /// As [`Config::set`]; messages call the setting `name`.
    fn set_as(&mut self, name: &str, key: &str, value: &str) -> Result<()> {
        if !KNOWN.contains(&key) {
            return refuse_unknown(name, key, value);
        }
        if value.is_empty() {
            return Ok(());
        }
        let text = || Some(value.to_string());
        match key {
            "host" => self.host = text(),
            "service" => self.service = text(),
            "servicefile" => self.servicefile = Some(PathBuf::from(value)),
            "user" => self.user = text(),
            "password" => self.password = text(),
            "passfile" => self.passfile = Some(PathBuf::from(value)),
            "dbname" => self.dbname = text(),
            "application_name" => self.application_name = text(),
            "fallback_application_name" => self.fallback_application_name = text(),
            "options" => self.options = text(),
            "hostaddr" => self.hostaddr = list(value, |value| address(name, value))?,
            "port" => self.port = list(value, |value| port(name, value))?,
            "target_session_attrs" => {
                let expected = "any, read-write, read-only, primary, standby or prefer-standby";
                let target = value.parse().map_err(|()| bad_value(name, value, expected))?;
                self.target_session = Some(target);
            }
            "load_balance_hosts" => {
                self.balances_load = match value {
                    "disable" => Some(false),
                    "random" => Some(true),
                    _ => return Err(bad_value(name, value, "disable or random")),
                };
            }
            "sslmode" => {
                let expected = "disable, allow, prefer, require, verify-ca or verify-full";
                self.sslmode = Some(value.parse().map_err(|()| bad_value(name, value, expected))?);
            }
            "sslrootcert" => {
                self.sslrootcert = Some(match value {
                    "system" => RootCertificates::System,
                    file => RootCertificates::File(PathBuf::from(file)),
                });
            }
            "sslcert" => self.sslcert = Some(PathBuf::from(value)),
            "sslkey" => self.sslkey = Some(PathBuf::from(value)),
            "sslcertmode" => self.no_client_certificate = Some(certificate_mode(name, value)?),
            "channel_binding" => self.channel_binding = Some(channel_binding(name, value)?),
            // Zero and less mean: no limit.
            "connect_timeout" => {
                let seconds = u64::try_from(integer(name, value)?).unwrap_or(0);
                self.connect_timeout = Some((seconds > 0).then(|| Duration::from_secs(seconds)));
            }
            key => self.keepalives.set(name, key, value)?,
        }
        Ok(())
    }

    /// Sets what is not set yet from a service and from environment variables; the user from the operating
    /// system's.
    pub(super) fn fill_from(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<()> {
        self.fill_from_service(&variable)?;
        let mut env = Self::new();
        for (name, key) in ENVIRONMENT {
            if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
                env.set_as(name, key, &value)?;
            }
        }
        env.user = env.user.or_else(|| {
            let os_user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| variable(name));
            os_user.filter(|user| !user.is_empty())
        });
        self.fill_with(env);
        Ok(())
    }

    /// Sets what is not set yet from other settings.
    pub(super) fn fill_with(&mut self, other: Self) {
        self.host = self.host.take().or(other.host);
        if self.hostaddr.is_empty() {
            self.hostaddr = other.hostaddr;
        }
        if self.port.is_empty() {
            self.port = other.port;
        }
        self.user = self.user.take().or(other.user);
        self.password = self.password.take().or(other.password);
        self.passfile = self.passfile.take().or(other.passfile);
        self.dbname = self.dbname.take().or(other.dbname);
        self.sslmode = self.sslmode.or(other.sslmode);
        self.sslrootcert = self.sslrootcert.take().or(other.sslrootcert);
        self.sslcert = self.sslcert.take().or(other.sslcert);
        self.sslkey = self.sslkey.take().or(other.sslkey);
        self.no_client_certificate = self.no_client_certificate.or(other.no_client_certificate);
        self.application_name = self.application_name.take().or(other.application_name);
        self.fallback_application_name =
            self.fallback_application_name.take().or(other.fallback_application_name);
        self.options = self.options.take().or(other.options);
        self.connect_timeout = self.connect_timeout.or(other.connect_timeout);
        self.channel_binding = self.channel_binding.or(other.channel_binding);
        self.keepalives.fill_with(other.keepalives);
        self.target_session = self.target_session.or(other.target_session);
        self.balances_load = self.balances_load.or(other.balances_load);
    }
}

impl Keepalives {
    /// Sets what is not set yet from others.
    fn fill_with(&mut self, other: Self) {
        self.off = self.off.or(other.off);
        self.idle = self.idle.or(other.idle);
        self.interval = self.interval.or(other.interval);
        self.count = self.count.or(other.count);
        self.user_timeout = self.user_timeout.or(other.user_timeout);
    }

    fn set(&mut self, name: &str, key: &str, value: &str) -> Result<()> {
        let number = integer(name, value)?;
        // Zero and less mean: what the operating system does by itself.
        let positive = u32::try_from(number).ok().filter(|number| *number > 0);
        let seconds = positive.map(|seconds| Duration::from_secs(seconds.into()));
        match key {
            "keepalives" => self.off = Some(number == 0),
            "keepalives_idle" => self.idle = seconds,
            "keepalives_interval" => self.interval = seconds,
            "keepalives_count" => self.count = positive,
            _ => self.user_timeout = positive.map(|ms| Duration::from_millis(ms.into())),
        }
        Ok(())
    }
}

/// Refuses a setting that walscope does not have, unless its value asks for nothing else than
/// what walscope does.
fn refuse_unknown(name: &str, key: &str, value: &str) -> Result<()> {
    let known = || format!("Known are {}", KNOWN.join(", "));
    match UNSUPPORTED.iter().find(|(unsupported, _)| *unsupported == key) {
        None => Err(Error::config_hint(format!("unknown connection setting \"{name}\""), known())),
        Some((_, harmless)) if value.is_empty() || harmless.contains(&value) => Ok(()),
        Some((_, [])) => Err(Error::config_hint(
            format!("the connection setting \"{name}\" is not supported yet"),
            known(),
        )),
        Some((_, harmless)) => Err(Error::config_hint(
            format!("the value of the connection setting \"{name}\" is not supported yet"),
            format!("Leave it out, or set it to {}", harmless.join(" or ")),
        )),
    }
}

fn bad_value(name: &str, value: &str, expected: &str) -> Error {
    Error::config(format!("invalid value \"{value}\" of \"{name}\": {expected} is expected"))
}

fn integer(name: &str, value: &str) -> Result<i32> {
    value.trim().parse().map_err(|_| bad_value(name, value, "a whole number"))
}

/// A value for each of several servers; an empty one is none.
fn list<T>(values: &str, read: impl Fn(&str) -> Result<T>) -> Result<List<T>> {
    let item = |value: &str| (!value.is_empty()).then(|| read(value)).transpose();
    values.split(',').map(|value| item(value.trim())).collect()
}

fn port(name: &str, value: &str) -> Result<u16> {
    match integer(name, value).ok().and_then(|port| u16::try_from(port).ok()) {
        Some(port) if port > 0 => Ok(port),
        _ => Err(bad_value(name, value, "a number from 1 to 65535")),
    }
}

fn address(name: &str, value: &str) -> Result<IpAddr> {
    value.parse().map_err(|_| bad_value(name, value, "an IPv4 or IPv6 address"))
}

/// Whether no certificate is shown.
fn certificate_mode(name: &str, value: &str) -> Result<bool> {
    match value {
        "disable" => Ok(true),
        "allow" => Ok(false),
        "require" => Err(Error::config_hint(
            format!("{name}=require is not supported yet"),
            "Let pg_hba.conf ask for a certificate: clientcert=verify-full, or the method cert",
        )),
        _ => Err(bad_value(name, value, "disable or allow")),
    }
}

fn channel_binding(name: &str, value: &str) -> Result<Binding> {
    match value {
        "disable" => Ok(Binding::Disable),
        "prefer" => Ok(Binding::Prefer),
        "require" => Ok(Binding::Require),
        _ => Err(bad_value(name, value, "disable, prefer or require")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{SslMode, TargetSession};

    fn parse(text: &str) -> Result<Config> {
        let config = Config::parse_only(text)?;
        config.check()?;
        Ok(config)
    }

    #[test]
    fn every_setting_arrives() {
        let config = parse(
            "host=h hostaddr=::1 port=6 user=u password=p passfile=/pw dbname=d sslmode=require \
             sslrootcert=/ca.pem sslcert=/c sslkey=/k sslcertmode=disable channel_binding=disable application_name=a \
             fallback_application_name=f options='-c a=b' connect_timeout=7 keepalives=0 \
             keepalives_idle=1 keepalives_interval=2 keepalives_count=3 tcp_user_timeout=4 \
             target_session_attrs=read-write load_balance_hosts=random",
        );
        let expected = Config {
            password_source: None,
            host: Some("h".into()),
            hostaddr: vec!["::1".parse().ok()],
            port: vec![Some(6)],
            user: Some("u".into()),
            password: Some("p".into()),
            passfile: Some("/pw".into()),
            dbname: Some("d".into()),
            sslmode: Some(SslMode::Require),
            sslrootcert: Some(RootCertificates::File("/ca.pem".into())),
            sslcert: Some("/c".into()),
            sslkey: Some("/k".into()),
            no_client_certificate: Some(true),
            application_name: Some("a".into()),
            fallback_application_name: Some("f".into()),
            options: Some("-c a=b".into()),
            connect_timeout: Some(Some(Duration::from_secs(7))),
            channel_binding: Some(Binding::Disable),
            keepalives: Keepalives {
                off: Some(true),
                idle: Some(Duration::from_secs(1)),
                interval: Some(Duration::from_secs(2)),
                count: Some(3),
                user_timeout: Some(Duration::from_millis(4)),
            },
            target_session: Some(TargetSession::ReadWrite),
            balances_load: Some(true),
            service: None,
            servicefile: None,
        };
        assert_eq!(config.expect("all settings are good"), expected);
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        for (text, problem) in [
            ("database=d", "unknown connection setting \"database\""),
            ("postgres://h?foo=", "unknown connection setting \"foo\""),
            ("port=0", "invalid value \"0\" of \"port\""),
            ("port=65536", "from 1 to 65535"),
            ("port=x", "from 1 to 65535"),
            ("port=1,x", "invalid value \"x\" of \"port\""),
            ("target_session_attrs=master", "invalid value \"master\""),
            ("load_balance_hosts=1", "disable or random is expected"),
            ("hostaddr=localhost", "an IPv4 or IPv6 address"),
            ("hostaddr=1.2.3.4,h", "invalid value \"h\" of \"hostaddr\""),
            ("sslmode=on", "verify-ca or verify-full"),
            ("sslmode=require sslrootcert=system", "too weak"),
            ("channel_binding=maybe", "disable, prefer or require"),
            ("connect_timeout=soon", "a whole number"),
            ("keepalives_idle=1s", "a whole number"),
            ("sslcertmode=require", "sslcertmode=require is not supported yet"),
            ("sslcertmode=maybe", "disable or allow"),
            ("replication=database", "\"replication\" is not supported yet"),
            ("client_encoding=LATIN1", "\"client_encoding\" is not supported yet"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn every_unsupported_setting_is_refused_unless_empty_or_harmless() {
        for (key, harmless) in UNSUPPORTED {
            assert!(Config::new().set(key, "surely-not").is_err(), "{key}");
            assert!(Config::new().set(key, "").is_ok(), "{key}");
            for value in harmless {
                assert!(Config::new().set(key, value).is_ok(), "{key}={value}");
            }
        }
    }

    #[test]
    fn an_unknown_setting_is_answered_with_the_known_ones() {
        let hint = parse("hosst=x").expect_err("a typing error").hint().unwrap_or_default();
        assert!(KNOWN.iter().all(|known| hint.contains(known)), "{hint}");
    }

    #[test]
    fn the_environment_fills_what_is_not_set() {
        let variable = |name: &str| {
            let value = match name {
                "PGHOST" => "env-host",
                "PGPORT" => "7777",
                "PGPASSWORD" => "env-password",
                "PGSSLMODE" => "disable",
                "PGDATABASE" => "",
                "USER" => "os-user",
                _ => return None,
            };
            Some(value.to_string())
        };
        let mut config = Config::new().with_host("h").with_ssl_mode(SslMode::Allow);
        config.fill_from(variable).expect("the environment is good");
        assert_eq!((config.host(), config.port()), ("h", 7777));
        assert_eq!(config.password(), Some("env-password"));
        assert_eq!(config.ssl_mode(), SslMode::Allow);
        assert_eq!(config.login().ok(), Some(("os-user", "os-user")));
    }

    #[test]
    fn a_bad_environment_variable_is_named() {
        for (name, value) in
            [("PGPORT", "x"), ("PGREQUIREAUTH", "s"), ("PGCHANNELBINDING", "maybe")]
        {
            let mut config = Config::new();
            let filled = config.fill_from(|asked| (asked == name).then(|| value.to_string()));
            let error = filled.expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn no_timeout_is_a_timeout_of_zero() {
        for text in ["connect_timeout=0", "connect_timeout=-1"] {
            assert_eq!(parse(text).ok().map(|config| config.connect_timeout()), Some(None));
        }
    }
}
