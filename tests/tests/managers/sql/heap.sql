CREATE TABLE rows (id int PRIMARY KEY, v text)

ALTER TABLE rows ALTER v SET STORAGE EXTERNAL

INSERT INTO rows SELECT i, repeat(md5(i::text), 1 + i % 40) FROM generate_series(1, 600) i

INSERT INTO rows VALUES (10000, repeat('x', 40000))

INSERT INTO rows VALUES (1, '') ON CONFLICT DO NOTHING

INSERT INTO rows VALUES (10001, '') ON CONFLICT DO NOTHING

UPDATE rows SET v = v || 'y' WHERE id % 3 = 0

DELETE FROM rows WHERE id % 7 = 0

SELECT count(*) FROM (SELECT * FROM rows WHERE id < 50 FOR KEY SHARE) locked

SELECT count(*) FROM (SELECT * FROM rows WHERE id < 50 FOR UPDATE) locked

VACUUM (FREEZE) rows

UPDATE rows SET v = 'z' WHERE id % 2 = 0

UPDATE rows SET v = 'y' WHERE id % 2 = 0

SELECT count(*) FROM rows

VACUUM (FREEZE) rows

CREATE TABLE others AS SELECT i FROM generate_series(1, 5000) i

VACUUM others

CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY)

CREATE TABLE parent (id int PRIMARY KEY)

CREATE TABLE child (id int REFERENCES parent)

TRUNCATE parent RESTART IDENTITY CASCADE

TRUNCATE rows

ANALYZE others

BEGIN; LOCK TABLE others; SELECT pg_current_xact_id(); COMMIT

DROP TABLE rows, others, unlogged, child, parent

VACUUM (FREEZE) pg_class
