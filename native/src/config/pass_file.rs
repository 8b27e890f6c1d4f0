//! The password file, `~/.pgpass` where no other is named: `host:port:database:user:password` a line.
//!
//! The manual's "The Password File"; the rules are those of `passwordFromFile` in libpq's
//! fe-connect.c.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::{Config, DEFAULT_HOST};

/// In the home directory.
const DEFAULT_FILE: &str = ".pgpass";
/// libpq's own folder of sockets, and Debian's: to the file they are `localhost`.
const SOCKET_FOLDERS: [&str; 2] = ["/tmp", "/var/run/postgresql"];
/// More is no password file, and need not be read.
const MAX_SIZE: u64 = 1 << 20;

impl Config {
    /// The password for a database, as the file has it. `Err` says why there is none.
    pub(crate) fn password_of_file(&self, database: &str) -> Result<String, String> {
        let Some(path) = self.passfile() else {
            return Err("there is no home directory with a password file".into());
        };
        let shown = path.display();
        let lines = read(&path).map_err(|problem| format!("{shown} {problem}"))?;
        let found = self.password_in(&lines, database).filter(|password| !password.is_empty());
        found.ok_or_else(|| format!("{shown} has none for this server, database and user"))
    }

    /// Where it is, or would be.
    pub(super) fn passfile(&self) -> Option<PathBuf> {
        self.passfile.clone().or_else(|| std::env::home_dir().map(|home| home.join(DEFAULT_FILE)))
    }

    fn password_in(&self, lines: &str, database: &str) -> Option<String> {
        let host = match (&self.host, self.hostaddr()) {
            (None, Some(address)) => address.to_string(),
            _ if SOCKET_FOLDERS.contains(&self.host()) => DEFAULT_HOST.into(),
            _ => self.host().into(),
        };
        find(lines, &[&host, &self.port().to_string(), database, self.user()?])
    }
}

fn read(path: &Path) -> Result<String, String> {
    let metadata = fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    // Reading a pipe would wait for its writer.
    if !metadata.is_file() || metadata.len() > MAX_SIZE {
        return Err("is no password file".into());
    }
    if is_open_to_others(&metadata) {
        return Err("is not read, for others than its owner have access to it: chmod 0600".into());
    }
    let bytes = fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".into())
}

#[cfg(unix)]
fn is_open_to_others(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
const fn is_open_to_others(_: &Metadata) -> bool {
    false
}

/// The password of the first line whose fields are those that are wanted.
fn find(lines: &str, wanted: &[&str; 4]) -> Option<String> {
    lines.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line;
        for wanted in wanted {
            rest = behind_field(rest, wanted)?;
        }
        Some(unescaped(rest.trim_end_matches('\r')))
    })
}

/// What follows a line's first field, if that is `*` or what is wanted.
fn behind_field<'l>(line: &'l str, wanted: &str) -> Option<&'l str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let mut wanted = wanted.chars();
    let mut rest = line.chars();
    loop {
        let (c, is_escaped) = match rest.next()? {
            '\\' => (rest.next()?, true),
            c => (c, false),
        };
        if c == ':' && !is_escaped {
            return wanted.next().is_none().then_some(rest.as_str());
        }
        if wanted.next() != Some(c) {
            return None;
        }
    }
}

/// A backslash takes the next character as it is.
fn unescaped(text: &str) -> String {
    let mut password = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        password.push(if c == '\\' { rest.next().unwrap_or(c) } else { c });
    }
    password
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    const LINES: &str = "\
# a remark:5432:shop:app:no
db.example:5432:shop:app:first
db.example:5432:*:app:any\\:base\\\\
db.example:*:replication:app:standby\r
\\*:5432:shop:app:star
\\:\\:1:5432:shop:app:six
localhost:5432:shop:app:local
/srv/run:5432:shop:app:socket
short:5432
*:*:*:other:theirs";

    #[test]
    fn lines_are_read_as_libpq_reads_them() {
        let config = |host: &str| Config::new().with_host(host).with_user("app");
        for (config, database, expected) in [
            (config("db.example"), "shop", Some("first")),
            (config("db.example"), "else", Some("any:base\\")),
            (config("db.example").with_port(1), "shop", None),
            (config("db.example").with_port(1), "replication", Some("standby")),
            (config("*"), "shop", Some("star")),
            (config("::1"), "shop", Some("six")),
            (Config::new().with_hostaddr(Ipv6Addr::LOCALHOST.into()).with_user("app"), "shop", {
                Some("six")
            }),
            (config("/tmp"), "shop", Some("local")),
            (config("/srv/run"), "shop", Some("socket")),
            (config("short"), "shop", None),
            (config("anywhere").with_user("other"), "shop", Some("theirs")),
            (Config::new().with_user("app"), "shop", Some("local")),
        ] {
            let found = config.password_in(LINES, database);
            assert_eq!(found.as_deref(), expected, "{database} {config:?}");
        }
    }
}
