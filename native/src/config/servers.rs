//! Several servers, of which the first is connected to that will do: libpq's lists of hosts and ports, and
//! `target_session_attrs`.
//!
//! The manual's "Specifying Multiple Hosts"; the rules are those of `connectOptions2` in libpq's
//! fe-connect.c.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::str::FromStr;

use super::Config;
use crate::error::{Error, Result};

/// Values for one server after the other; empty: none is set, and of one that is `None` neither.
pub(super) type List<T> = Vec<Option<T>>;

/// What the server has to be: libpq's `target_session_attrs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetSession {
    /// Whatever it is.
    #[default]
    Any,
    /// No standby, and transactions may write unless they say otherwise.
    ReadWrite,
    /// A standby, or transactions may not write.
    ReadOnly,
    /// No standby.
    Primary,
    /// A standby.
    Standby,
    /// A standby if there is one.
    PreferStandby,
}

impl TargetSession {
    const ALL: [(Self, &str); 6] = [
        (Self::Any, "any"),
        (Self::ReadWrite, "read-write"),
        (Self::ReadOnly, "read-only"),
        (Self::Primary, "primary"),
        (Self::Standby, "standby"),
        (Self::PreferStandby, "prefer-standby"),
    ];

    /// What is asked of the servers, in as many rounds.
    pub(crate) const fn rounds(self) -> &'static [Self] {
        match self {
            Self::Any => &[Self::Any],
            Self::ReadWrite => &[Self::ReadWrite],
            Self::ReadOnly => &[Self::ReadOnly],
            Self::Primary => &[Self::Primary],
            Self::Standby => &[Self::Standby],
            Self::PreferStandby => &[Self::Standby, Self::Any],
        }
    }

    /// What a server is that reports such parameters, if that is not what is wanted.
    pub(crate) fn refusal(self, parameters: &BTreeMap<String, String>) -> Option<&'static str> {
        let is_on = |name: &str| parameters.get(name).map(String::as_str) == Some("on");
        let (standby, read_only) =
            (is_on("in_hot_standby"), is_on("default_transaction_read_only"));
        match self {
            Self::ReadWrite | Self::Primary if standby => Some("is a standby"),
            Self::ReadWrite if read_only => Some("is read-only"),
            Self::ReadOnly if !standby && !read_only => Some("is not read-only"),
            Self::Standby if !standby => Some("is no standby"),
            _ => None,
        }
    }
}

impl fmt::Display for TargetSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(target, _)| target == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for TargetSession {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(target, _)| *target).ok_or(())
    }
}

impl Config {
    /// Sets several servers, of which the first is connected to that answers and is what
    /// [`with_target_session`](Self::with_target_session) asks for: each time that a connection is made,
    /// so that a stream goes on where a standby was promoted.
    ///
    /// ```
    /// # use walscope::{Config, TargetSession};
    /// let config = Config::new()
    ///     .with_servers([("db1.example", 5432), ("db2.example", 5432)])
    ///     .with_target_session(TargetSession::Primary);
    /// assert_eq!(config.host(), "db1.example");
    /// ```
    #[must_use]
    pub fn with_servers<H: Into<String>>(
        mut self,
        servers: impl IntoIterator<Item = (H, u16)>,
    ) -> Self {
        let (hosts, ports): (Vec<String>, List<u16>) =
            servers.into_iter().map(|(host, port)| (host.into(), Some(port))).unzip();
        self.host = Some(hosts.join(","));
        self.hostaddr = Vec::new();
        self.port = ports;
        self
    }

    /// Sets what the server has to be.
    #[must_use]
    pub fn with_target_session(mut self, target: TargetSession) -> Self {
        self.target_session = Some(target);
        self
    }

    /// What the server has to be.
    pub fn target_session(&self) -> TargetSession {
        self.target_session.unwrap_or_default()
    }

    /// Whether servers and their addresses are tried in another order each time.
    pub(crate) fn balances_load(&self) -> bool {
        self.balances_load == Some(true)
    }

    /// How many servers there are.
    fn count(&self) -> usize {
        match (&self.host, self.hostaddr.len()) {
            (Some(hosts), 0) => hosts.split(',').count(),
            (None, 0) => 1,
            (_, addresses) => addresses,
        }
    }

