//! The examples of `native/examples`, each as a user runs it.

mod backup;
mod exactly_once;
mod following;
mod offline;

use rustix::process::Signal;
use walscope_tests::program::{Program, example};
use walscope_tests::{Major, Server, ServerOptions};

const ACTIVE: &str = "SELECT count(*)::text FROM pg_replication_slots WHERE active";

/// A server with these tables, and the publication `p` of all.
fn start(major: Major, tables: &str) -> Server {
    let server = Server::start(ServerOptions { major, ..Default::default() });
    server.sql(tables);
    server.sql("CREATE PUBLICATION p FOR ALL TABLES");
    server
}

/// An example that follows the slot `s`, once it has started.
fn follow(server: &Server, name: &str, more: &[&str]) -> Program {
    // The one before it may have been killed just now.
    server.wait_for(ACTIVE, "0");
    // Without a password: in a debug build SCRAM takes half a second.
    let conninfo = server.conninfo_with(&[("user", "trust_user")]);
    let program =
        Program::start_at(&example(name), [&[conninfo.as_str(), "s", "p"], more].concat());
    server.wait_for(ACTIVE, "1");
    program
}

/// Waits until everything so far is confirmed.
fn settle(server: &Server) {
    let end = server.value("SELECT pg_current_wal_lsn()::text");
    let confirmed =
        format!("SELECT (confirmed_flush_lsn >= '{end}')::text FROM pg_replication_slots");
    server.wait_for(&confirmed, "true");
}

/// Ends an example as a user does at the terminal, and returns what it had left to say.
fn interrupt(program: Program) -> Vec<String> {
    program.signal(Signal::INT);
    let (status, lines, errors) = program.wait();
    assert!(status.success(), "{status}: {errors:?}");
    lines
}

/// How many messages of pgoutput the slot still has that are inserts.
fn unconfirmed_rows(server: &Server) -> String {
    // The server notices a closed connection a little later.
    server.wait_for("SELECT active::text FROM pg_replication_slots WHERE slot_name = 's'", "false");
    server.value(
        "SELECT count(*)::text FROM pg_logical_slot_peek_binary_changes('s', NULL, NULL, \
         'proto_version', '1', 'publication_names', 'p') WHERE get_byte(data, 0) = ascii('I')",
    )
}
