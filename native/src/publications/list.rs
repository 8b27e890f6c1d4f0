//! The publications that a database has.

use serde::de::DeserializeOwned;

use super::definition::{
    GeneratedColumns, Publication, PublicationOptions, PublicationScope, PublishedKind,
    PublishedObjects, PublishedTable,
};
use super::{GENERATED_COLUMNS, PARTS};
use crate::client::{Client, QueryResult};
use crate::error::{Error, Result};
use crate::sql::quote_literal;

/// A publication of the connection's database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublicationInfo {
    /// The role that it belongs to.
    pub owner: String,
    /// What it publishes, and how: all options that the server's version has are there. Created
    /// again, it would be the same.
    pub definition: Publication,
}

/// A publication as one value, so that it is all read in one snapshot; strings of PostgreSQL's arrays
/// need no parsing either.
type Listed = (String, String, bool, Vec<ListedTable>, Vec<String>, [bool; 4], bool, Option<char>);
/// Schema, name, columns, filter.
type ListedTable = (String, String, Option<Vec<String>>, Option<String>);

impl Client {
    /// All publications of the connection's database, by name.
    pub async fn publications(&mut self) -> Result<Vec<PublicationInfo>> {
        let result = self.one_result(&list_sql(self.server_major())).await?;
        documents::<Listed>(&result)?.into_iter().map(publication).collect()
    }

    /// The tables whose changes a publication publishes now: all those of the database or of a schema
    /// where these are published, of partitioned ones the partitions or the root. On PostgreSQL 15
    /// and later, with their columns.
    pub async fn published_tables(&mut self, publication: &str) -> Result<Vec<PublishedTable>> {
        let parts = if self.server_major() >= PARTS { "attnames, rowfilter" } else { "NULL, NULL" };
        let sql = format!(
            "SELECT pg_catalog.json_build_array(schemaname, tablename, {parts}) \
             FROM pg_catalog.pg_publication_tables WHERE pubname::pg_catalog.text = {} \
             ORDER BY schemaname, tablename",
            quote_literal(publication)
        );
        let result = self.one_result(&sql).await?;
        Ok(documents(&result)?.into_iter().map(table).collect())
    }

    /// Those of the names that no publication of this database has.
    pub async fn publications_missing<S: AsRef<str>>(
        &mut self,
        names: &[S],
    ) -> Result<Vec<String>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let quoted: Vec<_> = names.iter().map(|name| quote_literal(name.as_ref())).collect();
        // As text, or the server would cut long names and find others.
        let sql = format!(
            "SELECT pubname FROM pg_catalog.pg_publication WHERE pubname::pg_catalog.text IN ({})",
            quoted.join(", ")
        );
        let found = self.one_result(&sql).await?;
        let exists = |name: &&S| {
            let name = Some(name.as_ref());
            found.rows.iter().any(|row| row.first().is_some_and(|found| found.as_deref() == name))
        };
        let missing = names.iter().filter(|name| !exists(name));
        Ok(missing.map(|name| name.as_ref().to_string()).collect())
    }
}

fn list_sql(major: u32) -> String {
    let (parts, schemas) = if major >= PARTS {
        (
            "(SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a \
             WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)), \
             pg_get_expr(r.prqual, r.prrelid)",
            "(SELECT coalesce(json_agg(s.nspname ORDER BY s.nspname), '[]') \
             FROM pg_catalog.pg_publication_namespace m \
             JOIN pg_catalog.pg_namespace s ON s.oid = m.pnnspid WHERE m.pnpubid = p.oid)",
        )
    } else {
        ("NULL, NULL", "'[]'::json")
    };
    let generated = if major >= GENERATED_COLUMNS { "p.pubgencols" } else { "NULL" };
    format!(
        "SELECT json_build_array(p.pubname, pg_get_userbyid(p.pubowner), p.puballtables, \
         (SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname, {parts}) \
         ORDER BY n.nspname, c.relname), '[]') FROM pg_catalog.pg_publication_rel r \
         JOIN pg_catalog.pg_class c ON c.oid = r.prrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE r.prpubid = p.oid), \
         {schemas}, \
         json_build_array(p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate), p.pubviaroot, \
         {generated}) FROM pg_catalog.pg_publication p ORDER BY p.pubname"
    )
}

/// The values of a result of one column, which are JSON.
fn documents<T: DeserializeOwned>(result: &QueryResult) -> Result<Vec<T>> {
    let values = result.rows.iter().filter_map(|row| row.first()?.as_deref());
    let documents: serde_json::Result<_> = values.map(serde_json::from_str).collect();
    documents.map_err(|error| Error::protocol(format!("the catalog cannot be read: {error}")))
}

fn table((schema, name, columns, filter): ListedTable) -> PublishedTable {
    PublishedTable { schema, name, only: true, columns, filter }
}

fn publication(listed: Listed) -> Result<PublicationInfo> {
    let (name, owner, all_tables, tables, schemas, published, via_root, generated) = listed;
    let tables = tables.into_iter().map(table).collect();
    let scope = if all_tables {
        PublicationScope::AllTables
    } else {
        PublicationScope::Named(PublishedObjects { tables, schemas })
    };
    let kinds = [
        PublishedKind::Insert,
        PublishedKind::Update,
        PublishedKind::Delete,
        PublishedKind::Truncate,
    ];
    let publish = kinds.into_iter().zip(published).filter(|(_, published)| *published);
    // `pg_publication.pubgencols`.
    let generated_columns = match generated {
        None => None,
        Some('n') => Some(GeneratedColumns::None),
        Some('s') => Some(GeneratedColumns::Stored),
        Some(other) => {
            return Err(Error::protocol(format!("'{other}' is no way to publish columns")));
        }
    };
    let options = PublicationOptions {
        publish: Some(publish.map(|(kind, _)| kind).collect()),
        via_partition_root: Some(via_root),
        generated_columns,
    };
    Ok(PublicationInfo { owner, definition: Publication { name, scope, options } })
}
