CREATE SEQUENCE s

SELECT nextval('s') FROM generate_series(1, 100)

SELECT setval('s', 1000)

ALTER SEQUENCE s RESTART

-- The maps of a database and of all.

VACUUM FULL pg_class

VACUUM FULL pg_database

SELECT pg_logical_emit_message(true, 'for walscope', 'content')

SELECT pg_logical_emit_message(false, 'a "quoted" ü', '')

SELECT pg_logical_emit_message(false, '', '\x00ff10'::bytea)

SELECT pg_logical_emit_message(true, 'long', repeat('x', 20000))

SELECT pg_replication_origin_create('one')

SELECT pg_replication_origin_advance('one', '1/ABCDEF')

BEGIN;
SELECT pg_replication_origin_session_setup('one');
SELECT pg_replication_origin_xact_setup('2/3', '2026-01-02 03:04:05.678+00');
SELECT pg_current_xact_id();
COMMIT;
SELECT pg_replication_origin_session_reset()

SELECT pg_replication_origin_drop('one')

-- Differences of pages.

CREATE EXTENSION bloom

CREATE TABLE bloomed (a int, b int)

CREATE INDEX ON bloomed USING bloom (a, b)

INSERT INTO bloomed SELECT i, i FROM generate_series(1, 500) i

DELETE FROM bloomed WHERE a % 2 = 0

VACUUM bloomed

-- Tablespaces and databases.

CREATE TABLESPACE inside LOCATION ''

CREATE TABLESPACE elsewhere LOCATION '$folder'

CREATE TABLE placed (id int PRIMARY KEY) TABLESPACE elsewhere

DROP TABLE placed

CREATE DATABASE copied TEMPLATE template0 STRATEGY file_copy

CREATE DATABASE logged TEMPLATE template0 STRATEGY wal_log TABLESPACE inside

ALTER DATABASE copied SET TABLESPACE elsewhere

DROP DATABASE copied

DROP DATABASE logged

DROP TABLESPACE inside

DROP TABLESPACE elsewhere

SELECT pg_create_logical_replication_slot('rewrite', 'pgoutput')

CREATE TABLE rewritten (id int); ALTER TABLE rewritten ADD COLUMN v text

VACUUM FULL pg_attribute

SELECT pg_drop_replication_slot('rewrite')
