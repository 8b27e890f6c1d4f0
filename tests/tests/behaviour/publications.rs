//! What publications choose: tables, operations, columns, rows, partitions.

use walscope_tests::Major;

use crate::lines::{rows, told};
use crate::place::{ENDS, Place};

#[test]
fn each_of_several_publications_adds_its_tables_and_operations() {
    for major in ENDS {
        let place = Place::with_slot(
            major,
            "several",
            "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (LIKE a INCLUDING ALL);
             CREATE TABLE c (LIKE a INCLUDING ALL);
             CREATE PUBLICATION inserts FOR TABLE a, b WITH (publish = 'insert');
             CREATE PUBLICATION deletes FOR TABLE b WITH (publish = 'delete');
             CREATE PUBLICATION \"Odd, \"\"name\"\"\" FOR TABLE c",
        );
        for table in ["a", "b", "c"] {
            place.sql(&format!(
                "BEGIN; INSERT INTO {table} VALUES (1); UPDATE {table} SET id = 2;
                 DELETE FROM {table}; TRUNCATE {table}; COMMIT"
            ));
        }
        let inserts = [
            r#"{"kind":"insert","seq":0,"schema":"public","table":"a","new":{"id":1}}"#,
            r#"{"kind":"insert","seq":0,"schema":"public","table":"b","new":{"id":1}}"#,
        ];
        assert_eq!(rows(&place.stream(&["--publication", "inserts"])), inserts, "{major}");
        let all = [
            "--publication",
            "inserts",
            "--publication",
            "deletes",
            "--publication",
            "Odd, \"name\"",
        ];
        let expected = [
            inserts[0],
            inserts[1],
            r#"{"kind":"delete","seq":1,"schema":"public","table":"b","key":{"id":2}}"#,
            r#"{"kind":"insert","seq":0,"schema":"public","table":"c","new":{"id":1}}"#,
            r#"{"kind":"update","seq":1,"schema":"public","table":"c","key":{"id":1},"new":{"id":2}}"#,
            r#"{"kind":"delete","seq":2,"schema":"public","table":"c","key":{"id":2}}"#,
            r#"{"kind":"truncate","seq":3,"relations":[{"schema":"public","table":"c"}],"cascade":false,"restartIdentity":false}"#,
        ];
        assert_eq!(rows(&place.stream(&all)), expected, "PostgreSQL {major}");
    }
}

