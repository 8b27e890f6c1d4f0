//! Rows and tables: replica identities, keys that change, unchanged TOAST, truncate, tables altered
//! and dropped.

use serde_json::Value;

use crate::lines::{BEGIN, COMMIT, parse, rows, text, told};
use crate::place::{ENDS, Place};

#[test]
fn truncate_tells_its_tables_and_flags() {
    for major in ENDS {
        let place = Place::with_slot(
            major,
            "truncates",
            "CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id int REFERENCES a);
             CREATE TABLE c (id int); CREATE PUBLICATION p FOR TABLE a, b, c",
        );
        place.sql("TRUNCATE c");
        place.sql("TRUNCATE a, c RESTART IDENTITY CASCADE");
        place.sql(
            "BEGIN; TRUNCATE c; INSERT INTO c VALUES (1); TRUNCATE c, b RESTART IDENTITY; COMMIT",
        );
        assert_eq!(
            rows(&place.stream(&["--publication", "p"])),
            [
                r#"{"kind":"truncate","seq":0,"relations":[{"schema":"public","table":"c"}],"cascade":false,"restartIdentity":false}"#,
                r#"{"kind":"truncate","seq":0,"relations":[{"schema":"public","table":"a"},{"schema":"public","table":"c"},{"schema":"public","table":"b"}],"cascade":true,"restartIdentity":true}"#,
                r#"{"kind":"truncate","seq":0,"relations":[{"schema":"public","table":"c"}],"cascade":false,"restartIdentity":false}"#,
                r#"{"kind":"insert","seq":1,"schema":"public","table":"c","new":{"id":1}}"#,
                r#"{"kind":"truncate","seq":2,"relations":[{"schema":"public","table":"c"},{"schema":"public","table":"b"}],"cascade":false,"restartIdentity":true}"#,
            ],
            "PostgreSQL {major}"
        );
    }
}

/// What is known of the row before, for each replica identity.
#[test]
fn the_old_row_is_what_the_replica_identity_has() {
    for major in ENDS {
        let place = Place::with_slot(
            major,
            "identities",
            "CREATE TABLE by_default (id int PRIMARY KEY, u int NOT NULL, v text);
             CREATE TABLE by_index (id int PRIMARY KEY, u int NOT NULL UNIQUE, v text);
             ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_u_key;
             CREATE TABLE by_all (id int, u int, v text);
             ALTER TABLE by_all REPLICA IDENTITY FULL;
             CREATE TABLE by_nothing (id int PRIMARY KEY, u int, v text);
             ALTER TABLE by_nothing REPLICA IDENTITY NOTHING;
             CREATE PUBLICATION p FOR TABLE by_default, by_index, by_all;
             CREATE PUBLICATION inserts FOR TABLE by_nothing WITH (publish = 'insert, truncate')",
        );
        for table in ["by_default", "by_index", "by_all"] {
            place.sql(&format!(
                "BEGIN; INSERT INTO {table} VALUES (1, 10, 'a');
                 UPDATE {table} SET v = 'b' WHERE id = 1;
                 UPDATE {table} SET id = 2 WHERE id = 1;
                 UPDATE {table} SET u = 20 WHERE id = 2;
                 DELETE FROM {table} WHERE id = 2; COMMIT"
            ));
        }
        place.sql("INSERT INTO by_nothing VALUES (1, 10, NULL)");
        let lines = place.stream(&["--publication", "p", "--publication", "inserts"]);
        assert_eq!(identities(&lines), ["default id", "index u", "full id u v", "nothing"]);
        assert_eq!(
            rows(&lines),
            [
                r#"{"kind":"insert","seq":0,"schema":"public","table":"by_default","new":{"id":1,"u":10,"v":"a"}}"#,
                r#"{"kind":"update","seq":1,"schema":"public","table":"by_default","key":{"id":1},"new":{"id":1,"u":10,"v":"b"}}"#,
                r#"{"kind":"update","seq":2,"schema":"public","table":"by_default","key":{"id":1},"new":{"id":2,"u":10,"v":"b"}}"#,
                r#"{"kind":"update","seq":3,"schema":"public","table":"by_default","key":{"id":2},"new":{"id":2,"u":20,"v":"b"}}"#,
                r#"{"kind":"delete","seq":4,"schema":"public","table":"by_default","key":{"id":2}}"#,
                r#"{"kind":"insert","seq":0,"schema":"public","table":"by_index","new":{"id":1,"u":10,"v":"a"}}"#,
                r#"{"kind":"update","seq":1,"schema":"public","table":"by_index","key":{"u":10},"new":{"id":1,"u":10,"v":"b"}}"#,
                r#"{"kind":"update","seq":2,"schema":"public","table":"by_index","key":{"u":10},"new":{"id":2,"u":10,"v":"b"}}"#,
                r#"{"kind":"update","seq":3,"schema":"public","table":"by_index","key":{"u":10},"new":{"id":2,"u":20,"v":"b"}}"#,
                r#"{"kind":"delete","seq":4,"schema":"public","table":"by_index","key":{"u":20}}"#,
                r#"{"kind":"insert","seq":0,"schema":"public","table":"by_all","new":{"id":1,"u":10,"v":"a"}}"#,
                r#"{"kind":"update","seq":1,"schema":"public","table":"by_all","key":{"id":1,"u":10,"v":"a"},"old":{"id":1,"u":10,"v":"a"},"new":{"id":1,"u":10,"v":"b"}}"#,
                r#"{"kind":"update","seq":2,"schema":"public","table":"by_all","key":{"id":1,"u":10,"v":"b"},"old":{"id":1,"u":10,"v":"b"},"new":{"id":2,"u":10,"v":"b"}}"#,
                r#"{"kind":"update","seq":3,"schema":"public","table":"by_all","key":{"id":2,"u":10,"v":"b"},"old":{"id":2,"u":10,"v":"b"},"new":{"id":2,"u":20,"v":"b"}}"#,
                r#"{"kind":"delete","seq":4,"schema":"public","table":"by_all","key":{"id":2,"u":20,"v":"b"},"old":{"id":2,"u":20,"v":"b"}}"#,
                r#"{"kind":"insert","seq":0,"schema":"public","table":"by_nothing","new":{"id":1,"u":10,"v":null}}"#,
            ],
            "PostgreSQL {major}"
        );
        // With nothing to identify it by, the server refuses a published update.
        place.sql("ALTER PUBLICATION p ADD TABLE by_nothing");
        let refused = place.server.try_sql_in(&place.name, "UPDATE by_nothing SET u = 1");
        assert_eq!(refused.unwrap_err().code().map(|code| code.code()), Some("55000"));
    }
}

