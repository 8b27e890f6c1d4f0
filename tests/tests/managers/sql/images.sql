-- Page images, which stand for what records say of blocks.

ALTER SYSTEM SET full_page_writes = on

SELECT pg_reload_conf()

SELECT pg_switch_wal()

CHECKPOINT

INSERT INTO b SELECT i, i % 7, md5(i::text) FROM generate_series(1, 100) i;
INSERT INTO c SELECT repeat('x', 400) || lpad(i::text, 8, '0') FROM generate_series(1, 100) i;
INSERT INTO h SELECT i, 0 FROM generate_series(1, 100) i;
INSERT INTO g SELECT i, ARRAY[0, i % 3 + 1, i] FROM generate_series(1, 100) i;
INSERT INTO p SELECT i, ARRAY[i, i + 1] FROM generate_series(1, 100) i;
INSERT INTO t SELECT i, point(i, i) FROM generate_series(1, 100) i;
INSERT INTO q SELECT i, 'image' || i, point(i, i) FROM generate_series(1, 100) i;
INSERT INTO r SELECT i, 'c', 'd' FROM generate_series(1, 100) i

CHECKPOINT

DELETE FROM b WHERE id % 4 = 0;
DELETE FROM h WHERE id % 4 = 0;
DELETE FROM g WHERE id % 4 = 0;
DELETE FROM p WHERE id % 4 = 0;
DELETE FROM t WHERE id % 4 = 0;
DELETE FROM q WHERE id % 4 = 0

CHECKPOINT

VACUUM b, h, g, p, t, q

VACUUM (FREEZE) r

SELECT pg_create_restore_point('here')

SELECT pg_backup_start('here', true); SELECT pg_backup_stop(false)

SELECT count(*) FROM b

CHECKPOINT
