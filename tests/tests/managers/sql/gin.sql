CREATE TABLE g (id int, a int[])

CREATE INDEX g_a ON g USING gin (a) WITH (fastupdate = off)

INSERT INTO g SELECT i, ARRAY[0, i % 3 + 1] FROM generate_series(1, 30000) i

INSERT INTO g SELECT i, ARRAY[i] FROM generate_series(30001, 34000) i

DELETE FROM g WHERE id % 3 = 0

VACUUM g

-- Others come where rows were.

INSERT INTO g SELECT i, ARRAY[0, i % 3 + 1] FROM generate_series(1, 5000) i

-- Pages go.

DELETE FROM g WHERE id BETWEEN 2000 AND 29000

VACUUM g

INSERT INTO g SELECT i, ARRAY[0, i % 3 + 1] FROM generate_series(1, 2000) i

-- A list of what is still to be inserted.

CREATE TABLE p (id int, a int[])

CREATE INDEX p_a ON p USING gin (a) WITH (fastupdate = on, gin_pending_list_limit = 64)

INSERT INTO p SELECT i, ARRAY[i, i + 1, i + 2] FROM generate_series(1, 3000) i

SELECT gin_clean_pending_list('p_a')
