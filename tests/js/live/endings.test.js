// How a stream ends: by close, by signal, by the server; and what may not happen at once.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, ConnectionError, DecodeError, ServerError } from '../../../node/index.js';
import { rejection } from '../decoder/helpers.js';
import { nextOf, Setting, withServer } from './setting.js';

const setting = withServer({ settings: { max_prepared_transactions: 5 } });

/** The value that `noisyLine` damages. */
const GARBLED = 'a damaged value';

// Red without the look at `feed.open` in StreamIterator: rows at hand would be handed over.
test('close: a pending next is done, unread rows come again', async () => {
  const slot = await setting.slot();
  await setting.insert([1, 2]);
  const stream = await setting.stream(slot);
  const changes = stream[Symbol.asyncIterator]();
  await nextOf(changes, 'insert');
  await Promise.all([stream.close(), stream.close()]);
  await setting.nobodyStreams();
  assert.deepEqual(await changes.next(), { done: true, value: undefined });
  await stream.close();
  assert.deepEqual(await setting.again(slot), [1, 2]);
});

test('close ends a next that waits for the server', async () => {
  const slot = await setting.slot();
  const stream = await setting.stream(slot);
  const changes = stream[Symbol.asyncIterator]();
  const pending = changes.next();
  await sleep(50);
  await stream.close();
  assert.deepEqual(await pending, { done: true, value: undefined });
  await setting.nobodyStreams();
});

test('a stream is closed at the end of its scope', async () => {
  const slot = await setting.slot();
  const stream = await setting.stream(slot);
  await stream[Symbol.asyncDispose]();
  await setting.nobodyStreams();
  const client = await connect(setting.server.url());
  await client[Symbol.asyncDispose]();
  await assert.rejects(client.stream({ slot, publications: ['p'] }), { code: 'WALSCOPE_CLOSED' });
});

// Red without `if (!this.open)` behind the await in feed.js.
test('abort: the pending next rejects after the last confirmation was sent', async () => {
  const slot = await setting.slot();
  await setting.insert([1]);
  const controller = new AbortController();
  const stream = await setting.stream(slot, { signal: controller.signal });
  const changes = stream[Symbol.asyncIterator]();
  const { endLsn } = await nextOf(changes, 'commit');
  const pending = changes.next();
  await sleep(50);
  const reason = { why: 'anything can be a reason' };
  controller.abort(reason);
  await assert.rejects(pending, (error) => error === reason);
  assert.equal(await setting.confirmed(slot), endLsn);
  assert.deepEqual(await changes.next(), { done: true, value: undefined });
});

// Red without `#hurry` in `exclusive()` of feed.js.
test('abort between two calls: the next one rejects, after the end', async () => {
  const slot = await setting.slot();
  await setting.insert([1, 2]);
  const controller = new AbortController();
  const stream = await setting.stream(slot, { signal: controller.signal });
  const changes = stream[Symbol.asyncIterator]();
  await nextOf(changes, 'insert');
  controller.abort();
  let closed = false;
  void stream.close().then(() => {
    closed = true;
  });
  await assert.rejects(changes.next(), { name: 'AbortError' });
  assert.ok(closed, 'the rejection came before the end');
  await setting.nobodyStreams();
});

test('a signal ends connect and stream before they are through', async () => {
  const aborted = AbortSignal.abort();
  await assert.rejects(connect(setting.server.url(), { signal: aborted }), { name: 'AbortError' });
  const slot = await setting.slot();
  await assert.rejects(setting.stream(slot, { signal: aborted }), { name: 'AbortError' });
  for (const open of [
    (/** @type {AbortSignal} */ signal) => connect(setting.server.url(), { signal }),
    (/** @type {AbortSignal} */ signal) => setting.stream(slot, { signal }),
  ]) {
    const controller = new AbortController();
    const opening = open(controller.signal);
    controller.abort(new Error('too slow'));
    await assert.rejects(opening, /too slow/);
  }
  // What was opened in vain is closed again, as soon as it is open.
  await sleep(500);
  await setting.nobodyStreams();
  const connections = () =>
    setting.server.sql(`SELECT pid FROM pg_stat_activity WHERE application_name = 'walscope'`);
  // That of the setting stays.
  for (let tries = 0; tries < 6000 && (await connections()).length > 1; tries += 1) await sleep(10);
  assert.equal((await connections()).length, 1);
});

