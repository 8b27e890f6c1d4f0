-- Compares walscope's lines with what PostgreSQL's test_decoding says of the same transactions:
-- every row, truncate, message and end of a transaction, in the same order.
--
-- The text is that of contrib/test_decoding/test_decoding.c. White space is not compared in rows of
-- tables with JSON, since the lines leave it out there. Nor is what prepared transactions did that
-- were rolled back before the server read them: it stops in the midst when it finds out.
CREATE TABLE walscope.expected (n bigserial PRIMARY KEY, lsn pg_lsn, xid xid, data bytea);
CREATE TABLE walscope.described (schema text, name text, columns json, PRIMARY KEY (schema, name));

-- What is expected, without transactions in which nothing happened: pgoutput leaves them out (15 and
-- later). test_decoding's own option for that takes PostgreSQL 18 down at a prepared transaction
-- that was rolled back before it was read. PostgreSQL 18 may begin none of which it tells the end.
CREATE VIEW walscope.happened AS
  SELECT n, lsn, xid, data
    FROM (SELECT *, lag(data) OVER lines AS before,
                 lag(expected.xid) OVER lines IS NOT DISTINCT FROM expected.xid AS goes_on
            FROM walscope.expected WINDOW lines AS (ORDER BY n)) lines
   WHERE substring(data FOR 6) <> 'BEGIN '::bytea
     AND NOT (coalesce(substring(before FOR 6) = 'BEGIN '::bytea, false)
              AND substring(data FOR 7) = 'COMMIT '::bytea)
     AND NOT ((NOT goes_on OR substring(before FOR 6) = 'BEGIN '::bytea)
              AND substring(data FOR 20) = 'PREPARE TRANSACTION '::bytea);

-- The number of lines that were compared; an error where one differs. Empties `expected`.
CREATE FUNCTION walscope.compare() RETURNS bigint LANGUAGE plpgsql
  SET search_path = '' AS $$
DECLARE
  rolled_back text[] := ARRAY(
    SELECT line->>'xid' FROM walscope.lines WHERE line->>'kind' = 'rollbackPrepared');
  expected CURSOR FOR
    SELECT * FROM walscope.happened
     WHERE happened.xid::text <> ALL (rolled_back) OR substring(data FOR 8) = 'ROLLBACK'::bytea
        OR substring(data FOR 25) = 'message: transactional: 0'::bytea
     ORDER BY n;
  item record;
  wanted record;
  kind text;
  xid text;
  changes bigint := 0;
  compared bigint := 0;
BEGIN
  OPEN expected;
  FOR item IN SELECT line FROM walscope.lines ORDER BY n LOOP
    kind := item.line->>'kind';
    xid := item.line->>'xid';
    CONTINUE WHEN xid = ANY (rolled_back) AND kind NOT IN ('relation', 'rollbackPrepared');
    IF kind = 'relation' THEN
      INSERT INTO walscope.described
      VALUES (item.line->>'schema', item.line->>'table', item.line->'columns')
      ON CONFLICT (schema, name) DO UPDATE SET columns = excluded.columns;
    ELSIF kind = 'begin' THEN
      changes := 0;
    ELSIF kind IN ('commit', 'prepare') AND changes = 0 THEN
      -- Nothing happened in it.
      CONTINUE;
    ELSE
      changes := changes + 1;
      FETCH expected INTO wanted;
      IF wanted IS NULL THEN
        RAISE 'PostgreSQL knows nothing of %', left(item.line::text, 2000);
      END IF;
      IF wanted.lsn <> coalesce(item.line->>'endLsn', item.line->>'lsn')::pg_lsn
         OR xid <> wanted.xid::text
         OR NOT walscope.is_same(item.line, wanted.data) THEN
        RAISE E'PostgreSQL: % % %\nwalscope: %', wanted.lsn, wanted.xid,
          encode(substring(wanted.data FOR 3000), 'escape'), left(item.line::text, 3000);
      END IF;
      compared := compared + 1;
      IF kind IN ('commit', 'prepare') THEN
        changes := 0;
      END IF;
    END IF;
  END LOOP;
  FETCH expected INTO wanted;
  IF wanted IS NOT NULL THEN
    RAISE 'no line for % % %', wanted.lsn, wanted.xid, encode(substring(wanted.data FOR 3000), 'escape');
  END IF;
  CLOSE expected;
  DELETE FROM walscope.expected;
  RETURN compared;
END $$;

CREATE FUNCTION walscope.is_same(line json, data bytea) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  kind text := line->>'kind';
  name text := quote_ident(line->>'schema') || '.' || quote_ident(line->>'table');
BEGIN
  RETURN CASE kind
    WHEN 'message' THEN data = walscope.message(line)
    -- pgoutput names the partitions, not the partitioned table.
    WHEN 'truncate' THEN regexp_replace(convert_from(data, 'UTF8'),
                                        'public\.parts, |, public\.parts\M', '') = walscope.truncation(line)
    WHEN 'commit' THEN convert_from(data, 'UTF8') = format('COMMIT %s (at %s)', line->>'xid',
                                                           (line->>'commitTime')::timestamptz)
    WHEN 'prepare' THEN convert_from(data, 'UTF8') = walscope.prepared('PREPARE TRANSACTION', line, 'prepareTime')
    WHEN 'commitPrepared' THEN convert_from(data, 'UTF8') = walscope.prepared('COMMIT PREPARED', line, 'commitTime')
    WHEN 'rollbackPrepared' THEN convert_from(data, 'UTF8') = walscope.prepared('ROLLBACK PREPARED', line, 'rollbackTime')
    ELSE walscope.is_same_row(line, format('table %s: %s:', name, upper(kind)), convert_from(data, 'UTF8'))
  END;
