// Every kind of change, and what tables make of it.

import { changesOf, failure, rowsOf } from './helpers.js';

const BIG = 5000;

/** @type {import('./index.js').Case[]} */
export const CHANGES = [
  {
    name: 'key is what identified the row before the change',
    async run(tools) {
      const { assert } = tools;
      const [, , same, moved, gone] = await rowsOf(tools, 'changes', 'keyed');
      assert.deepEqual([same.kind, same.key, same.old], ['update', { id: 1 }, null]);
      assert.deepEqual([moved.key, moved.new.id, moved.old], [{ id: 2 }, 3, null]);
      assert.deepEqual([gone.kind, gone.key, gone.old], ['delete', { id: 3 }, null]);
      const [, pair] = await rowsOf(tools, 'changes', 'pairs');
      assert.deepEqual(pair.key, { a: 1, b: 'k' });
    },
  },
  {
    name: 'a whole old row is old, and the key too',
    async run(tools) {
      const { assert, host } = tools;
      const [, update, gone] = await rowsOf(tools, 'changes', 'whole');
      const before = { id: 1, name: 'one', big: 'y'.repeat(BIG) };
      assert.deepEqual(update.old, before);
      assert.deepEqual(update.key, before);
      // The large value was not sent again: the old row has it.
      assert.deepEqual(update.new, { ...before, name: 'uno' });
      assert.deepEqual(update.unchanged, []);
      assert.ok(host.isComplete(update));
      assert.deepEqual(gone.old, { ...before, name: 'uno' });
    },
  },
  {
    name: 'what an update left in place is a value of its own',
    async run(tools) {
      const { assert, host } = tools;
      const [, , update] = await rowsOf(tools, 'changes', 'keyed');
      assert.deepEqual(update.new, { id: 1, name: 'uno', big: host.unchanged });
      assert.equal(host.unchanged, Symbol.for('walscope.unchanged'));
      assert.deepEqual(update.unchanged, ['big']);
      assert.equal(host.isComplete(update), false);
      assert.equal(update.text('big'), undefined);
      const omit = await rowsOf(tools, 'changes', 'keyed', { unchangedToast: 'omit' });
      assert.deepEqual(omit[2].new, { id: 1, name: 'uno' });
      assert.deepEqual(omit[2].unchanged, ['big']);
      const bytes = await tools.load('changes');
      const strict = host.decode(bytes, { unchangedToast: 'error' });
      const error = failure(() => [.../** @type {Iterable<any>} */ (strict)]);
      assert.equal(error.code, 'WALSCOPE_UNCHANGED_TOAST');
      assert.match(error.message, /column big of public\.keyed/);
    },
  },
  {
    name: 'relations come when they are new, and again when they differ',
    async run(tools) {
      const { assert } = tools;
      const changes = await changesOf(tools, 'changes');
      const keyless = changes.filter(
        (change) => change.kind === 'relation' && change.table === 'keyless',
      );
      const column = { typmod: -1, key: false };
      assert.deepEqual(
        keyless.map((relation) => relation.columns),
        [
          [
            { name: 'a', type: 23, ...column },
            { name: 'b', type: 25, ...column },
          ],
          [
            { name: 'a', type: 23, ...column },
            { name: 'b', type: 25, ...column },
            { name: 'c', type: 20, ...column },
          ],
        ],
      );
      assert.deepEqual(
        keyless.map((relation) => relation.changed),
        [undefined, { added: ['c'] }],
      );
      assert.equal('changed' in keyless[0], false);
      const rows = await rowsOf(tools, 'changes', 'keyless');
      assert.deepEqual(
        rows.map((change) => change.new),
        [
          { a: 1, b: 'x' },
          { a: 2, b: 'y', c: 3n },
          { a: 4, b: 'from elsewhere', c: 4n },
        ],
      );
    },
  },
  {
    name: 'truncates, messages and origins',
    async run(tools) {
      const { assert } = tools;
      const changes = await changesOf(tools, 'changes');
      const truncate = changes.find((change) => change.kind === 'truncate');
      assert.deepEqual(
        { ...truncate },
        {
          kind: 'truncate',
          xid: truncate.xid,
          relations: [
            { schema: 'public', table: 'keyless' },
            { schema: 'public', table: 'pairs' },
          ],
          cascade: true,
          restartIdentity: true,
        },
      );
      assert.equal(truncate.seq, 0);
      const [inside, outside] = changes.filter((change) => change.kind === 'message');
      assert.deepEqual(
        [inside.transactional, inside.prefix, new TextDecoder().decode(inside.content)],
        [true, 'app', 'inside'],
      );
      assert.ok(inside.commitLsn !== null);
      assert.deepEqual(
        [outside.transactional, outside.xid, outside.commitLsn, outside.content],
        [false, null, null, Uint8Array.of(0xff, 0)],
      );
      const local = changes.filter((change) => change.origin === null);
      assert.equal(local.length, changes.length - 2);
      assert.equal(changes.at(-1).origin, 'elsewhere');
    },
  },
  {
    name: 'a table may have no columns at all',
    async run(tools) {
      const [insert] = await rowsOf(tools, 'changes', 'bare');
      tools.assert.deepEqual(insert.new, {});
    },
  },
  {
    name: 'prepared transactions have the LSN of their PREPARE',
    async run(tools) {
      const { assert } = tools;
      const changes = await changesOf(tools, 'prepared');
      assert.deepEqual(
        changes.map((change) => [change.kind, change.gid]),
        [
          ['begin', 'first'],
          ['relation', 'first'],
          ['insert', 'first'],
          ['prepare', 'first'],
          ['commitPrepared', 'first'],
          ['begin', 'second'],
          ['insert', 'second'],
          ['prepare', 'second'],
          ['rollbackPrepared', 'second'],
        ],
      );
      const [, , insert, prepare, committed] = changes;
      assert.equal(insert.commitLsn, null);
      assert.equal(insert.commitTime, null);
      assert.equal(insert.prepareLsn, prepare.prepareLsn);
      assert.match(insert.position, /^[0-9A-F]{16}\/0{10}$/);
      assert.equal(committed.prepareLsn, null);
      assert.match(committed.commitLsn, /^0\/[0-9A-F]+$/);
    },
  },
  {
    name: 'a transaction that came in pieces comes whole',
    async run(tools) {
      const { assert } = tools;
      const changes = await changesOf(tools, 'streamed');
      const inserts = changes.filter((change) => change.kind === 'insert');
      // The rows 601 to 1200 were rolled back.
      const ids = Array.from({ length: 600 }, (_, index) => index + 1);
      assert.deepEqual(
        inserts.map((insert) => insert.new.id),
        [...ids, 1],
      );
      assert.deepEqual(
        inserts.map((insert) => insert.seq),
        inserts.map((_, index) => index),
      );
      const kinds = new Set(changes.map((change) => change.kind));
      assert.deepEqual([...kinds], ['begin', 'relation', 'insert', 'commit']);
      assert.equal(inserts[0].commitLsn, changes.at(-1).commitLsn);
      assert.equal(inserts.at(-1).xid, changes[0].xid);
    },
  },
  {
    name: 'transactions in pieces may take no more memory than they are given',
    async run(tools) {
      const { assert, host } = tools;
      const decoder = new host.Decoder({ maxBytes: 10_000 });
      const batch = decoder.push(await tools.load('streamed'));
      const error = failure(() => [...batch.changes()]);
      assert.equal(error.code, 'WALSCOPE_DECODE');
      assert.match(error.message, /over the budget of 10000 bytes/);
    },
  },
  {
    name: 'raw shows every message as it came',
    async run(tools) {
      const { assert } = tools;
      const changes = await changesOf(tools, 'streamed', { raw: true });
      const kinds = new Set(changes.map((change) => change.kind));
      const expected = ['streamStart', 'relation', 'insert', 'streamStop', 'streamAbort', 'type'];
      assert.deepEqual([...kinds].sort(), [...expected, 'streamCommit'].sort());
      assert.deepEqual(
        changes
          .filter((change) => change.kind === 'streamStart')
          .map((start) => start.firstSegment),
        changes
          .filter((change) => change.kind === 'streamStart')
          .map((_, segment) => segment === 0),
      );
      const abort = changes.find((change) => change.kind === 'streamAbort');
      const commit = changes.at(-1);
      assert.equal(abort.xid, commit.xid);
      assert.ok(abort.subxid > abort.xid);
      assert.match(abort.abortTime, /Z$/);
      const inserts = changes.filter((change) => change.kind === 'insert');
      // The subtransaction's rows were sent before it was rolled back.
      assert.ok(inserts.some((insert) => insert.xid === abort.subxid));
      assert.deepEqual(
        [inserts[0].seq, inserts[0].commitLsn, inserts[0].position],
        [null, null, null],
      );
      assert.deepEqual(inserts.at(-1).new, { id: 1, m: 'ok' });
      const type = changes.find((change) => change.kind === 'type');
      assert.deepEqual([type.schema, type.name], ['public', 'mood']);
    },
  },
];
