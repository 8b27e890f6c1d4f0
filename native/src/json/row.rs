//! Rows and the tables they belong to. The tracker has checked each row against its relation.

use walscope_core::Oid;
use walscope_core::pgoutput::{Column, Delete, Insert, OldTuple, Truncate, Update};
use walscope_core::relation::{self, BadValue, Relation};
use walscope_core::transaction::Tracker;

use super::object::Object;
use super::value::{self, Values};

/// How the rows of a message are written.
#[derive(Clone, Copy)]
pub(super) struct Rows<'r> {
    pub(super) values: &'r Values,
    /// The message that they came in.
    pub(super) message: &'r [u8],
}

pub(super) fn write_insert(
    line: &mut Object<'_>,
    tracker: &mut Tracker,
    rows: Rows<'_>,
    insert: &Insert<'_>,
) -> Result<(), BadValue> {
    let Some(relation) = name_table(line, tracker, insert.relation) else { return Ok(()) };
    rows.write(line.member("new"), relation, insert.new.iter(), sent)
}

pub(super) fn write_update(
    line: &mut Object<'_>,
    tracker: &mut Tracker,
    rows: Rows<'_>,
    update: &Update<'_>,
) -> Result<(), BadValue> {
    let Some(relation) = name_table(line, tracker, update.relation) else { return Ok(()) };
    // The server sends the key only when it has changed.
    let key = update.old.map_or(update.new, |old| old.tuple());
    write_key(line, relation, rows, key.iter())?;
    match update.old {
        Some(OldTuple::Full(old)) => {
            rows.write(line.member("old"), relation, old.iter(), sent)?;
            write_new(line, relation, rows, update.new.filled_from(&old))
        }
        _ => write_new(line, relation, rows, update.new.iter()),
    }
}

pub(super) fn write_delete(
    line: &mut Object<'_>,
    tracker: &mut Tracker,
    rows: Rows<'_>,
    delete: &Delete<'_>,
) -> Result<(), BadValue> {
    let Some(relation) = name_table(line, tracker, delete.relation) else { return Ok(()) };
    write_key(line, relation, rows, delete.old.tuple().iter())?;
    match delete.old {
        OldTuple::Full(old) => rows.write(line.member("old"), relation, old.iter(), sent),
        OldTuple::Key(_) => Ok(()),
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
    rows: Rows<'_>,
    columns: impl Iterator<Item = Column<'a>> + Clone,
) -> Result<(), BadValue> {
    rows.write(line.member("new"), relation, columns.clone(), sent)?;
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
    Ok(())
}

fn write_key<'a>(
    line: &mut Object<'_>,
    relation: &Relation,
    rows: Rows<'_>,
    columns: impl Iterator<Item = Column<'a>>,
) -> Result<(), BadValue> {
    if !relation.columns.iter().any(|column| column.key) {
        return Ok(());
    }
    rows.write(line.member("key"), relation, columns, |column, _| column.key)
}

fn sent(_: &relation::Column, value: Column<'_>) -> bool {
    value != Column::UnchangedToast
}

impl Rows<'_> {
    fn write<'a>(
        self,
        out: &mut Vec<u8>,
        relation: &Relation,
        columns: impl Iterator<Item = Column<'a>>,
        shown: impl Fn(&relation::Column, Column<'a>) -> bool,
    ) -> Result<(), BadValue> {
        let mut object = Object::begin(out);
        for (index, (column, value)) in relation.columns.iter().zip(columns).enumerate() {
            if shown(column, value) {
                let out = object.member(&column.name);
                self.values.write(out, (relation, index), self.message, value)?;
            }
        }
        object.end();
        Ok(())
    }
}
