// Values of a live stream by what the stream itself says of types, and by the options of a client. All
// types are in types.test.js.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from '../../../node/decoding/json.js';
import { connect, stringify } from '../../../node/index.js';
import { withServer } from './setting.js';

const setting = withServer();

test('binary values are those of text, and domains those of their base types', async () => {
  await setting.server.sql(`
    CREATE DOMAIN age AS int; CREATE DOMAIN years AS age; CREATE DOMAIN words AS text[];
    CREATE TYPE mood AS ENUM ('sad');
    CREATE TABLE v (a age, y years, w words, n float8[], d jsonb, x bytea, r int8range, m mood);
    ALTER PUBLICATION p ADD TABLE v`);
  const slots = [await setting.slot(), await setting.slot()];
  await setting.server.sql(`
    INSERT INTO v VALUES (7, 8, '{a,"é b",NULL}', '{1.5,NaN}', '{"k": [1]}', '\\x00ff', '[1,5)', 'sad')`);
  const rows = [];
  for (const [index, slot] of slots.entries()) {
    const stream = await setting.stream(slot, { binary: index === 1 });
    for await (const change of stream) {
      if (change.kind !== 'insert') continue;
      rows.push({ row: { ...change.new }, line: stringify(change) });
      break;
    }
    await stream.close();
  }
  const [text, binary] = rows;
  assert.deepEqual(text.row, {
    a: 7,
    y: 8,
    w: ['a', 'é b', null],
    n: [1.5, NaN],
    d: { k: [1] },
    x: Uint8Array.of(0x00, 0xff),
    r: '[1,5)',
    m: 'sad',
  });
  // Nobody has told what the enum is.
  assert.deepEqual(binary.row, { ...text.row, m: new TextEncoder().encode('sad') });
  assert.equal(binary.line, text.line.replace('"m":"sad"', '"m":{"$bytes":"736164"}'));
});

test('values that are read from their bytes are those of their text', async () => {
  await setting.server.sql(`
    CREATE TABLE b (n int, i int8, f float8, r float4, d jsonb, j json);
    ALTER PUBLICATION p ADD TABLE b`);
  const slot = await setting.slot();
  const rows = 3000;
  // Documents that differ by keys, depth and types, for a while hardly, then all the time.
  await setting.server.sql(
    `INSERT INTO b SELECT n * 715827, (n - 1500) * 6148914691236517, (n - 1500) / 7.0::float8 ^ (n % 9),
       n / 8.0, CASE WHEN n > 1000 AND n % 3 = 0 THEN jsonb_build_object('deep', jsonb_build_array(n))
         WHEN n % 500 = 7 THEN jsonb_build_object('name', 'x"' || n, 'é', n)
         WHEN n % 700 = 3 THEN jsonb_build_object('name', n, 'large', 9007199254740993)
         ELSE jsonb_build_object('name', 'n' || n, 'count', n, 'share', n / 4.0::float8, 'on', n % 2 = 0, 'no', null)
       END, format('{"n":%s,"s":"%s"}', n, n)::json FROM generate_series(1, $1) n`,
    [rows],
  );
  const stream = await setting.stream(slot, {});
  let seen = 0;
  for await (const change of stream) {
    if (change.kind === 'commit') break;
    if (change.kind !== 'insert') continue;
    seen += 1;
    const { n, i, f, r, d, j } = change.new;
    assert.deepStrictEqual(
      [n, f, r],
      ['n', 'f', 'r'].map((name) => Number(change.text(name))),
    );
    assert.equal(i, BigInt(change.text('i')));
    assert.deepStrictEqual(
      [d, j],
      ['d', 'j'].map((name) => parseJson(change.text(name))),
    );
  }
  await stream.close();
  assert.equal(seen, rows);
});

test('a stream has the functions and the type table of its client, and its own on top', async () => {
  await setting.server.sql(`
    CREATE TYPE hue AS ENUM ('red'); CREATE TABLE w (n numeric, h hue, i int8, d date);
    ALTER PUBLICATION p ADD TABLE w`);
  const [{ oid }] = await setting.server.sql(`SELECT 'hue'::regtype::oid::int4 AS oid`);
  const typeTable = {
    version: 1,
    types: [{ oid, schema: 'public', name: 'hue', kind: 'enum' }],
  };
  const slot = await setting.slot();
  await setting.server.sql(`INSERT INTO w VALUES (1.5, 'red', 7, '2026-11-22')`);
  const client = await connect(setting.server.url(), {
    typeTable,
    int8: 'string',
    types: { numeric: Number, hue: (text) => `client ${text}`, date: (text) => new Date(text) },
  });
  const read = async (/** @type {any} */ options) => {
    const stream = await client.stream({
      slot,
      publications: ['p'],
      binary: true,
      acknowledge: 'manual',
      ...options,
    });
    for await (const change of stream) if (change.kind === 'insert') return { ...change.new };
    throw new Error('the stream ended');
  };
  const d = new Date('2026-11-22');
  assert.deepEqual(await read({}), { n: 1.5, h: 'client red', i: '7', d });
  await setting.nobodyStreams();
  const own = {
    types: { 'public.hue': (/** @type {string} */ text) => `own ${text}` },
    int8: 'number',
  };
  assert.deepEqual(await read(own), { n: 1.5, h: 'own red', i: 7, d });
  await client.close();
});

test('options of a client that can never hold are refused before it connects', async () => {
  // Nobody listens there.
  const nowhere = 'postgres://127.0.0.1:1/app';
  const at = { host: '127.0.0.1', port: 1 };
  for (const [act, problem] of /** @type {[() => Promise<unknown>, RegExp][]} */ ([
    [() => connect(nowhere, { types: { nosuch: String } }), /"nosuch", which names no type/],
    [() => connect(nowhere, { types: { 4294967296: String } }), /4294967296, which is no OID/],
    [() => connect({ ...at, types: { nosuch: String } }), /"nosuch", which names no type/],
    [() => connect({ ...at, typeTable: '{' }), /typeTable is no table of types/],
    [() => connect(nowhere, /** @type {any} */ ({ int8: 'double' })), /option int8 is 'double'/],
    [() => connect(nowhere, /** @type {any} */ ({ slot: 's' })), /no option slot/],
  ])) {
    await assert.rejects(act, (/** @type {any} */ error) => {
      assert.equal(error.code, 'WALSCOPE_BAD_OPTION');
      assert.match(error.message, problem);
      return true;
    });
  }
  const stream = setting.stream('s', { types: { nosuch: String } });
  await assert.rejects(stream, { code: 'WALSCOPE_BAD_OPTION' });
});
