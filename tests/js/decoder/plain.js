// Changes are plain data.

import { changesOf, rowsOf } from './helpers.js';

/** @type {import('./index.js').Case[]} */
export const PLAIN = [
  {
    name: 'rows are plain objects with the columns in order',
    async run(tools) {
      const { assert } = tools;
      const [insert] = await rowsOf(tools, 'narrow', 'narrow');
      assert.deepEqual(insert.new, { id: 1, email: 'user1@example.org', active: false });
      assert.deepEqual(Object.keys(insert.new), ['id', 'email', 'active']);
      assert.equal(Object.getPrototypeOf(insert.new), Object.prototype);
      assert.deepEqual(Reflect.ownKeys(insert.new), ['id', 'email', 'active']);
      const descriptor = Object.getOwnPropertyDescriptor(insert.new, 'id');
      const expected = { value: 1, writable: true, enumerable: true, configurable: true };
      assert.deepEqual(descriptor, expected);
      assert.deepEqual({ ...insert.new, id: 2 }, { ...insert.new, id: 2 });
      assert.deepEqual(structuredClone(insert.new), insert.new);
    },
  },
  {
    name: 'a column may have any name',
    async run(tools) {
      const { assert } = tools;
      const [insert, update] = await rowsOf(tools, 'changes', 'a.b');
      const row = insert.new;
      // An engine lists integer-like names first.
      const names = ['1', 'text', 'then', 'constructor', '__proto__', 'toJSON', "''"];
      assert.deepEqual(Object.keys(row), names);
      assert.deepEqual(Object.values(row), ['one', 't', 1, true, 'p', 5, 'quotes']);
      assert.equal(Object.getPrototypeOf(row), Object.prototype);
      assert.equal(Object.getOwnPropertyDescriptor(row, '__proto__')?.value, 'p');
      assert.equal(insert.schema, 'Odd "Schema"');
      assert.deepEqual(update.key, { toJSON: 5 });
      // A row that can be awaited, and one whose `constructor` is a column.
      assert.equal(await row, row);
      assert.deepEqual(Object.entries(structuredClone(row)), Object.entries(row));
    },
  },
  {
    name: 'a change has its facts as own properties, and nothing else',
    async run(tools) {
      const { assert } = tools;
      const changes = await changesOf(tools, 'changes');
      /** @param {string} kind */
      const keys = (kind) => Object.keys(changes.find((change) => change.kind === kind));
      assert.deepEqual(keys('begin'), ['kind', 'xid']);
      assert.deepEqual(keys('insert'), ['kind', 'xid', 'schema', 'table', 'new']);
      const update = ['kind', 'xid', 'schema', 'table', 'key', 'old', 'new', 'unchanged'];
      assert.deepEqual(keys('update'), update);
      assert.deepEqual(keys('delete'), ['kind', 'xid', 'schema', 'table', 'key', 'old']);
      assert.deepEqual(keys('commit'), ['kind', 'xid']);
      const insert = changes.find((change) => change.kind === 'insert');
      assert.deepEqual(Reflect.ownKeys(insert), keys('insert'));
      assert.deepEqual(structuredClone(insert), { ...insert });
    },
  },
  {
    name: 'LSN, time and position come from the transaction',
    async run(tools) {
      const { assert, host } = tools;
      const changes = await changesOf(tools, 'changes');
      const commit = changes.find((change) => change.kind === 'commit');
      const inner = changes.slice(0, changes.indexOf(commit));
      const rows = inner.filter((change) => change.seq !== null);
      assert.deepEqual(
        rows.map((change) => change.seq),
        [0, 1, 2, 3, 4],
      );
      for (const change of inner) {
        assert.equal(change.commitLsn, commit.commitLsn);
        assert.equal(change.commitTime, commit.commitTime);
        assert.equal(change.xid, commit.xid);
      }
      assert.match(commit.commitTime, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      assert.ok(host.lsn.compare(commit.endLsn, commit.commitLsn) > 0);
      assert.equal(commit.lsn, commit.endLsn);
      assert.equal(commit.position, null);
      const number = host.lsn.parse(commit.commitLsn).toString(16).toUpperCase().padStart(16, '0');
      assert.equal(rows[3].position, `${number}/0000000003`);
      const positions = changes.map((change) => change.position).filter(Boolean);
      assert.deepEqual([...positions].sort(), positions);
    },
  },
];
