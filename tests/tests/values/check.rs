//! Asks a server for values and compares what core makes of them.

use std::fmt::Write;
use std::hint::black_box;

use allocation_counter::measure;
use walscope::{Client, Config, ConnectionKind};
use walscope_core::Oid;
use walscope_core::value::{TypeTable, Value};
use walscope_tests::{Major, Server, ServerOptions};

use crate::sets::Set;

/// A server and a session as walscope pins it.
pub(crate) struct Session {
    pub(crate) major: u32,
    runtime: tokio::runtime::Runtime,
    client: Client,
    pub(crate) server: Server,
}

impl Session {
    pub(crate) fn start(major: Major) -> Self {
        let server = Server::start(ServerOptions { major, ..Default::default() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = Config::parse(&server.conninfo()).unwrap();
        let connected = runtime.block_on(Client::connect(&config, ConnectionKind::Sql));
        let major = major.to_string().parse().unwrap();
        Self { major, runtime, client: connected.unwrap(), server }
    }

    pub(crate) fn rows(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.try_rows(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The types that were made in the session's database.
    pub(crate) fn user_types(&mut self) -> TypeTable {
        self.runtime.block_on(self.client.user_types()).unwrap()
    }

    pub(crate) fn try_rows(
        &mut self,
        sql: &str,
    ) -> Result<Vec<Vec<Option<String>>>, walscope::Error> {
        let results = self.runtime.block_on(self.client.simple_query(sql))?;
        Ok(results.into_iter().next().map(|result| result.rows).unwrap_or_default())
    }
}

/// Compares a set's values, counts them and notes what is wrong.
pub(crate) fn values(session: &mut Session, set: &Set, wrong: &mut Vec<String>) -> usize {
    if session.major < set.since {
        return 0;
    }
    let Set { type_name, queries, .. } = set;
    let sql = format!(
        "SELECT oid, typsend FROM pg_type WHERE typname = '{type_name}' \
         AND typnamespace = 'pg_catalog'::regnamespace"
    );
    let described = session.rows(&sql);
    let [Some(oid), Some(send)] = described[0].as_slice() else { panic!("{described:?}") };
    let type_oid = Oid(oid.parse().unwrap());
    let mut count = 0;
    for query in queries {
        // No send function is declared for refcursor alone.
        let sent = if send == "textsend" { "text" } else { type_name };
        let sql = format!(
            "SELECT v, encode({send}(v::\"{sent}\"), 'hex') \
             FROM (SELECT u::\"{type_name}\" FROM ({query}) AS q(u)) AS q(v)"
        );
        let rows = match session.try_rows(&sql) {
            Ok(rows) => rows,
            Err(error) => {
                wrong.push(format!("{query}: {error}"));
                continue;
            }
        };
        assert!(!rows.is_empty(), "{query}");
        count += rows.len();
        for (at, row) in rows.iter().enumerate() {
            let [Some(text), Some(hex)] = row.as_slice() else { panic!("{query}: {row:?}") };
            let bytes = bytes_of(hex);
            if at < DAMAGED {
                damaged(type_oid, &bytes);
            }
            if let Err(reason) = compare(type_oid, text, &bytes) {
                wrong.push(format!("{type_name} {text:.200} {hex:.200}: {reason:.400}"));
            }
        }
    }
    count
}

fn compare(type_oid: Oid, text: &str, bytes: &[u8]) -> Result<(), String> {
    let read = |value: Result<Value<'_>, walscope_core::Error>| match value {
        Ok(Value::Other(_) | Value::Bytes(_)) => Err("not decoded".to_owned()),
        Ok(value) if value.to_string() != text => Err(format!("shown as {value}")),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    let from_text = Value::from_text(type_oid, text.as_bytes());
    let from_binary = Value::from_binary(type_oid, bytes);
    read(from_text).map_err(|reason| format!("from text: {reason}"))?;
    read(from_binary).map_err(|reason| format!("from binary: {reason}"))?;
    allocates_nothing(type_oid, text, bytes)?;
    // NaN equals nothing, and so does what it is in.
    let is_nan = text.contains("NaN") && !matches!(from_text, Ok(Value::Numeric(_)));
    for (left, right) in [
        (&from_text, &from_binary),
        (&from_binary, &from_text),
        (&from_text, &from_text),
        (&from_binary, &from_binary),
    ] {
        if (left == right) == is_nan {
            return Err(format!("{left:?} and {right:?}"));
        }
    }
    Ok(())
}

/// Takes text and keeps none of it.
struct Sink;

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        black_box(text);
        Ok(())
    }
}

/// Red with a `to_string()` in any of the `Display` implementations.
fn allocates_nothing(type_oid: Oid, text: &str, bytes: &[u8]) -> Result<(), String> {
    let counted = measure(|| {
        let from_text = Value::from_text(type_oid, text.as_bytes());
        let from_binary = Value::from_binary(type_oid, bytes);
        black_box(from_text == from_binary);
        for value in from_text.iter().chain(&from_binary) {
            black_box(write!(Sink, "{value}")).unwrap();
        }
    });
    if counted.count_total == 0 { Ok(()) } else { Err("allocates".to_owned()) }
}

/// So many values of a query are damaged.
const DAMAGED: usize = 60;
/// Those up to this size, in every place.
const SMALL: usize = 48;

/// Whatever is damaged gives a value that can be shown, or an error.
fn damaged(type_oid: Oid, bytes: &[u8]) {
    if bytes.len() > SMALL {
        return;
    }
    let mut shown = String::new();
    let mut look_at = |bytes: &[u8]| match Value::from_binary(type_oid, bytes) {
        Ok(value) => write!(shown, "{value}").unwrap(),
        Err(error) => assert!(!error.context().is_empty() && error.offset() <= bytes.len() as u64),
    };
    for end in 0..bytes.len() {
        look_at(&bytes[..end]);
    }
    let mut bytes = bytes.to_vec();
    for place in 0..bytes.len() {
        for change in [0x01, 0x80, 0xFF] {
            bytes[place] ^= change;
            look_at(&bytes);
            bytes[place] ^= change;
        }
    }
    bytes.push(0);
    look_at(&bytes);
}

pub(crate) fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
