-- Text, bytes and identifiers.

-- @type text
-- A text of one, two, three and four bytes a character, and all that is escaped somewhere.
SELECT unnest(array['', ' ', 'a', 'é', '€', '😀', '''', '"', E'\\', E'\n\t',
    'NULL', '{a,b}', '  padded  ', repeat('x', 300), E'\x01\x7f']);

-- @type varchar
SELECT unnest(array['', 'a', 'é ', 'NULL']::varchar(5)[]);

-- @type bpchar
SELECT unnest(array['', 'a', 'é ', 'NULL']::char(5)[]);

-- @type name
SELECT unnest(array['', 'a', 'é', repeat('x', 63)]::name[]);

-- Before 16 the upper half came as a byte of its own, which is no text of a client in UTF-8.
-- @type char
SELECT i::"char" FROM generate_series(CASE WHEN
    current_setting('server_version_num')::int >= 160000 THEN -128 ELSE 0 END, 127) i;

-- @type refcursor
SELECT unnest('{"",c,"a b"}'::refcursor[]);

-- @type bytea
VALUES (''::bytea), ('\x00'), ('\xdeadBEEF'), ('\\');
SELECT decode(left(repeat(md5(i::text), 9), i * 2), 'hex') FROM generate_series(0, 140) i;

-- @type uuid
SELECT unnest('{00000000-0000-0000-0000-000000000000,
    ffffffff-ffff-ffff-ffff-ffffffffffff,a0EEbc99-9c0b-4ef8-bb6d-6bb9bd380a11}'::uuid[]);
SELECT md5(i::text)::uuid FROM generate_series(1, 300) i;
