//! Reads from a server's catalogs what relations are called and how their rows are built.

use std::collections::BTreeMap;

use walscope_core::wal::rows::{Alignment, Attribute, Catalog, Relation};
use walscope_core::{Oid, RelFileLocator};

use crate::client::{Client, QueryResult};
use crate::error::{Error, Result};

/// All relations of the database that have files, and those that all databases share.
const RELATIONS: &str = "
SELECT coalesce(nullif(c.reltablespace, 0), d.dattablespace),
       CASE WHEN c.relisshared THEN 0 ELSE d.oid END,
       pg_relation_filenode(c.oid), c.oid, n.nspname, c.relname, c.relkind
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_database d ON d.datname = current_database()
WHERE pg_relation_filenode(c.oid) IS NOT NULL
ORDER BY c.oid";

/// The columns of those that have rows, dropped ones too.
///
/// - A domain's type is what it is made of in the end.
/// - A type with the output and send functions of `text` counts as `text`: `citext` is one.
/// - The value of rows that are older than the column is an array of one (`attmissingval`).
const COLUMNS: &str = "
WITH RECURSIVE base(oid, type, typtype, next) AS (
    SELECT oid, oid, typtype, typbasetype FROM pg_type
    UNION ALL
    SELECT b.oid, t.oid, t.typtype, t.typbasetype
    FROM base b JOIN pg_type t ON t.oid = b.next WHERE b.typtype = 'd'
)
SELECT a.attrelid, a.attname,
       CASE WHEN b.type IS NULL THEN 0
            WHEN o.prosrc = 'textout' AND s.prosrc = 'textsend' AND t.typlen = -1
                 AND b.type >= 16384 THEN 25
            ELSE b.type END,
       a.attlen, a.attalign, a.attisdropped, coalesce(b.typtype = 'e', false),
       (a.attmissingval::text::text[])[1]
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN base b ON b.oid = a.atttypid AND b.typtype <> 'd'
LEFT JOIN pg_type t ON t.oid = b.type
LEFT JOIN pg_proc o ON o.oid = t.typoutput
LEFT JOIN pg_proc s ON s.oid = t.typsend
WHERE a.attnum > 0 AND c.relkind IN ('r', 't', 'm')
ORDER BY a.attrelid, a.attnum";

const LABELS: &str = "SELECT oid, enumlabel FROM pg_enum ORDER BY oid";

const SYSTEM: &str = "SELECT system_identifier FROM pg_control_system()";

impl Client {
    /// The relations of the database and what their rows are made of, so that rows in its log can be
    /// read. It is true of the log that was written since tables were last altered; tables that are
    /// written anew later have other files.
    pub async fn catalog(&mut self) -> Result<Catalog> {
        let sql = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {RELATIONS}; {COLUMNS}; \
             {LABELS}; {SYSTEM}; COMMIT"
        );
        let results = self.simple_query(&sql).await?;
        let [_, relations, columns, labels, system, _] = results.as_slice() else {
            return Err(Error::protocol("six statements have other than six results"));
        };
        let mut catalog = Catalog::default();
        read(relations, columns, labels, &mut catalog)
            .ok_or_else(|| Error::protocol("the catalog's relations cannot be read"))?;
        let system = system.rows.first().and_then(|row| row.first()).and_then(Option::as_deref);
        catalog.system_identifier = system.and_then(|number| number.parse().ok());
        Ok(catalog)
    }
}

fn read(
    relations: &QueryResult,
    columns: &QueryResult,
    labels: &QueryResult,
    catalog: &mut Catalog,
) -> Option<()> {
    let mut attributes: BTreeMap<Oid, Vec<Attribute>> = BTreeMap::new();
    for row in &columns.rows {
        let [relation, name, type_oid, length, align, dropped, is_enum, missing] = row.as_slice()
        else {
            return None;
        };
        attributes.entry(number(relation)?).or_default().push(Attribute {
            name: name.clone()?,
            type_oid: number(type_oid)?,
            length: length.as_deref()?.parse().ok()?,
            align: Alignment::from_letter(align.as_deref()?.chars().next()?)?,
            dropped: dropped.as_deref()? == "t",
            is_enum: is_enum.as_deref()? == "t",
            missing: missing.clone(),
        });
    }
    for row in &relations.rows {
        let [tablespace, database, file, oid, schema, name, kind] = row.as_slice() else {
            return None;
        };
        let files = RelFileLocator {
            tablespace: number(tablespace)?,
            database: number(database)?,
            relation: number(file)?,
        };
        let oid = number(oid)?;
        catalog.add(
            files,
            Relation {
                schema: schema.clone()?,
                name: name.clone()?,
                oid,
                kind: kind.as_deref()?.chars().next()?,
                attributes: attributes.remove(&oid).unwrap_or_default(),
            },
        );
    }
    for row in &labels.rows {
        let [oid, label] = row.as_slice() else { return None };
        catalog.add_label(number(oid)?, label.clone()?);
    }
    Some(())
}

fn number(value: &Option<String>) -> Option<Oid> {
    value.as_deref()?.parse().ok().map(Oid)
}
