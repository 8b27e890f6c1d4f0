//! Writes the record of each kind of message.

use super::table::{Record, Table, column_length};
use super::words::{halves, int};
use crate::pgoutput::{Column, Message, OldTuple, Prepare, Tuple, tag};
use crate::reader::range_in;
use crate::relation::{BadValue, Described, Relation, Shown};
use crate::transaction::{Change, Tracker, View};
use crate::types::{Lsn, Oid, Timestamp};
use crate::value::{TypeKind, TypeTable};

/// Column words that stand for no value.
pub(super) const NULL: i32 = -1;
pub(super) const UNCHANGED: i32 = -2;
/// A relation that is not known.
const NO_SLOT: i32 = -1;
/// A change without a number in its transaction.
const NO_SEQ: i32 = -1;
pub(super) const NO_OLD: i32 = 0;
const OLD_IS_KEY: i32 = b'K' as i32;
const OLD_IS_FULL: i32 = b'O' as i32;
const TRUNCATE_CASCADE: i32 = 1;
const TRUNCATE_RESTART_IDENTITY: i32 = 2;
const COLUMN_IS_KEY: i32 = 1;
/// What a type that is no array has for elements.
const NO_ELEMENT: (Oid, char) = (Oid(0), '\0');

/// What a record points to.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    /// The bytes of the batch.
    pub(super) input: &'s [u8],
    /// The message among them.
    pub(super) payload: &'s [u8],
    /// What columns of user types hold.
    pub(super) types: &'s TypeTable,
}

/// Writes the whole record of a change; nothing of one that has a value that is wrong.
#[inline]
pub(super) fn write(
    table: &mut Table,
    tracker: &mut Tracker,
    record: Record,
    change: &Change<'_>,
    source: Source<'_>,
) -> Result<(), BadValue> {
    let (relation, tuples) = match &change.message {
        Message::Insert(insert) => (insert.relation, (None, Some(insert.new))),
        Message::Update(update) => (update.relation, (update.old, Some(update.new))),
        Message::Delete(delete) => (delete.relation, (Some(delete.old), None)),
        _ => {
            write_other(table, tracker, record, change, source);
            table.end();
            return Ok(());
        }
    };
    table.begin(&record);
    let written = row(table, tracker, relation, change, source, tuples);
    match written {
        Ok(()) => table.end(),
        Err(_) => table.abandon(),
    }
    written
}

#[inline]
fn row(
    table: &mut Table,
    tracker: &mut Tracker,
    relation: Oid,
    change: &Change<'_>,
    source: Source<'_>,
    (old, new): (Option<OldTuple<'_>>, Option<Tuple<'_>>),
) -> Result<(), BadValue> {
    let (old_kind, old_tuple) = match old {
        None => (NO_OLD, None),
        Some(OldTuple::Key(tuple)) => (OLD_IS_KEY, Some(tuple)),
        Some(OldTuple::Full(tuple)) => (OLD_IS_FULL, Some(tuple)),
    };
    let [old_len, new_len] = [old_tuple, new].map(|tuple| tuple.map_or(0, |tuple| tuple.len()));
    table.reserve(old_len.saturating_add(new_len).saturating_mul(2).saturating_add(5));
    let relation = tracker.relation(relation);
    table.put([
        change.seq.map_or(NO_SEQ, u32::cast_signed),
        relation.map_or(NO_SLOT, |relation| relation.slot.cast_signed()),
        old_kind,
        int(old_len),
        int(new_len),
    ]);
    if let Some(tuple) = old_tuple {
        columns(table, source, relation, tuple.iter())?;
    }
    match (new, old) {
        // What the update left in place is in the whole old row.
        (Some(new), Some(OldTuple::Full(old))) => {
            columns(table, source, relation, new.filled_from(&old))
        }
        (Some(new), _) => columns(table, source, relation, new.iter()),
        (None, _) => Ok(()),
    }
}

#[inline]
fn columns<'a>(
    table: &mut Table,
    source: Source<'_>,
    relation: Option<&Relation>,
    columns: impl Iterator<Item = Column<'a>>,
) -> Result<(), BadValue> {
    for (index, column) in columns.enumerate() {
        table.put(match column {
            Column::Text(text) => {
                let place = range_in(source.input, text).unwrap_or_default();
                [int(place.start), column_length(text)]
            }
            Column::Null => [0, NULL],
            Column::UnchangedToast => [0, UNCHANGED],
            Column::Binary(value) => {
                binary(table, source, relation.map(|relation| (relation, index)), value)?;
                continue;
            }
        });
    }
    Ok(())
}

/// A value in binary form: its text, where it has a decoder.
fn binary(
    table: &mut Table,
    source: Source<'_>,
    column: Option<(&Relation, usize)>,
    bytes: &[u8],
) -> Result<(), BadValue> {
    let shown = match column {
        Some((relation, index)) => relation.show(index, source.types, source.payload, bytes)?,
        None => Shown::Undecoded,
    };
    let place = range_in(source.input, bytes).unwrap_or_default();
    match shown {
        Shown::Value(value) => table.own_column(value),
        // As it would be in text form: whoever asks for the text is told that it is none.
        Shown::NotUtf8 if core::str::from_utf8(bytes).is_err() => {
            table.put([int(place.start), column_length(bytes)]);
        }
        Shown::Undecoded | Shown::NotUtf8 => table.put([!int(place.start), int(place.len())]),
    }
    Ok(())
}

