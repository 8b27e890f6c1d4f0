//! libpq's connection URI: `postgres://user:password@host:port/dbname?key=value`.
//!
//! The manual's "Connection URIs"; the rules are those of `conninfo_uri_parse_options` in libpq's
//! fe-connect.c.

use crate::error::{Error, Result};

/// What follows the scheme, if the text is a URI.
pub(super) fn without_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"))
}

/// Keys and values in the order in which they are given. Takes the URI without its scheme.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>> {
    let mut settings = Vec::new();
    let mut add = |key: &str, raw: &str| -> Result<()> {
        if !raw.is_empty() {
            settings.push((key.to_string(), decode(key, raw)?));
        }
        Ok(())
    };
    // User and password end at the first "@" before any "/", as libpq has it: a password that
    // holds one of them must be percent-encoded.
    let mut rest = text;
    if let Some(at) = text.find(['@', '/'])
        && text[at..].starts_with('@')
    {
        let (user, password) = text[..at].split_once(':').unwrap_or((&text[..at], ""));
        add("user", user)?;
        add("password", password)?;
        rest = &text[at + 1..];
    }
    let host_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (hosts, ports) = hosts_and_ports(&rest[..host_end])?;
    add("host", &hosts)?;
    add("port", &ports)?;
    rest = &rest[host_end..];
    if let Some(path) = rest.strip_prefix('/') {
        let path_end = path.find('?').unwrap_or(path.len());
        add("dbname", &path[..path_end])?;
        rest = &path[path_end..];
    }
    if let Some(query) = rest.strip_prefix('?') {
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            settings.push(self::parameter(parameter)?);
        }
    }
    Ok(settings)
}

/// Splits `HOST:PORT,HOST:PORT` into hosts and ports with commas between.
fn hosts_and_ports(text: &str) -> Result<(String, String)> {
    let places = text.split(',').map(host_and_port).collect::<Result<Vec<_>>>()?;
    let (hosts, ports): (Vec<_>, Vec<_>) = places.into_iter().unzip();
    let is_set = ports.iter().any(|port| !port.is_empty());
    Ok((hosts.join(","), if is_set { ports.join(",") } else { String::new() }))
}

/// Splits `HOST:PORT`. What it refuses it does not show: a password with a bare "@" or "/" in it
/// ends up here.
fn host_and_port(text: &str) -> Result<(&str, &str)> {
    let refused = |problem: &str| {
        Error::config_hint(
            format!("the URI's host part {problem}"),
            "Put an IPv6 address in brackets: [::1]:5432; in a password write %40 for \"@\", %2F \
             for \"/\"",
        )
    };
    if text.contains('@') {
        return Err(refused("contains \"@\""));
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => bracketed
            .split_once(']')
            .ok_or_else(|| refused("has no \"]\" after the IPv6 address"))?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, "")),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok((host, digits)),
        _ => Err(refused("is not HOST or HOST:PORT")),
    }
}

fn parameter(text: &str) -> Result<(String, String)> {
    let Some((key, value)) = text.split_once('=') else {
        return Err(Error::config(format!("the URI's parameter \"{text}\" has no \"=\"")));
    };
    let key = decode("a parameter's name", key)?;
    if value.contains('=') {
        return Err(Error::config_hint(
            format!("the URI's parameter \"{key}\" has more than one \"=\""),
            "Write %3D for \"=\" in a value",
        ));
    }
    let value = decode(&key, value)?;
    // JDBC's way of asking for TLS, which libpq takes too.
    if key == "ssl" && value == "true" {
        return Ok(("sslmode".into(), "require".into()));
    }
    Ok((key, value))
}

/// Decodes `%XX`. The value itself stays out of messages: it may be a password.
fn decode(key: &str, raw: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) if high + low > 0 => bytes.push((high * 16 + low) as u8),
            _ => {
                return Err(Error::config_hint(
                    format!("the URI's {key} has an invalid \"%\" code"),
                    "After \"%\" two hexadecimal digits other than 00 are expected; write %25 \
                     for \"%\" itself",
                ));
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| Error::config(format!("the URI's {key} is not UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_read_as_libpq_reads_them() {
        for (text, expected) in [
            ("postgres://", &[][..]),
            ("postgresql://h", &[("host", "h")]),
            ("postgres://h:1/d", &[("host", "h"), ("port", "1"), ("dbname", "d")]),
            ("postgres://u@h", &[("user", "u"), ("host", "h")]),
            ("postgres://u:p:q@h", &[("user", "u"), ("password", "p:q"), ("host", "h")]),
            ("postgres://u%40x:%2F%3a%25@", &[("user", "u@x"), ("password", "/:%")]),
            ("postgres:///d", &[("dbname", "d")]),
            ("postgres:///a%20b", &[("dbname", "a b")]),
            ("postgres://h/", &[("host", "h")]),
            ("postgres://:5433", &[("port", "5433")]),
            ("postgres://[::1]:5/d", &[("host", "::1"), ("port", "5"), ("dbname", "d")]),
            ("postgres://[fe80::1]", &[("host", "fe80::1")]),
            ("postgres://%2Frun/d", &[("host", "/run"), ("dbname", "d")]),
            ("postgres://a,b:2/d", &[("host", "a,b"), ("port", ",2"), ("dbname", "d")]),
            ("postgres://a,[::1]/d", &[("host", "a,::1"), ("dbname", "d")]),
            ("postgres:///d?host=/run", &[("dbname", "d"), ("host", "/run")]),
            ("postgres://h?user=u", &[("host", "h"), ("user", "u")]),
            (
                "postgres:///d?user=u&password=%26%3D+&",
                &[("dbname", "d"), ("user", "u"), ("password", "&=+")],
            ),
            (
                "postgres://h/d/e?ssl=true",
                &[("host", "h"), ("dbname", "d/e"), ("sslmode", "require")],
            ),
            ("postgres://h/d@e", &[("host", "h"), ("dbname", "d@e")]),
        ] {
            let parsed = parse(without_scheme(text).expect(text)).expect(text);
            let parsed: Vec<_> = parsed.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            assert_eq!(parsed, expected, "{text}");
        }
    }

    #[test]
    fn broken_uris_are_refused_without_showing_the_password() {
        for (text, problem) in [
            ("a:1,b:x/d", "not HOST or HOST:PORT"),
            ("[::1", "no \"]\""),
            ("[::1]x", "not HOST or HOST:PORT"),
            ("::1", "not HOST or HOST:PORT"),
            ("u:p@secret@h", "contains \"@\""),
            ("u:secret/x@h", "not HOST or HOST:PORT"),
            ("u:secret%@h", "password has an invalid \"%\" code"),
            ("u:secret%zz@h", "password has an invalid \"%\" code"),
            ("u:secret%00@h", "password has an invalid \"%\" code"),
            ("u:secret%ff@h", "password is not UTF-8"),
            ("h?user", "\"user\" has no \"=\""),
            ("h?password=secret=1", "\"password\" has more than one \"=\""),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn other_schemes_are_no_connection_uris() {
        assert_eq!(without_scheme("mysql://h"), None);
        assert_eq!(without_scheme("host=postgres://"), None);
    }
}
