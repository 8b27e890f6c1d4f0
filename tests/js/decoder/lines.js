// The JSON line of a change.

import { changesOf, pushAll, rowsOf } from './helpers.js';

const CAPTURES = ['values', 'changes', 'narrow', 'large', 'prepared', 'streamed'];

/** @type {import('./index.js').Case[]} */
export const LINES = [
  {
    name: 'a line keeps the digits and the order of the server',
    async run(tools) {
      const { assert, host } = tools;
      const [full, extremes] = (await rowsOf(tools, 'values', 'scalars')).map(host.stringify);
      assert.match(
        /** @type {string} */ (full),
        /^\{"kind":"insert","lsn":"0\/[0-9A-F]+","xid":\d+,"commitLsn":"0\/[0-9A-F]+","seq":0,"schema":"public","table":"scalars","new":\{/,
      );
      const expected =
        '"new":{"id":1,"b":true,"i2":-32768,"i8":9223372036854775807,"o":4294967295,"f4":1.5,"f8":0.1,' +
        '"n":"123456789012345678901234567890.10","t":"text","v":"varying","c":"ab  ",' +
        '"j":{"a":[1,2.50],"a":null},"jb":{"b":{"c":"d"}},"x":"\\\\x00ff10",' +
        '"u":"00000000-0000-4000-8000-000000000001","ts":"2026-11-22 08:00:00.123456+00"}}';
      assert.ok(full?.endsWith(expected), full);
      assert.ok(extremes?.includes('"i8":-9007199254740993,"o":0,"f4":"NaN","f8":"-Infinity"'));
    },
  },
  {
    name: 'toJSON never throws, and has large integers as text',
    async run(tools) {
      const { assert } = tools;
      const changes = await rowsOf(tools, 'values', 'scalars');
      const [full, , , documents] = changes.map((change) => change.toJSON());
      assert.equal(full.new.i8, '9223372036854775807');
      assert.deepEqual(full.new.j, { a: null });
      assert.equal(full.new.x, '\\x00ff10');
      assert.equal(documents.new.j.big, '9007199254740993');
      for (const name of CAPTURES) {
        for (const change of await changesOf(tools, name, { raw: true })) JSON.stringify(change);
      }
      const [, , update] = await rowsOf(tools, 'changes', 'keyed');
      const { new: row, unchanged, key } = update.toJSON();
      assert.deepEqual([row, unchanged, key], [{ id: 1, name: 'uno' }, ['big'], { id: 1 }]);
    },
  },
  {
    name: 'any split of a capture gives the same lines',
    async run(tools) {
      const { assert, host } = tools;
      for (const name of CAPTURES) {
        const bytes = await tools.load(name);
        const expected = (await changesOf(tools, name, { raw: true })).map(host.stringify);
        for (const size of [61, 4096]) {
          const batches = pushAll(new host.Decoder({ raw: true }), bytes, size);
          const lines = batches.flatMap((batch) => [...batch.changes()].map(host.stringify));
          assert.deepEqual(lines, expected, `${name} in pieces of ${size}`);
        }
      }
    },
  },
  {
    name: 'columns of any name are in the line',
    async run(tools) {
      const { assert, host } = tools;
      const [insert] = (await rowsOf(tools, 'changes', 'a.b')).map(host.stringify);
      const row =
        '"new":{"text":"t","then":1,"constructor":true,"__proto__":"p","toJSON":5,"1":"one","\'\'":"quotes"}}';
      assert.ok(insert?.includes('"schema":"Odd \\"Schema\\"","table":"a.b"'));
      assert.ok(insert?.endsWith(row));
    },
  },
];
