CREATE TABLE q (id int, t text, p point)

CREATE INDEX q_t ON q USING spgist (t)

CREATE INDEX q_p ON q USING spgist (p)

CREATE INDEX q_k ON q USING spgist (p kd_point_ops)

-- The root is a leaf still.

INSERT INTO q SELECT i, 'r' || i, point(i, i) FROM generate_series(1, 50) i

DELETE FROM q WHERE id % 2 = 0

VACUUM q

-- Long prefixes, parts of them, and others.

INSERT INTO q SELECT i, repeat('long', 20) || md5(i::text), point(i * 7919 % 10007, i * 104729 % 10009)
FROM generate_series(1, 4000) i

INSERT INTO q SELECT i, repeat('long', 1 + i % 19) || 'other' || i, point(i, -i)
FROM generate_series(1, 2000) i

INSERT INTO q SELECT i, chr(33 + i % 900) || md5(i::text), point(-i, i) FROM generate_series(1, 3000) i

INSERT INTO q SELECT i, NULL, NULL FROM generate_series(1, 1000) i

DELETE FROM q WHERE id % 3 = 0

VACUUM q

SELECT pg_current_xact_id()

SELECT pg_current_xact_id()

VACUUM q

INSERT INTO q SELECT i, repeat('long', 20) || md5(i::text), point(i * 7919 % 10007, i * 104729 % 10009)
FROM generate_series(1, 2000) i

DELETE FROM q

VACUUM q
