//! `walscope basebackup`: `pg_basebackup` for PostgreSQL 14 to 18. Options, files and exit codes are those of
//! `pg_basebackup` 18 (`src/bin/pg_basebackup/pg_basebackup.c`).

pub(super) mod directories;
pub(super) mod options;
mod output;
mod progress;
mod run;
mod usage;
mod wal;
mod wal_files;

use std::time::Duration;

use options::{Draft, Settings};
use run::Backup;

use crate::cli::pg_tool::{Stop, Tool, perform, say, say_stop};

/// How long files that are being written or flushed are waited for when the backup is given up.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) const TOOL: Tool = Tool {
    subcommand: "basebackup",
    name: "walscope basebackup",
    link: "pg_basebackup",
    main: |program, arguments| perform::<Draft>(program, arguments, usage::help, back_up),
};

fn back_up(settings: &Settings) -> Result<bool, Stop> {
    let mut backup = Backup::new(settings);
    let Err(stop) = take(&mut backup) else {
        if settings.verbose {
            say(settings.program, "base backup completed");
        }
        return Ok(true);
    };
    say_stop(settings.program, &stop);
    backup.clean_up();
    Ok(false)
}

fn take(backup: &mut Backup<'_>) -> Result<(), Stop> {
    // The log is streamed by the worker while this thread writes files.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| Stop::new(format!("cannot start: {error}")))?;
    let result = runtime.block_on(backup.take());
    // What still writes shall have ended before all is removed; what waits for the server is not waited for.
    runtime.shutdown_timeout(PATIENCE);
    result
}
