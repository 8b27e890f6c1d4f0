//! Decodes a capture, without any server: the rows that were inserted, with their keys.
//!
//! ```sh
//! walscope stream postgres://localhost/app --slot app --publication app_pub --capture app.walcap
//! cargo run --example decode_capture -- app.walcap
//! ```
//!
//! Only `walscope-core` is used, which knows no files and no sockets: the same loop runs wherever
//! bytes come from.

use std::collections::BTreeMap;
use std::error::Error;

use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::pgoutput::Message;
use walscope_core::row::Row;
use walscope_core::transaction::{Assembler, NoStorage, Position, Step, Tracker, View};

/// How many bytes of transactions may wait for their end that the server sent in pieces.
const BUDGET: usize = 64 * 1024 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path] = arguments.as_slice() else {
        return Err("usage: decode_capture FILE".into());
    };
    let capture = std::fs::read(path)?;
    let mut rest = capture.as_slice();

    // The assembler puts transactions together that came in pieces, the tracker knows the tables
    // and which transaction a message belongs to.
    let storage = NoStorage::new(BUDGET as u64);
    let reader = Reader::of_connection(MAX_MESSAGE);
    let mut assembler = Assembler::new(View::Transactions, reader, storage, BUDGET);
    let mut tracker = Tracker::new(View::Transactions);
    loop {
        match assembler.next(rest)? {
            Step::Pass(length) => {
                print(&rest[..length], &mut tracker)?;
                rest = &rest[length..];
            }
            Step::Assembled(whole) => print(whole.bytes, &mut tracker)?,
            Step::Hold(length) => rest = &rest[length..],
            Step::NeedMore(_) => break,
        }
    }
    // A capture that was cut off ends within a message: that is an error, behind all that is whole.
    let mut reader = *assembler.reader();
    reader.finish(rest)?;
    Ok(())
}

/// Prints the inserts among some whole entries of a capture: key, table, and values as PostgreSQL
/// writes them.
fn print(mut entries: &[u8], tracker: &mut Tracker) -> Result<(), Box<dyn Error>> {
    let mut reader = Reader::of_connection(MAX_MESSAGE);
    while let Next::Entry(entry, length) = reader.next(entries)? {
        entries = &entries[length..];
        let data = match entry {
            // A connection begins: what was known of the one before is forgotten.
            Entry::Head(head) => {
                tracker.connect(head);
                continue;
            }
            Entry::Data(data) => data,
            Entry::Keepalive(_) => continue,
        };
        let change = tracker.next_at(data.start, data.data)?;
        let (Message::Insert(insert), Some(seq), true) = (change.message, change.seq, change.shown)
        else {
            continue;
        };
        let lsn = tracker.transaction().ok_or("a row outside of any transaction")?.lsn;
        let table = tracker.relation(insert.relation).ok_or("a row of no table")?;
        let columns: BTreeMap<String, Option<String>> =
            Row::new(table, insert.new).deserialize()?;
        println!("{} {} {columns:?}", Position { lsn, seq }, table.name);
    }
    Ok(())
}
