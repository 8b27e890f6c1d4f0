-- The table that changes. Each change of a row counts n up by one, so that a change that is lost,
-- repeated, or out of order shows; the replica identity brings n with a deleted row too.
CREATE TABLE t (id bigint PRIMARY KEY, n int NOT NULL, v text NOT NULL);
CREATE UNIQUE INDEX t_id_n ON t (id, n);
ALTER TABLE t REPLICA IDENTITY USING INDEX t_id_n;
CREATE PUBLICATION p FOR TABLE t;
