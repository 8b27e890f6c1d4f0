-- Applies walscope's lines to a copy of the database. Nothing here knows walscope's code: only the
-- manual of its lines.
SET check_function_bodies = off;
CREATE SCHEMA walscope;
CREATE TABLE walscope.lines (n bigserial PRIMARY KEY, line json NOT NULL);
-- Lines of transactions that are prepared and not yet ended.
CREATE TABLE walscope.held (gid text, n bigint, line json);
-- What the last line of each relation said.
CREATE TABLE walscope.relations (
  schema text, name text, columns text[], keys text[], identity text, PRIMARY KEY (schema, name)
);

-- Takes all lines and empties the table.
CREATE PROCEDURE walscope.apply() LANGUAGE plpgsql AS $$
DECLARE
  item record;
  kind text;
  prepared text;
BEGIN
  FOR item IN SELECT n, line FROM walscope.lines ORDER BY n LOOP
    kind := item.line->>'kind';
    CASE kind
      WHEN 'begin' THEN
        prepared := item.line->>'gid';
      WHEN 'relation' THEN
        CALL walscope.describe(item.line);
      WHEN 'commit' THEN
        COMMIT;
      WHEN 'prepare' THEN
        prepared := NULL;
      WHEN 'commitPrepared' THEN
        CALL walscope.release(item.line->>'gid');
        COMMIT;
      WHEN 'rollbackPrepared' THEN
        DELETE FROM walscope.held WHERE gid = item.line->>'gid';
      ELSE
        IF kind IN ('insert', 'update', 'delete') THEN
          CALL walscope.check_columns(item.line);
        END IF;
        IF prepared IS NOT NULL AND item.line->>'gid' = prepared THEN
          INSERT INTO walscope.held VALUES (prepared, item.n, item.line);
        ELSE
          CALL walscope.change(item.line);
        END IF;
    END CASE;
  END LOOP;
  DELETE FROM walscope.lines;
END $$;

CREATE PROCEDURE walscope.release(wanted text) LANGUAGE plpgsql AS $$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT line FROM walscope.held WHERE gid = wanted ORDER BY n LOOP
    CALL walscope.change(item.line);
  END LOOP;
  DELETE FROM walscope.held WHERE gid = wanted;
END $$;

CREATE PROCEDURE walscope.describe(line json) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO walscope.relations
  SELECT line->>'schema', line->>'table', array_agg(name ORDER BY position),
         coalesce(array_agg(name ORDER BY position) FILTER (WHERE is_key), '{}'),
         line->>'replicaIdentity'
    FROM (SELECT position, item->>'name' AS name, (item->>'key')::boolean AS is_key
            FROM json_array_elements(line->'columns') WITH ORDINALITY items (item, position)) columns
  ON CONFLICT (schema, name) DO UPDATE
     SET columns = excluded.columns, keys = excluded.keys, identity = excluded.identity;
END $$;

-- A row has exactly the columns that the last line about its table named.
CREATE PROCEDURE walscope.check_columns(line json) LANGUAGE plpgsql AS $$
DECLARE
  described walscope.relations;
  found text[];
BEGIN
  SELECT * INTO described FROM walscope.relations
   WHERE schema = line->>'schema' AND name = line->>'table';
  IF described IS NULL THEN
    RAISE 'no line has described %.%', line->>'schema', line->>'table';
  END IF;
  IF line->'new' IS NOT NULL THEN
    SELECT array_agg(name) INTO found
      FROM (SELECT json_object_keys(line->'new')
             UNION ALL SELECT json_array_elements_text(line->'unchanged')) names (name);
    IF NOT (found @> described.columns AND found <@ described.columns
            AND cardinality(found) = cardinality(described.columns)) THEN
      RAISE 'columns % instead of %', found, described.columns;
    END IF;
  END IF;
  IF line->'key' IS NOT NULL THEN
    found := ARRAY(SELECT json_object_keys(line->'key'));
    IF found <> described.keys THEN
      RAISE 'key % instead of %', found, described.keys;
    END IF;
  END IF;
