-- Integers, `numeric`, `money` and bits. Pseudo-random values come from MD5, the same each time.

-- @type bool
VALUES (true), (false);

-- @type int2
SELECT i::int2 FROM generate_series(-32768, 32767, 13) i UNION ALL SELECT 32767;

-- @type int4
VALUES (-2147483648), (-1), (0), (1), (2147483647);
SELECT ('x' || md5(i::text))::bit(32)::int4 FROM generate_series(1, 300) i;

-- @type int8
VALUES (-9223372036854775808), (-1::int8), (0), (1), (9223372036854775807);
SELECT ('x' || md5(i::text))::bit(64)::int8 >> i % 64 FROM generate_series(1, 300) i;

-- @type oid
SELECT unnest('{0,1,2147483648,4294967295}'::oid[]);

-- @type xid
SELECT unnest('{0,1,2147483648,4294967295}'::xid[]);

-- @type xid8
SELECT unnest('{0,1,4294967296,18446744073709551615}'::xid8[]);

-- @type cid
SELECT unnest('{0,1,2147483648,4294967295}'::cid[]);

-- @type money
SELECT unnest('{0,0.01,-0.01,0.10,-1,1,12.34,999.99,1000,-1000,123456.78,
    1234567.89,92233720368547758.07,-92233720368547758.08}'::money[]);
SELECT ((('x' || md5(i::text))::bit(64)::int8 >> i % 64)::numeric / 100)::money
    FROM generate_series(1, 300) i;

-- @type numeric
SELECT unnest('{0,-0,0.0,0.000,0.0000,0.00000,1,-1,9999,10000,10001,99999999,1e8,
    1e-4,1e-5,0.0001,0.00010,0.00001,0.99999,123.4500,-0.5,-0.05,NaN,Infinity,-Infinity,
    1e131071,-1e131071,1e-16383,-1e-16383,1e1000,1.5e-1000}'::numeric[]);
SELECT (repeat('9', 131072) || '.' || repeat('9', 16383))::numeric;
SELECT round(0, s) FROM generate_series(0, 40) s;
-- Trailing zeros, and parts that are words of zeros.
SELECT round(('x' || md5(i::text))::bit(64)::int8::numeric / 10::numeric ^ (i % 40),
    i % 23) FROM generate_series(1, 400) i;
SELECT ('x' || md5(i::text))::bit(64)::int8::numeric * 10::numeric ^ (i % 40)
    FROM generate_series(1, 400) i;
SELECT ('x' || md5(i::text))::bit(16)::int4::numeric ^ (i % 30) / 7::numeric ^ (i % 11)
    FROM generate_series(1, 400) i;
SELECT 10::numeric ^ i FROM generate_series(-30, 30) i;

-- @type bit
VALUES (B'0'), (B'1');
SELECT B'10110' UNION ALL SELECT B'10000000' UNION ALL SELECT B'000000001';
SELECT ('x' || md5(i::text))::bit(77) FROM generate_series(1, 300) i;

-- @type varbit
SELECT substring(('x' || md5(i::text))::bit(128), 1, i % 129)::varbit
    FROM generate_series(0, 300) i;
