//! Follows tables: prints every row that is inserted, updated or deleted, until Ctrl-C.
//!
//! ```sh
//! cargo run --example follow_table -- postgres://localhost/app app app_pub
//! ```
//!
//! A row is confirmed when the change after its transaction's end is asked for. Stopped and started
//! again it goes on where it was.

use std::collections::BTreeMap;
use std::error::Error;
use std::pin::pin;

use walscope::{Config, Stream, StreamOptions};
use walscope_core::pgoutput::Message;
use walscope_core::row::{Maybe, Row, RowError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [conninfo, slot, publication] = arguments.as_slice() else {
        return Err("usage: follow_table CONNINFO SLOT PUBLICATION".into());
    };
    let options = StreamOptions { create_slot: true, ..StreamOptions::new(slot, [publication]) };
    let stream = Stream::open(&Config::parse(conninfo)?, options).await?;
    // Whether the slot was created, and what else one should know.
    for remark in &stream.info().remarks {
        eprintln!("{remark}");
    }

    let mut changes = stream.changes()?;
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    // A `next` that is dropped because the other branch was quicker has taken nothing.
    while let Some(change) = tokio::select! {
        change = changes.next() => change?,
        _ = &mut interrupt => None,
    } {
        let Some(table) = change.relation() else { continue };
        let table = format!("{}.{}", table.schema, table.name);
        match (change.message(), change.row(), change.old_row()) {
            (Message::Insert(_), Some(row), _) => println!("insert {table} {}", text(&row)?),
            (Message::Update(_), Some(row), _) => println!("update {table} {}", text(&row)?),
            (Message::Delete(_), _, Some(row)) => println!("delete {table} {}", text(&row)?),
            _ => {}
        }
    }
    // The last confirmation reaches the server before the program ends.
    changes.close().await?;
    Ok(())
}

/// A row of any table: values as PostgreSQL writes them.
fn text(row: &Row<'_, '_>) -> Result<String, RowError> {
    let columns: BTreeMap<String, Maybe<Option<String>>> = row.deserialize()?;
    let columns = columns.iter().map(|(name, value)| match value {
        Maybe::Value(Some(value)) => format!("{name}={value:?}"),
        Maybe::Value(None) => format!("{name}=NULL"),
        // A TOASTed value that the update left alone, a column outside of the key: not NULL.
        Maybe::Unchanged | Maybe::NotSent => format!("{name}=?"),
    });
    Ok(columns.collect::<Vec<_>>().join(" "))
}
