// The preset `node-postgres` against the package `pg` itself: every value of every type, in text and in
// binary form, is what `pg` gives for the same row.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { connect } from '../../../node/index.js';
import { startServer } from '../../harness/postgres.js';
import { registered, scalars } from './value-sets.js';

// With gaps and repeated hours, and seconds in its offsets of old; a machine's own may be UTC.
process.env['TZ'] = 'America/New_York';

/** What walscope asks of a session, and what the text of values depends on. */
const PINNED = `SET DateStyle = 'ISO,MDY'; SET IntervalStyle = postgres; SET TimeZone = UTC;
  SET extra_float_digits = 3; SET bytea_output = hex; SET lc_monetary = 'C'; SET search_path = ''`;
/** No table's column, or no array, can be of these. */
const NOT_IN_ARRAYS = new Set(['pg_node_tree', 'int2vector', 'oidvector']);
/** An array has so many values of a set at most. */
const MOST_ELEMENTS = 50;
/** A tsquery cannot be moved out of its row, which has to fit a page. */
const FITS = 'WHERE pg_column_size(q.v) < 8000';

const INTERVALS = ['seconds', 'minutes', 'hours', 'days', 'months', 'years', 'milliseconds'];

/**
 * Values of `pg` and of walscope in a form that can be compared. Intervals of both have classes of their
 * own: what they hold, and what their methods say, must be the same. Dates that are none differ from
 * themselves.
 *
 * @param {any} value
 * @returns {any}
 */
function comparable(value) {
  if (Array.isArray(value)) return value.map(comparable);
  if (value?.constructor?.name === 'PostgresInterval') {
    const texts = [value.toPostgres(), value.toISO(), value.toISOString()];
    assert.ok(Object.keys(value).every((name) => INTERVALS.includes(name)));
    return ['interval', { ...value }, texts];
  }
  return value instanceof Date && Number.isNaN(value.getTime()) ? ['no date', Date] : value;
}

/**
 * Tables of one column each: `[name, type, query]`.
 *
 * @param {import('./value-sets.js').Set[]} sets
 */
function tablesOf(sets) {
  return sets.flatMap(({ type, query }, index) => {
    const of = `pg_catalog."${type}"`;
    const filter = type === 'tsquery' ? FITS : '';
    const scalar = {
      name: `s${index}`,
      type: of,
      query: `SELECT q.v FROM (${query}) AS q(v) ${filter}`,
    };
    if (NOT_IN_ARRAYS.has(type)) return [scalar];
    const all = `(SELECT array_agg(u) FROM (SELECT u::${of} FROM (${query}) AS q(u) LIMIT ${MOST_ELEMENTS}) AS q)`;
    const arrays = `SELECT a.v FROM (VALUES (${all}), ('{}'::${of}[]), ('[-2:-2]={NULL}'::${of}[] || ${all}),
      (array_fill((${all})[1], ARRAY[2,1,3], ARRAY[1,0,-1])), (NULL)) AS a(v)`;
    return [scalar, { name: `a${index}`, type: `${of}[]`, query: arrays }];
  });
}

/** User types, of which `pg` knows nothing but what they are domains over. */
const USER_TYPES = `
  CREATE SCHEMA own;
  CREATE TYPE own.mood AS ENUM ('sad', 'happy');
  CREATE TYPE own.pair AS (a int, b text);
  CREATE DOMAIN own.big AS int8; CREATE DOMAIN own.age AS int4; CREATE DOMAIN own.day AS date;
  CREATE DOMAIN own.words AS text[]; CREATE DOMAIN own.doc AS jsonb`;
const USER_TABLES = [
  ['mood', `VALUES ('sad'::own.mood), (NULL)`],
  ['mood[]', `VALUES ('{sad,NULL}'::own.mood[])`],
  ['pair', `VALUES ('(1,"a b")'::own.pair)`],
  ['big', `VALUES (9223372036854775807::own.big)`],
  ['age', `VALUES (7::own.age)`],
  ['age[]', `VALUES ('{7,8}'::own.age[])`],
  ['day', `VALUES ('2026-11-22'::own.day), ('infinity')`],
  ['words', `VALUES ('{a,"b c",NULL}'::own.words)`],
  ['doc', `VALUES ('{"n": 9007199254740993}'::own.doc)`],
].map(([type, query], index) => ({ name: `u${index}`, type: `own.${type}`, query }));