/// The replica identity of each table, as its description has it, with its columns.
fn identities(lines: &[String]) -> Vec<String> {
    let relations = lines.iter().map(|line| parse(line)).filter(|line| line["kind"] == "relation");
    let describe = |relation: Value| {
        let columns = relation["columns"].as_array().expect("columns").iter();
        let keys = columns.filter(|column| column["key"] == true);
        let names = keys.map(|column| format!(" {}", text(column, "name"))).collect::<String>();
        text(&relation, "replicaIdentity") + &names
    };
    relations.map(describe).collect()
}

#[test]
fn an_unchanged_toasted_value_is_named_or_filled_from_the_old_row() {
    for major in ENDS {
        let place = Place::with_slot(
            major,
            "toast",
            "CREATE TABLE part (id int PRIMARY KEY, big text, n int);
             ALTER TABLE part ALTER big SET STORAGE EXTERNAL;
             CREATE TABLE whole (LIKE part INCLUDING ALL); ALTER TABLE whole REPLICA IDENTITY FULL;
             INSERT INTO part VALUES (1, repeat('x', 3000), 0); INSERT INTO whole TABLE part;
             CREATE PUBLICATION p FOR TABLE part, whole",
        );
        place.sql("UPDATE part SET n = 1");
        place.sql("UPDATE part SET id = 2");
        place.sql("UPDATE part SET big = 'short'");
        place.sql("UPDATE whole SET n = 1");
        let big = "x".repeat(3000);
        assert_eq!(
            rows(&place.stream(&["--publication", "p"])),
            [
                r#"{"kind":"update","seq":0,"schema":"public","table":"part","key":{"id":1},"new":{"id":1,"n":1},"unchanged":["big"]}"#.to_owned(),
                r#"{"kind":"update","seq":0,"schema":"public","table":"part","key":{"id":1},"new":{"id":2,"n":1},"unchanged":["big"]}"#.to_owned(),
                r#"{"kind":"update","seq":0,"schema":"public","table":"part","key":{"id":2},"new":{"id":2,"big":"short","n":1}}"#.to_owned(),
                format!(r#"{{"kind":"update","seq":0,"schema":"public","table":"whole","key":{{"id":1,"big":"{big}","n":0}},"old":{{"id":1,"big":"{big}","n":0}},"new":{{"id":1,"big":"{big}","n":1}}}}"#),
            ],
            "PostgreSQL {major}"
        );
    }
}

/// The relation's lines, with what changed, come before the first row in the new form.
#[test]
fn tables_are_altered_renamed_and_dropped_while_they_are_streamed() {
    for major in ENDS {
        let place = Place::with_slot(
            major,
            "altered",
            "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR ALL TABLES",
        );
        let mut walscope = place.start(&["--publication", "p"]);
        let mut lines = Vec::new();
        for sql in [
            "INSERT INTO t VALUES (1, 'a')",
            "ALTER TABLE t ADD n int DEFAULT 7; INSERT INTO t VALUES (2, 'b')",
            "ALTER TABLE t RENAME v TO w; INSERT INTO t VALUES (3, 'c')",
            "ALTER TABLE t DROP n, ALTER id TYPE bigint; INSERT INTO t VALUES (4, 'd')",
            "ALTER TABLE t RENAME TO u; UPDATE u SET w = 'e' WHERE id = 4",
            "DELETE FROM u WHERE id = 1; DROP TABLE u",
            "CREATE TABLE t (other int); INSERT INTO t VALUES (5)",
        ] {
            place.sql(sql);
            // Other changes of the statement may make transactions without rows.
            lines.extend(walscope.lines_until(|line| {
                line.contains(r#""schema":"public","table""#) && !line.contains("relation")
            }));
            lines.extend(walscope.lines_until(|line| line.contains(r#""kind":"commit""#)));
        }
        let expected = [
            r#"{"kind":"relation","schema":"public","table":"t","replicaIdentity":"default","columns":[{"name":"id","type":23,"typmod":-1,"key":true},{"name":"v","type":25,"typmod":-1,"key":false}]}"#,
            r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":1,"v":"a"}}"#,
            r#"{"kind":"relation","schema":"public","table":"t","replicaIdentity":"default","columns":[{"name":"id","type":23,"typmod":-1,"key":true},{"name":"v","type":25,"typmod":-1,"key":false},{"name":"n","type":23,"typmod":-1,"key":false}],"changed":{"added":["n"]}}"#,
            r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":2,"v":"b","n":7}}"#,
            r#"{"kind":"relation","schema":"public","table":"t","replicaIdentity":"default","columns":[{"name":"id","type":23,"typmod":-1,"key":true},{"name":"w","type":25,"typmod":-1,"key":false},{"name":"n","type":23,"typmod":-1,"key":false}],"changed":{"added":["w"],"dropped":["v"],"mayBeRenamed":[{"from":"v","to":"w"}]}}"#,
            r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":3,"w":"c","n":7}}"#,
            r#"{"kind":"relation","schema":"public","table":"t","replicaIdentity":"default","columns":[{"name":"id","type":20,"typmod":-1,"key":true},{"name":"w","type":25,"typmod":-1,"key":false}],"changed":{"dropped":["n"],"retyped":[{"name":"id","type":23,"typmod":-1}]}}"#,
            r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":4,"w":"d"}}"#,
            r#"{"kind":"relation","schema":"public","table":"u","replicaIdentity":"default","columns":[{"name":"id","type":20,"typmod":-1,"key":true},{"name":"w","type":25,"typmod":-1,"key":false}],"changed":{"renamedFrom":{"schema":"public","table":"t"}}}"#,
            r#"{"kind":"update","seq":0,"schema":"public","table":"u","key":{"id":4},"new":{"id":4,"w":"e"}}"#,
            r#"{"kind":"delete","seq":0,"schema":"public","table":"u","key":{"id":1}}"#,
            r#"{"kind":"relation","schema":"public","table":"t","replicaIdentity":"default","columns":[{"name":"other","type":23,"typmod":-1,"key":false}]}"#,
            r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"other":5}}"#,
        ];
        let got: Vec<_> =
            told(&lines).into_iter().filter(|line| line != BEGIN && line != COMMIT).collect();
        assert_eq!(got, expected, "PostgreSQL {major}");
    }
}