// Red when client.js awaits `passwordNow` before `unlessAborted`.
test('a signal ends the wait for a password', { timeout: 60_000 }, async () => {
  const password = () => new Promise(() => {});
  const target = { connectionString: setting.server.url(), password };
  const signal = AbortSignal.timeout(50);
  await assert.rejects(connect(target, { signal }), { name: 'TimeoutError' });
});

// Red without the look at `#busy` in feed.js.
test('a second next while one is pending rejects, and the first goes on', async () => {
  const ways = {
    changes: (/** @type {any} */ stream) => stream[Symbol.asyncIterator](),
    batches: (/** @type {any} */ stream) => stream.batches(),
    transactions: (/** @type {any} */ stream) => stream.transactions(),
  };
  for (const way of Object.values(ways)) {
    const slot = await setting.slot();
    const stream = await setting.stream(slot);
    const iterator = way(stream);
    const pending = iterator.next();
    await assert.rejects(iterator.next(), { code: 'WALSCOPE_CONCURRENT_NEXT' });
    await setting.insert([1]);
    assert.equal((await pending).done, false);
    await stream.close();
  }
});

test('a stream has one consumer', async () => {
  const slot = await setting.slot();
  const stream = await setting.stream(slot);
  stream.batches();
  for (const again of [
    () => stream[Symbol.asyncIterator](),
    () => stream.batches(),
    () => stream.transactions(),
  ]) {
    assert.throws(again, { code: 'WALSCOPE_BUSY' });
  }
  await stream.close();
});

test('timers and signals work during a backlog', async () => {
  const slot = await setting.slot();
  await setting.server.sql(
    `INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series(1, 60000) n`,
  );
  const controller = new AbortController();
  const stream = await setting.stream(slot, { signal: controller.signal });
  let rows = 0;
  setImmediate(function turn() {
    if (rows > 5000) controller.abort(new Error('in time'));
    else setImmediate(turn);
  });
  const loop = async () => {
    for await (const change of stream) if (change.kind === 'insert') rows += 1;
  };
  await assert.rejects(loop(), /in time/);
  assert.ok(rows > 5000 && rows < 60_000, `${rows} rows`);
});

test('a consumer slower than the server is patient keeps its connection', async () => {
  const patient = new Setting();
  await patient.start({ settings: { wal_sender_timeout: '1s' } });
  try {
    const slot = await patient.slot();
    await patient.insert([1], [2]);
    const stream = await patient.stream(slot);
    const changes = stream[Symbol.asyncIterator]();
    await nextOf(changes, 'commit');
    await sleep(3000);
    const second = await nextOf(changes, 'insert');
    assert.equal(second.new.id, 2);
    await changes.return();
  } finally {
    await patient.stop();
  }
});

for (const reconnect of [false, { giveUpAfter: 0 }])
  test(`a server that goes away is an error where the consumer awaits: ${JSON.stringify(reconnect)}`, () =>
    goesAway(reconnect));

/** @param {boolean | { giveUpAfter: number }} reconnect */
async function goesAway(reconnect) {
  const mortal = new Setting();
  await mortal.start();
  try {
    const slot = await mortal.slot();
    await mortal.insert([1]);
    const stream = await mortal.stream(slot, { reconnect });
    async function consume() {
      for await (const change of stream) {
        if (change.kind !== 'commit') continue;
        await mortal.server.kill();
      }
    }
    const error = await rejection(consume());
    assert.ok(error instanceof ConnectionError || error instanceof ServerError, String(error));
    assert.match(String(error.stack?.split('\n')[1]), /consume .*endings\.test\.js/);
    assert.deepEqual(await stream.close(), undefined);
  } finally {
    await mortal.stop();
  }
}

