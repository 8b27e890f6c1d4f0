//! `walscope doctor`: whether a server is fit for streaming, and what of its log is in danger.

mod finding;
mod publications;
mod server;
mod slots;

use std::io::{self, Write};

use clap::Args;

use super::{Failure, output, runtime};
use crate::{Client, Config, ConnectionKind, Result};
use finding::{Finding, Severity};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The server and database: a URI (postgres://…) or keywords (host=… dbname=…)
    conninfo: String,
    /// Print a line of JSON for each finding
    #[arg(long)]
    json: bool,
}

/// Prints all findings; an error among them is a failure.
pub(super) fn run(arguments: &Arguments) -> std::result::Result<(), Failure> {
    let config = Config::parse(&arguments.conninfo)?;
    let findings = runtime()?.block_on(async {
        let mut client = Client::connect(&config, ConnectionKind::Sql).await?;
        let findings = examine(&mut client).await;
        client.close().await;
        findings
    })?;
    print(&findings, arguments.json)?;
    match findings.iter().filter(|finding| finding.severity == Severity::Error).count() {
        0 => Ok(()),
        1 => Err(Failure::new("1 error was found")),
        errors => Err(Failure::new(format!("{errors} errors were found"))),
    }
}

async fn examine(client: &mut Client) -> Result<Vec<Finding>> {
    let mut findings = server::examine(client).await?;
    findings.extend(slots::examine(client).await?);
    findings.extend(publications::examine(client).await?);
    Ok(findings)
}

fn print(findings: &[Finding], json: bool) -> std::result::Result<(), Failure> {
    let mut text = String::new();
    for finding in findings {
        if json {
            let line = serde_json::to_string(finding);
            text += &line.map_err(|error| Failure::new(error.to_string()))?;
            text.push('\n');
        } else {
            text += &finding.text();
        }
    }
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| output::stdout_failure(&error))
}
