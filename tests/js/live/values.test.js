// Values of a live stream: the same from text and from binary.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from '../../../node/index.js';
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

// Every built-in type that has an array: PostgreSQL's own text of a value, of the array of it and of
// both from binary form.
test('arrays nest by the element type that core knows', async () => {
  await setting.server.sql(`
    CREATE TABLE lists (n numeric[], d date[], b box[], u uuid[], t timestamptz[], i interval[], j int4range[]);
    ALTER PUBLICATION p ADD TABLE lists`);
  const slots = [await setting.slot(), await setting.slot()];
  await setting.server.sql(`
    INSERT INTO lists VALUES ('{1.10,NULL}', '{{2026-11-22},{infinity}}', '{(1,1),(0,0);(2,2),(1,1)}',
      '{00000000-0000-4000-8000-000000000001}', '{2026-11-22 10:00:00+02}', '{1 day 02:03:04}', '{"[1,5)"}')`);
  const [expected] = await setting.server.sql(`
    SELECT n[1]::text AS n, d[2][1]::text AS d, b[1]::text AS b, u[1]::text AS u, i[1]::text AS i FROM lists`);
  for (const [index, slot] of slots.entries()) {
    const stream = await setting.stream(slot, { binary: index === 1 });
    for await (const change of stream) {
      if (change.kind !== 'insert') continue;
      const { n, d, b, u, t, i, j } = change.new;
      assert.deepEqual(n, [expected.n, null]);
      assert.deepEqual(d, [['2026-11-22'], [expected.d]]);
      assert.deepEqual(b, [expected.b, '(2,2),(1,1)']);
      assert.deepEqual(u, [expected.u]);
      assert.deepEqual(t, ['2026-11-22 08:00:00+00']);
      assert.deepEqual(i, [expected.i]);
      assert.deepEqual(j, ['[1,5)']);
      break;
    }
    await stream.close();
  }
});