// Red without `Tracker::resume`: the rows of the first half come twice.
test('a connection that breaks inside a transaction is not seen in the loop', async () => {
  const slot = await setting.slot();
  const rows = 20_000;
  await setting.server.sql(`INSERT INTO t SELECT n, 'x' FROM generate_series(1, ${rows}) n`);
  const stream = await setting.stream(slot);
  const seen = [];
  for await (const change of stream) {
    if (change.kind === 'commit') break;
    if (change.kind !== 'insert') continue;
    assert.equal(change.seq, seen.length);
    seen.push(change.new.id);
    if (seen.length === 100) {
      await setting.server.sql(
        'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active',
      );
    }
  }
  assert.deepEqual(
    seen,
    Array.from({ length: rows }, (_, index) => index + 1),
  );
  const status = stream.status();
  assert.equal(status.reconnects, 1);
  assert.equal(status.receivedItems, 1);
  assert.ok(status.changes > rows, `${status.changes} changes, some of them twice`);
  await setting.confirmed(slot);
});

// Red without `notResumed` in problem.js: the code says that something cannot be decoded.
test('a transaction that is gone when its connection comes back ends the loop', async () => {
  const slot = `${await setting.slot()}_prepared`;
  const rows = 20_000;
  const create = `SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput', false, true)`;
  await setting.server.sql(create);
  await setting.server.sql('BEGIN');
  await setting.server.sql(`INSERT INTO t SELECT n, 'x' FROM generate_series(1, ${rows}) n`);
  await setting.server.sql("PREPARE TRANSACTION 'gone'");
  const stream = await setting.stream(slot, { twoPhase: true });
  let seen = 0;
  const read = async () => {
    for await (const change of stream) {
      assert.ok(change.kind === 'begin' || change.kind === 'insert' || change.kind === 'relation');
      if (change.kind !== 'insert') continue;
      seen += 1;
      if (seen !== 100) continue;
      await setting.server.sql(
        'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active',
      );
      await setting.server.sql("ROLLBACK PREPARED 'gone'");
      while (stream.status().reconnects === 0) await sleep(10);
    }
  };
  const error = await rejection(read());
  assert.equal(error.code, 'WALSCOPE_RESUME_MISMATCH', String(error.stack));
  assert.ok(seen < rows, `${seen} rows`);
  await stream.close();
});

// Red when the error of a failed stream is read from its batch only at the next `next()`.
test('a stream that cannot be decoded fails, though its last batch was moved away', async () => {
  const slot = await setting.slot();
  const line = await noisyLine(setting.server.port);
  const url = new URL(setting.server.url());
  url.port = String(line.port);
  url.searchParams.set('sslmode', 'disable');
  const client = await connect(url.href);
  try {
    await setting.server.sql(`INSERT INTO t VALUES (1, 'whole')`);
    await setting.server.sql(`INSERT INTO t VALUES (2, '${GARBLED}')`);
    const stream = await client.stream({ slot, publications: ['p'] });
    const read = async () => {
      for await (const batch of stream.batches()) {
        const { message, transfer } = batch.toTransferable();
        structuredClone(message, { transfer });
      }
    };
    const error = await rejection(read());
    assert.ok(error instanceof DecodeError, String(error.stack));
    assert.equal(error.code, 'WALSCOPE_DECODE');
    assert.ok(Buffer.from(error.bytes ?? []).includes(GARBLED));
    assert.match(String(error.lsn), /^[0-9A-F]+\/[0-9A-F]+$/);
  } finally {
    await client.close();
    await line.close();
  }
});

/**
 * A line to the server that damages the value `GARBLED`: the byte that says what it is, which stands
 * before its length.
 *
 * @param {number} to the server's port
 */
async function noisyLine(to) {
  const line = createServer((client) => {
    const server = createConnection(to, '127.0.0.1');
    client.pipe(server);
    server.on('data', (bytes) => {
      const at = bytes.indexOf(GARBLED);
      if (at >= 5) bytes[at - 5] = 0x7a;
      client.write(bytes);
    });
    for (const socket of [client, server]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        server.destroy();
      });
    }
  });
  line.listen(0, '127.0.0.1');
  await once(line, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (line.address());
  return { port, close: () => new Promise((resolve) => line.close(resolve)) };
}
