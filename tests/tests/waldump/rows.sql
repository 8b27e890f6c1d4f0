CREATE EXTENSION hstore;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN price AS numeric(12, 2);
CREATE TABLE t (
    id int PRIMARY KEY, f bool, gone int, s int2, b int8, o oid, ch "char", r real, d float8,
    n numeric, dom price, c char(7), v varchar(20), txt text, nm name, by bytea, u uuid, da date,
    ti time, tz timetz, ts timestamp, tstz timestamptz, iv interval, j json, jb jsonb, ia int[],
    ta text[], na numeric[], e mood, ip inet, ci cidr, mac macaddr, bits varbit, p point, bx box,
    x xid, l pg_lsn, m money, poly polygon, gone_too text, last int
);
CREATE TABLE audit (n bigserial, op text, old jsonb, new jsonb);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit (op, old, new) VALUES (
        TG_OP,
        CASE WHEN TG_OP <> 'INSERT' THEN hstore_to_jsonb(hstore(OLD)) END,
        CASE WHEN TG_OP <> 'DELETE' THEN hstore_to_jsonb(hstore(NEW)) END);
    RETURN NULL;
END $$;
CREATE TRIGGER keep AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION keep();
CREATE VIEW made AS
SELECT i AS id, i % 3 = 0 AS f, i * 7 AS gone, (i * 31 - 3000)::int2 AS s,
       i::int8 * 123456789012 - 5000000000000 AS b, (4000000000 + i)::oid AS o, chr(64 + i % 50)::"char" AS ch,
       (i / 7.0)::real AS r, CASE i % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' ELSE i * 1.1e100 END::float8 AS d,
       CASE i % 7 WHEN 0 THEN 'NaN'::numeric WHEN 1 THEN 0.0000001 * i WHEN 2 THEN -i * 1e30
            WHEN 3 THEN repeat('12345', 1 + i % 60)::numeric / 1000 ELSE i - 60 END AS n,
       (i * 1.5)::price AS dom, left('pad' || i, 7)::char(7) AS c, repeat('v', i % 20)::varchar(20) AS v,
       CASE WHEN i % 11 = 0 THEN NULL ELSE repeat('text ' || i || ' ', i % 40) END AS txt, ('name' || i)::name AS nm,
       decode(md5(i::text), 'hex') AS by, md5('u' || i)::uuid AS u, '2000-01-01'::date + i * 300 - 20000 AS da,
       '00:00:00'::time + i * '0.123457 s'::interval AS ti, '12:00:00+02'::timetz + i * '1 s'::interval AS tz,
       '1990-01-01'::timestamp + i * '3.25 days'::interval AS ts,
       '2024-02-29 12:00:00+00'::timestamptz + i * '1 hour 0.5 ms'::interval AS tstz,
       make_interval(months => i % 14, days => -i, secs => i * 1.25) AS iv,
       json_build_object('id', i, 'deep', json_build_array(1, NULL, 'q"\' || i)) AS j,
       jsonb_build_object('z', i, 'a', jsonb_build_array(i, i / 3.0, NULL, true, false, 'tab' || chr(9), '{}'::jsonb, '[]'::jsonb),
                          'deep', jsonb_build_object('x', jsonb_build_object('y', repeat('w', i % 50)))) AS jb,
       ARRAY[i, NULL, -i] AS ia, ARRAY['a b', NULL, repeat('c', i % 30), '"q"'] AS ta,
       ARRAY[[i, 2.50], [-3e20, 0.001]]::numeric[] AS na, (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood AS e,
       ('10.0.' || i % 256 || '.1/24')::inet AS ip, CASE WHEN i % 2 = 0 THEN '2001:db8::/48' ELSE '192.168.0.0/16' END::cidr AS ci,
       '08:00:2b:01:02:03'::macaddr AS mac, (i % 8)::bit(3)::varbit || B'10110011101' AS bits, point(i, -i / 4.0) AS p,
       box(point(i, 1), point(-1, i / 2.0)) AS bx, (i + 3000000000)::text::xid AS x, ('1/' || to_hex(i * 4096))::pg_lsn AS l,
       (i * 3.33)::numeric::money AS m, ('((0,0),(1,' || i || '),(2,0))')::polygon AS poly, 'dropped ' || i AS gone_too, i AS last
FROM generate_series(1, 400) i;
