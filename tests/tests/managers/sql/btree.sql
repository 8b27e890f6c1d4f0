CREATE TABLE b (id int, v int, w text)

CREATE INDEX b_id ON b (id)

CREATE INDEX b_v ON b (v)

CREATE INDEX b_w ON b (w)

-- Upwards, downwards, and at random.

INSERT INTO b SELECT i, i % 7, md5(i::text) FROM generate_series(1, 8000) i

INSERT INTO b SELECT -i, i % 7, md5(i::text) FROM generate_series(1, 4000) i

-- New versions of rows: what indexes have of the old ones goes before pages are split.

UPDATE b SET w = md5(w) WHERE id % 3 = 0

UPDATE b SET w = md5(w) WHERE id % 3 = 0

UPDATE b SET w = md5(w) WHERE id % 3 = 0

-- Others come where rows were: in the midst of posting lists.

DELETE FROM b WHERE id % 5 = 0

VACUUM b

INSERT INTO b SELECT i, i % 7, md5(i::text) FROM generate_series(8001, 10000) i

-- Entries that a scan found dead go before pages are split.

DELETE FROM b WHERE id BETWEEN 100 AND 500

SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT count(*) FROM b WHERE id BETWEEN 100 AND 500

INSERT INTO b SELECT i, i % 7, md5(i::text) FROM generate_series(100, 500) i, generate_series(1, 3)

-- Pages go, and are used again.

DELETE FROM b WHERE id BETWEEN 1000 AND 7000

VACUUM b

SELECT pg_current_xact_id()

SELECT pg_current_xact_id()

VACUUM b

INSERT INTO b SELECT i, i % 7, md5(i::text) FROM generate_series(10001, 14000) i

-- A tree of three levels that becomes a thin one, and grows again.

CREATE TABLE c (id text)

CREATE INDEX ON c (id)

INSERT INTO c SELECT repeat('x', 400) || lpad(i::text, 8, '0') FROM generate_series(1, 4000) i

DELETE FROM c WHERE right(id, 8)::int < 3990

VACUUM c

INSERT INTO c SELECT repeat('x', 400) || lpad(i::text, 8, '0') FROM generate_series(4001, 4400) i

-- An index of a catalog.

CREATE TABLE wide (id int)

DO $$ BEGIN
  FOR i IN 1..300 LOOP
    EXECUTE format('ALTER TABLE wide ADD c%s int', i);
  END LOOP;
END $$

DROP TABLE wide

VACUUM pg_attribute
