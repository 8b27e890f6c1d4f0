CREATE TABLE h (id int, v int)

CREATE INDEX h_id ON h USING hash (id)

INSERT INTO h SELECT i, 0 FROM generate_series(1, 10000) i

-- A bucket of many pages, which then has few entries, and none.

INSERT INTO h SELECT 1, i FROM generate_series(1, 3000) i

DELETE FROM h WHERE id = 1 AND v % 20 <> 0

VACUUM h

DELETE FROM h WHERE id = 1

VACUUM h

-- Entries that a scan found dead go before a bucket has a page more.

INSERT INTO h SELECT 2, i FROM generate_series(1, 300) i

DELETE FROM h WHERE id = 2 AND v > 0

SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT count(*) FROM h WHERE id = 2

INSERT INTO h SELECT 2, i FROM generate_series(1, 600) i
