//! Statements that change rows, and messages.

use super::catalog::{Column, Table};
use super::values;
use crate::random::Random;

/// A statement on rows of one of the tables, which may fail.
pub(super) fn statement(random: &mut Random, tables: &[Table]) -> String {
    let table = random.pick(tables);
    match random.below(100) {
        0..35 => insert(random, table),
        35..42 => insert_many(random, table),
        _ if !table.has_identity => insert(random, table),
        42..65 => update(random, table),
        65..72 => update_key(random, table),
        72..76 => update_many(random, table),
        76..88 => delete(random, table, 3),
        88..95 => delete(random, table, 150),
        _ => truncate(random, tables),
    }
}

/// A row or a few.
pub(super) fn insert(random: &mut Random, table: &Table) -> String {
    let columns = given_columns(random, table);
    let count = random.between(1, 4);
    let rows: Vec<_> =
        (0..count).map(|_| format!("({})", row(random, &columns).join(", "))).collect();
    let rows = rows.join(", ");
    format!("INSERT INTO {} ({}) VALUES {rows}{}", table.name, names(&columns), conflict(random))
}

/// More rows than the server keeps in memory for one transaction.
fn insert_many(random: &mut Random, table: &Table) -> String {
    let columns = given_columns(random, table);
    let (first, count) = (random.between(1, 3000), random.between(20, 250));
    let small =
        |column: &Column| values::small_value(random, &column.type_name, column.is_required);
    let mut values: Vec<_> = columns.iter().map(small).collect();
    if let Some(at) = columns.iter().position(|column| column.type_name == "integer") {
        values[at] = "n".to_owned();
    }
    if let Some(at) = columns.iter().position(|column| column.type_name == "text") {
        values[at] = "repeat(md5(n || ''), 1 + n % 7)".to_owned();
    }
    format!(
        "INSERT INTO {} ({}) SELECT {} FROM generate_series({first}, {}) n ON CONFLICT DO NOTHING",
        table.name,
        names(&columns),
        values.join(", "),
        first + count
    )
}

fn given_columns(random: &mut Random, table: &Table) -> Vec<Column> {
    let by_sequence = random.percent(70);
    let left_out = |column: &Column| column.is_generated || column.has_sequence && by_sequence;
    table.columns.iter().filter(|column| !left_out(column)).cloned().collect()
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn row(random: &mut Random, columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| value(random, column)).collect()
}

fn value(random: &mut Random, column: &Column) -> String {
    // Small numbers meet again in other statements.
    if column.type_name == "integer" && (column.is_unique || random.percent(50)) {
        return random.between(1, 200).to_string();
    }
    values::value(random, &column.type_name, column.is_required)
}

/// Most rows give way to one that is there: the server first writes them all the same.
fn conflict(random: &mut Random) -> &'static str {
    if random.percent(70) { " ON CONFLICT DO NOTHING" } else { "" }
}

/// A few rows, found by their first column.
fn some_rows(random: &mut Random, table: &Table, most: usize) -> String {
    let (skipped, count) = (random.below(20), random.between(1, most));
    format!(
        "ctid = ANY (ARRAY(SELECT ctid FROM {} ORDER BY {}::text COLLATE \"C\", ctid
           LIMIT {count} OFFSET {skipped}))",
        table.name, table.columns[0].name
    )
}

fn update(random: &mut Random, table: &Table) -> String {
    let free: Vec<_> =
        table.columns.iter().filter(|column| !column.is_generated && !column.is_unique).collect();
    if free.is_empty() {
        return update_key(random, table);
    }
    // What is not named stays where it is, out of line or not.
    let mut sets = Vec::new();
    for column in random.some(&free, 3) {
        sets.push(format!("{} = {}", column.name, value(random, column)));
    }
    let rows = some_rows(random, table, 4);
    format!("UPDATE {} SET {} WHERE {rows}", table.name, sets.join(", "))
}

/// Rows get another identity.
fn update_key(random: &mut Random, table: &Table) -> String {
    let keys: Vec<_> = table.columns.iter().filter(|column| column.is_unique).collect();
    let keys = if keys.is_empty() { table.columns.iter().collect() } else { keys };
    let column = *random.pick(&keys);
    if column.is_generated {
        return delete(random, table, 1);
    }
    let new = match column.type_name.as_str() {
        "integer" => format!("{} + {}", column.name, random.between(1, 500)),
        _ => value(random, column),
    };
    format!(
        "UPDATE {} SET {} = {new} WHERE {}",
        table.name,
        column.name,
        some_rows(random, table, 1)
    )
}

/// Every row of the table, up to a bound, as it was or with one value for all.
fn update_many(random: &mut Random, table: &Table) -> String {
    let given: Vec<_> = table.columns.iter().filter(|column| !column.is_generated).collect();
    let column = *random.pick(&given);
    let new = if column.is_unique || random.percent(40) {
        column.name.clone()
    } else {
        values::small_value(random, &column.type_name, column.is_required)
    };
    format!(
        "UPDATE {} SET {} = {new} WHERE {}",
        table.name,
        column.name,
        some_rows(random, table, 120)
    )
}

fn delete(random: &mut Random, table: &Table, most: usize) -> String {
    format!("DELETE FROM {} WHERE {}", table.name, some_rows(random, table, most))
}

pub(super) fn message(random: &mut Random) -> String {
    let transactional = random.percent(70);
    let number = random.below(1000);
    match random.below(3) {
        0 => {
            format!("SELECT pg_logical_emit_message({transactional}, 'text', 'Grüße \"{number}\"')")
        }
        1 => format!("SELECT pg_logical_emit_message({transactional}, '', '')"),
        _ => format!(
            "SELECT pg_logical_emit_message({transactional}, 'bytes', decode('00ff{number:04}', 'hex'))"
        ),
    }
}

fn truncate(random: &mut Random, tables: &[Table]) -> String {
    let names: Vec<_> = tables.iter().map(|table| table.name.clone()).collect();
    let names = random.some(&names, 3).join(", ");
    let identity = if random.percent(40) { " RESTART IDENTITY" } else { "" };
    let cascade = if random.percent(60) { " CASCADE" } else { "" };
    format!("TRUNCATE {names}{identity}{cascade}")
}