fn slot(tracker: &mut Tracker, relation: Oid) -> i32 {
    tracker.relation(relation).map_or(NO_SLOT, |relation| relation.slot.cast_signed())
}

fn write_other(
    table: &mut Table,
    tracker: &mut Tracker,
    mut record: Record,
    change: &Change<'_>,
    source: Source<'_>,
) {
    let input = source.input;
    match &change.message {
        Message::Message(message) => record.flag = message.transactional,
        Message::Relation(_) => record.flag = change.described != Some(Described::Same),
        Message::StreamAbort(abort) => record.flag = abort.abort.is_some(),
        // Only the raw view tells the two beginnings apart: the context does it for the other.
        Message::BeginPrepare(_) if tracker.view() == View::Transactions => {
            record.kind = tag::BEGIN;
            return table.begin(&record);
        }
        _ => {}
    }
    table.begin(&record);
    match &change.message {
        Message::Relation(_) | Message::Truncate(_) => relations(table, tracker, change, source),
        Message::Type(described) => {
            table.put([described.oid.0.cast_signed()]);
            schema(table, input, described.schema());
            table.text(input, described.name);
        }
        Message::Message(message) => {
            table.put(halves(message.lsn.0));
            table.text(input, message.prefix);
            table.text(input, message.content);
        }
        Message::Origin(origin) => {
            table.put(halves(origin.lsn.0));
            table.text(input, origin.name);
        }
        _ => boundary(table, &change.message, input),
    }
}

fn relations(table: &mut Table, tracker: &mut Tracker, change: &Change<'_>, source: Source<'_>) {
    let Source { input, types, .. } = source;
    match &change.message {
        Message::Relation(relation) => {
            table.put([
                slot(tracker, relation.oid),
                relation.oid.0.cast_signed(),
                i32::from(relation.replica_identity as u8),
            ]);
            schema(table, input, relation.schema());
            table.text(input, relation.name);
            let changed = tracker.difference().map(|difference| difference.to_json());
            table.own_text(changed.as_deref());
            table.put([int(relation.columns().len())]);
            let known = tracker.relation(relation.oid);
            let known = known.map_or(&[][..], |known| known.columns.as_slice());
            for (index, column) in relation.columns().enumerate() {
                let base = known.get(index).map_or(column.type_oid, |known| known.base_type);
                let base = types.base(base);
                let (element, delimiter) = match types.kind(base) {
                    Some(TypeKind::Array { element, delimiter }) => (element, delimiter),
                    _ => NO_ELEMENT,
                };
                table.text(input, column.name);
                table.put([
                    column.type_oid.0.cast_signed(),
                    base.0.cast_signed(),
                    element.0.cast_signed(),
                    types.base(element).0.cast_signed(),
                    u32::from(delimiter).cast_signed(),
                    column.type_modifier,
                    if column.key { COLUMN_IS_KEY } else { 0 },
                ]);
            }
        }
        Message::Truncate(truncate) => {
            let cascade = if truncate.cascade { TRUNCATE_CASCADE } else { 0 };
            let restart = if truncate.restart_identity { TRUNCATE_RESTART_IDENTITY } else { 0 };
            table.put([
                change.seq.map_or(NO_SEQ, u32::cast_signed),
                cascade | restart,
                int(truncate.relations().len()),
            ]);
            for relation in truncate.relations() {
                table.put([slot(tracker, relation)]);
            }
        }
        _ => {}
    }
}

/// A schema's name; `pg_catalog` is sent as an empty text, so the word itself is core's.
fn schema(table: &mut Table, input: &[u8], name: &[u8]) {
    match range_in(input, name) {
        Some(_) => table.text(input, name),
        None => table.own_text(core::str::from_utf8(name).ok()),
    }
}

fn boundary(table: &mut Table, message: &Message<'_>, input: &[u8]) {
    match message {
        Message::Commit(commit) => {
            end(table, commit.commit_lsn, commit.end_lsn, commit.commit_time);
        }
        Message::StreamCommit(commit) => {
            end(table, commit.commit_lsn, commit.end_lsn, commit.commit_time);
        }
        Message::BeginPrepare(prepared)
        | Message::Prepare(prepared)
        | Message::StreamPrepare(prepared) => prepare(table, prepared, input),
        Message::CommitPrepared(commit) => {
            end(table, commit.commit_lsn, commit.end_lsn, commit.commit_time);
            table.text(input, commit.gid);
        }
        Message::RollbackPrepared(rollback) => {
            end(table, rollback.prepare_end_lsn, rollback.end_lsn, rollback.prepare_time);
            table.put(halves(rollback.rollback_time.0.cast_unsigned()));
            table.text(input, rollback.gid);
        }
        Message::StreamStart(start) => table.put([i32::from(start.first_segment)]),
        Message::StreamAbort(abort) => {
            let (lsn, time) = abort.abort.unwrap_or_default();
            table.put([abort.subxid.0.cast_signed()]);
            table.put(halves(lsn.0));
            table.put(halves(time.0.cast_unsigned()));
        }
        _ => {}
    }
}

fn prepare(table: &mut Table, prepared: &Prepare<'_>, input: &[u8]) {
    end(table, prepared.prepare_lsn, prepared.end_lsn, prepared.prepare_time);
    table.text(input, prepared.gid);
}

fn end(table: &mut Table, lsn: Lsn, end_lsn: Lsn, time: Timestamp) {
    table.put(halves(lsn.0));
    table.put(halves(end_lsn.0));
    table.put(halves(time.0.cast_unsigned()));
}
