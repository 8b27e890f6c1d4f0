//! What a publication has, as SQL.

use super::{GENERATED_COLUMNS, PARTS};
use crate::error::{Error, Result, require};
use crate::sql::{quote_ident, quote_literal};

/// A publication, as it is to be or as it is.
///
/// ```
/// use walscope::{Publication, PublishedTable};
/// let users = PublishedTable {
///     filter: Some("country = 'IS'".into()),
///     ..PublishedTable::new("public", "users")
/// };
/// let publication = Publication::of_tables("app_pub", [users]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its name.
    pub name: String,
    /// What it publishes.
    pub scope: PublicationScope,
    /// How it does.
    pub options: PublicationOptions,
}

/// What a publication publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicationScope {
    /// All tables of the database, those of the future too.
    AllTables,
    /// Those that are named; it may be none.
    Named(PublishedObjects),
}

/// Tables and schemas of a publication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishedObjects {
    /// Single tables.
    pub tables: Vec<PublishedTable>,
    /// Schemas of which all tables are published, those of the future too (PostgreSQL 15).
    pub schemas: Vec<String>,
}

/// A table of a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Not the tables that inherit from it. Publications keep every table by itself, so that those
    /// which are listed have it.
    pub only: bool,
    /// Only these columns; `None`: all (PostgreSQL 15).
    pub columns: Option<Vec<String>>,
    /// Only rows for which this is true: an SQL expression, sent as it is (PostgreSQL 15). What is not
    /// in `pg_catalog` needs its schema's name.
    pub filter: Option<String>,
}

/// How a publication publishes. `None` leaves it to the server, or as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicationOptions {
    /// Which changes; all, if nothing else is said.
    pub publish: Option<Vec<PublishedKind>>,
    /// Whether changes of partitions come as those of the partitioned table.
    pub via_partition_root: Option<bool>,
    /// Whether generated columns are published that no list of columns names (PostgreSQL 18).
    pub generated_columns: Option<GeneratedColumns>,
}

/// A kind of change that is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishedKind {
    /// Rows that are inserted.
    Insert,
    /// Rows that are updated.
    Update,
    /// Rows that are deleted.
    Delete,
    /// Tables that are truncated.
    Truncate,
}

/// Which generated columns are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneratedColumns {
    /// None.
    None,
    /// Those that are stored.
    Stored,
}

/// What is to become different about a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicationChange {
    /// Publishes these too.
    Add(PublishedObjects),
    /// Publishes these and no others.
    Set(PublishedObjects),
    /// Publishes these no more. Columns and filters of tables do not matter.
    Drop(PublishedObjects),
    /// Publishes in another way.
    Options(PublicationOptions),
    /// Gives it another name.
    Rename(String),
    /// Gives it to another role.
    Owner(String),
}

impl Publication {
    /// A publication of all tables of the database.
    pub fn of_all_tables(name: impl Into<String>) -> Self {
        let options = PublicationOptions::default();
        Self { name: name.into(), scope: PublicationScope::AllTables, options }
    }

    /// A publication of single tables.
    pub fn of_tables(
        name: impl Into<String>,
        tables: impl IntoIterator<Item = PublishedTable>,
    ) -> Self {
        let objects =
            PublishedObjects { tables: tables.into_iter().collect(), schemas: Vec::new() };
        let scope = PublicationScope::Named(objects);
        Self { name: name.into(), scope, options: PublicationOptions::default() }
    }

    pub(super) fn sql(&self, major: u32) -> Result<String> {
        let mut sql = format!("CREATE PUBLICATION {}", quote_ident(&self.name));
        match &self.scope {
            PublicationScope::AllTables => sql.push_str(" FOR ALL TABLES"),
            PublicationScope::Named(objects) if objects.is_empty() => {}
            PublicationScope::Named(objects) => {
                sql.push_str(" FOR ");
                sql.push_str(&objects.sql(major)?);
            }
        }
        let options = self.options.sql(major)?;
        if !options.is_empty() {
            sql.push_str(&format!(" WITH ({options})"));
        }
        Ok(sql)
    }
}

