//! The library as programs use it: changes, transactions, batches, status, and who confirms what.

mod batches;
mod changes;
mod transactions;
mod watching;

use std::future::Future;
use std::time::Duration;

use walscope::{Config, Stream, StreamOptions};
use walscope_core::Lsn;
use walscope_core::pgoutput::Message;
use walscope_tests::{Major, Server, ServerOptions};

const MAJORS: [Major; 2] = [Major::V14, Major::V18];

fn wait<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), test).await.unwrap() })
}

/// A server with a table `t (id, v)`, the publication `p` of it and the slot `s`.
fn start(major: Major) -> Server {
    let settings = vec![("logical_decoding_work_mem".into(), "64kB".into())];
    let server = Server::start(ServerOptions { major, settings, ..Default::default() });
    server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t");
    server.sql("SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
    server
}

fn options() -> StreamOptions {
    StreamOptions { idle_advance: false, ..StreamOptions::new("s", ["p"]) }
}

async fn open(server: &Server, options: StreamOptions) -> Stream {
    open_at(&server.conninfo(), options).await
}

async fn open_at(conninfo: &str, options: StreamOptions) -> Stream {
    Stream::open(&Config::parse(conninfo).unwrap(), options).await.unwrap()
}

/// Up to where the slot is confirmed, once nobody streams from it any more.
fn confirmed(server: &Server) -> Lsn {
    server.wait_for("SELECT active::text FROM pg_replication_slots", "false");
    slot_position(server)
}

fn slot_position(server: &Server) -> Lsn {
    server.value("SELECT confirmed_flush_lsn::text FROM pg_replication_slots").parse().unwrap()
}

/// Where the transaction ends that a Commit message ends.
fn end_of(message: &Message<'_>) -> Option<Lsn> {
    match message {
        Message::Commit(commit) => Some(commit.end_lsn),
        _ => None,
    }
}
