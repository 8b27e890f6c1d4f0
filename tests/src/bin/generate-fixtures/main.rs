//! Makes the fixtures: `cargo run -p walscope-tests --bin generate-fixtures [MAJOR…]`.
//!
//! For each version a server is started, for each scenario a database. Two slots watch what the
//! scenario's script does: one is recorded by walscope's own stream while it happens, the other is
//! read by PostgreSQL's `test_decoding`, which says what is expected.

mod oracle;
mod recording;
mod script;

use std::error::Error;
use std::fs;
use std::process::Command;

use tokio_postgres::Client;
use walscope_core::Lsn;
use walscope_tests::fixtures::{
    Description, Manifest, RECVLOGICAL, SCENARIOS, Scenario, folder_of,
};
use walscope_tests::{Major, Server, ServerOptions, tools};

use oracle::Oracle;
use recording::Recording;
use script::Script;

/// What has gone wrong, for the person who runs this.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The slots of a scenario: walscope's own has the scenario's name, the others add these.
const ORACLE_SLOT: &str = "_oracle";
const RECVLOGICAL_SLOT: &str = "_recvlogical";
const PUBLICATION: &str = "fixture";

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for major in Major::ALL {
        if wanted.is_empty() || wanted.contains(&major.to_string()) {
            make(major)?;
        }
    }
    Ok(())
}

fn make(major: Major) -> Result<()> {
    // Little memory makes small transactions large ones, and only what is flushed is sent.
    let settings = [
        ("logical_decoding_work_mem", "64kB"),
        ("wal_writer_delay", "10ms"),
        ("autovacuum", "off"),
    ];
    let server = Server::start(ServerOptions {
        major,
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..Default::default()
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    fs::create_dir_all(folder_of(major))?;
    let mut manifest = Manifest { server: server.value("SELECT version()"), ..Manifest::default() };
    for scenario in SCENARIOS.iter().filter(|scenario| scenario.is_of(major)) {
        server.sql(&format!("CREATE DATABASE \"{}\"", scenario.name));
        let description = runtime
            .block_on(record(&server, major, scenario))
            .map_err(|error| format!("pg{major}/{}: {error}\n{}", scenario.name, server.log()))?;
        manifest.captures.insert(scenario.name.to_owned(), description);
    }
    let json = serde_json::to_string_pretty(&manifest)? + "\n";
    fs::write(folder_of(major).join("manifest.json"), json)?;
    Ok(())
}

async fn record(server: &Server, major: Major, scenario: &Scenario) -> Result<Description> {
    let client = server.client_of(scenario.name).await;
    let script = Script::parse(scenario.sql);
    script.set_up(server, scenario.name).await?;
    create_slots(&client, major, scenario).await?;
    let recording = Recording::start(server, scenario).await?;
    let lines = script.run(server, &Oracle::new(&client, scenario.name).await?).await?;
    let end = script::end_of_log(&client).await?;
    let (bytes, options) = recording.finish(end).await?;
    let mut description = oracle::description(&client, &bytes).await?;
    description.options = options;
    description.sql_sha256 = scenario.sql_sha256();

    let folder = folder_of(major);
    fs::write(folder.join(format!("{}.walcap", scenario.name)), &bytes)?;
    fs::write(folder.join(format!("{}.expected.txt", scenario.name)), &lines)?;
    println!("pg{major}/{}: {} + {} bytes", scenario.name, bytes.len(), lines.len());
    if RECVLOGICAL == (major, scenario.name) {
        recvlogical(server, scenario.name, end)?;
    }
    Ok(description)
}

async fn create_slots(client: &Client, major: Major, scenario: &Scenario) -> Result<()> {
    let mut statements = vec![format!("CREATE PUBLICATION {PUBLICATION} FOR ALL TABLES")];
    let mut slots = vec![("", "pgoutput"), (ORACLE_SLOT, "test_decoding")];
    if RECVLOGICAL == (major, scenario.name) {
        slots.push((RECVLOGICAL_SLOT, "pgoutput"));
    }
    statements.extend(slots.into_iter().map(|(suffix, plugin)| {
        let (name, two_phase) = (scenario.name, scenario.two_phase);
        format!(
            "SELECT pg_create_logical_replication_slot('{name}{suffix}', '{plugin}', false, \
             {two_phase})"
        )
    }));
    for statement in statements {
        client.simple_query(&statement).await?;
    }
    Ok(())
}

/// The same changes as `pg_recvlogical` writes them into a file.
fn recvlogical(server: &Server, database: &str, end: Lsn) -> Result<()> {
    let (major, _) = RECVLOGICAL;
    let file = folder_of(major).join(format!("{database}.recvlogical"));
    let program = tools::pg_bin(major).join("pg_recvlogical");
    let settings = oracle::SETTINGS.map(|(name, value)| format!("-c {name}={value}"));
    // The file is appended to if it exists.
    let _ = fs::remove_file(&file);
    let status = Command::new(&program)
        .env("PGHOST", server.folder())
        .env("PGPORT", server.port().to_string())
        .env("PGUSER", "postgres")
        .env("PGOPTIONS", settings.join(" "))
        .args(["--dbname", database, "--slot", &format!("{database}{RECVLOGICAL_SLOT}")])
        .args(["--start", "--no-loop", "--endpos", &end.to_string()])
        .arg("--file")
        .arg(&file)
        .args(["-o", "proto_version=1", "-o", "messages=on"])
        .args(["-o", &format!("publication_names={PUBLICATION}")])
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("pg_recvlogical: {status}").into()) }
}
