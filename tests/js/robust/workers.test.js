// Worker threads: streams in several at once, and threads that are terminated in the middle of one.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { nextOf, withServer } from '../live/setting.js';
import { jsonOf } from './process.js';

const WORKER = new URL('worker.js', import.meta.url);
const THREADS_ONLY = fileURLToPath(new URL('threads-only.js', import.meta.url));
const ROWS = 5000;

const setting = withServer();

/**
 * A worker that streams from a slot, and what it tells.
 *
 * @param {string} slot
 * @param {Partial<import('./worker.js').Task>} [more]
 */
function work(slot, more) {
  const workerData = { url: setting.server.url(), slot, ...more };
  const worker = new Worker(WORKER, { workerData });
  /** @type {unknown[]} */
  const told = [];
  worker.on('message', (message) => told.push(message));
  const failed = once(worker, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  const until = async (/** @type {unknown} */ message) => {
    while (!told.includes(message)) await Promise.race([once(worker, 'message'), failed]);
  };
  const rows = () => told.filter((message) => typeof message === 'number');
  return { worker, until, rows, ended: Promise.race([once(worker, 'exit'), failed]) };
}

/** @param {string} slot */
async function isFree(slot) {
  for (let tries = 0; tries < 500; tries += 1) {
    const [row] = await setting.server.sql(
      `SELECT active FROM pg_replication_slots WHERE slot_name = '${slot}'`,
    );
    if (!row.active) return true;
    await sleep(10);
  }
  return false;
}

async function fillTable() {
  await setting.server.sql(`INSERT INTO t SELECT n, 'x' FROM generate_series(1, ${ROWS}) n`);
}

const ALL = Array.from({ length: ROWS }, (_, index) => index + 1);

test('streams in several threads at once, and in the main one', async () => {
  const slots = [await setting.slot(), await setting.slot(), await setting.slot()];
  const own = await setting.slot();
  await fillTable();
  const workers = slots.map((slot) => work(slot, { until: ROWS }));
  const seen = [];
  for await (const change of await setting.stream(own)) {
    if (change.kind === 'insert') seen.push(change.new.id);
    if (change.kind === 'insert' && change.new.id === ROWS) break;
  }
  assert.deepEqual(seen, ALL);
  for (const { ended, rows } of workers) {
    assert.deepEqual(await ended, [0]);
    assert.deepEqual(rows(), ALL);
  }
});

// Red without `impl Drop for RawStream` in node/src/stream.rs: the pending `next` keeps the slot.
for (const events of [false, true]) {
  const how = events ? 'with events' : 'without events';
  test(`a thread that is terminated while it waits gives its slot back, ${how}`, async () => {
    const [slot, own] = [await setting.slot(), await setting.slot()];
    const stream = await setting.stream(own);
    const next = nextOf(stream[Symbol.asyncIterator](), 'insert');
    const { worker, until } = work(slot, { events });
    await until('streams');
    await sleep(100);
    await worker.terminate();
    assert.ok(await isFree(slot), 'the slot is in use');
    await setting.insert([7]);
    // The main thread's stream goes on.
    assert.equal((await next).new.id, 7);
    await stream.close();
    assert.deepEqual(await setting.again(slot), [7]);
  });
}

test('a thread that is terminated in a backlog loses nothing', async () => {
  const slot = await setting.slot();
  await fillTable();
  const { worker, until } = work(slot);
  await until(10);
  await worker.terminate();
  assert.ok(await isFree(slot), 'the slot is in use');
  assert.deepEqual(await setting.again(slot), ALL);
});

// Red without `impl Drop for RawClient` in node/src/client.rs: it goes on trying.
test('a thread that is terminated while its stream waits for the slot does not get it', async () => {
  const slot = await setting.slot();
  const holder = await setting.stream(slot);
  const { worker, until } = work(slot, { options: { reconnect: { longestDelay: 0.25 } } });
  await until('connected');
  await sleep(300);
  await worker.terminate();
  await setting.nobodyConnects(1);
  await holder.close();
  assert.ok(await isFree(slot));
  await setting.nobodyStreams();
});

test('threads that were terminated leave no file and no thread', async () => {
  const slot = await setting.slot();
  const count = () => ({
    files: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
  });
  const round = async () => {
    const { worker, until } = work(slot);
    await until('streams');
    await worker.terminate();
    assert.ok(await isFree(slot));
  };
  for (let rounds = 0; rounds < 3; rounds += 1) await round();
  const before = count();
  for (let rounds = 0; rounds < 10; rounds += 1) await round();
  let after = count();
  // What the last one had may be on its way out still.
  for (let tries = 0; tries < 200; tries += 1) {
    if (after.files <= before.files && after.threads <= before.threads) break;
    await sleep(50);
    after = count();
  }
  assert.ok(after.files <= before.files, `${before.files} files, then ${after.files}`);
  assert.ok(after.threads <= before.threads, `${before.threads} threads, then ${after.threads}`);
});

test('a process whose main thread never loads the addon', async () => {
  const slots = [await setting.slot(), await setting.slot(), await setting.slot()];
  await setting.insert([1], [2]);
  const told = await jsonOf([THREADS_ONLY, setting.server.url(), slots.join()]);
  assert.deepEqual(told, [
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
});