    /// The settings for each server, in the order in which they are to be tried.
    pub(crate) fn servers(&self) -> Vec<Self> {
        let hosts = || self.host.iter().flat_map(|hosts| hosts.split(','));
        let port_of_all = if self.port.len() == 1 { self.port[0] } else { None };
        let mut places: Vec<_> = (0..self.count())
            .map(|nth| {
                let host = hosts().nth(nth).filter(|host| !host.is_empty()).map(str::to_owned);
                let address = self.hostaddr.get(nth).copied().flatten();
                (host, address, self.port.get(nth).copied().flatten().or(port_of_all))
            })
            .collect();
        if self.balances_load() {
            shuffle(&mut places);
        }
        let of = |(host, address, port): (_, Option<_>, Option<_>)| Self {
            host,
            hostaddr: address.map(Some).into_iter().collect(),
            port: port.map(Some).into_iter().collect(),
            ..self.clone()
        };
        places.into_iter().map(of).collect()
    }

    /// Lists that do not go together.
    pub(super) fn check_servers(&self) -> Result<()> {
        let count = self.count();
        let hosts = self.host.as_ref().map_or(count, |hosts| hosts.split(',').count());
        let refused = |found: usize, what: &str, several: &str| {
            Err(Error::config_hint(
                format!("{found} {what} do not go with {count} {several}"),
                "Give one for each, and leave one empty to have it as if it were not set: host=a,b port=,5433",
            ))
        };
        if hosts != count {
            return refused(hosts, "host names", "addresses (hostaddr)");
        }
        match self.port.len() {
            0 | 1 => Ok(()),
            ports if ports == count => Ok(()),
            ports => refused(ports, "ports", "hosts"),
        }
    }
}

/// Another order each time.
pub(crate) fn shuffle<T: Hash>(items: &mut [T]) {
    let chance = RandomState::new();
    items.sort_by_cached_key(|item| chance.hash_one(item));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(conninfo: &str) -> Result<Vec<String>> {
        let config = Config::parse_only(conninfo)?;
        config.check()?;
        let place = |server: &Config| match server.hostaddr() {
            Some(address) => format!("{}={address}:{}", server.host(), server.port()),
            None => format!("{}:{}", server.host(), server.port()),
        };
        Ok(config.servers().iter().map(place).collect())
    }

    #[test]
    fn lists_are_read_as_libpq_reads_them() {
        for (conninfo, expected) in [
            ("", &["localhost:5432"][..]),
            ("host=a,b", &["a:5432", "b:5432"]),
            ("host=a,b port=7", &["a:7", "b:7"]),
            ("host=a,,/run port=1,,3", &["a:1", "localhost:5432", "/run:3"]),
            ("hostaddr=::1,127.0.0.1", &["localhost=::1:5432", "localhost=127.0.0.1:5432"]),
            ("host=a,b hostaddr=,127.0.0.1 port=1,2", &["a:1", "b=127.0.0.1:2"]),
            ("postgres://a,b/d", &["a:5432", "b:5432"]),
            (
                "postgres://u:p@a:1,[::1]:2,c/d?target_session_attrs=any",
                &["a:1", "::1:2", "c:5432"],
            ),
        ] {
            assert_eq!(places(conninfo).expect(conninfo), expected, "{conninfo}");
        }
    }

    #[test]
    fn lists_that_do_not_go_together_are_refused() {
        for (conninfo, problem) in [
            ("host=a,b port=1,2,3", "3 ports do not go with 2 hosts"),
            ("port=1,2", "2 ports do not go with 1 hosts"),
            ("host=a,b hostaddr=::1", "2 host names do not go with 1 addresses"),
        ] {
            let error = places(conninfo).expect_err(conninfo).to_string();
            assert!(error.contains(problem), "{conninfo}: {error}");
        }
    }

    #[test]
    fn servers_are_what_they_report() {
        let server = |standby: &str, read_only: &str| {
            let said = [("in_hot_standby", standby), ("default_transaction_read_only", read_only)];
            said.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect()
        };
        let servers = [server("off", "off"), server("off", "on"), server("on", "off")];
        for (name, will_do) in [
            ("any", [true, true, true]),
            ("read-write", [true, false, false]),
            ("read-only", [false, true, true]),
            ("primary", [true, true, false]),
            ("standby", [false, false, true]),
        ] {
            let target: TargetSession = name.parse().expect(name);
            assert_eq!(target.to_string(), name);
            assert_eq!(servers.each_ref().map(|s| target.refusal(s).is_none()), will_do, "{name}");
        }
        let prefer: TargetSession = "prefer-standby".parse().expect("a name");
        assert_eq!(prefer.rounds(), [TargetSession::Standby, TargetSession::Any]);
    }

    #[test]
    fn a_balanced_load_has_every_order() {
        let config = Config::parse_only("host=a,b load_balance_hosts=random").expect("settings");
        let mut first: Vec<_> = (0..200).map(|_| config.servers()[0].host().to_owned()).collect();
        first.sort();
        first.dedup();
        assert_eq!(first, ["a", "b"]);
    }
}
