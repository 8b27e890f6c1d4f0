-- Geometric types.

-- @type point
SELECT unnest('{"(0,0)","(-0,1.5)","(1e+20,1e-05)","(NaN,Infinity)",
    "(-Infinity,0.1)"}'::point[]);
SELECT point(('x' || md5(i::text))::bit(64)::int8 / 1e9, i / 3.0) FROM generate_series(1, 300) i;

-- @type line
SELECT unnest('{"{1,-1,0}","{0,1,2.5}","{1e+300,1e-300,-0}",
    "(0,0),(1,3)"}'::line[]);

-- @type lseg
SELECT lseg(point(i / 3.0, -i), point(1e20 * i, 0.1)) FROM generate_series(-50, 50) i;

-- @type box
SELECT box(point(i / 3.0, -i), point(1e20 * i, 0.1)) FROM generate_series(-50, 50) i;

-- @type path
VALUES (path '((0,0))'), ('[(0,0)]'), ('((0,0),(1.5,-2),(NaN,Infinity))'), ('[(1,2),(3,4)]');
SELECT ('[' || string_agg(point(i / 7.0, n)::text, ',') || ']')::path
    FROM generate_series(1, 30) n, generate_series(1, n) i GROUP BY n;

-- @type polygon
VALUES (polygon '((0,0))'), ('((0,0),(1.5,-2),(1e+20,3))');
SELECT polygon(n, circle(point(1, 2), n / 3.0)) FROM generate_series(2, 40) n;

-- @type circle
SELECT circle(point(i / 3.0, -i), abs(i) * 1e-7) FROM generate_series(-50, 50) i
    UNION ALL SELECT '<(NaN,0),Infinity>';