END $$;

CREATE PROCEDURE walscope.change(line json) LANGUAGE plpgsql AS $$
DECLARE
  target text := quote_ident(line->>'schema') || '.' || quote_ident(line->>'table');
  columns text;
BEGIN
  IF line->>'schema' = 'definitions' THEN
    EXECUTE line->'new'->>'sql';
    RETURN;
  END IF;
  CASE line->>'kind'
    WHEN 'insert' THEN
      columns := walscope.names(line->'new');
      EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE
                      SELECT %2$s FROM json_populate_record(NULL::%1$s, $1)', target, columns)
        USING line->'new';
    WHEN 'update' THEN
      columns := walscope.names(line->'new');
      EXECUTE format('UPDATE %1$s SET (%2$s) = (SELECT %2$s FROM json_populate_record(NULL::%1$s, $1))
                       WHERE ctid = %3$s', target, columns, walscope.place(target, line))
        USING line->'new', line->'key';
    WHEN 'delete' THEN
      EXECUTE format('DELETE FROM %1$s WHERE ctid = %2$s', target, walscope.place(target, line))
        USING NULL::json, line->'key';
    WHEN 'truncate' THEN
      EXECUTE 'TRUNCATE ' || (SELECT string_agg(format('%I.%I', item->>'schema', item->>'table'), ', ')
                                FROM json_array_elements(line->'relations') item)
        || CASE WHEN (line->>'restartIdentity')::boolean THEN ' RESTART IDENTITY' ELSE '' END
        || CASE WHEN (line->>'cascade')::boolean THEN ' CASCADE' ELSE '' END;
    WHEN 'message' THEN
      NULL;
    ELSE
      RAISE 'unknown kind %', line->>'kind';
  END CASE;
EXCEPTION WHEN OTHERS THEN
  RAISE '%: %', SQLERRM, left(line::text, 2000);
END $$;

CREATE FUNCTION walscope.names(fields json) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%I', name), ', ') FROM json_object_keys(fields) name
$$;

-- The expression that finds the one row whose key is $2. Where the whole row is the key, rows may
-- be alike, and any of them will do; texts are compared, since not every type can be.
CREATE FUNCTION walscope.place(target text, line json) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  condition text;
BEGIN
  IF line->'key' IS NULL THEN
    RAISE 'a % without a key', line->>'kind';
  END IF;
  SELECT string_agg(
           CASE WHEN line->'old' IS NULL THEN format('t.%1$I = k.%1$I', name)
                ELSE format('%s IS NOT DISTINCT FROM %s', walscope.text_of('t', name, type),
                            walscope.text_of('k', name, type)) END, ' AND ')
    INTO condition
    FROM json_object_keys(line->'key') name
    JOIN (SELECT attname, atttypid FROM pg_attribute
           WHERE attrelid = target::regclass AND attnum > 0) columns (column_name, type)
      ON column_name = name;
  RETURN format('walscope.only(ARRAY(SELECT t.ctid FROM %1$s t,
                   json_populate_record(NULL::%1$s, $2) k WHERE %2$s), %3$L)',
                target, condition, line->'old' IS NOT NULL);
END $$;

CREATE FUNCTION walscope.only(places tid[], any_will_do boolean) RETURNS tid LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(places) = 0 OR cardinality(places) > 1 AND NOT any_will_do THEN
    RAISE '% rows have this key', cardinality(places);
  END IF;
  RETURN places[1];
END $$;

-- A column's text; JSON without the white space that lines leave out.
CREATE FUNCTION walscope.text_of(row_name text, name text, type oid) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN type IN ('json'::regtype, 'jsonb'::regtype)
              THEN format('walscope.compact(%s.%I::text)', row_name, name)
              ELSE format('%s.%I::text', row_name, name) END
$$;

CREATE FUNCTION walscope.compact(document text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(document, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g')
$$;
