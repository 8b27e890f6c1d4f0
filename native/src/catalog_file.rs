//! The file that `walscope catalog` writes and `walscope waldump --catalog` reads: relations as JSON.
//!
//! `native/docs/waldump.md` describes it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};
use walscope_core::wal::rows::{Alignment, Attribute, Catalog, Relation};
use walscope_core::{Oid, RelFileLocator};

/// The version of the file that is written, and the only one that is read.
const VERSION: u32 = 1;

#[derive(Deserialize)]
struct File {
    #[serde(rename = "systemId")]
    system: Option<String>,
    relations: Vec<Entry>,
    #[serde(default)]
    labels: BTreeMap<u32, String>,
}

/// The only member that all versions have.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    tablespace: u32,
    database: u32,
    file: u32,
    oid: u32,
    schema: String,
    name: String,
    kind: char,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    columns: Vec<Column>,
}

#[derive(Deserialize, Serialize)]
struct Column {
    name: String,
    r#type: u32,
    length: i16,
    align: char,
    #[serde(default, skip_serializing_if = "is_false")]
    dropped: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    r#enum: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_false(truth: &bool) -> bool {
    !*truth
}

/// What is wrong with a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogFileError(String);

impl Display for CatalogFileError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for CatalogFileError {}

impl From<serde_json::Error> for CatalogFileError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// What `walscope catalog` prints of a catalog: JSON, a relation a line.
pub fn catalog_to_json(catalog: &Catalog) -> String {
    let lines: Vec<_> = catalog
        .relations()
        .filter_map(|(files, relation)| serde_json::to_string(&Entry::of(files, relation)).ok())
        .collect();
    let labels: BTreeMap<_, _> = catalog.labels().map(|(oid, label)| (oid.0, label)).collect();
    let labels = serde_json::to_string(&labels).unwrap_or_default();
    let lines = lines.join(",\n");
    // JavaScript's numbers would not hold it.
    let system = catalog.system_identifier;
    let system = system.map_or_else(String::new, |number| format!("\"systemId\":\"{number}\","));
    format!("{{\"version\":{VERSION},{system}\"labels\":{labels},\"relations\":[\n{lines}\n]}}\n")
}

/// The catalog that a file of `walscope catalog` is.
///
/// # Errors
///
/// What is no JSON, is of another version, or lacks something.
pub fn catalog_from_json(json: &str) -> Result<Catalog, CatalogFileError> {
    let Versioned { version } = serde_json::from_str(json)?;
    if version != VERSION {
        let text = format!("a catalog of version {version}: this program reads {VERSION}");
        return Err(CatalogFileError(text));
    }
    let file: File = serde_json::from_str(json)?;
    let mut catalog = Catalog::default();
    if let Some(text) = file.system {
        let number = text.parse().map_err(|_| CatalogFileError(format!("systemId is {text:?}")))?;
        catalog.system_identifier = Some(number);
    }
    for entry in file.relations {
        let files = RelFileLocator {
            tablespace: Oid(entry.tablespace),
            database: Oid(entry.database),
            relation: Oid(entry.file),
        };
        catalog.add(files, entry.relation()?);
    }
    for (oid, label) in file.labels {
        catalog.add_label(Oid(oid), label);
    }
    Ok(catalog)
}

impl Entry {
    fn of(files: RelFileLocator, relation: &Relation) -> Self {
        let column = |attribute: &Attribute| Column {
            name: attribute.name.clone(),
            r#type: attribute.type_oid.0,
            length: attribute.length,
            align: attribute.align.letter(),
            dropped: attribute.dropped,
            r#enum: attribute.is_enum,
            missing: attribute.missing.clone(),
        };
        Self {
            tablespace: files.tablespace.0,
            database: files.database.0,
            file: files.relation.0,
            oid: relation.oid.0,
            schema: relation.schema.clone(),
            name: relation.name.clone(),
            kind: relation.kind,
            columns: relation.attributes.iter().map(column).collect(),
        }
    }

    fn relation(self) -> Result<Relation, CatalogFileError> {
        let (schema, name) = (self.schema, self.name);
        let attribute = |column: Column| {
            let align = Alignment::from_letter(column.align);
            let align = align.ok_or_else(|| {
                let (letter, column) = (column.align, &column.name);
                CatalogFileError(format!(
                    "{schema}.{name}: column {column} has the alignment {letter:?}: c, s, i or d is expected"
                ))
            })?;
            if column.length < -2 {
                let (length, column) = (column.length, &column.name);
                return Err(CatalogFileError(format!(
                    "{schema}.{name}: column {column} has the length {length}: -2 or more is expected"
                )));
            }
            Ok(Attribute {
                name: column.name,
                type_oid: Oid(column.r#type),
                length: column.length,
                align,
                dropped: column.dropped,
                is_enum: column.r#enum,
                missing: column.missing,
            })
        };
        let attributes: Result<_, _> = self.columns.into_iter().map(attribute).collect();
        Ok(Relation { attributes: attributes?, schema, name, oid: Oid(self.oid), kind: self.kind })
    }
}
