CREATE TABLE t (id int, p point)

CREATE INDEX t_p ON t USING gist (p)

INSERT INTO t SELECT i, point(i * 7919 % 10007, i * 104729 % 10009) FROM generate_series(1, 8000) i

-- Pages go, and are used again.

DELETE FROM t WHERE p[0] < 6000

VACUUM t

SELECT pg_current_xact_id()

SELECT pg_current_xact_id()

VACUUM t

INSERT INTO t SELECT i, point(i * 7919 % 10007, i * 104729 % 10009) FROM generate_series(1, 8000) i

-- Entries that a scan found dead go before pages are split.

DELETE FROM t WHERE p[0] < 3000 AND p[1] < 3000

SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT count(*) FROM t WHERE p <@ box '(0, 0), (3000, 3000)'

INSERT INTO t SELECT i, point(i * 7919 % 3000, i * 104729 % 3000) FROM generate_series(1, 3000) i
