//! `walscope receive`: `pg_receivewal` for servers of PostgreSQL 14 to 18, with the options and words of
//! 18's.
//!
//! `src/bin/pg_basebackup/pg_receivewal.c` describes what is done here.

mod connection;
mod messages;
mod options;
mod receiver;
mod usage;

use tokio::runtime::Builder;

use super::pg_tool::{Stop, Tool, perform};
use messages::Voice;
use options::Settings;

pub(super) const TOOL: Tool = Tool {
    subcommand: "receive",
    name: "walscope receive",
    link: "pg_receivewal",
    main: |program, arguments| perform::<Settings>(program, arguments, usage::help, receive),
};

fn receive(settings: &Settings) -> Result<bool, Stop> {
    if let Some(directory) = settings.directory.as_deref()
        && !settings.create_slot
        && !settings.drop_slot
    {
        std::fs::read_dir(directory)
            .map_err(|error| Stop::file("open directory", directory, &error))?;
    }
    // The files are written here, where writing may block; the connection has a thread of its own and
    // answers the server meanwhile.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| Stop::new(format!("cannot start: {error}")))?;
    let voice = Voice { program: settings.program };
    runtime.block_on(connection::run(settings, voice))?;
    Ok(true)
}
