// Batches: the cursor, and moving them to another thread.

import { changesOf, failure, frameStarts, pushAll } from './helpers.js';

/** @type {import('./index.js').Case[]} */
export const BATCHES = [
  {
    name: 'the cursor stands on every record in turn',
    async run(tools) {
      const { assert, host } = tools;
      const batch = new host.Decoder().push(await tools.load('changes'));
      const changes = await changesOf(tools, 'changes');
      let index = 0;
      let first = null;
      for (const row of batch) {
        const change = changes[index];
        first ??= row;
        assert.equal(row, first);
        const names = [
          'kind',
          'xid',
          'lsn',
          'commitLsn',
          'commitTime',
          'seq',
          'position',
          'origin',
        ];
        for (const name of names) {
          assert.equal(/** @type {any} */ (row)[name], change[name], `${index} ${name}`);
        }
        assert.equal(host.stringify(row), host.stringify(change));
        assert.deepEqual(row.toJSON(), change.toJSON());
        index += 1;
      }
      assert.equal(index, changes.length);
    },
  },
  {
    name: 'the cursor reads values by name and number, of each side',
    async run(tools) {
      const { assert, host } = tools;
      const batch = new host.Decoder().push(await tools.load('changes'));
      const seen = /** @type {string[]} */ ([]);
      for (const row of batch) {
        if (row.kind === 'begin')
          assert.deepEqual([row.get('id'), row.toObject()], [undefined, null]);
        if (row.table === 'keyed' && row.kind === 'update' && row.get('id') === 3) {
          assert.deepEqual([row.get(0), row.get('id', 'old'), row.get('id', 'key')], [3, 2, 2]);
          // A key-only old row says nothing about the other columns: they are not NULL.
          assert.deepEqual([row.get('name', 'old'), row.get('name')], [undefined, null]);
          assert.deepEqual(
            [row.toObject(), row.toObject('key')],
            [{ id: 3, name: null, big: null }, { id: 2 }],
          );
          assert.equal(row.toObject('old'), null);
          seen.push('moved');
        } else if (row.table === 'keyed' && row.kind === 'update') {
          assert.deepEqual([row.get('big'), row.bytes('big')], [host.unchanged, undefined]);
          assert.deepEqual(
            [row.get('none'), row.get(9), row.text('none')],
            [undefined, undefined, undefined],
          );
          assert.deepEqual(row.bytes('name'), new TextEncoder().encode('uno'));
          seen.push('unchanged');
        } else if (row.table === 'keyed' && row.kind === 'delete') {
          assert.deepEqual([row.get('id'), row.text('id'), row.toObject()], [3, '3', { id: 3 }]);
          assert.deepEqual([row.get('id', 'new'), row.toObject('new')], [undefined, null]);
          seen.push('deleted');
        } else if (row.table === 'whole' && row.kind === 'delete') {
          assert.deepEqual([row.get('name'), row.get('name', 'key')], ['uno', 'uno']);
          assert.deepEqual(row.columns, ['id', 'name', 'big']);
          seen.push('whole');
        }
      }
      assert.deepEqual(seen, ['unchanged', 'moved', 'deleted', 'whole']);
    },
  },
  {
    name: 'a batch moves to another thread with its relations',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = await tools.load('changes');
      // The second batch has rows of relations that only the first describes.
      for (const size of [bytes.length, 12_000]) {
        const batches = pushAll(new host.Decoder({ json: 'text' }), bytes, size);
        const lines = batches.flatMap((batch) => [...batch.changes()].map(host.stringify));
        const moved = batches.map((batch) => {
          const { message, transfer } = batch.toTransferable();
          return structuredClone(message, { transfer });
        });
        assert.equal(batches[0].bytes.length, 0);
        assert.equal(failure(() => [...batches[0]]).code, 'WALSCOPE_MOVED');
        const again = moved.map((message) => host.Batch.from(message));
        assert.deepEqual(
          again.flatMap((batch) => [...batch.changes()].map(host.stringify)),
          lines,
        );
      }
    },
  },
  {
    name: 'many heads in a batch do not copy the relations for each',
    async run(tools) {
      const { assert, host } = tools;
      const capture = await tools.load('changes');
      const head = capture.subarray(0, frameStarts(capture)[1]);
      const heads = 500;
      const parts = [capture, ...Array.from({ length: heads }, () => head), capture];
      const bytes = new Uint8Array(await new Blob(/** @type {any} */ (parts)).arrayBuffer());
      const decoder = new host.Decoder();
      // A Map that is made of another one sets each of its entries by this method.
      const set = Map.prototype.set;
      let entries = 0;
      Map.prototype.set = function (key, value) {
        entries += 1;
        return set.call(this, key, value);
      };
      let batch;
      try {
        batch = decoder.push(bytes);
      } finally {
        Map.prototype.set = set;
      }
      assert.ok(entries > 0 && entries < heads, `${entries} entries for ${heads} heads`);
      const lines = (await changesOf(tools, 'changes')).map(host.stringify);
      assert.deepEqual([...batch.changes()].map(host.stringify), [...lines, ...lines]);
    },
  },
  {
    name: 'what push was given may be used again',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = (await tools.load('narrow')).slice();
      const batch = new host.Decoder().push(bytes);
      bytes.fill(0);
      assert.equal([...batch.changes()].length, 4003);
    },
  },
  {
    // Red without `this.relations.delete` in batch.js: a table would leave a description for each
    // time that it is altered, and again without the copy before it: the first batch would lose its.
    name: 'later batches forget how a table was described before',
    async run(tools) {
      const { assert, host } = tools;
      const batches = pushAll(new host.Decoder(), await tools.load('changes'), 200);
      /** @type {Map<number, any>[]} */
      const relations = batches.map((batch) => batch.relations);
      const names = relations.map((bySlot) => Array.from(bySlot.values(), (r) => r.table));
      const tables = /** @type {string[]} */ (names.at(-1));
      assert.ok(tables.includes('keyless'));
      assert.equal(new Set(tables).size, tables.length);
      assert.ok(names.some((some) => some.filter((name) => name === 'keyless').length === 2));
      const rows = batches.flatMap((batch) => [...batch.changes()]);
      const keyless = rows.filter((row) => row.kind === 'insert' && row.table === 'keyless');
      assert.deepEqual(
        keyless.map((row) => Object.keys(row.new)),
        [
          ['a', 'b'],
          ['a', 'b', 'c'],
          ['a', 'b', 'c'],
        ],
      );
    },
  },
  {
    name: 'a batch that is read late still has its own relations',
    async run(tools) {
      const { assert, host } = tools;
      const one = await tools.load('changes');
      const two = await tools.load('values');
      const joined = new Uint8Array(one.length + two.length);
      joined.set(one);
      joined.set(two, one.length);
      const expected = [
        ...(await changesOf(tools, 'changes')),
        ...(await changesOf(tools, 'values')),
      ];
      for (const size of [joined.length, 1000]) {
        const batches = pushAll(new host.Decoder(), joined, size);
        const lines = batches.flatMap((batch) => [...batch.changes()].map(host.stringify));
        assert.deepEqual(lines, expected.map(host.stringify));
      }
    },
  },
];
