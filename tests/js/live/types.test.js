// All types, live: what Node makes of each value in text and in binary form, against SQL. The values
// are those of the tests of Rust (value-sets.js).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../../node/index.js';
import { buildCommand, runCommand } from '../../browser/command.js';
import { startServer } from '../../harness/postgres.js';
import { registered, scalars, userTypes } from './value-sets.js';

/** What a stream pins, for the session that says what is right. */
const PINNED = `
  SET DateStyle = 'ISO,MDY'; SET IntervalStyle = postgres; SET TimeZone = 'UTC';
  SET extra_float_digits = 3; SET bytea_output = hex; SET lc_monetary = 'C'`;

/** No table's column, or no array, can be of these. */
const NOT_IN_ARRAYS = new Set(['pg_node_tree', 'int2vector', 'oidvector']);

/** Values of this type cannot be moved out of their row, which has to fit a page. */
const TSQUERY = 'pg_catalog."tsquery"';
const FITS = 'WHERE pg_column_size(q.v) < 8000';

/** An array has so many values of a set at most. */
const MOST_ELEMENTS = 50;

/** @typedef {(text: string) => unknown} Reads the value of a text, as DESIGN lists them */

/** @type {Map<string, Reads>} */
const VALUES = new Map([
  ['bool', (text) => text === 't'],
  ...['int2', 'int4', 'oid', 'float4', 'float8'].map(
    (type) => /** @type {[string, Reads]} */ ([type, Number]),
  ),
  ['int8', BigInt],
  ['json', document],
  ['jsonb', document],
  ['bytea', (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'))],
]);

/**
 * One of the documents is an integer that a double does not hold.
 *
 * @param {string} text
 */
function document(text) {
  return /^-?[0-9]{16,}$/.test(text) ? BigInt(text) : JSON.parse(text);
}

/**
 * @param {string} type
 * @returns {Reads} all others are PostgreSQL's text
 */
const reads = (type) => VALUES.get(type) ?? ((text) => text);

/** A table of one column `v`, and what its values are. */
class Table {
  /**
   * @param {string} name
   * @param {string} type of the column
   * @param {string} query
   * @param {string} element the type whose values these or their elements are
   */
  constructor(name, type, query, element) {
    this.name = name;
    this.type = type;
    this.query = query;
    this.element = element;
  }

  get create() {
    return `CREATE TABLE ${this.name} (at int, v ${this.type})`;
  }

  get fill() {
    const all = `SELECT row_number() OVER (), q.v FROM (${this.query}) AS q(v)`;
    return `INSERT INTO ${this.name} ${all} ${this.type === TSQUERY ? FITS : ''}`;
  }
}

/**
 * @param {import('./value-sets.js').Set[]} sets
 * @returns {Table[]}
 */
function tablesOf(sets) {
  return sets.flatMap(({ type, query }, index) => {
    const of = `pg_catalog."${type}"`;
    const scalar = new Table(`s${index}`, of, query, type);
    if (NOT_IN_ARRAYS.has(type)) return [scalar];
    const all = `(SELECT array_agg(u) FROM (SELECT u::${of} FROM (${query}) AS q(u) LIMIT ${MOST_ELEMENTS}) AS q)`;
    const arrays = `SELECT unnested.v FROM (VALUES (${all}), ('{}'::${of}[]), ('[-2:-2]={NULL}'::${of}[] || ${all}),
      (array_fill((${all})[1], ARRAY[2,1,3], ARRAY[1,0,-1]))) AS unnested(v)`;
    return [scalar, new Table(`a${index}`, `${of}[]`, arrays, type)];
  });
}

/**
 * The rows of all tables as a stream brings them.
 *
 * @param {any} client
 * @param {string} slot
 * @param {object} options
 * @returns {Promise<Map<string, any[]>>} changes by table, in their order
 */
async function streamed(client, slot, options) {
  const stream = await client.stream({ slot, publications: ['p'], ...options });
  /** @type {Map<string, any[]>} */
  const tables = new Map();
  for await (const change of stream) {
    if (change.kind === 'insert' && change.table === 'done') break;
    if (change.kind !== 'insert') continue;
    const rows = tables.get(change.table) ?? [];
    tables.set(change.table, rows);
    rows.push(change);
  }
  await stream.close();
  return tables;
}

/**
 * Fills the tables and reads them in both forms.
 *
 * @param {any} server
 * @param {Table[]} tables
 * @param {object} options
 * @returns {Promise<[string, Map<string, any[]>][]>}
 */
async function inBothForms(server, tables, options) {
  await server.sql(tables.map(({ create }) => create).join(';'));
  await server.sql('CREATE TABLE done (v int); CREATE PUBLICATION p FOR ALL TABLES');
  for (const slot of ['text', 'binary']) {
    await server.sql(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
  }
  for (const { fill } of tables) await server.sql(fill);
  await server.sql('INSERT INTO done VALUES (1)');
  const client = await connect(server.url(), options);
  const text = await streamed(client, 'text', {});
  const binary = await streamed(client, 'binary', { binary: true });
  await client.close();
  return [
    ['text', text],
    ['binary', binary],
  ];
}

/**
 * What SQL says of a table: each value's text and, of an array, its elements' and its dimensions.
 *
 * @param {any} server
 * @param {Table} table
 */
function said(server, { name, type }) {
  const elements = type.endsWith('[]')
    ? `, ARRAY(SELECT CASE WHEN e IS NOT NULL THEN format('%s', e) END FROM unnest(v) e) AS elements,
       coalesce(array_length(v, 1), 0) AS length, coalesce(array_ndims(v), 1) AS dimensions`
    : '';
  // format() asks the type's output function, as the server does for a stream; a cast may not.
  return server.sql(`SELECT format('%s', v) AS text${elements} FROM ${name} ORDER BY at`);
}

/**
 * How deep arrays lie in each other.
 *
 * @param {any} value
 * @returns {number}
 */
function depth(value) {
  return Array.isArray(value) ? 1 + Math.max(0, ...value.map(depth)) : 0;
}

/**
 * @param {any} server
 * @param {Table[]} tables
 * @param {[string, Map<string, any[]>][]} forms
 * @returns {Promise<number>} how many values were compared
 */
async function compare(server, tables, forms) {
  let count = 0;
  for (const table of tables) {
    const expected = await said(server, table);
    const read = reads(table.element);
    for (const [form, rows] of forms) {
      const changes = rows.get(table.name) ?? [];
      assert.equal(changes.length, expected.length, `${table.query}, ${form}`);
      for (const [index, { text, elements, length, dimensions }] of expected.entries()) {
        const place = `${table.type} ${String(text).slice(0, 100)} in ${form} form`;
        const change = changes[index];
        const value = change.new.v;
        assert.equal(change.text('v'), text, place);
        if (elements === undefined) {
          assert.deepEqual(value, read(text), place);
        } else {
          const own = elements.map((/** @type {string | null} */ one) =>
            one === null ? null : read(one),
          );
          assert.deepEqual(value.flat(dimensions - 1), own, place);
          assert.deepEqual([value.length, depth(value) >= dimensions], [length, true], place);
        }
        count += 1;
      }
    }
  }
  return count;
}

/**
 * Both forms give the same; arrays of one dimension have elements of SQL's text.
 *
 * @param {any} server
 * @param {Table} table
 * @param {boolean} list whether the values are arrays
 * @param {[string, Map<string, any[]>][]} forms
 */
async function compareUserType(server, { name, query }, list, forms) {
  const elements = list
    ? `, array_ndims(v) AS dimensions, ARRAY(SELECT format('%s', v[i]) FROM generate_subscripts(v, 1) i) AS elements`
    : '';
  const expected = await server.sql(
    `SELECT v IS NOT DISTINCT FROM NULL AS missing, format('%s', v) AS text${elements} FROM ${name} ORDER BY at`,
  );
  for (const [form, rows] of forms) {
    const changes = rows.get(name) ?? [];
    assert.equal(changes.length, expected.length, query);
    for (const [index, row] of expected.entries()) {
      const place = `${query}: ${row.text} in ${form} form`;
      const { v } = changes[index].new;
      assert.equal(changes[index].text('v'), row.missing ? null : row.text, place);
      if (row.missing) {
        assert.equal(v, null, place);
      } else if (!list) {
        assert.equal(String(v), row.text, place);
      } else if (row.dimensions === 1) {
        assert.deepEqual(
          v.map((/** @type {unknown} */ element) => String(element ?? '')),
          row.elements,
          place,
        );
      } else {
        assert.ok(Array.isArray(v[0]), place);
      }
    }
  }
}

for (const major of /** @type {const} */ ([14, 18])) {
  test(`every built-in type has PostgreSQL's text and its value in both forms, on ${major}`, async () => {
    const server = await startServer({ major });
    try {
      await server.sql(PINNED);
      const tables = tablesOf(await scalars(major));
      const forms = await inBothForms(server, tables, {});
      const count = await compare(server, tables, forms);
      assert.ok(count > 30_000, `${count} values`);
    } finally {
      await server.stop();
    }
  });

  test(`registered objects are names as text and OIDs in binary form, on ${major}`, async () => {
    const server = await startServer({ major });
    try {
      const sets = await registered(major);
      const tables = sets.map(({ type, query }) => new Table(type, type, query, type));
      const [[, text], [, binary]] = /** @type {any} */ (await inBothForms(server, tables, {}));
      await server.sql(`SET search_path = ''`);
      for (const { name } of tables) {
        const [row] = await server.sql(`SELECT v::text, v::oid::text AS oid FROM public.${name}`);
        const [one, other] = [text, binary].map((rows) => rows.get(name)[0]);
        assert.deepEqual([one.new.v, one.text('v')], [row.v, row.v], name);
        assert.deepEqual([other.new.v, other.text('v')], [row.oid, row.oid], name);
      }
    } finally {
      await server.stop();
    }
  });

  test(`user types have PostgreSQL's text and their values by a type table, on ${major}`, async () => {
    const server = await startServer({ major });
    try {
      await server.sql(PINNED);
      const { types, values } = await userTypes();
      await server.sql(types);
      const typeTable = runCommand(buildCommand(), ['types', server.url()]).stdout;
      const tables = [];
      for (const [index, query] of values.entries()) {
        const [{ of, list }] = await server.sql(`
          SELECT pg_typeof(v)::text AS of, typcategory = 'A' AS list
          FROM (${query}) AS q(v), pg_type t WHERE t.oid = pg_typeof(v) LIMIT 1`);
        tables.push({ table: new Table(`u${index}`, of, query, ''), list });
      }
      const all = tables.map(({ table }) => table);
      const forms = await inBothForms(server, all, { typeTable });
      for (const { table, list } of tables) await compareUserType(server, table, list, forms);
    } finally {
      await server.stop();
    }
  });
}
