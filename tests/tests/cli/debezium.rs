//! `walscope stream --format debezium`: a table that is kept by the events alone.

use serde_json::Value;
use walscope_tests::Server;
use walscope_tests::program;

use super::stream;

/// What a consumer of Debezium's events does, in SQL: `c` puts the row, `u` changes it, `d` removes it.
const APPLY: &str = "
    CREATE TABLE copied (LIKE debezium_t INCLUDING ALL);
    CREATE PROCEDURE apply(event jsonb) LANGUAGE plpgsql AS $$
    DECLARE after copied; kept text;
    BEGIN
        after := jsonb_populate_record(NULL::copied, nullif(event->'after', 'null'));
        CASE event->>'op'
            WHEN 'c' THEN INSERT INTO copied VALUES (after.*);
            WHEN 'u' THEN
                SELECT bio INTO STRICT kept FROM copied WHERE id = after.id;
                IF after.bio = '__debezium_unavailable_value' THEN after.bio := kept; END IF;
                UPDATE copied SET name = after.name, bio = after.bio, amount = after.amount
                    WHERE id = after.id;
            WHEN 'd' THEN DELETE FROM copied WHERE id = (event->'before'->>'id')::int;
            WHEN 't' THEN TRUNCATE copied;
            WHEN 'm' THEN NULL;
        END CASE;
    END $$";

#[test]
fn a_table_is_kept_by_its_events() {
    let server = Server::any();
    server.sql(
        "CREATE TABLE debezium_t (id int PRIMARY KEY, name text, bio text, amount numeric);
         ALTER TABLE debezium_t ALTER bio SET STORAGE EXTERNAL;
         CREATE PUBLICATION debezium_p FOR TABLE debezium_t",
    );
    server.sql("SELECT pg_create_logical_replication_slot('debezium_s', 'pgoutput')");
    server.sql(APPLY);
    server.sql("INSERT INTO debezium_t VALUES (0, 'gone', NULL, 0); TRUNCATE debezium_t");
    server.sql(
        "BEGIN;
         INSERT INTO debezium_t SELECT g, 'n' || g, repeat('x', 4000), g + 0.50 FROM generate_series(1, 9) g;
         UPDATE debezium_t SET name = 'é\"' WHERE id < 4;
         UPDATE debezium_t SET id = 100, bio = NULL WHERE id = 5;
         DELETE FROM debezium_t WHERE id = 6;
         SELECT pg_logical_emit_message(true, 'outbox', 'hello');
         COMMIT",
    );
    let more = ["--until", "now", "--messages", "--format", "debezium"];
    let output = program::run(stream(&server, "debezium_s", "debezium_p", &more));
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let events: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an event is JSON")).collect();
    for event in &events {
        server.sql(&format!("CALL apply({}::jsonb)", quoted(&event.to_string())));
    }
    let difference = "SELECT count(*)::text FROM ((TABLE debezium_t EXCEPT TABLE copied) UNION ALL
         (TABLE copied EXCEPT TABLE debezium_t)) d";
    assert_eq!(server.value(difference), "0", "{text}");
    let ops: String = events.iter().filter_map(|event| event["op"].as_str()).collect();
    // A key that changes ends one row and begins another.
    assert_eq!(ops, format!("ct{}uuudcdm", "c".repeat(9)));
    let last = events.last().expect("events");
    assert_eq!(last["message"]["content"], "hello");
    let source = &events[2]["source"];
    assert_eq!(
        (&source["table"], &source["connector"]),
        (&"debezium_t".into(), &"postgresql".into())
    );
    assert_eq!(events[2]["transaction"]["total_order"], 1);
    server.wait_for("SELECT active FROM pg_replication_slots WHERE slot_name = 'debezium_s'", "f");
    server.sql("SELECT pg_drop_replication_slot('debezium_s')");
}

#[test]
fn what_does_not_go_with_events_is_bad_usage() {
    let server = Server::any();
    for more in [["--raw", "--messages"], ["--ack", "stdin"]] {
        let more: Vec<&str> = ["--format", "debezium"].into_iter().chain(more).collect();
        let output = program::run(stream(&server, "s", "p", &more));
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