/** Types that the sets of values do not have; of arrays of ranges `pg` knows those of numrange only. */
const RANGES = ['int4range', 'int8range', 'numrange', 'daterange'].flatMap((type, index) => {
  const value = type === 'daterange' ? '[2026-01-01,2026-11-22)' : '[1,5)';
  return [
    { name: `r${index}`, type, query: `VALUES ('${value}'::${type}), ('empty'), (NULL)` },
    {
      name: `l${index}`,
      type: `${type}[]`,
      query: `VALUES ('{"${value}",NULL,empty}'::${type}[])`,
    },
  ];
});

/**
 * @param {any} server
 * @param {string} slot
 * @param {boolean} binary
 * @returns {Promise<Map<string, any[]>>} values by table
 */
async function streamed(server, slot, binary) {
  const client = await connect(server.url(), { preset: 'node-postgres' });
  const stream = await client.stream({ slot, publications: ['p'], binary });
  /** @type {Map<string, any[]>} */
  const values = new Map();
  for await (const change of stream) {
    if (change.kind !== 'insert') continue;
    if (change.table === 'done') break;
    values.set(change.table, [...(values.get(change.table) ?? []), change.new['v']]);
  }
  await client.close();
  return values;
}

/**
 * @param {any} server
 * @param {string} text
 */
async function asked(server, text) {
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  try {
    await client.query(PINNED);
    return (await client.query(text)).rows.map(({ v }) => v);
  } finally {
    await client.end();
  }
}

for (const major of /** @type {const} */ ([14, 18])) {
  test(`every value is that of pg, on ${major}`, async () => {
    const server = await startServer({ major });
    try {
      await server.sql(PINNED);
      await server.sql(USER_TYPES);
      const sets = [...(await scalars(major)), ...(await registered(major))];
      const tables = [...tablesOf(sets), ...RANGES, ...USER_TABLES];
      const create = tables.map(
        ({ name, type }) => `CREATE TABLE public.${name} (at serial, v ${type})`,
      );
      await server.sql(create.join(';'));
      await server.sql('CREATE TABLE public.done (v int); CREATE PUBLICATION p FOR ALL TABLES');
      for (const slot of ['text', 'binary']) {
        await server.sql(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
      }
      for (const { name, query } of tables) {
        await server.sql(`INSERT INTO public.${name} (v) ${query}`);
      }
      await server.sql('INSERT INTO public.done VALUES (1)');
      const text = await streamed(server, 'text', false);
      const binary = await streamed(server, 'binary', true);
      let count = 0;
      for (const { name, type } of tables) {
        const expected = await asked(server, `SELECT v FROM public.${name} ORDER BY at`);
        assert.ok(expected.length > 0, type);
        const known = !type.startsWith('own.') && !/"reg/.test(type);
        for (const [form, values] of known ? [text, binary].entries() : [[0, text]]) {
          const own = /** @type {any} */ (values).get(name);
          assert.equal(own.length, expected.length, type);
          for (const [at, value] of own.entries()) {
            const place = `${type}, form ${form}, row ${at}`;
            assert.deepStrictEqual(comparable(value), comparable(expected[at]), place);
            count += 1;
          }
        }
      }
      assert.ok(count > 20_000, `${count} values`);
    } finally {
      await server.stop();
    }
  });
}

test('functions come on top of the preset, and a stream may have another', async () => {
  const server = await startServer();
  try {
    await server.sql('CREATE TABLE t (i int8, l int8[], d date); CREATE PUBLICATION p FOR TABLE t');
    const client = await connect(server.url(), {
      preset: 'node-postgres',
      types: { int8: BigInt, date: (text) => text },
    });
    for (const slot of ['one', 'two']) await client.createSlot(slot);
    await server.sql(`INSERT INTO t VALUES (1, '{2}', '2026-11-22')`);
    const read = async (/** @type {any} */ options) => {
      const stream = await client.stream({ publications: ['p'], ...options });
      for await (const change of stream) if (change.kind === 'insert') return change.new;
      throw new Error('the stream ended');
    };
    assert.deepEqual(await read({ slot: 'one' }), { i: 1n, l: [2n], d: '2026-11-22' });
    const own = { slot: 'two', preset: 'lossless', types: { date: Date.parse }, int8: 'number' };
    const d = Date.UTC(2026, 10, 22);
    assert.deepEqual(await read(own), { i: 1n, l: [2n], d });
    const both = client.stream({ slot: 'one', publications: ['p'], json: 'text' });
    await assert.rejects(both, { code: 'WALSCOPE_BAD_OPTION' });
    await client.close();
    await assert.rejects(connect('', /** @type {any} */ ({ preset: 'pg' })), {
      code: 'WALSCOPE_BAD_OPTION',
    });
  } finally {
    await server.stop();
  }
});
