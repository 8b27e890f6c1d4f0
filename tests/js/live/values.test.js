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
