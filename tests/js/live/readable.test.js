// Streams of Node and of the web: for manual acknowledgement, with real backpressure.

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withServer } from './setting.js';

/** Changes that are read ahead unless something else is asked for. */
const READ_AHEAD = 16;

/**
 * What a stream says of itself once it has received nothing for half a second.
 *
 * @param {any} stream
 */
async function settled(stream) {
  for (;;) {
    const { bytes } = stream.status();
    await sleep(500);
    if (stream.status().bytes === bytes) return stream.status();
  }
}

for (const major of /** @type {const} */ ([14, 18])) {
  const setting = withServer({ major });

  // Red without `#claimToReadAhead`: asking ahead would confirm.
  test(`automatic acknowledgement is refused, on ${major}`, async () => {
    const slot = await setting.slot();
    const stream = await setting.stream(slot);
    for (const make of [() => stream.toReadable(), () => stream.toReadableStream()]) {
      assert.throws(make, (/** @type {any} */ error) => {
        assert.equal(error.code, 'WALSCOPE_BAD_OPTION');
        assert.match(error.hint, /acknowledge: 'manual'/);
        return true;
      });
    }
    // Nothing has taken the stream.
    await stream[Symbol.asyncIterator]().return();
  });

  test(`a pipeline confirms what its end confirms, on ${major}`, async () => {
    const slot = await setting.slot();
    await setting.insert([1], [2, 3], [4]);
    const stream = await setting.stream(slot, { acknowledge: 'manual' });
    const readable = stream.toReadable();
    assert.throws(() => stream.batches(), { code: 'WALSCOPE_BUSY' });
    /** @type {number[]} */
    const ids = [];
    let commits = 0;
    const sink = new Writable({
      objectMode: true,
      write(change, _, done) {
        if (change.kind === 'insert') ids.push(change.new.id);
        if (change.kind === 'commit') {
          commits += 1;
          stream.acknowledge(change);
        }
        done(commits === 2 ? new Error('enough') : null);
      },
    });
    await assert.rejects(pipeline(readable, sink), /enough/);
    await setting.nobodyStreams();
    assert.deepEqual(ids, [1, 2, 3]);
    assert.deepEqual(await setting.again(slot), [4]);
  });

  // Red when `read()` in readable.js asks again by itself, and when `destroy` does not call
  // `changes.return()`.
  test(`backpressure reaches the stream, and destroying ends it, on ${major}`, async () => {
    const slot = await setting.slot();
    const rows = 50_000;
    await setting.server.sql(
      `INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series(1, ${rows}) n`,
    );
    const stream = await setting.stream(slot, { acknowledge: 'manual' });
    const before = await setting.client.slot(slot);
    const readable = stream.toReadable();
    await new Promise((resolve) => readable.once('readable', resolve));
    while (readable.readableLength < READ_AHEAD) await sleep(10);
    // It reads on until its buffer is full, and then nothing more.
    const { bytes } = await settled(stream);
    assert.equal(readable.readableLength, READ_AHEAD);
    assert.ok(bytes < rows * 500, `${bytes} bytes were read`);
    readable.destroy();
    await setting.nobodyStreams();
    assert.equal(await setting.confirmed(slot), before.confirmedFlushLsn);
  });

  test(`a stream of the web does the same, on ${major}`, async () => {
    const slot = await setting.slot();
    await setting.insert([1], [2], [3]);
    const stream = await setting.stream(slot, { acknowledge: 'manual' });
    const reader = stream.toReadableStream({ highWaterMark: 2 }).getReader();
    let commits = 0;
    while (commits < 2) {
      const { value } = await reader.read();
      if (value.kind !== 'commit') continue;
      commits += 1;
      if (commits === 1) assert.equal(stream.acknowledge(value), value.endLsn);
    }
    await reader.cancel();
    await setting.nobodyStreams();
    assert.deepEqual(await setting.again(slot), [2, 3]);
  });

  test(`an abort destroys it with the signal's reason, on ${major}`, async () => {
    const slot = await setting.slot();
    const controller = new AbortController();
    const { signal } = controller;
    const stream = await setting.stream(slot, { acknowledge: 'manual', signal });
    const reason = new Error('enough');
    const reading = stream.toReadable().toArray();
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(reading, (error) => error === reason);
    await setting.nobodyStreams();
  });

  test(`a stream that is closed ends it, on ${major}`, async () => {
    const slot = await setting.slot();
    const stream = await setting.stream(slot, { acknowledge: 'manual' });
    const reading = stream.toReadable().toArray();
    setTimeout(() => stream.close(), 50);
    assert.deepEqual(await reading, []);
    const other = await setting.stream(slot, { acknowledge: 'manual' });
    const web = other.toReadableStream();
    setTimeout(() => other.close(), 50);
    assert.deepEqual(await web.getReader().read(), { done: true, value: undefined });
  });
}
