CREATE TABLE r (id int, t text, pad text) WITH (fillfactor = 40)

ALTER TABLE r ALTER t SET STORAGE PLAIN, ALTER pad SET STORAGE PLAIN

CREATE INDEX r_b ON r USING brin (id, t) WITH (pages_per_range = 1)

-- More ranges than a page of their map has.

INSERT INTO r SELECT i, 'a', repeat('x', 1500) FROM generate_series(1, 3200) i

SELECT brin_summarize_new_values('r_b')

-- Summaries that grow at their place, and that do not find room there.

UPDATE r SET t = t || repeat('b', id % 3) WHERE id < 200

UPDATE r SET t = t || repeat('b', id % 900) WHERE id % 3 = 0

SELECT brin_desummarize_range('r_b', 3)

SELECT brin_summarize_range('r_b', 3)
