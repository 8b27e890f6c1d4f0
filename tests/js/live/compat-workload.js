// What the adapter and pg-logical-replication are compared on: tables, and changes of every kind.

/** Tables of every replica identity, with types of all families, and names that need quoting. */
export const TABLES = `
  CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE TYPE pair AS (a int, b text);
  CREATE DOMAIN age AS int;
  CREATE TABLE users (
    id int PRIMARY KEY, email text, big int8, price numeric, born date, seen timestamptz, at timestamp,
    doc jsonb, tags text[], counts int8[], raw bytea, ok bool, ratio float8, mood mood, both_ pair,
    age age, span interval, spot point, address inet);
  CREATE TABLE "Odd ""name" ("Key" text, sub int, "__proto__" text, PRIMARY KEY ("Key", sub));
  CREATE TABLE wide (id int PRIMARY KEY, bio text, n int);
  CREATE TABLE whole (id int PRIMARY KEY, bio text, n int);
  CREATE TABLE longkey (k text PRIMARY KEY, n int);
  CREATE TABLE indexed (a int, b text NOT NULL, c int);
  CREATE TABLE lines (line text);
  CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
  CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10);
  CREATE TABLE children (id int REFERENCES users);
  CREATE TABLE done (id int);
  CREATE UNIQUE INDEX by_b ON indexed (b);
  ALTER TABLE indexed REPLICA IDENTITY USING INDEX by_b;
  ALTER TABLE whole REPLICA IDENTITY FULL;
  ALTER TABLE wide ALTER bio SET STORAGE EXTERNAL;
  ALTER TABLE whole ALTER bio SET STORAGE EXTERNAL;
  ALTER TABLE longkey ALTER k SET STORAGE EXTERNAL;
  CREATE PUBLICATION p FOR TABLE users, wide, whole, longkey, indexed, lines, parts, children, done;
  CREATE PUBLICATION "Odd" FOR TABLE "Odd ""name"`;

const USER = `'a@b', 9007199254740993, 1.10, '2026-11-25', '2026-11-25 10:00:00.123456+02',
  '2026-11-25 10:00:00', '{"n": [1, null, "é"]}', '{a,"b c",NULL}', '{1,-2}', '\\x00ff', true, 1.5,
  'happy', '(1,"x y")', 7, '1 day 02:03:04.5', '(1,2)', '10.0.0.1/8'`;

/** One transaction for each. */
const CHANGES = [
  `INSERT INTO users VALUES (1, ${USER})`,
  `INSERT INTO users (id) VALUES (2), (3); INSERT INTO users (id, email) VALUES (4, ''), (5, 'Grüße, 👋')`,
  `UPDATE users SET email = 'c@d' WHERE id = 1`,
  `UPDATE users SET id = 10 WHERE id = 2; UPDATE users SET id = id WHERE id = 3`,
  `DELETE FROM users WHERE id IN (3, 10)`,
  `INSERT INTO "Odd ""name" VALUES ('K', 1, 'p'); UPDATE "Odd ""name" SET sub = 2; DELETE FROM "Odd ""name"`,
  `INSERT INTO wide VALUES (1, repeat('x', 5000), 1)`,
  `UPDATE wide SET n = 2; UPDATE wide SET id = 2; UPDATE wide SET bio = 'short'`,
  `INSERT INTO whole VALUES (1, repeat('y', 5000), NULL)`,
  `UPDATE whole SET n = 2; UPDATE whole SET id = 2; DELETE FROM whole`,
  `INSERT INTO longkey VALUES (repeat('k', 2500), 1); UPDATE longkey SET n = 2`,
  `UPDATE longkey SET k = 'short'; DELETE FROM longkey`,
  `INSERT INTO indexed VALUES (1, 'b', 1); UPDATE indexed SET c = 2; UPDATE indexed SET b = 'B'`,
  `DELETE FROM indexed`,
  `INSERT INTO lines VALUES (NULL), ('')`,
  `INSERT INTO parts VALUES (1, 'v'); UPDATE parts SET v = 'w'; DELETE FROM parts`,
  `SELECT pg_logical_emit_message(true, 'in', 'hello'), pg_logical_emit_message(false, 'out', '\\x00ff'::bytea)`,
  `BEGIN; INSERT INTO lines VALUES ('a'); SAVEPOINT s; INSERT INTO lines VALUES ('b'); ROLLBACK TO s;
    INSERT INTO lines VALUES ('c'); COMMIT`,
  `TRUNCATE users CASCADE; TRUNCATE wide, whole RESTART IDENTITY`,
  `ALTER TABLE wide RENAME TO broad; INSERT INTO broad VALUES (1, 'a', 1)`,
  `ALTER TABLE broad ADD COLUMN more mood; ALTER TABLE broad DROP COLUMN n`,
  `INSERT INTO broad VALUES (2, 'b', 'sad')`,
  `CREATE TABLE wide (id int PRIMARY KEY); ALTER PUBLICATION p ADD TABLE wide`,
  `INSERT INTO wide VALUES (1); INSERT INTO broad VALUES (3, 'c', NULL)`,
];

/** How many rows are too many for the server's memory that the tests give it. */
const LARGE = 5000;

/**
 * Changes everything, and then inserts into `done`.
 *
 * @param {{ sql(text: string): Promise<any[]> }} server
 */
export async function change(server) {
  for (const sql of CHANGES) await server.sql(sql);
  // A transaction that came from elsewhere.
  await server.sql(`SELECT pg_replication_origin_create('far')`);
  await server.sql(`SELECT pg_replication_origin_session_setup('far')`);
  await server.sql(
    `BEGIN; SELECT pg_replication_origin_xact_setup('1/23456', now());
     INSERT INTO lines VALUES ('from afar'); COMMIT`,
  );
  await server.sql('SELECT pg_replication_origin_session_reset()');
  await server.sql(`INSERT INTO lines SELECT 'line ' || i FROM generate_series(1, ${LARGE}) AS i`);
  await server.sql('INSERT INTO done VALUES (1)');
}
