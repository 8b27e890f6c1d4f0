//! Changes as JSON Lines: what `walscope stream` and `walscope decode` print.
//!
//! Values keep PostgreSQL's digits: what JSON can hold as it is, is copied from the text that the
//! server sent and never passes through a number of ours. The same lines come from `stringify` in
//! the JavaScript packages.

#[cfg(feature = "cli")]
mod debezium;
mod object;
mod row;
mod value;

use walscope_core::pgoutput::{LogicalMessage, Message, Prepare, Relation};
use walscope_core::relation::BadValue;
use walscope_core::transaction::{Change, Tracker, Transaction, View};
use walscope_core::{Lsn, PrimaryKeepalive, Timestamp, XLogData, Xid};

#[cfg(feature = "cli")]
pub(crate) use debezium::Debezium;
pub(crate) use object::Object;
use row::Rows;
pub(crate) use value::{Int8, Values, write_hex, write_string};

/// Appends the line of `change`, which came as `data` and which `tracker` has just put in its place,
/// with its line feed; `values` says how values are written.
///
/// # Errors
///
/// A value that is wrong. Nothing is appended then.
pub(crate) fn write_change(
    out: &mut Vec<u8>,
    change: &Change<'_>,
    data: &XLogData<'_>,
    tracker: &mut Tracker,
    values: &Values,
) -> Result<(), BadValue> {
    let start = out.len();
    let written = write_line(out, change, data, tracker, values);
    match written {
        Ok(()) => out.push(b'\n'),
        Err(_) => out.truncate(start),
    }
    written
}

fn write_line(
    out: &mut Vec<u8>,
    change: &Change<'_>,
    data: &XLogData<'_>,
    tracker: &mut Tracker,
    values: &Values,
) -> Result<(), BadValue> {
    let mut line = Object::begin(out);
    let rows = Rows { values, message: data.data };
    let lsn = data.start;
    line.text("kind", kind(change, tracker));
    if lsn.is_valid() {
        line.display_text("lsn", lsn);
    }
    if let Some(Xid(xid)) = change.xid {
        line.display("xid", xid);
    }
    let restarts = tracker.view() == View::Transactions;
    let placed = has_place(&change.message, restarts) && tracker.transaction().is_some();
    if placed && let Some(transaction) = tracker.transaction() {
        place(&mut line, transaction);
    }
    if let Some(seq) = change.seq {
        line.display("seq", seq);
    }
    match &change.message {
        Message::Begin(begin) => line.display_text("commitTime", begin.commit_time),
        Message::BeginPrepare(begin) if tracker.view() == View::Transactions => {
            line.display_text("prepareTime", begin.prepare_time);
        }
        Message::Insert(insert) => row::write_insert(&mut line, tracker, rows, insert)?,
        Message::Update(update) => row::write_update(&mut line, tracker, rows, update)?,
        Message::Delete(delete) => row::write_delete(&mut line, tracker, rows, delete)?,
        Message::Truncate(truncate) => row::write_truncate(&mut line, tracker, truncate),
        message => facts(&mut line, message, tracker),
    }
    let origin = tracker.transaction().and_then(|transaction| transaction.origin.as_deref());
    if placed && let Some(origin) = origin {
        line.text("origin", origin);
    }
    line.end();
    Ok(())
}

/// Appends the line of a message of another plugin than pgoutput, as it is.
pub(crate) fn write_data(out: &mut Vec<u8>, data: &XLogData<'_>) {
    let mut line = Object::begin(out);
    line.text("kind", "data");
    if data.start.is_valid() {
        line.display_text("lsn", data.start);
    }
    line.bytes("data", data.data);
    line.end();
    out.push(b'\n');
}

/// Appends the line of a keepalive: only the raw view has them.
pub(crate) fn write_keepalive(out: &mut Vec<u8>, keepalive: &PrimaryKeepalive) {
    let mut line = Object::begin(out);
    line.text("kind", "keepalive");
    line.display_text("lsn", keepalive.end);
    line.display_text("time", keepalive.server_time);
    line.bool("replyRequested", keepalive.reply_requested);
    line.end();
    out.push(b'\n');
}

