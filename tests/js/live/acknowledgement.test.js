// Nothing is confirmed before the consumer is done with it, and everything is that it is done with.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lsn } from '../../../node/index.js';
import { nextOf, withServer } from './setting.js';

const setting = withServer();

/**
 * Goes through a stream up to the commit behind row 2, and leaves the loop with it in hand.
 *
 * @param {any} stream
 * @param {() => void} leave throws, or returns to break
 */
async function leaveAtSecond(stream, leave) {
  let last = 0;
  for await (const change of stream) {
    if (change.kind === 'insert') last = change.new.id;
    if (change.kind === 'commit' && last === 2) {
      leave();
      break;
    }
  }
}

// Red when `return()` in iteration.js calls `feed.asked()`, or when `feed.delivered` is told before
// the change is handed over.
for (const [name, leave] of Object.entries({
  break: () => {},
  throw: () => {
    throw new Error('the consumer failed');
  },
})) {
  test(`${name} with a commit in hand: its transaction comes again`, async () => {
    const slot = await setting.slot();
    await setting.insert([1], [2], [3]);
    const stream = await setting.fullStream(slot);
    await leaveAtSecond(stream, leave).catch((error) => {
      assert.match(error.message, /consumer failed/);
    });
    await setting.confirmed(slot);
    assert.deepEqual(await setting.again(slot), [2, 3]);
  });
}

// Red without `feed.delivered = changes.walk.items` in iteration.js (nothing is ever confirmed), and
// with `batch.items` in its place (the third transaction, of the same batch, is confirmed too).
test('asking past a commit confirms its end, and nothing beyond', async () => {
  const slot = await setting.slot();
  await setting.insert([1], [2], [3]);
  const stream = await setting.fullStream(slot);
  const changes = stream[Symbol.asyncIterator]();
  await nextOf(changes, 'commit');
  const { endLsn } = await nextOf(changes, 'commit');
  const begin = await nextOf(changes, 'begin');
  assert.ok(lsn.compare(begin.commitLsn, endLsn) > 0);
  await nextOf(changes, 'insert');
  await changes.return();
  assert.equal(await setting.confirmed(slot), endLsn);
  assert.deepEqual(await setting.again(slot), [3]);
});

// Two lines stand against this: `asked()` in feed.js looks at `this.open`, and the native part sends no
// confirmation that is made after its end was asked for.
test('abort with a commit in hand: its transaction comes again', async () => {
  const slot = await setting.slot();
  await setting.insert([1], [2], [3]);
  const controller = new AbortController();
  const stream = await setting.fullStream(slot, { signal: controller.signal });
  const loop = async () => {
    let commits = 0;
    for await (const change of stream) {
      if (change.kind === 'commit') commits += 1;
      // The loop is not left: it asks for what is behind the commit.
      if (commits === 2) controller.abort(new Error('enough'));
    }
  };
  await assert.rejects(loop(), /enough/);
  await setting.confirmed(slot);
  assert.deepEqual(await setting.again(slot), [2, 3]);
});

// Red when `feed.delivered` of BatchIterator is told before the batch is handed over.
test('a batch is confirmed when the next one is asked for', async () => {
  const slot = await setting.slot();
  await setting.insert([1], [2]);
  const stream = await setting.fullStream(slot);
  const batches = stream.batches();
  const ends = /** @type {string[]} */ ([]);
  while (ends.length < 2) {
    const { value: batch } = await batches.next();
    for (const row of batch) if (row.kind === 'commit') ends.push(row.facts.endLsn);
  }
  const next = batches.next();
  await setting.insert([3]);
  let { value: third } = await next;
  while (![...third.changes()].some((change) => change.new?.id === 3)) {
    ({ value: third } = await batches.next());
  }
  await batches.return();
  assert.equal(await setting.confirmed(slot), ends[1]);
  assert.deepEqual(await setting.again(slot), [3]);
});

// Red when the option acknowledge is not looked at in feed.js (`#automatic`).
test('manual acknowledgement: nothing is confirmed by reading', async () => {
  const slot = await setting.slot();
  const before = await setting.confirmed(slot);
  await setting.insert([1], [2]);
  const stream = await setting.fullStream(slot, { acknowledge: 'manual' });
  const changes = stream[Symbol.asyncIterator]();
  await nextOf(changes, 'commit');
  await nextOf(changes, 'commit');
  await changes.return();
  assert.equal(await setting.confirmed(slot), before);
  assert.deepEqual(await setting.again(slot), [1, 2]);
});

// Red when `Change.delivery` counts the transaction that the change is in, as the LSN of its commit
// would.
test('acknowledging a change confirms what ended at or before it', async () => {
  const slot = await setting.slot();
  await setting.insert([1], [2, 3], [4]);
  const stream = await setting.fullStream(slot, { acknowledge: 'manual' });
  const changes = stream[Symbol.asyncIterator]();
  const first = await nextOf(changes, 'commit');
  const inside = await nextOf(changes, 'insert');
  const second = await nextOf(changes, 'commit');
  await nextOf(changes, 'insert');
  assert.equal(stream.acknowledge(inside), first.endLsn);
  assert.equal(stream.acknowledge(second), second.endLsn);
  // What is confirmed stays confirmed.
  assert.equal(stream.acknowledge(inside), second.endLsn);
  await changes.return();
  assert.equal(await setting.confirmed(slot), second.endLsn);
  assert.deepEqual(await setting.again(slot), [4]);
});

