-- Dates, times and intervals.

-- @type date
SELECT unnest('{infinity,-infinity,4714-11-24 BC,0001-12-31 BC,0001-01-01,0999-01-01,
    1999-12-31,2000-01-01,2000-02-29,9999-12-31,10000-01-01,99999-12-31,5874897-12-31}'
    ::date[]);
SELECT date '2000-01-01' + i FROM generate_series(-2451545, 3000000, 9973) i;
SELECT date '2000-01-01' + i FROM generate_series(3000000, 2145031948, 9999991) i;

-- @type time
SELECT unnest('{00:00,24:00,23:59:59.999999,12:34:56.7,00:00:00.000001,01:02:03.10}'
    ::time[]);
SELECT time '00:00' + i * interval '29 microseconds'
    FROM generate_series(0, 2900000000, 9999991) i;

-- @type timetz
SELECT unnest('{00:00+00,24:00-15:59:59,23:59:59.999999+15:59:59,12:34:56.7+05:30,
    00:00-00:00:01,00:00-00:30,10:00+10:00:10}'::timetz[]);
SELECT timetz '00:00+00' + i * interval '1 microsecond'
    FROM generate_series(0, 86000000000, 999999991) i;

-- @type timestamp
SELECT unnest('{infinity,-infinity,4714-11-24 00:00:00 BC,
    0001-12-31 23:59:59.999999 BC,0001-01-01 00:00:00,1999-12-31 23:59:59.999999,2000-01-01
    00:00:00,10000-01-01 00:00:00.000001,294276-12-31 23:59:59.999999,2024-02-29 12:00:00.120}'
    ::timestamp[]);
SELECT timestamp '2000-01-01' +
    ('x' || md5(i::text))::bit(64)::int8 % 200000000000000000 * interval '1 microsecond'
    FROM generate_series(1, 400) i;
SELECT timestamp '2000-01-01' + (i || ' years')::interval FROM generate_series(-6700, 292000, 997) i;

-- @type timestamptz
SELECT unnest('{infinity,-infinity,4714-11-24 00:00:00+00 BC,0001-12-31
    23:59:59.999999+00 BC,2000-01-01 00:00:00+00,1999-12-31 23:59:59.9+00,294276-12-31
    23:59:59.999999+00,2024-02-29 12:00:00.5-11:30}'::timestamptz[]);
SELECT timestamptz '2000-01-01 00:00+00' +
    ('x' || md5(i::text))::bit(64)::int8 % 200000000000000000 * interval '1 microsecond'
    FROM generate_series(1, 400) i;

-- @type interval
SELECT unnest('{0,1 year,-1 year,1 mon,-1 mon,1 day,-1 day,2 years
    3 mons,1 microsecond,-1 microsecond,-00:00:01.5,100:00:00,178956970 years 7 mons,
    -178956970 years -8 mons,2147483647 days,-2147483648 days,1 day 00:00:01,-1 day +00:00:01,1 mon -1 day,-1 mon +1 day,
    -1 year +2 days,-1 year -1 mon +1 day -00:00:01,1 year -12:00,1.5 years 2.5 days}'
    ::interval[]);
SELECT (('x' || md5('m' || i))::bit(32)::int4 >> i % 32) * interval '1 mon'
    + (('x' || md5('d' || i))::bit(32)::int4 >> i % 29) * interval '1 day'
    + (('x' || md5('t' || i))::bit(62)::int8 >> i % 61) * interval '1 microsecond'
    FROM generate_series(1, 400) i;
-- All combinations of signs, and of parts that are missing.
SELECT format('%s years %s mons %s days %s seconds', y, m, d, s)
    ::interval FROM unnest('{-1,0,1}'::int[]) y, unnest('{-1,0,1}'::int[]) m,
    unnest('{-2,0,2}'::int[]) d, unnest('{-1.5,0,3661}'::numeric[]) s;

-- @type interval since 17
SELECT unnest('{infinity,-infinity}'::interval[]);

-- Out of range before 15.
-- @type interval since 15
SELECT i - interval '1 microsecond' FROM unnest('{2562047788:00:54.775807,
    -2562047788:00:54.775806,-2562047788:00:54.775807}'::interval[]) i;

-- One microsecond from what is infinite since 17.
-- @type interval since 15
VALUES (interval '2147483647 mons 2147483647 days 2562047788:00:54.775806'),
    ('-2147483648 mons -2147483648 days -2562047788:00:54.775807');