fn kind(change: &Change<'_>, tracker: &Tracker) -> &'static str {
    match &change.message {
        Message::Begin(_) => "begin",
        Message::Commit(_) => "commit",
        Message::Origin(_) => "origin",
        Message::Relation(_) => "relation",
        Message::Type(_) => "type",
        Message::Insert(_) => "insert",
        Message::Update(_) => "update",
        Message::Delete(_) => "delete",
        Message::Truncate(_) => "truncate",
        Message::Message(_) => "message",
        Message::StreamStart(_) => "streamStart",
        Message::StreamStop => "streamStop",
        Message::StreamCommit(_) => "streamCommit",
        Message::StreamAbort(_) if tracker.view() == View::Transactions => "restart",
        Message::StreamAbort(_) => "streamAbort",
        Message::BeginPrepare(_) if tracker.view() == View::Transactions => "begin",
        Message::BeginPrepare(_) => "beginPrepare",
        Message::Prepare(_) => "prepare",
        Message::CommitPrepared(_) => "commitPrepared",
        Message::RollbackPrepared(_) => "rollbackPrepared",
        Message::StreamPrepare(_) => "streamPrepare",
    }
}

/// Whether the line says where its transaction was committed or prepared.
fn has_place(message: &Message<'_>, restarts: bool) -> bool {
    match message {
        Message::StreamAbort(_) => restarts,
        Message::Begin(_)
        | Message::BeginPrepare(_)
        | Message::Commit(_)
        | Message::Prepare(_)
        | Message::Insert(_)
        | Message::Update(_)
        | Message::Delete(_)
        | Message::Truncate(_) => true,
        Message::Message(message) => message.transactional,
        _ => false,
    }
}

fn place(line: &mut Object<'_>, transaction: &Transaction) {
    match &transaction.gid {
        None => line.display_text("commitLsn", transaction.lsn),
        Some(gid) => {
            line.display_text("prepareLsn", transaction.lsn);
            line.text("gid", gid);
        }
    }
}

/// What a message says beyond its place.
fn facts(line: &mut Object<'_>, message: &Message<'_>, tracker: &Tracker) {
    match message {
        Message::Commit(commit) => end(line, commit.end_lsn, "commitTime", commit.commit_time),
        Message::StreamCommit(commit) => {
            line.display_text("commitLsn", commit.commit_lsn);
            end(line, commit.end_lsn, "commitTime", commit.commit_time);
        }
        Message::Prepare(prepare) | Message::BeginPrepare(prepare) => {
            end(line, prepare.end_lsn, "prepareTime", prepare.prepare_time);
        }
        Message::StreamPrepare(streamed) => prepare(line, streamed),
        Message::CommitPrepared(commit) => {
            line.display_text("commitLsn", commit.commit_lsn);
            end(line, commit.end_lsn, "commitTime", commit.commit_time);
            line.bytes("gid", commit.gid);
        }
        Message::RollbackPrepared(rollback) => {
            line.display_text("prepareEndLsn", rollback.prepare_end_lsn);
            end(line, rollback.end_lsn, "prepareTime", rollback.prepare_time);
            line.display_text("rollbackTime", rollback.rollback_time);
            line.bytes("gid", rollback.gid);
        }
        Message::StreamStart(start) => line.bool("firstSegment", start.first_segment),
        Message::StreamAbort(abort) if tracker.view() == View::Raw => {
            line.display("subxid", abort.subxid);
            if let Some((lsn, time)) = abort.abort {
                line.display_text("abortLsn", lsn);
                line.display_text("abortTime", time);
            }
        }
        Message::Origin(origin) => {
            line.display_text("originLsn", origin.lsn);
            line.bytes("name", origin.name);
        }
        Message::Type(described) => {
            line.display("oid", described.oid);
            line.bytes("schema", described.schema());
            line.bytes("name", described.name);
        }
        Message::Relation(described) => relation(line, described, tracker),
        Message::Message(written) => logical_message(line, written),
        _ => {}
    }
}

fn end(line: &mut Object<'_>, end_lsn: Lsn, name: &str, time: Timestamp) {
    line.display_text("endLsn", end_lsn);
    line.display_text(name, time);
}

fn prepare(line: &mut Object<'_>, prepare: &Prepare<'_>) {
    line.display_text("prepareLsn", prepare.prepare_lsn);
    end(line, prepare.end_lsn, "prepareTime", prepare.prepare_time);
    line.bytes("gid", prepare.gid);
}

fn logical_message(line: &mut Object<'_>, message: &LogicalMessage<'_>) {
    line.bool("transactional", message.transactional);
    line.bytes("prefix", message.prefix);
    line.bytes("content", message.content);
}

/// A table's description and, when the connection has described it otherwise before, what changed:
/// [`Difference::to_json`](walscope_core::relation::Difference::to_json).
fn relation(line: &mut Object<'_>, relation: &Relation<'_>, tracker: &Tracker) {
    line.display("oid", relation.oid);
    line.bytes("schema", relation.schema());
    line.bytes("table", relation.name);
    line.text("replicaIdentity", relation.replica_identity.name());
    line.array("columns", relation.columns(), |out, column| {
        let mut object = Object::begin(out);
        object.bytes("name", column.name);
        object.display("type", column.type_oid);
        object.display("typmod", column.type_modifier);
        object.bool("key", column.key);
        object.end();
    });
    if let Some(difference) = tracker.difference() {
        line.display("changed", difference.to_json());
    }
}
