-- What the origin has besides: all tables published, and every definition in the stream as a row of
-- the transaction that made it, where the copy finds it. A message would not do: when the server
-- streams, it does not say which subtransaction wrote a message, and that may be rolled back.
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE SCHEMA definitions;
CREATE TABLE definitions.log (sql text);
CREATE FUNCTION definitions.tell() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO definitions.log VALUES (pg_catalog.current_query());
END $$;
CREATE EVENT TRIGGER tell_definitions ON ddl_command_end EXECUTE FUNCTION definitions.tell();
SELECT pg_replication_origin_create('elsewhere');