impl PublicationChange {
    pub(super) fn sql(&self, major: u32, name: &str) -> Result<String> {
        let nothing = || {
            Error::config_hint(
                format!("nothing is to change about publication \"{name}\""),
                "Name tables, schemas or options",
            )
        };
        let action = match self {
            Self::Add(objects) | Self::Set(objects) | Self::Drop(objects) if objects.is_empty() => {
                return Err(nothing());
            }
            Self::Add(objects) => format!("ADD {}", objects.sql(major)?),
            Self::Set(objects) => format!("SET {}", objects.sql(major)?),
            Self::Drop(objects) => format!("DROP {}", objects.names_only().sql(major)?),
            Self::Options(options) => match options.sql(major)? {
                options if options.is_empty() => return Err(nothing()),
                options => format!("SET ({options})"),
            },
            Self::Rename(name) => format!("RENAME TO {}", quote_ident(name)),
            Self::Owner(role) => format!("OWNER TO {}", quote_ident(role)),
        };
        Ok(format!("ALTER PUBLICATION {} {action}", quote_ident(name)))
    }
}

impl PublishedObjects {
    fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.schemas.is_empty()
    }

    fn names_only(&self) -> Self {
        let tables = self.tables.iter().cloned();
        let tables = tables.map(|table| PublishedTable { columns: None, filter: None, ..table });
        Self { tables: tables.collect(), schemas: self.schemas.clone() }
    }

    /// `TABLE a, b, TABLES IN SCHEMA c, d`.
    fn sql(&self, major: u32) -> Result<String> {
        let mut lists = Vec::new();
        if !self.tables.is_empty() {
            let tables: Result<Vec<_>> = self.tables.iter().map(|table| table.sql(major)).collect();
            lists.push(format!("TABLE {}", tables?.join(", ")));
        }
        if !self.schemas.is_empty() {
            require(true, major, PARTS, "schemas of a publication")?;
            let schemas: Vec<_> = self.schemas.iter().map(|name| quote_ident(name)).collect();
            lists.push(format!("TABLES IN SCHEMA {}", schemas.join(", ")));
        }
        Ok(lists.join(", "))
    }
}

impl PublishedTable {
    /// A table with all its columns and rows, and those of the tables that inherit from it.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        let (schema, name) = (schema.into(), name.into());
        Self { schema, name, only: false, columns: None, filter: None }
    }

    fn sql(&self, major: u32) -> Result<String> {
        require(self.columns.is_some(), major, PARTS, "column lists of a publication")?;
        require(self.filter.is_some(), major, PARTS, "row filters of a publication")?;
        let mut sql = String::from(if self.only { "ONLY " } else { "" });
        sql.push_str(&format!("{}.{}", quote_ident(&self.schema), quote_ident(&self.name)));
        if let Some(columns) = &self.columns {
            let columns: Vec<_> = columns.iter().map(|name| quote_ident(name)).collect();
            sql.push_str(&format!(" ({})", columns.join(", ")));
        }
        if let Some(filter) = &self.filter {
            sql.push_str(&format!(" WHERE ({filter})"));
        }
        Ok(sql)
    }
}

impl PublicationOptions {
    fn sql(&self, major: u32) -> Result<String> {
        let mut options = Vec::new();
        if let Some(kinds) = &self.publish {
            let kinds: Vec<_> = kinds.iter().map(|kind| kind.word()).collect();
            options.push(format!("publish = {}", quote_literal(&kinds.join(", "))));
        }
        if let Some(via_root) = self.via_partition_root {
            options.push(format!("publish_via_partition_root = {via_root}"));
        }
        if let Some(generated) = self.generated_columns {
            require(true, major, GENERATED_COLUMNS, "option publish_generated_columns")?;
            let word = match generated {
                GeneratedColumns::None => "none",
                GeneratedColumns::Stored => "stored",
            };
            options.push(format!("publish_generated_columns = {word}"));
        }
        Ok(options.join(", "))
    }
}

impl PublishedKind {
    fn word(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Truncate => "truncate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(tables: &[PublishedTable], schemas: &[&str]) -> PublishedObjects {
        let schemas = schemas.iter().map(ToString::to_string).collect();
        PublishedObjects { tables: tables.to_vec(), schemas }
    }

