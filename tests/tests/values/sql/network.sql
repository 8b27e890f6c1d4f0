-- Network addresses.

-- @type inet
SELECT unnest('{0.0.0.0,0.0.0.0/0,255.255.255.255,10.1.2.3/8,192.168.0.1/32,
    192.168.0.0/24,::,::/0,::1,::1/128,::2,::1.2.3.4,::ffff:1.2.3.4,::ffff:1.2.3.4/96,
    ::ffff:0:0,::1:0,::fffe:1.2.3.4,0:0:0:0:0:ffff::,64:ff9b::1.2.3.4,fe80::1/64,1::,
    1:0:0:2:0:0:0:3,1:0:0:0:2:0:0:3,1:0:0:2::,2001:db8:0:1:1:1:1:1,
    ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127,0:1:2:3:4:5:6:7,0:0:2:3:4:5:6:7}'::inet[]);
-- Eight words of which many are zero, so that all runs of zeros occur.
SELECT concat_ws(':', w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8])::inet
    FROM generate_series(0, 255) i, LATERAL (SELECT array_agg(CASE WHEN i >> (7 - n) & 1 = 1
    THEN to_hex(('x' || md5(i + n || ''))::bit(12)::int4 + 1) ELSE '0' END ORDER BY n)
    FROM generate_series(0, 7) n) q(w);
SELECT set_masklen(inet '0.0.0.0' + (('x' || md5(i::text))::bit(32)::int8), i % 33)
    FROM generate_series(0, 300) i;
SELECT set_masklen(inet '::' + (('x' || md5(i::text))::bit(56)::int8), i % 129)
    FROM generate_series(0, 300) i;
SELECT inet '::ffff:0:0' + i FROM generate_series(-3, 3) i;

-- @type cidr
SELECT unnest('{0.0.0.0/0,10.0.0.0/8,192.168.1.0/24,1.2.3.4,1.2.3.4/32,::/0,::/128,
    ::1,2001:db8::/32,fe80::/10,::ffff:1.2.3.0/120,::ffff:0:0/96}'::cidr[]);
SELECT network(set_masklen(inet '0.0.0.0' + ('x' || md5(i::text))::bit(32)::int8,
    i % 33)) FROM generate_series(0, 300) i;

-- @type macaddr
SELECT left(md5(i::text), 12)::macaddr FROM generate_series(1, 300) i;

-- @type macaddr8
SELECT left(md5(i::text), 16)::macaddr8 FROM generate_series(1, 300) i;
