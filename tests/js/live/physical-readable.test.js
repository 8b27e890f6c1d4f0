// The bytes of the log as streams of Node and of the web: with real backpressure, and never reported
// before they have left the buffer.

import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lsn } from '../../../node/index.js';
import { fill, replication, sameAsServer, until, opener } from './log.js';
import { withServer } from './setting.js';

const MIB = 1024 * 1024;
/** Bytes that may wait in the native part. */
const BUFFER = MIB;
/** What one read of the native part brings at most, and what a chunk has. */
const READ = MIB;
const CHUNK = 256 * 1024;
const HIGH_WATER_MARK = 64 * 1024;

/**
 * What a stream of the web gives until its end.
 *
 * @param {ReadableStream<Uint8Array>} stream
 */
async function readAll(stream) {
  const pieces = [];
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(pieces);
    pieces.push(value);
  }
}

for (const major of /** @type {const} */ ([14, 18])) {
  const setting = withServer({ major });
  const open = opener(setting);

  test(`a pipeline writes the server's bytes, and the stream can be reported after it, on ${major}`, async () => {
    const { server, client } = setting;
    const folder = await mkdtemp(join(tmpdir(), 'walscope-physical-'));
    const wal = await open({
      slot: 'p',
      createSlot: true,
      until: await fill(server, 3000),
    });
    try {
      const file = join(folder, 'log');
      await pipeline(wal.toReadable(), createWriteStream(file));
      const bytes = await readFile(file);
      const { deliveredLsn } = wal.status();
      assert.equal(lsn.parse(deliveredLsn) - lsn.parse(wal.startLsn), BigInt(bytes.length));
      const again = await open({ start: wal.startLsn, until: deliveredLsn });
      let at = 0;
      for await (const event of again) {
        if (event.kind !== 'wal') continue;
        await sameAsServer(server, event);
        assert.ok(bytes.subarray(at, at + event.bytes.length).equals(event.bytes));
        at += event.bytes.length;
      }
      await again.close();
      const web = await open({ start: wal.startLsn, until: deliveredLsn });
      assert.ok(bytes.equals(await readAll(web.toReadableStream())));
      await web.close();
      wal.report({ flushed: deliveredLsn });
    } finally {
      await wal.close();
      await rm(folder, { recursive: true });
    }
    assert.equal((await client.slot('p')).restartLsn, wal.status().deliveredLsn);
    await client.dropSlot('p', { wait: true });
  });

  // Red when `has_room` in native/src/physical/shared.rs says yes always, and when `delivered` in
  // node/physical/feed.js does not take off what waits.
  test(`who reads nothing stops the server, and can report nothing, on ${major}`, async () => {
    const { server } = setting;
    const [{ lsn: start }] = await server.sql('SELECT pg_current_wal_flush_lsn()::text AS lsn');
    const end = await fill(server, 30_000);
    for (const make of ['toReadable', 'toReadableStream']) {
      const wal = await open({ start, buffer: BUFFER });
      const stream = wal[make]({ highWaterMark: HIGH_WATER_MARK });
      if (make === 'toReadable') {
        await new Promise((resolve) => stream.once('readable', resolve));
        assert.ok(stream.readableLength > 0);
      }
      // Once it was full, nothing is read until half of it is taken.
      await until('the buffer fills', () => wal.status().bufferedBytes > BUFFER / 2);
      const most = BUFFER + READ + CHUNK + HIGH_WATER_MARK;
      const received = () => Number(lsn.parse(wal.status().receivedLsn) - lsn.parse(start));
      // The server has sent more, as far as sockets take it; we have not read it.
      for (let before = -1; before !== received(); await sleep(500)) before = received();
      assert.ok(received() <= most, `${received()} bytes were read`);
      // What waits in the stream's buffer was not given.
      assert.equal(wal.status().deliveredLsn, start);
      const one = lsn.format(lsn.parse(start) + 1n);
      assert.throws(() => wal.report({ flushed: one }), { code: 'WALSCOPE_ACK_AHEAD' });
      assert.throws(() => wal.toReadable(), { code: 'WALSCOPE_BUSY' });
      const reader = make === 'toReadable' ? null : stream.getReader();
      const taken = reader === null ? stream.read(1000) : (await reader.read()).value;
      const has = lsn.format(lsn.parse(start) + BigInt(taken.length));
      assert.equal(wal.status().deliveredLsn, has);
      wal.report({ flushed: has });
      await until('the server knows', async () => (await replication(server)).flush === has);
      assert.ok(lsn.compare(has, end) < 0);
      if (reader === null) stream.destroy();
      else await reader.cancel();
      await setting.nobodyStreams();
    }
  });

  test(`an abort destroys it with the signal's reason, a close ends it, on ${major}`, async () => {
    const controller = new AbortController();
    const aborted = await open({ signal: controller.signal });
    const reading = aborted.toReadable().toArray();
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(reading, (error) => error === reason);
    const closed = await open();
    const all = closed.toReadable().toArray();
    await closed.close();
    await all;
    const web = await open();
    const webBytes = readAll(web.toReadableStream());
    await web.close();
    await webBytes;
    await setting.nobodyStreams();
  });
}