#[test]
fn a_column_list_is_all_that_is_known_of_a_table() {
    for major in [Major::V15, Major::V18] {
        let place = Place::with_slot(
            major,
            "column_list",
            "CREATE TABLE t (id int PRIMARY KEY, secret text, v text);
             CREATE PUBLICATION p FOR TABLE t (v, id)",
        );
        place.sql("INSERT INTO t VALUES (1, 'secret', 'a')");
        place.sql("UPDATE t SET secret = 'other'");
        place.sql("DELETE FROM t");
        let told = told(&place.stream(&["--publication", "p"]));
        let told: Vec<_> = told
            .iter()
            .filter(|line| !line.ends_with(r#"begin"}"#) && !line.ends_with(r#"commit"}"#))
            .collect();
        assert_eq!(
            told,
            [
                r#"{"kind":"relation","schema":"public","table":"t","replicaIdentity":"default","columns":[{"name":"id","type":23,"typmod":-1,"key":true},{"name":"v","type":25,"typmod":-1,"key":false}]}"#,
                r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":1,"v":"a"}}"#,
                r#"{"kind":"update","seq":0,"schema":"public","table":"t","key":{"id":1},"new":{"id":1,"v":"a"}}"#,
                r#"{"kind":"delete","seq":0,"schema":"public","table":"t","key":{"id":1}}"#,
            ],
            "PostgreSQL {major}"
        );
    }
}

/// PostgreSQL manual, "Row Filters", "UPDATE Transformations".
#[test]
fn a_row_that_moves_through_a_row_filter_is_inserted_or_deleted() {
    for major in [Major::V15, Major::V18] {
        let place = Place::with_slot(
            major,
            "row_filter",
            "CREATE TABLE t (id int, v int); ALTER TABLE t REPLICA IDENTITY FULL;
             CREATE PUBLICATION p FOR TABLE t WHERE (v > 10)",
        );
        place.sql("INSERT INTO t VALUES (1, 5)");
        place.sql("UPDATE t SET v = 20");
        place.sql("UPDATE t SET v = 30");
        place.sql("UPDATE t SET v = NULL");
        place.sql("UPDATE t SET v = 6");
        place.sql("DELETE FROM t");
        place.sql("TRUNCATE t");
        assert_eq!(
            rows(&place.stream(&["--publication", "p"])),
            [
                r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":1,"v":20}}"#,
                r#"{"kind":"update","seq":0,"schema":"public","table":"t","key":{"id":1,"v":20},"old":{"id":1,"v":20},"new":{"id":1,"v":30}}"#,
                r#"{"kind":"delete","seq":0,"schema":"public","table":"t","key":{"id":1,"v":30},"old":{"id":1,"v":30}}"#,
                r#"{"kind":"truncate","seq":0,"relations":[{"schema":"public","table":"t"}],"cascade":false,"restartIdentity":false}"#,
            ],
            "PostgreSQL {major}"
        );
    }
}

#[test]
fn rows_of_partitions_come_from_the_partition_or_from_its_root() {
    for major in ENDS {
        let place = Place::with_slot(
            major,
            "partitions",
            "CREATE TABLE root (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
             CREATE TABLE low PARTITION OF root FOR VALUES FROM (0) TO (10);
             CREATE TABLE high (v text, id int NOT NULL PRIMARY KEY);
             ALTER TABLE root ATTACH PARTITION high FOR VALUES FROM (10) TO (20);
             CREATE PUBLICATION leaves FOR TABLE root;
             CREATE PUBLICATION roots FOR TABLE root WITH (publish_via_partition_root = true)",
        );
        place.sql("BEGIN; INSERT INTO root VALUES (1, 'a'), (11, 'b'); UPDATE root SET id = 12 WHERE id = 1; TRUNCATE root; COMMIT");
        assert_eq!(
            rows(&place.stream(&["--publication", "leaves"])),
            [
                r#"{"kind":"insert","seq":0,"schema":"public","table":"low","new":{"id":1,"v":"a"}}"#,
                r#"{"kind":"insert","seq":1,"schema":"public","table":"high","new":{"v":"b","id":11}}"#,
                r#"{"kind":"delete","seq":2,"schema":"public","table":"low","key":{"id":1}}"#,
                r#"{"kind":"insert","seq":3,"schema":"public","table":"high","new":{"v":"a","id":12}}"#,
                r#"{"kind":"truncate","seq":4,"relations":[{"schema":"public","table":"low"},{"schema":"public","table":"high"}],"cascade":false,"restartIdentity":false}"#,
            ],
            "PostgreSQL {major}"
        );
        assert_eq!(
            rows(&place.stream(&["--publication", "roots"])),
            [
                r#"{"kind":"insert","seq":0,"schema":"public","table":"root","new":{"id":1,"v":"a"}}"#,
                r#"{"kind":"insert","seq":1,"schema":"public","table":"root","new":{"id":11,"v":"b"}}"#,
                r#"{"kind":"delete","seq":2,"schema":"public","table":"root","key":{"id":1}}"#,
                r#"{"kind":"insert","seq":3,"schema":"public","table":"root","new":{"id":12,"v":"a"}}"#,
                r#"{"kind":"truncate","seq":4,"relations":[{"schema":"public","table":"root"}],"cascade":false,"restartIdentity":false}"#,
            ],
            "PostgreSQL {major}"
        );
    }
}

/// Stored ones, from PostgreSQL 18 and where the publication asks for them.
#[test]
fn generated_columns_are_sent_where_they_are_published() {
    for major in Major::ALL {
        let place = Place::with_slot(
            major,
            "generated",
            "CREATE TABLE t (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED);
             CREATE PUBLICATION p FOR TABLE t",
        );
        place.sql("INSERT INTO t VALUES (4)");
        let without = [r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":4}}"#];
        assert_eq!(rows(&place.stream(&["--publication", "p"])), without, "PostgreSQL {major}");
        if major == Major::V18 {
            place.sql("CREATE PUBLICATION g FOR TABLE t WITH (publish_generated_columns = stored)");
            place.sql("ALTER TABLE t ADD never int GENERATED ALWAYS AS (id * 3) VIRTUAL");
            place.sql("INSERT INTO t VALUES (5)");
            // The publication is looked up as it was when the row was written.
            let lines = rows(&place.stream(&["--publication", "g"]));
            assert_eq!(
                lines.last().map(String::as_str),
                Some(
                    r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":5,"twice":10}}"#
                )
            );
        }
    }
}

#[test]
fn a_publication_of_a_schema_has_its_later_tables_too() {
    for major in [Major::V15, Major::V18] {
        let place = Place::with_slot(
            major,
            "schemas",
            "CREATE SCHEMA s; CREATE TABLE s.a (id int); CREATE TABLE outside (id int);
             CREATE PUBLICATION p FOR TABLES IN SCHEMA s",
        );
        place.sql("INSERT INTO s.a VALUES (1); INSERT INTO outside VALUES (2)");
        place.sql("CREATE TABLE s.b (id int); INSERT INTO s.b VALUES (3)");
        assert_eq!(
            rows(&place.stream(&["--publication", "p"])),
            [
                r#"{"kind":"insert","seq":0,"schema":"s","table":"a","new":{"id":1}}"#,
                r#"{"kind":"insert","seq":0,"schema":"s","table":"b","new":{"id":3}}"#,
            ],
            "PostgreSQL {major}"
        );
    }
}
