//! The tables as a session sees them, its own changes of them included.

use tokio_postgres::{Client, Error, SimpleQueryMessage};

/// A table that statements can name.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Quoted, with its schema.
    pub(super) name: String,
    /// Whether it is ordinary: neither partitioned nor a partition.
    pub(super) is_ordinary: bool,
    /// Whether PostgreSQL publishes updates and deletes of it.
    pub(super) has_identity: bool,
    pub(super) columns: Vec<Column>,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Quoted.
    pub(super) name: String,
    /// `format_type`, with its modifier.
    pub(super) type_name: String,
    pub(super) is_generated: bool,
    /// A sequence fills it in where nothing is given.
    pub(super) has_sequence: bool,
    /// Whether it belongs to a unique index.
    pub(super) is_unique: bool,
    pub(super) is_required: bool,
}

const TABLES: &str = "
    SELECT format('%I.%I', nspname, relname), relkind = 'r' AND NOT relispartition,
           relreplident = 'f' OR EXISTS (
             SELECT FROM pg_index
              WHERE indrelid = c.oid
                AND CASE relreplident WHEN 'd' THEN indisprimary WHEN 'i' THEN indisreplident END),
           format('%I', attname), format_type(atttypid, atttypmod), attgenerated <> '',
           attidentity <> '',
           EXISTS (SELECT FROM pg_index
                    WHERE indrelid = c.oid AND indisunique AND attnum = ANY (indkey)),
           attnotnull
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
     WHERE nspname IN ('public', 'Odd \"schema\"') AND relkind IN ('r', 'p')
     ORDER BY 1, attnum";

/// Asks the session.
pub(super) async fn tables(client: &Client) -> Result<Vec<Table>, Error> {
    let mut tables: Vec<Table> = Vec::new();
    for message in client.simple_query(TABLES).await? {
        let SimpleQueryMessage::Row(row) = message else { continue };
        let text = |at| row.get(at).unwrap_or_default().to_owned();
        let flag = |at| row.get(at) == Some("t");
        if tables.last().is_none_or(|table| table.name != text(0)) {
            tables.push(Table {
                name: text(0),
                is_ordinary: flag(1),
                has_identity: flag(2),
                columns: Vec::new(),
            });
        }
        let column = Column {
            name: text(3),
            type_name: text(4),
            is_generated: flag(5),
            has_sequence: flag(6),
            is_unique: flag(7),
            is_required: flag(8),
        };
        if let Some(table) = tables.last_mut() {
            table.columns.push(column);
        }
    }
    Ok(tables)
}
