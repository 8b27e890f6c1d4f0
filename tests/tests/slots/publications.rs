//! Publications: what is made is what is listed, whatever the names are.

use std::slice::from_ref;

use walscope::{
    Client, ConnectionKind, GeneratedColumns, Publication, PublicationChange, PublicationOptions,
    PublicationScope, PublishedKind, PublishedObjects, PublishedTable, quote_ident,
};
use walscope_tests::Major;

use crate::{code, connect, refused, run, start};

/// A schema, a table in it and its columns, each of which means something to a grammar.
const SCHEMA: &str = "Odd \"schema\"";
const TABLE: &str = "it's; a -- table";
const COLUMNS: [&str; 3] = ["Id", "two words", "数,据"];

const ALL_KINDS: [PublishedKind; 4] =
    [PublishedKind::Insert, PublishedKind::Update, PublishedKind::Delete, PublishedKind::Truncate];

fn tables_sql() -> String {
    let columns: Vec<_> =
        COLUMNS.iter().map(|name| format!("{} int NOT NULL", quote_ident(name))).collect();
    format!(
        "CREATE SCHEMA {schema}; CREATE TABLE {schema}.{} ({}, PRIMARY KEY ({})); \
         CREATE TABLE {schema}.plain (id int PRIMARY KEY); CREATE TABLE public.other (id int); \
         CREATE TABLE public.child () INHERITS (public.other)",
        quote_ident(TABLE),
        columns.join(", "),
        quote_ident(COLUMNS[0]),
        schema = quote_ident(SCHEMA),
    )
}

fn only(schema: &str, name: &str) -> PublishedTable {
    PublishedTable { only: true, ..PublishedTable::new(schema, name) }
}

fn scope(tables: &[PublishedTable], schemas: &[&str]) -> PublicationScope {
    PublicationScope::Named(objects(tables, schemas))
}

fn objects(tables: &[PublishedTable], schemas: &[&str]) -> PublishedObjects {
    let schemas = schemas.iter().map(ToString::to_string).collect();
    PublishedObjects { tables: tables.to_vec(), schemas }
}

/// Every option, as the server has them when nothing is said.
fn defaults(major: Major) -> PublicationOptions {
    PublicationOptions {
        publish: Some(ALL_KINDS.to_vec()),
        via_partition_root: Some(false),
        generated_columns: (major >= Major::V18).then_some(GeneratedColumns::None),
    }
}

/// The only publication, which belongs to us.
async fn listed(client: &mut Client) -> Publication {
    let mut all = client.publications().await.unwrap();
    assert_eq!(all.len(), 1);
    let only = all.remove(0);
    assert_eq!(only.owner, "postgres");
    only.definition
}

/// What is created, is listed; what is listed, can be created again and is the same.
async fn round_trip(client: &mut Client, publication: &Publication, major: Major) {
    client.create_publication(publication).await.unwrap();
    let mut expected = publication.clone();
    let defaults = defaults(major);
    let options = &mut expected.options;
    options.publish = options.publish.clone().or(defaults.publish);
    options.via_partition_root = options.via_partition_root.or(defaults.via_partition_root);
    options.generated_columns = options.generated_columns.or(defaults.generated_columns);
    for _ in 0..2 {
        let found = listed(client).await;
        assert_eq!(found, expected, "{major}");
        client.drop_publication(&found.name, false).await.unwrap();
        client.create_publication(&found).await.unwrap();
    }
    client.drop_publication(&publication.name, true).await.unwrap();
}

#[test]
fn publications_are_what_they_were_created_as() {
    for major in Major::ALL {
        let server = start(major);
        server.sql(&tables_sql());
        run(async {
            let mut client = connect(&server, ConnectionKind::Sql).await;
            let odd = "it's \"odd\"; DROP TABLE t; --";
            round_trip(&mut client, &Publication::of_all_tables("Everything"), major).await;
            round_trip(&mut client, &Publication::of_tables(odd, []), major).await;
            let tables = [only(SCHEMA, TABLE), only("public", "other")];
            let mut publication = Publication::of_tables(odd, tables);
            round_trip(&mut client, &publication, major).await;
            for kinds in [&ALL_KINDS[..1], &ALL_KINDS[1..3], &ALL_KINDS[3..], &[]] {
                publication.options.publish = Some(kinds.to_vec());
                publication.options.via_partition_root = Some(kinds.len() == 1);
                round_trip(&mut client, &publication, major).await;
            }
            if major >= Major::V15 {
                let part = PublishedTable {
                    columns: Some(COLUMNS[..2].iter().map(ToString::to_string).collect()),
                    filter: Some(format!("({} > 5)", quote_ident(COLUMNS[0]))),
                    ..only(SCHEMA, TABLE)
                };
                publication.scope = scope(&[part], &[]);
                round_trip(&mut client, &publication, major).await;
                publication.scope = scope(&[only("public", "other")], &[SCHEMA]);
                round_trip(&mut client, &publication, major).await;
            }
            if major >= Major::V18 {
                publication.options.generated_columns = Some(GeneratedColumns::Stored);
                round_trip(&mut client, &publication, major).await;
            }
            assert!(client.publications().await.unwrap().is_empty());
        });
    }
}

