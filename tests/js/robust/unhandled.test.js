// What goes wrong is told where somebody awaits, and nowhere else: no rejection is left to the
// process, whatever happens at the same time.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, ConnectionError, ServerError } from '../../../node/index.js';
import { rejection } from '../decoder/helpers.js';
import { nextOf, Setting } from '../live/setting.js';

/** @type {unknown[]} */
const unhandled = [];
const setting = new Setting();

process.on('unhandledRejection', (reason) => unhandled.push(reason));
process.on('uncaughtException', (error) => unhandled.push(error));
before(() => setting.start());
after(() => setting.stop());

/** Rejections are told when nothing else is left to be done. */
async function nothingUnhandled() {
  await sleep(20);
  assert.deepEqual(unhandled, []);
}

/** @param {unknown} error */
function isLoss(error) {
  assert.ok(error instanceof ConnectionError || error instanceof ServerError, String(error));
}

// The `catch` behind `pump` in stream.js alone does not decide this: `pump` itself takes the end of its
// stream for nothing to tell.
test('a server that is killed while nobody awaits', async () => {
  const mortal = new Setting();
  await mortal.start();
  /** @type {any[]} */
  const streams = [];
  const client = await connect(mortal.server.url());
  for (const reconnect of [false, true]) {
    for (const onEvent of [undefined, () => {}]) {
      const slot = await mortal.slot();
      await mortal.insert([1], [2]);
      const options = { slot, publications: ['p'], reconnect, slotCheckInterval: 0.01 };
      streams.push(await client.stream({ ...options, onEvent }));
    }
  }
  const loops = [];
  for (const stream of streams) {
    const changes = stream[Symbol.asyncIterator]();
    await nextOf(changes, 'insert');
    loops.push(changes);
  }
  await mortal.server.kill();
  await sleep(300);
  await nothingUnhandled();
  for (const stream of streams) stream.status();
  // What was received before is handed over, and then the error; once.
  for (const changes of loops.slice(0, 2)) {
    isLoss(await rejection(drain(changes)));
    assert.deepEqual(await changes.next(), { done: true, value: undefined });
    assert.deepEqual(await changes.return(), { done: true, value: undefined });
  }
  isLoss(await rejection(client.slots()));
  isLoss(await rejection(client.stream({ slot: 'x', publications: ['p'] })));
  await Promise.all(streams.map((stream) => stream.close()));
  await client.close();
  await nothingUnhandled();
  await mortal.stop();
});

/** @param {AsyncIterator<any>} changes */
async function drain(changes) {
  while (!(await changes.next()).done);
}

// Red without `if (!this.open)` behind the await in `next` of feed.js.
test('close and abort race with next', async () => {
  const slot = await setting.slot();
  await setting.server.sql(
    `INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series(1, 3000) n`,
  );
  const reason = new Error('the reason');
  for (let turn = 0; turn < 24; turn += 1) {
    const controller = new AbortController();
    const { signal } = controller;
    const stream = await setting.stream(slot, { signal, acknowledge: 'manual' });
    const ways = [stream.batches, stream.transactions, stream[Symbol.asyncIterator]];
    const iterator = /** @type {any} */ (ways[turn % 3]).call(stream);
    if (turn % 2) await iterator.next();
    const pending = iterator.next().then(
      (/** @type {any} */ { done }) => done,
      (/** @type {unknown} */ error) => error,
    );
    for (let turns = 0; turns < turn >> 2; turns += 1) await null;
    if (turn % 4 > 1) await sleep(turn >> 2);
    let settled = false;
    void pending.then(() => (settled = true));
    await null;
    const aborted = turn % 8 > 3;
    if (aborted) controller.abort(reason);
    // Of a batch that was there already, the next thing was chosen when it was asked for.
    const waits = turn % 2 === 0 && !settled;
    const closed = [stream.close(), stream.close(), iterator.return()];
    const given = await pending;
    if (waits) assert.equal(given, aborted ? reason : true);
    assert.ok([true, false, undefined, reason].includes(given), String(given));
    await Promise.all(closed);
    if (aborted) controller.abort(new Error('a second one'));
    await setting.nobodyStreams();
  }
  await nothingUnhandled();
});

// Red when `acknowledge` in stream.js does not look at `feed.open`.
test('what is asked of a stream after its end', async () => {
  const slot = await setting.slot();
  await setting.insert([1]);
  const stream = await setting.stream(slot);
  const changes = stream[Symbol.asyncIterator]();
  const commit = await nextOf(changes, 'commit');
  await stream.close();
  assert.throws(() => stream.acknowledge(commit), { code: 'WALSCOPE_CLOSED' });
  assert.deepEqual(await changes.next(), { done: true, value: undefined });
  await assert.rejects(changes.throw(new Error('thrown into it')), /thrown into it/);
  assert.throws(() => stream.batches(), { code: 'WALSCOPE_BUSY' });
  assert.equal(stream.status().connected, false);
  assert.match(stream.startLsn, /^[0-9A-F]+\/[0-9A-F]+$/);
  await stream.close();
  await nothingUnhandled();
});

// Red without the `catch` of what is opened in vain (`unlessAborted` in client.js).
test('openings that fail after they were given up', async () => {
  const slot = await setting.slot();
  const wrong = new URL(setting.server.url());
  wrong.password = 'wrong';
  const reason = new Error('given up');
  for (const open of [
    (/** @type {AbortSignal} */ signal) => connect(wrong.href, { signal }),
    (/** @type {AbortSignal} */ signal) => connect('postgres://u@127.0.0.1:1/d', { signal }),
    (/** @type {AbortSignal} */ signal) => setting.stream('nobody', { signal }),
    (/** @type {AbortSignal} */ signal) => setting.stream(slot, { signal }),
  ]) {
    const controller = new AbortController();
    const opening = open(controller.signal);
    controller.abort(reason);
    assert.equal(await rejection(opening), reason);
  }
  await sleep(300);
  await setting.nobodyStreams();
  await nothingUnhandled();
});

test('readable streams of both kinds that are destroyed while they wait', async () => {
  const slot = await setting.slot();
  const manual = { acknowledge: 'manual' };
  const readable = (await setting.stream(slot, manual)).toReadable();
  readable.resume();
  await sleep(20);
  readable.destroy();
  await once(readable, 'close');
  await setting.nobodyStreams();
  const reader = (await setting.stream(slot, manual)).toReadableStream().getReader();
  const pending = reader.read();
  await sleep(20);
  await reader.cancel();
  assert.equal((await pending).done, true);
  await setting.nobodyStreams();
  await nothingUnhandled();
});

// Red when `toArray` of a transaction swallows the end of its stream (`cut` in transactions.js).
test('a transaction that is being read when its stream is closed', async () => {
  const slot = await setting.slot();
  await setting.server.sql(`INSERT INTO t SELECT n, 'x' FROM generate_series(1, 60000) n`);
  const stream = await setting.stream(slot);
  const { value } = await stream.transactions().next();
  const reading = rejection(value.toArray());
  await sleep(5);
  await stream.close();
  assert.equal((await reading).code, 'WALSCOPE_CLOSED');
  await nothingUnhandled();
});
