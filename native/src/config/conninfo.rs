//! libpq's keyword/value connection text: `host=localhost password='it\'s'`.
//!
//! The manual's "Keyword/Value Connection Strings"; the rules are those of `conninfo_parse` in
//! libpq's fe-connect.c.

use std::iter::Peekable;
use std::path::PathBuf;
use std::str::Chars;

use super::{Config, RootCertificates};
use crate::error::{Error, Result};

impl Config {
    /// Keyword/value text with these settings, for a server that shall connect as we do; the password
    /// is in it.
    pub(crate) fn conninfo(&self) -> String {
        let text = |value: Option<&str>| value.map(str::to_owned);
        let path = |file: &Option<PathBuf>| file.as_ref().map(|file| file.display().to_string());
        let certificates = self.sslrootcert.as_ref().map(|certificates| match certificates {
            RootCertificates::System => "system".to_owned(),
            RootCertificates::File(path) => path.display().to_string(),
        });
        let passfile = path(&self.passfile().filter(|file| file.exists()));
        let settings = [
            ("user", text(self.user.as_deref())),
            ("password", text(self.password.as_deref())),
            ("passfile", passfile),
            ("host", Some(self.host.clone().unwrap_or_else(|| self.host().to_owned()))),
            ("hostaddr", listed(&self.hostaddr)),
            ("port", listed(&self.port).or_else(|| Some(self.port().to_string()))),
            ("application_name", text(self.application_name.as_deref())),
            ("options", text(self.options.as_deref())),
            ("sslmode", Some(self.ssl_mode().to_string())),
            ("sslrootcert", certificates),
            ("sslcert", path(&self.sslcert)),
            ("sslkey", path(&self.sslkey)),
            ("target_session_attrs", self.target_session.map(|target| target.to_string())),
            ("load_balance_hosts", self.balances_load().then(|| "random".to_owned())),
            // Replication needs none, but a standby that synchronizes slots connects to it (PostgreSQL 17).
            ("dbname", text(self.dbname.as_deref())),
        ];
        let words = settings.into_iter().filter_map(|(key, value)| {
            value.filter(|value| !value.is_empty()).map(|value| format!("{key}={}", quote(&value)))
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// A list with commas between; `None`: it is empty.
fn listed<T: ToString>(list: &[Option<T>]) -> Option<String> {
    let texts = list.iter().map(|item| item.as_ref().map(T::to_string).unwrap_or_default());
    (!list.is_empty()).then(|| texts.collect::<Vec<_>>().join(","))
}

/// A value that [`parse`] reads back (`appendConnStrVal` of libpq's callers).
fn quote(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Keys and values in the order in which they are given.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>> {
    let mut settings: Vec<(String, String)> = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        skip_space(&mut rest);
        if rest.peek().is_none() {
            return Ok(settings);
        }
        let key = key(&mut rest);
        skip_space(&mut rest);
        if rest.next_if_eq(&'=').is_none() {
            return Err(missing_equals(&key, settings.last()));
        }
        skip_space(&mut rest);
        let value = match rest.next_if_eq(&'\'') {
            Some(_) => quoted(&mut rest, &key)?,
            None => plain(&mut rest),
        };
        settings.push((key, value));
    }
}

/// The word in question is shown only at the beginning: later it may be the rest of a password
/// that holds a space.
fn missing_equals(word: &str, before: Option<&(String, String)>) -> Error {
    match before {
        None => Error::config_hint(
            format!("missing \"=\" after \"{word}\" in the connection settings"),
            "Write key=value pairs, or a URI that begins with postgres://",
        ),
        Some((key, _)) => Error::config_hint(
            format!("after the value of \"{key}\" in the connection settings comes no key=value"),
            format!("Quote a value that holds a space: {key}='…'"),
        ),
    }
}

/// What C's `isspace` takes for white space.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\x0B'
}

fn skip_space(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| is_space(*c)).is_some() {}
}

fn key(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut key = String::new();
    while let Some(c) = rest.next_if(|c| *c != '=' && !is_space(*c)) {
        key.push(c);
    }
    key
}

/// Up to white space; a backslash takes the next character as it is.
fn plain(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut value = String::new();
    while let Some(c) = rest.next_if(|c| !is_space(*c)) {
        if c == '\\' {
            value.extend(rest.next());
        } else {
            value.push(c);
        }
    }
    value
}

/// Up to the closing quote; a backslash takes the next character as it is.
fn quoted(rest: &mut Peekable<Chars<'_>>, key: &str) -> Result<String> {
    let mut value = String::new();
    loop {
        match rest.next() {
            Some('\'') => return Ok(value),
            Some('\\') => value.extend(rest.next()),
            Some(c) => value.push(c),
            None => {
                return Err(Error::config_hint(
                    format!("the quoted value of \"{key}\" has no closing quote"),
                    "Within quotes write \\' for a quote and \\\\ for a backslash",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let config = Config::new()
            .with_user("a b")
            .with_password("it's \\ it")
            .with_host("db.example")
            .with_passfile("/nowhere/at/all")
            .with_application_name("");
        let text = config.conninfo();
        let expected = [
            ("user", "a b"),
            ("password", "it's \\ it"),
            ("host", "db.example"),
            ("port", "5432"),
            ("sslmode", "prefer"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(parse(&text).expect(&text), expected);
    }

    #[test]
    fn values_are_read_as_libpq_reads_them() {
        for (text, expected) in [
            ("", &[][..]),
            (" \t\n ", &[]),
            ("host=a", &[("host", "a")]),
            ("  host = a   port=1\n", &[("host", "a"), ("port", "1")]),
            ("host=a host=b", &[("host", "a"), ("host", "b")]),
            ("password=a'b", &[("password", "a'b")]),
            ("password=a\\ b\\\\c\\'", &[("password", "a b\\c'")]),
            ("password=ends\\", &[("password", "ends")]),
            ("password='a b = \\' \\\\ \"'", &[("password", "a b = ' \\ \"")]),
            ("password='' user=u", &[("password", ""), ("user", "u")]),
            ("password= user=u", &[("password", "user=u")]),
            ("password='a'user=u", &[("password", "a"), ("user", "u")]),
            ("dbname=数据", &[("dbname", "数据")]),
        ] {
            let parsed = parse(text).expect(text);
            let parsed: Vec<_> = parsed.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            assert_eq!(parsed, expected, "{text}");
        }
    }

    #[test]
    fn what_libpq_refuses_is_refused() {
        for (text, problem) in [
            ("host", "missing \"=\" after \"host\""),
            ("host a=b", "missing \"=\" after \"host\""),
            ("mydb", "missing \"=\" after \"mydb\""),
            ("password=my secret", "after the value of \"password\""),
            ("password='abc", "\"password\" has no closing quote"),
            ("password='abc\\'", "\"password\" has no closing quote"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.to_string().contains(problem), "{text}: {error}");
            assert!(error.hint().is_some(), "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
