//! `walscope types`: the user types of a database, for `--types`.

use std::io::{self, Write};

use clap::Args;

use super::{Failure, output, runtime};
use crate::{Client, Config, ConnectionKind, types_to_json};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The server and database: a URI (postgres://…) or keywords (host=… dbname=…)
    conninfo: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::parse(&arguments.conninfo)?;
    let types = runtime()?.block_on(async {
        let mut client = Client::connect(&config, ConnectionKind::Sql).await?;
        let types = client.user_types().await;
        client.close().await;
        types
    })?;
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(types_to_json(&types).as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| output::stdout_failure(&error))
}
