-- `real` and `double precision`: all powers of two and their neighbours, numbers half-way between
-- two decimals, and pseudo-random ones.

-- @type float4
SELECT unnest('{0,-0,1,-1,0.1,NaN,Infinity,-Infinity,3.4028235e38,1.1754944e-38,
    1.1754942e-38,1e-45,999999,1000000,1e6,1234567,16777216,16777218,33554432,1e-4,1e-5,
    0.00012345,123456.7,0.3,1e10,8.5899735e9,5e-45}'::float4[]);
SELECT (m * power(2::float8, e))::float4 FROM generate_series(-149, 104) e,
    unnest('{1,8388607,8388608,8388609,16777214,16777215}'::float8[]) m
    WHERE m * power(2::float8, e) < 3.4e38;
-- Short decimals.
SELECT (m || 'e' || e)::float4 FROM generate_series(-44, 37) e,
    unnest('{1,2,5,8,9,1.5,9.5,1.25,3.14159,9.999999}'::text[]) m;
SELECT ((('x' || md5(i::text))::bit(24)::int4) * power(2::float8, i % 250 - 149))
    ::float4 FROM generate_series(1, 3000) i;
SELECT i * 2::float4 FROM generate_series(8388608, 67108864, 33331) i;
SELECT i / 4::float4 FROM generate_series(-2097152, 2097152, 7777) i;

-- @type float8
SELECT unnest('{0,-0,1,-1,0.1,NaN,Infinity,-Infinity,1.7976931348623157e308,
    2.2250738585072014e-308,2.225073858507201e-308,5e-324,1e-323,999999999999999,1e15,
    1000000000000001,123456789012345.6,9007199254740992,9007199254740993,1e20,1e-4,1e-5,
    0.00012345,0.3,2e-3,1e22,1e23,1e100,-1.5e-7}'::float8[]);
SELECT m * power(2::float8, e) FROM generate_series(-1022, 970) e,
    unnest('{1,4503599627370495,4503599627370496,4503599627370497,9007199254740990,
    9007199254740991}'::float8[]) m;
SELECT i * 5e-324::float8 FROM generate_series(1, 400) i;
SELECT power(2::float8, i) * 5e-324 FROM generate_series(0, 60) i;
SELECT (m || 'e' || e)::float8 FROM generate_series(-307, 307) e,
    unnest('{1,2,5,8,9,1.5,9.5,1.25,3.14159,9.999999999}'::text[]) m;
SELECT ('x' || md5(i::text))::bit(64)::int8 * power(2::float8, i % 1990 - 1030)
    FROM generate_series(1, 3000) i;
-- Whole numbers beyond 2^53, many of them half-way between shorter decimals.
SELECT (9007199254740992 + i)::float8 * f FROM generate_series(1, 600) i,
    unnest('{1,2,4,8,16,32,64,1024,0.5,0.25,0.125,0.0625}'::float8[]) f;
