//! Publications from and to JSON.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use walscope::{
    GeneratedColumns, Publication, PublicationChange, PublicationInfo, PublicationOptions,
    PublicationScope, PublishedKind, PublishedObjects, PublishedTable,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublicationFields {
    name: String,
    all_tables: Option<bool>,
    #[serde(default)]
    tables: Vec<TableFields>,
    #[serde(default)]
    schemas: Vec<String>,
    #[serde(flatten)]
    options: OptionFields,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TableFields {
    schema: Option<String>,
    table: String,
    only: Option<bool>,
    columns: Option<Vec<String>>,
    filter: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OptionFields {
    publish: Option<Vec<Kind>>,
    via_partition_root: Option<bool>,
    generated_columns: Option<Generated>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Insert,
    Update,
    Delete,
    Truncate,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Generated {
    None,
    Stored,
}

/// What is to become different about a publication.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ChangeFields {
    Add(ObjectFields),
    Set(ObjectFields),
    Drop(ObjectFields),
    Options(OptionsOnly),
    Rename(String),
    Owner(String),
}

#[derive(Deserialize)]
pub(crate) struct ObjectFields {
    #[serde(default)]
    tables: Vec<TableFields>,
    #[serde(default)]
    schemas: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct OptionsOnly {
    #[serde(flatten)]
    options: OptionFields,
}

impl PublicationFields {
    pub(crate) fn build(self) -> Publication {
        let scope = if self.all_tables == Some(true) {
            PublicationScope::AllTables
        } else {
            PublicationScope::Named(objects(self.tables, self.schemas))
        };
        Publication { name: self.name, scope, options: self.options.build() }
    }
}

impl ChangeFields {
    pub(crate) fn build(self) -> PublicationChange {
        match self {
            Self::Add(fields) => PublicationChange::Add(objects(fields.tables, fields.schemas)),
            Self::Set(fields) => PublicationChange::Set(objects(fields.tables, fields.schemas)),
            Self::Drop(fields) => PublicationChange::Drop(objects(fields.tables, fields.schemas)),
            Self::Options(fields) => PublicationChange::Options(fields.options.build()),
            Self::Rename(name) => PublicationChange::Rename(name),
            Self::Owner(role) => PublicationChange::Owner(role),
        }
    }
}

impl OptionFields {
    fn build(self) -> PublicationOptions {
        PublicationOptions {
            publish: self.publish.map(|kinds| kinds.into_iter().map(Kind::build).collect()),
            via_partition_root: self.via_partition_root,
            generated_columns: self.generated_columns.map(|generated| match generated {
                Generated::None => GeneratedColumns::None,
                Generated::Stored => GeneratedColumns::Stored,
            }),
        }
    }
}

impl Kind {
    fn build(self) -> PublishedKind {
        match self {
            Self::Insert => PublishedKind::Insert,
            Self::Update => PublishedKind::Update,
            Self::Delete => PublishedKind::Delete,
            Self::Truncate => PublishedKind::Truncate,
        }
    }
}

fn objects(tables: Vec<TableFields>, schemas: Vec<String>) -> PublishedObjects {
    let tables = tables.into_iter().map(|table| PublishedTable {
        only: table.only.unwrap_or_default(),
        columns: table.columns,
        filter: table.filter,
        ..PublishedTable::new(table.schema.as_deref().unwrap_or("public"), table.table)
    });
    PublishedObjects { tables: tables.collect(), schemas }
}

/// A publication as `createPublication` takes it, with its owner.
pub(crate) fn info(publication: &PublicationInfo) -> Value {
    let Publication { name, scope, options } = &publication.definition;
    let mut fields = Map::new();
    fields.insert("name".into(), name.as_str().into());
    fields.insert("owner".into(), publication.owner.as_str().into());
    let all_tables = *scope == PublicationScope::AllTables;
    fields.insert("allTables".into(), all_tables.into());
    let nothing = PublishedObjects::default();
    let objects = match scope {
        PublicationScope::AllTables => &nothing,
        PublicationScope::Named(objects) => objects,
    };
    fields.insert("tables".into(), objects.tables.iter().map(table).collect());
    fields.insert("schemas".into(), json!(objects.schemas));
    if let Some(kinds) = &options.publish {
        let words: Vec<_> = kinds.iter().map(|kind| word(*kind)).collect();
        fields.insert("publish".into(), json!(words));
    }
    if let Some(via_root) = options.via_partition_root {
        fields.insert("viaPartitionRoot".into(), via_root.into());
    }
    if let Some(generated) = options.generated_columns {
        let word = match generated {
            GeneratedColumns::None => "none",
            GeneratedColumns::Stored => "stored",
        };
        fields.insert("generatedColumns".into(), word.into());
    }
    Value::Object(fields)
}

pub(crate) fn table(table: &PublishedTable) -> Value {
    let mut fields = Map::new();
    fields.insert("schema".into(), table.schema.as_str().into());
    fields.insert("table".into(), table.name.as_str().into());
    if table.only {
        fields.insert("only".into(), true.into());
    }
    if let Some(columns) = &table.columns {
        fields.insert("columns".into(), json!(columns));
    }
    if let Some(filter) = &table.filter {
        fields.insert("filter".into(), filter.as_str().into());
    }
    Value::Object(fields)
}

fn word(kind: PublishedKind) -> &'static str {
    match kind {
        PublishedKind::Insert => "insert",
        PublishedKind::Update => "update",
        PublishedKind::Delete => "delete",
        PublishedKind::Truncate => "truncate",
    }
}
