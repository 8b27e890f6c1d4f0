//! What PostgreSQL itself says about what was recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use tokio_postgres::{Client, SimpleQueryMessage};
use walscope::quote_literal;
use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::pgoutput::{Decoder, Message};
use walscope_tests::fixtures::Description;

use crate::{ORACLE_SLOT, Result};

/// The settings that walscope's own sessions have, so that values have the same text.
pub(crate) const SETTINGS: [(&str, &str); 8] = [
    ("DateStyle", "ISO,MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("lc_monetary", "C"),
    ("search_path", ""),
    ("client_encoding", "UTF8"),
];

/// `test_decoding` on a slot of its own.
#[derive(Clone, Copy)]
pub(crate) struct Oracle<'a> {
    pub(crate) client: &'a Client,
    pub(crate) database: &'a str,
}

impl<'a> Oracle<'a> {
    pub(crate) async fn new(client: &'a Client, database: &'a str) -> Result<Self> {
        for (name, value) in SETTINGS {
            client.simple_query(&format!("SET {name} = {}", setting(name, value))).await?;
        }
        // With the 64 kB of the server PostgreSQL 18.4 crashed here, over the script `streamed`.
        client.simple_query("SET logical_decoding_work_mem = '64MB'").await?;
        Ok(Self { client, database })
    }

    /// The lines since this was last asked: LSN, transaction and text.
    pub(crate) async fn lines(&self) -> Result<Vec<u8>> {
        // As binary, since messages may hold bytes that are no text.
        let sql = format!(
            "SELECT lsn || ' ' || xid || ' ', encode(data, 'hex')
               FROM pg_logical_slot_get_binary_changes('{}{ORACLE_SLOT}', NULL, NULL,
                 'force-binary', 'on', 'include-xids', 'on', 'include-timestamp', 'on',
                 'skip-empty-xacts', 'on')",
            self.database
        );
        let mut lines = Vec::new();
        for row in rows(self.client, &sql).await? {
            lines.extend_from_slice(row[0].as_bytes());
            for digits in row[1].as_bytes().chunks(2) {
                lines.push(u8::from_str_radix(std::str::from_utf8(digits)?, 16)?);
            }
            lines.push(b'\n');
        }
        Ok(lines)
    }
}

/// The value in SQL: a list takes no quotation marks around the whole.
fn setting(name: &str, value: &str) -> String {
    if name == "DateStyle" { value.to_owned() } else { quote_literal(value) }
}

/// What the capture's types and names are in PostgreSQL's own words.
pub(crate) async fn description(client: &Client, capture: &[u8]) -> Result<Description> {
    let (types, names) = mentioned(capture)?;
    let mut description = Description::default();

    let list: Vec<String> = types.iter().map(|oid| format!("({oid})")).collect();
    let sql = format!(
        "SELECT oid, format_type(oid, NULL) FROM (VALUES (0), {}) types (oid) WHERE oid <> 0",
        list.join(", ")
    );
    for row in rows(client, &sql).await? {
        description.types.insert(row[0].parse()?, row[1].clone());
    }
    let mut sql = String::from("SELECT name, quote_ident(name) FROM (VALUES ('')");
    for name in &names {
        write!(sql, ", ({})", quote_literal(name))?;
    }
    sql.push_str(") names (name) WHERE name <> '' AND name <> quote_ident(name)");
    for row in rows(client, &sql).await? {
        description.quoted.insert(row[0].clone(), row[1].clone());
    }
    let sql = "SELECT external_id, remote_lsn FROM pg_replication_origin_status";
    description.origins = BTreeMap::from_iter(
        rows(client, sql).await?.into_iter().map(|row| (row[0].clone(), row[1].clone())),
    );
    // The next scenario on this server shall not see them.
    client
        .simple_query("SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin")
        .await?;
    Ok(description)
}

/// The types and the names that the relations of a capture mention.
fn mentioned(capture: &[u8]) -> Result<(BTreeSet<u32>, BTreeSet<String>)> {
    let mut reader = Reader::new(MAX_MESSAGE);
    let mut decoder = Decoder::default();
    let mut types = BTreeSet::new();
    let mut names = BTreeSet::new();
    let mut rest = capture;
    while let Next::Entry(entry, consumed) = reader.next(rest)? {
        rest = &rest[consumed..];
        let Entry::Data(data) = entry else { continue };
        let Message::Relation(relation) = decoder.decode(data.data)? else { continue };
        let mut add = |name: &[u8]| -> Result<()> {
            names.insert(std::str::from_utf8(name)?.to_owned());
            Ok(())
        };
        add(relation.schema())?;
        add(relation.name)?;
        for column in relation.columns() {
            add(column.name)?;
            types.insert(column.type_oid.0);
        }
    }
    Ok((types, names))
}

async fn rows(client: &Client, sql: &str) -> Result<Vec<Vec<String>>> {
    let messages = client.simple_query(sql).await?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}
