-- What a consumer has: in another database, with its checkpoint, in one transaction.

-- A process that streamed: where it started, NULL for the slot's own position.
CREATE TABLE run (number int PRIMARY KEY, start bigint);

-- Ends of transactions. pos is where the commit or prepare record begins.
CREATE TABLE ending (
  end_lsn bigint PRIMARY KEY,
  kind text NOT NULL,
  pos bigint NOT NULL,
  gid text,
  changes int NOT NULL
);
CREATE INDEX ON ending (gid) WHERE gid IS NOT NULL;

-- Changes by their key.
CREATE TABLE change (
  pos bigint,
  seq int,
  kind text NOT NULL,
  id bigint NOT NULL,
  n int NOT NULL,
  v text,
  PRIMARY KEY (pos, seq)
);

-- Ends that were delivered again, and how many changes of each were.
CREATE TABLE again (run int NOT NULL, end_lsn bigint NOT NULL, changes int NOT NULL);

-- What was delivered again, and was not the same.
CREATE TABLE different (run int NOT NULL, pos bigint NOT NULL, seq int);

CREATE TABLE checkpoint (lsn bigint NOT NULL);
INSERT INTO checkpoint VALUES (0);

CREATE FUNCTION store(
  run int, checkpoint bigint,
  ends bigint[], kinds text[], positions bigint[], gids text[], counts int[],
  change_positions bigint[], seqs int[], change_kinds text[], ids bigint[], ns int[], vs text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  added int;
BEGIN
  WITH given AS (
    SELECT * FROM unnest(ends, kinds, positions, gids, counts) AS g (end_lsn, kind, pos, gid, changes)
  ), new AS (
    INSERT INTO ending (end_lsn, kind, pos, gid, changes)
    SELECT end_lsn, kind, pos, gid, changes FROM given ON CONFLICT DO NOTHING RETURNING end_lsn
  )
  INSERT INTO again SELECT store.run, end_lsn, changes FROM given
  WHERE NOT EXISTS (SELECT FROM new WHERE new.end_lsn = given.end_lsn);
  INSERT INTO change
  SELECT * FROM unnest(change_positions, seqs, change_kinds, ids, ns, vs) ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  IF added < cardinality(seqs) THEN
    INSERT INTO different SELECT store.run, g.pos, g.seq
    FROM unnest(change_positions, seqs, change_kinds, ids, ns, vs) AS g (pos, seq, kind, id, n, v)
    JOIN change c USING (pos, seq)
    WHERE (g.kind, g.id, g.n, g.v) IS DISTINCT FROM (c.kind, c.id, c.n, c.v);
  END IF;
  INSERT INTO different SELECT store.run, g.pos, NULL
  FROM unnest(ends, kinds, positions, gids, counts) AS g (end_lsn, kind, pos, gid, changes)
  JOIN ending e USING (end_lsn)
  WHERE (g.kind, g.pos, g.gid, g.changes) IS DISTINCT FROM (e.kind, e.pos, e.gid, e.changes);
  UPDATE checkpoint SET lsn = greatest(lsn, store.checkpoint);
END $$;

-- The same without prepared transactions that were rolled back: the server may have found that out
-- in the meantime, and sends them with less or nothing in them.
CREATE VIEW wrong AS
SELECT d.* FROM different d
WHERE NOT EXISTS (
  SELECT FROM ending e JOIN ending decided ON decided.gid = e.gid AND decided.kind = 'rollbackPrepared'
  WHERE e.kind = 'prepare' AND d.pos IN (e.pos, e.end_lsn)
);

-- Changes of transactions that were committed, each with where that was.
CREATE VIEW committed AS
SELECT c.*, coalesce(decided.end_lsn, e.end_lsn) AS committed_at
FROM ending e
LEFT JOIN ending decided
  ON e.kind = 'prepare' AND decided.gid = e.gid AND decided.kind = 'commitPrepared'
JOIN change c ON c.pos = e.pos
WHERE e.kind = 'commit' OR decided.gid IS NOT NULL;

-- The table as it is after all of them.
CREATE VIEW copy AS
SELECT id, n, v FROM (
  SELECT DISTINCT ON (id) id, n, v, kind FROM committed ORDER BY id, committed_at DESC, seq DESC
) last
WHERE kind <> 'delete';

-- Changes that are not the next one of their row: something is missing, twice, or out of order.
CREATE VIEW out_of_order AS
SELECT id, n FROM (
  SELECT id, n, kind, row_number() OVER (PARTITION BY id ORDER BY committed_at, seq) AS at
  FROM committed
) numbered
WHERE n <> CASE kind WHEN 'delete' THEN at - 1 ELSE at END;
