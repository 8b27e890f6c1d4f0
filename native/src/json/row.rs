//! Rows and the tables they belong to. The tracker has checked each row against its relation.

use walscope_core::Oid;
use walscope_core::pgoutput::{Column, Delete, Insert, OldTuple, Truncate, Update};
use walscope_core::relation::{self, Relation};
use walscope_core::transaction::Tracker;

use super::object::Object;
use super::value::{self, Values};

pub(super) fn write_insert(
    line: &mut Object<'_>,
    tracker: &mut Tracker,
    values: &Values,
    insert: &Insert<'_>,
) {
    let Some(relation) = name_table(line, tracker, insert.relation) else { return };
    row(line.member("new"), relation, values, insert.new.iter(), sent);
}

pub(super) fn write_update(
    line: &mut Object<'_>,
    tracker: &mut Tracker,
    values: &Values,
    update: &Update<'_>,
) {
    let Some(relation) = name_table(line, tracker, update.relation) else { return };
    // The server sends the key only when it has changed.
    let key = update.old.map_or(update.new, |old| old.tuple());
    write_key(line, relation, values, key.iter());
    match update.old {
        Some(OldTuple::Full(old)) => {
            row(line.member("old"), relation, values, old.iter(), sent);
            write_new(line, relation, values, update.new.filled_from(&old));
        }
        _ => write_new(line, relation, values, update.new.iter()),
    }
}

pub(super) fn write_delete(
    line: &mut Object<'_>,
    tracker: &mut Tracker,
    values: &Values,
    delete: &Delete<'_>,
) {
    let Some(relation) = name_table(line, tracker, delete.relation) else { return };
    write_key(line, relation, values, delete.old.tuple().iter());
    if let OldTuple::Full(old) = delete.old {
        row(line.member("old"), relation, values, old.iter(), sent);
    }
}

pub(super) fn write_truncate(
    line: &mut Object<'_>,
    tracker: &mut Tracker,
    truncate: &Truncate<'_>,
) {
    line.array("relations", truncate.relations(), |out, oid| {
        let mut relation = Object::begin(out);
        name_table(&mut relation, tracker, oid);
        relation.end();
    });
    line.bool("cascade", truncate.cascade);
    line.bool("restartIdentity", truncate.restart_identity);
}

fn name_table<'t>(
    line: &mut Object<'_>,
    tracker: &'t mut Tracker,
    oid: Oid,
) -> Option<&'t Relation> {
    let relation = tracker.relation(oid)?;
    line.text("schema", &relation.schema);
    line.text("table", &relation.name);
    Some(relation)
}

/// Columns that were not sent because the update left them in place are named, not shown.
fn write_new<'a>(
    line: &mut Object<'_>,
    relation: &Relation,
    values: &Values,
    columns: impl Iterator<Item = Column<'a>> + Clone,
) {
    row(line.member("new"), relation, values, columns.clone(), sent);
    let mut unchanged = relation
        .columns
        .iter()
        .zip(columns)
        .filter(|(_, value)| *value == Column::UnchangedToast)
        .peekable();
    if unchanged.peek().is_some() {
        line.array("unchanged", unchanged, |out, (column, _)| {
            value::write_string(out, &column.name);
        });
    }
}

fn write_key<'a>(
    line: &mut Object<'_>,
    relation: &Relation,
    values: &Values,
    columns: impl Iterator<Item = Column<'a>>,
) {
    if relation.columns.iter().any(|column| column.key) {
        row(line.member("key"), relation, values, columns, |column, _| column.key);
    }
}

fn sent(_: &relation::Column, value: Column<'_>) -> bool {
    value != Column::UnchangedToast
}

fn row<'a>(
    out: &mut Vec<u8>,
    relation: &Relation,
    values: &Values,
    columns: impl Iterator<Item = Column<'a>>,
    shown: impl Fn(&relation::Column, Column<'a>) -> bool,
) {
    let mut object = Object::begin(out);
    for (column, value) in relation.columns.iter().zip(columns) {
        if shown(column, value) {
            values.write(object.member(&column.name), column.base_type, value);
        }
    }
    object.end();
}
