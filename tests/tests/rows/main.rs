//! Rows of real servers as user structs: the same from text and from binary, and nothing that was
//! not sent taken for NULL.

mod kinds;
mod unsent;

use std::future::Future;

use walscope::{Config, Stream, StreamOptions};
use walscope_core::capture::Entry;
use walscope_core::pgoutput::{Message, OldTuple};
use walscope_core::row::Row;
use walscope_core::transaction::{Tracker, View};
use walscope_tests::{Major, Server, ServerOptions};

const MAJORS: [Major; 2] = [Major::V14, Major::V18];

fn start(major: Major) -> Server {
    Server::start(ServerOptions { major, ..Default::default() })
}

fn wait<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// Creates a slot with a publication of all tables.
fn create_slot(server: &Server) {
    server.sql("CREATE PUBLICATION p FOR ALL TABLES");
    server.sql("SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
}

/// Shows the rows of the changes that lie behind the slot, up to the message `end`, and confirms
/// none: what was sent before a change and what after it.
fn each_row(
    server: &Server,
    binary: bool,
    mut show: impl for<'r, 'm> FnMut(Option<Row<'r, 'm>>, Option<Row<'r, 'm>>),
) {
    server.sql("SELECT pg_logical_emit_message(false, 'end', '')");
    let config = Config::parse(&server.conninfo()).unwrap();
    let options = StreamOptions {
        binary,
        messages: true,
        idle_advance: false,
        acknowledge: walscope::Acknowledge::Manual,
        ..StreamOptions::new("s", ["p"])
    };
    wait(async {
        let mut stream = Stream::open(&config, options).await.unwrap();
        let mut tracker = Tracker::new(View::Transactions);
        while let Some(batch) = stream.next_batch().await.unwrap() {
            for entry in batch.entries() {
                let Entry::Data(data) = entry.unwrap() else { continue };
                let message = tracker.next(data.data).unwrap().message;
                if matches!(message, Message::Message(_)) {
                    return stream.close().await.unwrap();
                }
                show_rows(&mut tracker, &message, &mut show);
            }
        }
        panic!("the stream ended early");
    });
}

fn show_rows<'m>(
    tracker: &mut Tracker,
    message: &Message<'m>,
    show: &mut impl for<'r> FnMut(Option<Row<'r, 'm>>, Option<Row<'r, 'm>>),
) {
    let mut relation = |oid| tracker.relation(oid).cloned().unwrap();
    match message {
        Message::Insert(insert) => {
            let relation = relation(insert.relation);
            show(None, Some(Row::new(&relation, insert.new)));
        }
        Message::Update(update) => {
            let relation = relation(update.relation);
            let old = |old: OldTuple<'m>| Row::old(&relation, old);
            show(update.old.map(old), Some(Row::updated(&relation, update)));
        }
        Message::Delete(delete) => {
            let relation = relation(delete.relation);
            show(Some(Row::old(&relation, delete.old)), None);
        }
        _ => {}
    }
}