END $$;

CREATE FUNCTION walscope.prepared(what text, line json, member text) RETURNS text LANGUAGE sql AS $$
  SELECT format('%s %L, txid %s (at %s)', what, line->>'gid', line->>'xid', (line->>member)::timestamptz)
$$;

CREATE FUNCTION walscope.message(line json) RETURNS bytea LANGUAGE sql AS $$
  SELECT convert_to(format('message: transactional: %s prefix: %s, sz: %s content:',
                           (line->>'transactional')::boolean::int, line->>'prefix', length(content)),
                    'UTF8') || content
    FROM (SELECT CASE json_typeof(line->'content')
                   WHEN 'string' THEN convert_to(line->>'content', 'UTF8')
                   ELSE decode(line->'content'->>'$bytes', 'hex') END) messages (content)
$$;

CREATE FUNCTION walscope.truncation(line json) RETURNS text LANGUAGE sql AS $$
  SELECT format('table %s: TRUNCATE:%s%s%s',
                (SELECT string_agg(format('%I.%I', item->>'schema', item->>'table'), ', ' ORDER BY n)
                   FROM json_array_elements(line->'relations') WITH ORDINALITY items (item, n)),
                CASE WHEN restart THEN ' restart_seqs' END, CASE WHEN cascade THEN ' cascade' END,
                CASE WHEN NOT restart AND NOT cascade THEN ' (no-flags)' END)
    FROM (SELECT (line->>'restartIdentity')::boolean, (line->>'cascade')::boolean) flags (restart, cascade)
$$;

CREATE FUNCTION walscope.is_same_row(line json, head text, data text) RETURNS boolean
  LANGUAGE plpgsql AS $$
DECLARE
  columns json;
  old json := coalesce(line->'old', line->'key');
  ours text := head;
  -- pgoutput does not send what is generated.
  theirs text := regexp_replace(data, ' generated_\w+\[integer\]:(null|-?[0-9]+)', '', 'g');
BEGIN
  SELECT described.columns INTO STRICT columns FROM walscope.described
   WHERE schema = line->>'schema' AND name = line->>'table';
  IF line->>'kind' = 'delete' THEN
    ours := ours || walscope.columns_of(columns, old, NULL, NULL);
  ELSE
    -- The old key is sent only where it has changed; a line always names it.
    IF line->>'kind' = 'update' AND starts_with(data, head || ' old-key:') THEN
      ours := ours || ' old-key:' || walscope.columns_of(columns, old, NULL, NULL) || ' new-tuple:';
    ELSIF line->'old' IS NOT NULL
          OR EXISTS (SELECT FROM json_object_keys(line->'key') name
                      WHERE line->'key'->>name IS DISTINCT FROM line->'new'->>name) THEN
      RETURN false;
    END IF;
    ours := ours || walscope.columns_of(columns, line->'new', line->'old', theirs);
  END IF;
  IF EXISTS (SELECT FROM json_array_elements(columns) item
              WHERE (item->>'type')::oid IN ('json'::regtype, 'jsonb'::regtype)) THEN
    ours := regexp_replace(ours, '\s', '', 'g');
    theirs := regexp_replace(theirs, '\s', '', 'g');
  END IF;
  RETURN ours = theirs;
END $$;

-- A row. `theirs` is NULL for an old row, of which NULLs are left out. A column that an update left
-- out of line is filled by walscope from a full old row; test_decoding only says that it was left.
CREATE FUNCTION walscope.columns_of(columns json, fields json, old json, theirs text) RETURNS text
  LANGUAGE sql AS $$
  SELECT coalesce(string_agg(label || CASE
           WHEN fields->name IS NULL
                OR old->>name = fields->>name AND position(label || 'unchanged-toast-datum' IN theirs) > 0
             THEN 'unchanged-toast-datum'
           ELSE walscope.literal(fields, name, type) END, '' ORDER BY n), '')
    FROM (SELECT n, item->>'name', (item->>'type')::oid,
                 format(' %I[%s]:', item->>'name', format_type((item->>'type')::oid, NULL))
            FROM json_array_elements(columns) WITH ORDINALITY items (item, n)) columns (n, name, type, label)
   WHERE theirs IS NOT NULL OR fields->>name IS NOT NULL
$$;

CREATE FUNCTION walscope.literal(fields json, name text, type oid) RETURNS text LANGUAGE sql AS $$
  SELECT CASE
    WHEN fields->>name IS NULL THEN 'null'
    WHEN type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'oid'::regtype, 'float4'::regtype,
                  'float8'::regtype, 'numeric'::regtype, 'bool'::regtype) THEN fields->>name
    WHEN type IN ('bit'::regtype, 'varbit'::regtype) THEN format('B''%s''', fields->>name)
    WHEN type IN ('json'::regtype, 'jsonb'::regtype)
      THEN '''' || replace((fields->name)::text, '''', '''''') || ''''
    ELSE '''' || replace(fields->>name, '''', '''''') || ''''
  END
$$;
