//! `walscope catalog`: what a database's relations are called and how their rows are built, for
//! `walscope waldump --catalog`.

use std::io::{self, Write};
use std::path::Path;

use clap::Args;
use walscope_core::wal::rows::Catalog;

use super::{Failure, output, runtime};
use crate::{Client, Config, ConnectionKind, catalog_from_json, catalog_to_json};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The server and database: a URI (postgres://…) or keywords (host=… dbname=…)
    conninfo: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let catalog = ask(&arguments.conninfo)?;
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(catalog_to_json(&catalog).as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| output::stdout_failure(&error))
}

/// The catalog in a file, or that of the server that a connection string names. A file comes first.
pub(super) fn load(source: &str) -> Result<Catalog, Failure> {
    let path = Path::new(source);
    let is_conninfo = source.contains("://") || source.contains('=');
    if is_conninfo && !path.exists() {
        return ask(source);
    }
    let json = std::fs::read_to_string(path)
        .map_err(|error| Failure::file("read the catalog", path, &error))?;
    catalog_from_json(&json).map_err(|error| {
        Failure::with_hint(
            format!("{}: {error}", path.display()),
            "Make it by: walscope catalog CONNINFO > FILE",
        )
    })
}

fn ask(conninfo: &str) -> Result<Catalog, Failure> {
    let config = Config::parse(conninfo)?;
    Ok(runtime()?.block_on(async {
        let mut client = Client::connect(&config, ConnectionKind::Sql).await?;
        let catalog = client.catalog().await;
        client.close().await;
        catalog
    })?)
}