test('acknowledging an LSN rounds down to the end of a transaction', async () => {
  const slot = await setting.slot();
  await setting.insert([1], [2], [3], [4]);
  const stream = await setting.fullStream(slot, { acknowledge: 'manual' });
  const changes = stream[Symbol.asyncIterator]();
  const ends = [];
  for (let i = 0; i < 3; i += 1) ends.push(await nextOf(changes, 'commit'));
  const [first, second, third] = ends;
  assert.equal(stream.acknowledge(first.commitLsn), first.endLsn);
  const between = lsn.format(lsn.parse(third.endLsn) - 1n);
  assert.equal(stream.acknowledge(second.endLsn), second.endLsn);
  assert.equal(stream.acknowledge(second.lsn), second.endLsn);
  assert.ok(lsn.compare(between, third.commitLsn) > 0);
  assert.equal(stream.acknowledge(between), second.endLsn);
  await changes.return();
  assert.equal(await setting.confirmed(slot), second.endLsn);
});

// Red when stream.js hands on more than `feed.delivered`.
test('acknowledging what was not delivered is an error', async () => {
  const slot = await setting.slot();
  const before = await setting.confirmed(slot);
  await setting.insert([1], [2]);
  const stream = await setting.fullStream(slot, { acknowledge: 'manual' });
  const changes = stream[Symbol.asyncIterator]();
  // Both transactions have arrived, but only the first row was handed over.
  const { commitLsn } = await nextOf(changes, 'insert');
  await assert.rejects(async () => stream.acknowledge(commitLsn), { code: 'WALSCOPE_ACK_AHEAD' });
  await assert.rejects(async () => stream.acknowledge('F/0'), { code: 'WALSCOPE_ACK_AHEAD' });
  await assert.rejects(async () => stream.acknowledge('five'), { code: 'WALSCOPE_BAD_LSN' });
  await assert.rejects(async () => stream.acknowledge({}), { code: 'WALSCOPE_BAD_OPTION' });
  await changes.return();
  await assert.rejects(async () => stream.acknowledge(before), { code: 'WALSCOPE_CLOSED' });
  assert.equal(await setting.confirmed(slot), before);
});

test('acknowledging what another stream delivered is an error', async () => {
  const [slot, other] = [await setting.slot(), await setting.slot()];
  await setting.insert([1]);
  const streams = [await setting.fullStream(slot), await setting.fullStream(other)];
  const commits = /** @type {any[]} */ ([]);
  for (const stream of streams)
    commits.push(await nextOf(stream[Symbol.asyncIterator](), 'commit'));
  assert.throws(() => streams[0].acknowledge(commits[1]), { code: 'WALSCOPE_BAD_OPTION' });
  assert.equal(streams[1].acknowledge(commits[1]), commits[1].endLsn);
  for (const stream of streams) await stream.close();
});

test('acknowledging a batch confirms what ended in it', async () => {
  const slot = await setting.slot();
  await setting.insert([1]);
  const stream = await setting.fullStream(slot, { acknowledge: 'manual' });
  const batches = stream.batches();
  let end = null;
  let confirmed = null;
  while (end === null) {
    const { value: batch } = await batches.next();
    for (const row of batch) if (row.kind === 'commit') end = row.facts.endLsn;
    confirmed = stream.acknowledge(batch);
  }
  assert.equal(confirmed, end);
  await batches.return();
  assert.equal(await setting.confirmed(slot), end);
});

test('a message outside of transactions is confirmed like a transaction', async () => {
  const slot = await setting.slot();
  await setting.server.sql(`SELECT pg_logical_emit_message(false, 'app', 'one')`);
  await setting.insert([1]);
  const stream = await setting.fullStream(slot, { messages: true });
  const changes = stream[Symbol.asyncIterator]();
  const message = await nextOf(changes, 'message');
  await changes.return();
  const again = await setting.fullStream(slot, { messages: true });
  const redelivered = again[Symbol.asyncIterator]();
  assert.equal((await nextOf(redelivered, 'message')).lsn, message.lsn);
  await nextOf(redelivered, 'commit');
  await redelivered.return();
});

// Red when `items` of a batch is counted after its index has moved away.
test('acknowledging a batch that was moved to another thread confirms what ended in it', async () => {
  const slot = await setting.slot();
  await setting.insert([1], [2]);
  const stream = await setting.fullStream(slot, { acknowledge: 'manual' });
  const batches = stream.batches();
  let end = null;
  let confirmed = null;
  while (end === null) {
    const { value: batch } = await batches.next();
    for (const row of batch) if (row.kind === 'commit') end = row.facts.endLsn;
    const { message, transfer } = batch.toTransferable();
    structuredClone(message, { transfer });
    assert.equal(batch.bytes.length, 0);
    confirmed = stream.acknowledge(batch);
  }
  assert.equal(confirmed, end);
  await batches.return();
  assert.equal(await setting.confirmed(slot), end);
});
