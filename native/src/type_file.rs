//! The file that `walscope types` writes and `--types` reads: user types as JSON.
//!
//! `native/docs/types.md` describes it.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};
use walscope_core::Oid;
use walscope_core::value::{Field, TypeKind, TypeTable, UserType};

/// The version of the file that is written, and the only one that is read.
const VERSION: u32 = 1;

#[derive(Deserialize, Serialize)]
struct File {
    version: u32,
    types: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    oid: u32,
    schema: String,
    name: String,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Kind {
    Enum,
    Domain { base: u32 },
    Composite { fields: Vec<FieldEntry> },
    Array { element: u32, delimiter: char },
    Range { subtype: u32 },
    Multirange { range: u32 },
    Hstore,
}

#[derive(Deserialize, Serialize)]
struct FieldEntry {
    name: String,
    r#type: u32,
}

/// The only member that all versions have.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// What is wrong with a table of types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFileError(String);

impl Display for TypeFileError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for TypeFileError {}

impl From<serde_json::Error> for TypeFileError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// What `walscope types` prints of a table of user types: JSON, a type a line.
pub fn types_to_json(types: &TypeTable) -> String {
    let lines: Vec<_> = types
        .iter()
        .filter_map(|user_type| serde_json::to_string(&Entry::of(user_type)?).ok())
        .collect();
    format!("{{\"version\":{VERSION},\"types\":[\n{}\n]}}\n", lines.join(",\n"))
}

/// Reads a table of user types as `walscope types` prints it.
///
/// # Errors
///
/// Another version, two types of one OID, and what is no table at all; the error says what is wrong.
pub fn types_from_json(json: &[u8]) -> Result<TypeTable, TypeFileError> {
    let Versioned { version } = serde_json::from_slice(json)?;
    if version != VERSION {
        let problem = format!("it has version {version}, and this walscope reads {VERSION}");
        return Err(TypeFileError(problem));
    }
    let file: File = serde_json::from_slice(json)?;
    let count = file.types.len();
    let table: TypeTable = file.types.into_iter().map(Entry::into_type).collect();
    if table.iter().len() < count {
        return Err(TypeFileError("it has several types of one OID".to_owned()));
    }
    Ok(table)
}

impl Entry {
    /// `None` for a kind that is newer than the file's format.
    fn of(user_type: &UserType) -> Option<Self> {
        let fields = user_type
            .fields
            .iter()
            .map(|field| FieldEntry { name: field.name.clone(), r#type: field.type_oid.0 });
        let kind = match user_type.kind {
            TypeKind::Enum => Kind::Enum,
            TypeKind::Domain { base } => Kind::Domain { base: base.0 },
            TypeKind::Composite => Kind::Composite { fields: fields.collect() },
            TypeKind::Array { element, delimiter } => Kind::Array { element: element.0, delimiter },
            TypeKind::Range { subtype } => Kind::Range { subtype: subtype.0 },
            TypeKind::Multirange { range } => Kind::Multirange { range: range.0 },
            TypeKind::Hstore => Kind::Hstore,
            _ => return None,
        };
        let (schema, name) = (user_type.schema.clone(), user_type.name.clone());
        Some(Self { oid: user_type.oid.0, schema, name, kind })
    }

    fn into_type(self) -> UserType {
        let mut fields = Vec::new();
        let kind = match self.kind {
            Kind::Enum => TypeKind::Enum,
            Kind::Domain { base } => TypeKind::Domain { base: Oid(base) },
            Kind::Composite { fields: entries } => {
                fields = entries
                    .into_iter()
                    .map(|entry| Field { name: entry.name, type_oid: Oid(entry.r#type) })
                    .collect();
                TypeKind::Composite
            }
            Kind::Array { element, delimiter } => {
                TypeKind::Array { element: Oid(element), delimiter }
            }
            Kind::Range { subtype } => TypeKind::Range { subtype: Oid(subtype) },
            Kind::Multirange { range } => TypeKind::Multirange { range: Oid(range) },
            Kind::Hstore => TypeKind::Hstore,
        };
        UserType { oid: Oid(self.oid), schema: self.schema, name: self.name, kind, fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY_KIND: &str = r#"{"version":1,"types":[
{"oid":16384,"schema":"public","name":"mood","kind":"enum"},
{"oid":16385,"schema":"public","name":"_mood","kind":"array","element":16384,"delimiter":","},
{"oid":16386,"schema":"S p","name":"age","kind":"domain","base":23},
{"oid":16387,"schema":"public","name":"pair","kind":"composite","fields":[{"name":"a \"","type":23},{"name":"b","type":16384}]},
{"oid":16388,"schema":"public","name":"span","kind":"range","subtype":701},
{"oid":16389,"schema":"public","name":"spans","kind":"multirange","range":16388},
{"oid":16390,"schema":"public","name":"hstore","kind":"hstore"}
]}
"#;

    #[test]
    fn every_kind_is_read_and_written() {
        let table = types_from_json(EVERY_KIND.as_bytes()).expect("a table");
        assert_eq!(table.iter().len(), 7);
        assert_eq!(table.kind(Oid(16388)), Some(TypeKind::Range { subtype: Oid(701) }));
        assert_eq!(types_to_json(&table), EVERY_KIND);
        let empty = types_to_json(&TypeTable::new());
        assert_eq!(types_from_json(empty.as_bytes()), Ok(TypeTable::new()));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let of = |json: &str| types_from_json(json.as_bytes()).expect_err(json).to_string();
        assert!(of("").contains("EOF"));
        assert!(of("{}").contains("version"));
        assert_eq!(
            of(r#"{"version":2,"types":{}}"#),
            "it has version 2, and this walscope reads 1"
        );
        let one = |entry: &str| of(&format!(r#"{{"version":1,"types":[{entry}]}}"#));
        let mood = r#"{"oid":16384,"schema":"public","name":"mood","kind":"enum"}"#;
        assert!(one(&mood.replace("enum", "song")).contains("song"));
        assert!(one(&mood.replace("enum", "domain")).contains("base"));
        assert_eq!(one(&format!("{mood},{mood}")), "it has several types of one OID");
    }
}
