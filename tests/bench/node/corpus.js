// Tables, rows and the messages that PostgreSQL makes of them.

const NARROW = 'id int PRIMARY KEY, email text, active bool';
const WIDE = `
  id int PRIMARY KEY, account bigint, amount numeric(12,2), rate float8, visits int, level int2,
  active bool, deleted bool, name text, email text, city text, street text, note text,
  code varchar(10), token uuid, created timestamptz, updated timestamptz, born date,
  tags text[], data jsonb`;

/**
 * The names of a table's columns, as a program's literals would be.
 *
 * @param {string} columns
 */
export function namesOf(columns) {
  const names = columns.split(/,\s+/).map((column) => column.trim().split(' ')[0] ?? '');
  return Object.keys(Object.fromEntries(names.map((name) => [name, null])));
}

/** Columns of the wide table that a consumer of two wants. */
export const TWO_OF_WIDE = ['email', 'visits'];

/** @typedef {{ name: string, table: string, columns: string, rows: string }} Corpus */

/**
 * @param {string} table
 * @param {boolean} ascii
 * @returns {string} a query of rows numbered from 1 to $1
 */
function rowsOf(table, ascii) {
  // Three texts in ten are outside of ASCII.
  /** @param {string} text */
  const mixed = (text) =>
    ascii ? text : `CASE WHEN n % 10 < 3 THEN 'Grüße, ' ELSE '' END || ${text}`;
  const email = mixed(`'user' || n || '@example.org'`);
  if (table === 'narrow') return `SELECT n, ${email}, n % 3 = 0 FROM generate_series(1, $1) n`;
  return `SELECT n, 4000000000 + n, (n * 7919 % 1000000) / 100.0, n / 3.0::float8, n * 31 % 10000,
      n % 100, n % 3 = 0, false, ${mixed(`'Name ' || n`)}, ${email}, ${mixed(`'City ' || n % 50`)},
      ${mixed(`n % 200 || ' Long Street'`)}, ${mixed(`repeat('note ', 12)`)}, 'C' || n % 1000,
      md5(n::text)::uuid, timestamptz '2026-01-01 12:00+00' + n * interval '1.5 second',
      timestamptz '2026-06-01 08:30+00' + n * interval '0.25 second', date '1990-01-01' + n % 9000,
      ARRAY['red', 'tag' || n % 7], jsonb_build_object('plan', 'pro', 'seats', n % 40, 'eu', n % 2 = 0)
    FROM generate_series(1, $1) n`;
}

/** @type {Corpus[]} */
export const CORPORA = ['narrow', 'wide'].flatMap((table) =>
  [true, false].map((ascii) => ({
    name: `${table}, ${ascii ? 'ASCII' : 'three texts in ten outside of ASCII'}`,
    table,
    columns: table === 'narrow' ? NARROW : WIDE,
    rows: rowsOf(table, ascii),
  })),
);

/**
 * The messages that a slot gives for the rows, in one transaction.
 *
 * @param {import('../../harness/postgres.js').Server} server
 * @param {Corpus} corpus
 * @param {number} count
 * @returns {Promise<Buffer[]>}
 */
export async function messagesOf(server, { table, columns, rows }, count) {
  await server.sql(`DROP TABLE IF EXISTS ${table}`);
  await server.sql(`CREATE TABLE ${table} (${columns})`);
  await server.sql('DROP PUBLICATION IF EXISTS p');
  await server.sql(`CREATE PUBLICATION p FOR TABLE ${table}`);
  await server.sql("SELECT pg_create_logical_replication_slot('corpus', 'pgoutput')");
  await server.sql(`INSERT INTO ${table} ${rows}`, [count]);
  const messages = await server.sql(
    `SELECT data FROM pg_logical_slot_get_binary_changes('corpus', NULL, NULL,
       'proto_version', '1', 'publication_names', 'p')`,
  );
  await server.sql("SELECT pg_drop_replication_slot('corpus')");
  return messages.map((/** @type {{ data: Buffer }} */ { data }) => data);
}
