-- JSON, XML and text search.

-- @type json
VALUES (json '{}'), ('[1, 2]'), (E' { "a" :\n 1.0, "a": "\\u00e9é" } '), ('null');

-- @type jsonb
VALUES (jsonb '{}'), ('[1, 2]'), ('{"b": 1.0, "a": [null, true, "é"]}'), ('null'),
    ('""'), ('-1e100');

-- @type jsonpath
VALUES (jsonpath '$'), ('strict $.a[*] ? (@ > 1 && @.b like_regex "^é" flag "i")'),
    ('$."a b".**{2 to last}.size()'), ('-1'), ('$var + 2');

-- @type xml
VALUES (xml '<a>é</a>'), ('text'), (''),
    ('<?xml version="1.0" encoding="UTF-8"?><a/>'),
    ('<?xml version="1.1" standalone="yes"?><a/>');

-- @type tsvector
VALUES (tsvector ''), ('a'), ('a:1'), ('a:1A,2B,3C,4D b:16383'), ('''it''''s'':1 ''a b'''),
    (E'''back\\\\slash'':2C'), ('é € 😀:7B');
SELECT to_tsvector('simple', string_agg(left(md5(i % n || ''), 2), ' '))
    FROM generate_series(1, 40) n, generate_series(1, 90) i GROUP BY n;
SELECT setweight(to_tsvector('simple', md5(i::text) || ' ' || i), 'B') FROM generate_series(1, 100) i;

-- @type tsquery
VALUES (tsquery ''), ('a'), ('a:*'), ('a:AB'), ('a:*ABCD'), ('!a'), ('!!a'), ('a & b'),
    ('a | b'), ('a <-> b'), ('a <7> b'), ('a <0> b'), ('a <16384> b'), ('a & b | c'),
    ('a & (b | c)'), ('(a | b) & c'), ('!(a & b)'), ('!a & !b'), ('a & b & c & d'),
    ('a & (b & (c & d))'), ('a <-> (b <-> c)'), ('(a <-> b) <-> c'), ('a <-> (b & c)'),
    ('(a | b) <-> !(c & d)'), ('!(a <-> b)'), ('a <-> !(b <-> c)'), ('''it''''s'' & é'),
    (E'''back\\\\slash'''), ('!(!(!a | b) & c) <2> (d | e <-> (f <-> g))');
-- A long way to the left, across what is remembered of it.
SELECT string_agg(CASE WHEN i % 7 = 0 THEN '!(' || i || ' | x)' ELSE i::text END,
    CASE n % 3 WHEN 0 THEN ' & ' WHEN 1 THEN ' | ' ELSE ' <2> ' END)::tsquery
    FROM unnest('{1,2,63,64,65,66,127,128,129,130,300,301,302}'::int[]) n,
    generate_series(1, n) i GROUP BY n;
SELECT (repeat('(', n) || 'a' || repeat(' & b) | c', n))::tsquery FROM generate_series(1, 200, 9) n;
SELECT (repeat('!', n) || 'a & b')::tsquery FROM generate_series(1, 30) n;
SELECT (repeat('a | (b & ', n) || 'c' || repeat(')', n))::tsquery FROM generate_series(1, 31) n;
-- Pseudo-random trees.
WITH RECURSIVE leaf AS (SELECT i, ('x' || md5(i::text))::bit(16)::int4 AS r
    FROM generate_series(1, 40) i), tree AS (SELECT 1 AS i, tsquery 'a' AS q, 0 AS n
    UNION ALL SELECT leaf.i, CASE (r >> 2) % 5 WHEN 0 THEN !!q WHEN 1 THEN
    q && ('w' || r)::tsquery WHEN 2 THEN ('w' || r || ':*')::tsquery || q WHEN 3 THEN
    tsquery_phrase(q, ('w' || r)::tsquery, r % 5) ELSE tsquery_phrase(('w' || r || ':AC')
    ::tsquery, q) END, 0 FROM tree JOIN leaf ON leaf.i = tree.i + 1) SELECT q FROM tree;
