-- Types of the system's own.

-- @type pg_lsn
SELECT unnest('{0/0,0/1,1/0,16/B374D848,FFFFFFFF/FFFFFFFF}'::pg_lsn[]);

-- @type tid
SELECT unnest('{"(0,0)","(1,2)","(4294967295,65535)"}'::tid[]);

-- @type pg_snapshot
SELECT unnest('{1:1:,10:20:,"10:20:10,14,19",
    1:9223372036854775807:5000000000}'::pg_snapshot[]);

-- @type txid_snapshot
SELECT unnest('{1:1:,10:20:,"10:20:10,14,19"}'::txid_snapshot[]);

-- @type int2vector
VALUES (int2vector ''), ('0'), ('-32768 32767 1'), ('1 2 3 4 5 6 7 8 9');

-- @type oidvector
VALUES (oidvector ''), ('0'), ('4294967295 1');

-- @type pg_node_tree
SELECT adbin FROM pg_attrdef UNION ALL SELECT ev_action FROM pg_rewrite
    WHERE octet_length(ev_action::text) < 20000;
