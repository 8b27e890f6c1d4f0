//! Reads the user types of a database from its catalogs.

use walscope_core::Oid;
use walscope_core::value::{Field, TypeKind, TypeTable, UserType};

use crate::client::{Client, QueryResult};
use crate::error::{Error, Result};

/// The types that are not built in and have a decoder, as columns: what each is made of.
///
/// - Row types of tables are left out where nothing is made of them: most databases have many and
///   use none.
/// - A base type that uses the output and send functions of `text` counts as a domain over it:
///   `citext` is one, under functions of its own names (`pg_proc.prosrc`).
/// - `information_schema` has domains whose OIDs are not built in.
const TYPES: &str = "
WITH known AS (
    SELECT t.oid, n.nspname, t.typname, t.typtype, t.typelem, t.typarray, t.typbasetype, t.typdelim,
           o.prosrc = 'textout' AND s.prosrc = 'textsend' AND o.prolang = i.oid AND s.prolang = i.oid
               AS is_text,
           x.extname = 'hstore' AND t.typname = 'hstore' AS is_hstore
    FROM pg_type t
    JOIN pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_language i ON i.lanname = 'internal'
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    LEFT JOIN pg_proc o ON o.oid = t.typoutput
    LEFT JOIN pg_proc s ON s.oid = t.typsend
    LEFT JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid
        AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    LEFT JOIN pg_extension x ON x.oid = d.refobjid
    WHERE t.typisdefined
      AND (t.oid >= 16384 OR n.nspname = 'information_schema')
      AND n.nspname !~ '^pg_(toast|temp)'
      AND (t.typtype <> 'c' OR c.relkind = 'c'
        OR EXISTS (SELECT FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
                   WHERE a.atttypid IN (t.oid, t.typarray) AND a.attnum > 0)
        OR EXISTS (SELECT FROM pg_type b WHERE b.typbasetype IN (t.oid, t.typarray))
        OR EXISTS (SELECT FROM pg_range r WHERE r.rngsubtype IN (t.oid, t.typarray)))
)
SELECT k.oid, k.nspname, k.typname,
       CASE WHEN k.typtype = 'e' THEN 'enum'
            WHEN k.typtype = 'd' THEN 'domain'
            WHEN k.typtype = 'c' THEN 'composite'
            WHEN k.typtype = 'r' THEN 'range'
            WHEN k.typtype = 'm' THEN 'multirange'
            WHEN e.oid IS NOT NULL THEN 'array'
            WHEN k.is_text THEN 'domain'
            WHEN k.is_hstore THEN 'hstore' END AS kind,
       CASE WHEN k.typtype = 'd' THEN k.typbasetype
            WHEN k.typtype = 'r' THEN r.rngsubtype
            WHEN k.typtype = 'm' THEN m.rngtypid
            WHEN e.oid IS NOT NULL THEN e.oid
            WHEN k.is_text THEN 'text'::regtype END AS other,
       e.typdelim
FROM known k
LEFT JOIN known e ON e.typarray = k.oid
LEFT JOIN pg_range r ON r.rngtypid = k.oid
LEFT JOIN pg_range m ON m.rngmultitypid = k.oid
ORDER BY k.oid";

/// The fields of all composite types that are not built in.
const FIELDS: &str = "
SELECT c.reltype AS oid, a.attname, a.atttypid
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.reltype >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.reltype, a.attnum";

impl Client {
    /// The user types of the database, so that values of them can be told apart.
    ///
    /// Types that are made later are not in it: ask again when the stream has a column of a type
    /// that the table has not.
    pub async fn user_types(&mut self) -> Result<TypeTable> {
        let sql =
            format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {TYPES}; {FIELDS}; COMMIT");
        let results = self.simple_query(&sql).await?;
        let [_, types, fields, _] = results.as_slice() else {
            return Err(Error::protocol("four statements have other than four results"));
        };
        read(types, fields).ok_or_else(|| Error::protocol("the catalog's types cannot be read"))
    }
}

fn read(types: &QueryResult, fields: &QueryResult) -> Option<TypeTable> {
    let mut rows = fields.rows.iter().peekable();
    let mut found = Vec::new();
    for row in &types.rows {
        let [oid, schema, name, kind, other, delimiter] = row.as_slice() else { return None };
        let oid = number(oid)?;
        let kind = match kind.as_deref() {
            Some("enum") => TypeKind::Enum,
            Some("domain") => TypeKind::Domain { base: number(other)? },
            Some("composite") => TypeKind::Composite,
            Some("range") => TypeKind::Range { subtype: number(other)? },
            Some("multirange") => TypeKind::Multirange { range: number(other)? },
            Some("array") => TypeKind::Array {
                element: number(other)?,
                delimiter: delimiter.as_deref()?.chars().next()?,
            },
            Some("hstore") => TypeKind::Hstore,
            // A base type of which nothing is known.
            _ => continue,
        };
        // Both results have the same order.
        let mut own = Vec::new();
        while let Some(row) = rows.next_if(|row| number(&row[0]).is_some_and(|other| other <= oid))
        {
            let [of, name, type_oid] = row.as_slice() else { return None };
            if number(of)? == oid {
                own.push(Field { name: name.clone()?, type_oid: number(type_oid)? });
            }
        }
        let (schema, name) = (schema.clone()?, name.clone()?);
        found.push(UserType { oid, schema, name, kind, fields: own });
    }
    Some(found.into_iter().collect())
}

fn number(value: &Option<String>) -> Option<Oid> {
    value.as_deref()?.parse().ok().map(Oid)
}
