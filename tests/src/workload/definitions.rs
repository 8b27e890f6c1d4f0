//! Statements that change tables' definitions.

use super::catalog::{Column, Table};
use super::values;
use crate::random::Random;

/// Above this tables are dropped, below made.
const ENOUGH_TABLES: usize = 16;
const ENOUGH_COLUMNS: usize = 10;

/// A statement on the definition of a table, which may fail. `number` is in every new name.
pub(super) fn statement(random: &mut Random, tables: &[Table], number: usize) -> String {
    let ordinary: Vec<_> = tables.iter().filter(|table| table.is_ordinary).collect();
    if ordinary.len() < ENOUGH_TABLES / 2 || random.percent(12) && ordinary.len() < ENOUGH_TABLES {
        return create(random, number);
    }
    // Columns can be added to a partitioned table too.
    let any = random.pick(tables);
    let table = *random.pick(&ordinary);
    let name = &table.name;
    match random.below(100) {
        0..6 => format!("DROP TABLE {name} CASCADE"),
        6..14 => format!("ALTER TABLE {name} RENAME TO {}", new_name(random, "t", number)),
        14..18 => format!("ALTER TABLE {name} SET SCHEMA {}", schema(random)),
        18..40 if any.columns.len() < ENOUGH_COLUMNS => add_column(random, any, number),
        40..50 => rename_column(random, table, number),
        50..62 => change_type(random, table),
        62..80 => identity(random, table),
        80..84 => key(random, table, number),
        _ => drop_column(random, table),
    }
}

fn schema(random: &mut Random) -> &'static str {
    if random.percent(70) { "public" } else { "\"Odd \"\"schema\"\"\"" }
}

fn new_name(random: &mut Random, prefix: &str, number: usize) -> String {
    if random.percent(25) {
        format!("\"{prefix} ü, {number}\"")
    } else {
        format!("{prefix}{number}")
    }
}

fn create(random: &mut Random, number: usize) -> String {
    let mut columns = match random.below(5) {
        0 => vec!["k integer".to_owned()],
        1 => vec!["k uuid PRIMARY KEY".to_owned()],
        2 => vec![
            "k integer PRIMARY KEY".to_owned(),
            "generated_twice integer GENERATED ALWAYS AS (k * 2) STORED".to_owned(),
        ],
        _ => vec!["k integer PRIMARY KEY".to_owned()],
    };
    for at in 0..random.between(1, 5) {
        columns.push(format!("c{at} {}", values::random_type(random)));
    }
    let name = new_name(random, "t", number);
    format!("CREATE TABLE {}.{name} ({})", schema(random), columns.join(", "))
}

fn add_column(random: &mut Random, table: &Table, number: usize) -> String {
    let type_name = values::random_type(random);
    let name = new_name(random, "c", number);
    let default = if random.percent(50) {
        format!(" DEFAULT {}", values::small_value(random, &type_name, false))
    } else {
        String::new()
    };
    format!("ALTER TABLE {} ADD COLUMN {name} {type_name}{default}", table.name)
}

/// A column that is neither generated nor part of a key, where there is one.
fn free_column<'a>(random: &mut Random, table: &'a Table) -> Option<&'a Column> {
    let free: Vec<_> =
        table.columns.iter().filter(|column| !column.is_generated && !column.is_unique).collect();
    (!free.is_empty()).then(|| *random.pick(&free))
}

fn drop_column(random: &mut Random, table: &Table) -> String {
    let column = free_column(random, table).filter(|_| table.columns.len() > 2);
    let column = column.unwrap_or_else(|| random.pick(&table.columns));
    format!("ALTER TABLE {} DROP COLUMN {}", table.name, column.name)
}

fn rename_column(random: &mut Random, table: &Table, number: usize) -> String {
    // What is generated is known by its name.
    let given: Vec<_> = table.columns.iter().filter(|column| !column.is_generated).collect();
    let column = random.pick(&given);
    let name = new_name(random, "c", number);
    format!("ALTER TABLE {} RENAME COLUMN {} TO {name}", table.name, column.name)
}

fn change_type(random: &mut Random, table: &Table) -> String {
    let Some(column) = free_column(random, table) else {
        return identity(random, table);
    };
    let name = &column.name;
    let (type_name, using) = match (column.type_name.as_str(), random.below(3)) {
        ("integer", 0) => ("bigint".to_owned(), name.clone()),
        ("integer" | "bigint" | "smallint", _) => ("numeric".to_owned(), name.clone()),
        ("character varying(40)", _) => ("character varying".to_owned(), name.clone()),
        // Lines have the value of a json, not its white space, which a text would keep.
        ("json", 0) => ("jsonb".to_owned(), format!("{name}::jsonb")),
        (_, 0) => ("text".to_owned(), format!("{name}::text")),
        _ => {
            let type_name = values::random_type(random);
            let value = values::small_value(random, &type_name, false);
            (type_name, value)
        }
    };
    format!(
        "ALTER TABLE {0} ALTER COLUMN {name} DROP DEFAULT, ALTER COLUMN {name} TYPE {type_name} \
         USING {using}",
        table.name
    )
}

fn identity(random: &mut Random, table: &Table) -> String {
    let identity = match random.below(10) {
        0 => "NOTHING",
        1..4 => "FULL",
        _ => "DEFAULT",
    };
    format!("ALTER TABLE {} REPLICA IDENTITY {identity}", table.name)
}

fn key(random: &mut Random, table: &Table, number: usize) -> String {
    let column = &random.pick(&table.columns).name;
    match random.below(3) {
        0 => format!("CREATE UNIQUE INDEX i{number} ON {} ({column})", table.name),
        1 => format!("ALTER TABLE {} ALTER COLUMN {column} SET NOT NULL", table.name),
        _ => format!("ALTER TABLE {} ADD PRIMARY KEY ({column})", table.name),
    }
}
