-- Rows that several transactions lock, in each way.

CREATE TABLE m (id int PRIMARY KEY, v int)

INSERT INTO m SELECT i, 0 FROM generate_series(1, 2500) i

BEGIN; SELECT * FROM m WHERE id = 1 FOR KEY SHARE; SAVEPOINT a; UPDATE m SET v = 1 WHERE id = 1; COMMIT

BEGIN; SELECT * FROM m WHERE id = 2 FOR SHARE; SAVEPOINT a;
SELECT * FROM m WHERE id = 2 FOR NO KEY UPDATE; SAVEPOINT b; UPDATE m SET v = 1 WHERE id = 2; COMMIT

BEGIN; SELECT * FROM m WHERE id = 3 FOR KEY SHARE; SAVEPOINT a;
SELECT * FROM m WHERE id = 3 FOR UPDATE; SAVEPOINT b; UPDATE m SET id = 10003 WHERE id = 3; COMMIT

-- More than a page of the file of multixacts has, and of that of their members.

DO $$ BEGIN
  PERFORM FROM m FOR KEY SHARE;
  FOR i IN 4..2300 LOOP
    BEGIN
      UPDATE m SET v = v + 1 WHERE id = i;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
  END LOOP;
END $$

-- More transactions than a page of CLOG has, and than a file of CommitTs has.

CREATE TABLE n (i int)

DO $$ BEGIN
  FOR i IN 1..34000 LOOP
    BEGIN
      INSERT INTO n VALUES (i);
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
  END LOOP;
END $$

-- What they need goes when no database needs it any more.

UPDATE pg_database SET datallowconn = true

\in template0
VACUUM (FREEZE)

\in template1
VACUUM (FREEZE)

VACUUM (FREEZE)

UPDATE pg_database SET datallowconn = false WHERE datname = 'template0'

-- Prepared transactions, and those that come to nothing.

BEGIN; INSERT INTO n VALUES (1); SAVEPOINT a; CREATE TABLE o (i int); PREPARE TRANSACTION 'one'

COMMIT PREPARED 'one'

-- A row is locked that is replaced meanwhile.

BEGIN; UPDATE m SET v = 7 WHERE id = 2400; PREPARE TRANSACTION 'one'

SELECT * FROM m WHERE id = 2400 FOR KEY SHARE

COMMIT PREPARED 'one'

BEGIN; DROP TABLE o; PREPARE TRANSACTION 'two'

ROLLBACK PREPARED 'two'

BEGIN; DROP TABLE o; SAVEPOINT a; CREATE TABLE u (i int); ROLLBACK

DROP TABLE n, o