#[test]
fn publications_are_altered_and_dropped() {
    for major in Major::ALL {
        let server = start(major);
        server.sql(&tables_sql());
        server.sql("CREATE ROLE \"New owner\" SUPERUSER");
        run(async {
            let mut client = connect(&server, ConnectionKind::Sql).await;
            let (odd, plain) = (only(SCHEMA, TABLE), only(SCHEMA, "plain"));
            client.create_publication(&Publication::of_tables("P", [odd.clone()])).await.unwrap();

            let both = objects(&[odd.clone(), plain.clone()], &[]);
            let mut change = PublicationChange::Add(objects(from_ref(&plain), &[]));
            client.alter_publication("P", &change).await.unwrap();
            assert_eq!(listed(&mut client).await.scope, PublicationScope::Named(both));
            change = PublicationChange::Drop(objects(from_ref(&odd), &[]));
            client.alter_publication("P", &change).await.unwrap();
            assert_eq!(listed(&mut client).await.scope, scope(from_ref(&plain), &[]));
            // Tables that inherit from a table come with it.
            let parent = PublishedTable::new("public", "other");
            change = PublicationChange::Set(objects(&[parent], &[]));
            client.alter_publication("P", &change).await.unwrap();
            let family = [only("public", "child"), only("public", "other")];
            assert_eq!(listed(&mut client).await.scope, scope(&family, &[]), "{major}");

            let options = PublicationOptions {
                publish: Some(vec![PublishedKind::Delete]),
                ..PublicationOptions::default()
            };
            client.alter_publication("P", &PublicationChange::Options(options)).await.unwrap();
            let options = listed(&mut client).await.options;
            assert_eq!(options.publish, Some(vec![PublishedKind::Delete]));
            assert_eq!(options.via_partition_root, Some(false));

            change = PublicationChange::Rename("Q \"q\"".into());
            client.alter_publication("P", &change).await.unwrap();
            change = PublicationChange::Owner("New owner".into());
            client.alter_publication("Q \"q\"", &change).await.unwrap();
            let info = client.publications().await.unwrap().remove(0);
            assert_eq!(
                (info.definition.name.as_str(), info.owner.as_str()),
                ("Q \"q\"", "New owner")
            );

            let renamed = client.alter_publication("P", &change).await;
            assert_eq!(code(renamed), "42704");
            assert_eq!(code(client.drop_publication("P", false).await), "42704");
            client.drop_publication("P", true).await.unwrap();
            client.drop_publication("Q \"q\"", false).await.unwrap();
            assert!(client.publications().await.unwrap().is_empty());
            let nothing = PublicationChange::Add(PublishedObjects::default());
            assert_eq!(code(client.alter_publication("P", &nothing).await), "WALSCOPE_CONFIG");
        });
    }
}

#[test]
fn what_a_version_lacks_is_refused_by_name() {
    for major in Major::ALL {
        let server = start(major);
        server.sql(&tables_sql());
        run(async {
            let mut client = connect(&server, ConnectionKind::Sql).await;
            let table = || PublishedTable::new("public", "other");
            let columns = PublishedTable { columns: Some(vec!["id".into()]), ..table() };
            let filter = PublishedTable { filter: Some("id > 1".into()), ..table() };
            for (what, objects) in [
                ("column lists", objects(&[columns], &[])),
                ("row filters", objects(&[filter], &[])),
                ("schemas", objects(&[], &["public"])),
            ] {
                let mut publication = Publication::of_tables("p", []);
                publication.scope = PublicationScope::Named(objects.clone());
                let created = client.create_publication(&publication).await;
                if major >= Major::V15 {
                    created.unwrap();
                    client.drop_publication("p", false).await.unwrap();
                    continue;
                }
                refused(created, &server, major, what, "PUBLICATION \"p\"");
                let added = client.alter_publication("p", &PublicationChange::Add(objects)).await;
                refused(added, &server, major, what, "PUBLICATION \"p\"");
            }
            let mut generated = Publication::of_all_tables("g");
            generated.options.generated_columns = Some(GeneratedColumns::Stored);
            let created = client.create_publication(&generated).await;
            if major >= Major::V18 {
                created.unwrap();
            } else {
                let what = "publish_generated_columns";
                refused(created, &server, major, what, "PUBLICATION \"g\"");
            }
        });
    }
}

#[test]
fn the_tables_that_a_publication_comes_to_are_listed() {
    for major in Major::ALL {
        let server = start(major);
        server.sql(&tables_sql());
        server.sql(
            "CREATE TABLE parted (id int, v int) PARTITION BY LIST (id); \
             CREATE TABLE part1 PARTITION OF parted FOR VALUES IN (1); \
             CREATE TABLE part2 PARTITION OF parted FOR VALUES IN (2)",
        );
        run(async {
            let mut client = connect(&server, ConnectionKind::Sql).await;
            let mut publication =
                Publication::of_tables("parts", [PublishedTable::new("public", "parted")]);
            client.create_publication(&publication).await.unwrap();
            publication.name = "Root".into();
            publication.options.via_partition_root = Some(true);
            client.create_publication(&publication).await.unwrap();
            client.create_publication(&Publication::of_all_tables("all")).await.unwrap();

            let names = |tables: Vec<PublishedTable>| -> Vec<String> {
                tables.into_iter().map(|table| table.name).collect()
            };
            let parts = client.published_tables("parts").await.unwrap();
            let columns = Some(vec!["id".to_string(), "v".to_string()]);
            let columns = columns.filter(|_| major >= Major::V15);
            assert!(parts.iter().all(|table| table.columns == columns), "{major}: {parts:?}");
            assert_eq!(names(parts), ["part1", "part2"], "{major}");
            assert_eq!(names(client.published_tables("Root").await.unwrap()), ["parted"]);
            let all = names(client.published_tables("all").await.unwrap());
            assert_eq!(all, [TABLE, "plain", "child", "other", "part1", "part2"], "{major}");
            assert!(client.published_tables("none").await.unwrap().is_empty());
        });
    }
}