    fn created(publication: &Publication, major: u32) -> String {
        publication.sql(major).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn publications_are_created_with_quoted_names() {
        let odd = PublishedTable::new("S\"s", "t; --");
        let part = PublishedTable {
            only: true,
            columns: Some(vec!["id".into(), "B".into()]),
            filter: Some("id > 5".into()),
            ..PublishedTable::new("public", "u")
        };
        let mut all = Publication::of_all_tables("All");
        assert_eq!(created(&all, 14), "CREATE PUBLICATION \"All\" FOR ALL TABLES");
        all.options = PublicationOptions {
            publish: Some(vec![PublishedKind::Insert, PublishedKind::Truncate]),
            via_partition_root: Some(true),
            generated_columns: Some(GeneratedColumns::Stored),
        };
        assert_eq!(
            created(&all, 18),
            "CREATE PUBLICATION \"All\" FOR ALL TABLES WITH (publish = 'insert, truncate', \
             publish_via_partition_root = true, publish_generated_columns = stored)"
        );
        let none = Publication::of_tables("none", []);
        assert_eq!(created(&none, 14), "CREATE PUBLICATION \"none\"");
        let mut named = Publication::of_tables("p", [odd.clone()]);
        assert_eq!(created(&named, 14), "CREATE PUBLICATION \"p\" FOR TABLE \"S\"\"s\".\"t; --\"");
        named.scope = PublicationScope::Named(objects(&[odd, part], &["a", "B c"]));
        assert_eq!(
            created(&named, 15),
            "CREATE PUBLICATION \"p\" FOR TABLE \"S\"\"s\".\"t; --\", ONLY \"public\".\"u\" \
             (\"id\", \"B\") WHERE (id > 5), TABLES IN SCHEMA \"a\", \"B c\""
        );
    }

    #[test]
    fn publications_are_altered() {
        let table = PublishedTable {
            columns: Some(vec!["id".into()]),
            filter: Some("true".into()),
            ..PublishedTable::new("a", "b")
        };
        let both = || objects(std::slice::from_ref(&table), &["s"]);
        for (change, expected) in [
            (
                PublicationChange::Add(both()),
                "ADD TABLE \"a\".\"b\" (\"id\") WHERE (true), TABLES IN SCHEMA \"s\"",
            ),
            (
                PublicationChange::Set(both()),
                "SET TABLE \"a\".\"b\" (\"id\") WHERE (true), TABLES IN SCHEMA \"s\"",
            ),
            (PublicationChange::Drop(both()), "DROP TABLE \"a\".\"b\", TABLES IN SCHEMA \"s\""),
            (PublicationChange::Rename("New\"".into()), "RENAME TO \"New\"\"\""),
            (PublicationChange::Owner("current_user".into()), "OWNER TO \"current_user\""),
            (
                PublicationChange::Options(PublicationOptions {
                    publish: Some(Vec::new()),
                    ..PublicationOptions::default()
                }),
                "SET (publish = '')",
            ),
        ] {
            let sql = change.sql(15, "p").unwrap();
            assert_eq!(sql, format!("ALTER PUBLICATION \"p\" {expected}"));
        }
        let nothing = PublicationChange::Add(PublishedObjects::default());
        assert!(nothing.sql(18, "p").unwrap_err().to_string().contains("nothing is to change"));
        let nothing = PublicationChange::Options(PublicationOptions::default());
        assert!(nothing.sql(18, "p").is_err());
    }

    #[test]
    fn what_a_server_lacks_is_refused_by_name() {
        let table = || PublishedTable::new("s", "t");
        let columns = PublishedTable { columns: Some(vec!["a".into()]), ..table() };
        let filter = PublishedTable { filter: Some("true".into()), ..table() };
        for (objects, what) in [
            (objects(&[columns], &[]), "column lists"),
            (objects(&[filter], &[]), "row filters"),
            (objects(&[], &["s"]), "schemas"),
        ] {
            let mut publication = Publication::of_tables("p", []);
            publication.scope = PublicationScope::Named(objects);
            let expected = format!("PostgreSQL 14 does not have the {what} of a publication");
            assert_eq!(created(&publication, 14), expected);
            assert!(publication.sql(15).is_ok());
        }
        let mut generated = Publication::of_all_tables("p");
        generated.options.generated_columns = Some(GeneratedColumns::None);
        let expected = "PostgreSQL 17 does not have the option publish_generated_columns";
        assert_eq!(created(&generated, 17), expected);
    }
}
