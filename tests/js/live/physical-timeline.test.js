// What happens to the log itself: a promotion, and log that a slot has lost.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { lsn } from '../../../node/index.js';
import { WalReader } from '../../../node/wal.js';
import { chunksTo, fill, sameAsServer, until, Streams } from './log.js';
import { Setting } from './setting.js';

/** Of which there must be something to lose. */
const SETTINGS = { max_slot_wal_keep_size: '16MB', wal_keep_size: '0' };

/**
 * Runs a test on a server of its own, for what happens to that cannot be taken back.
 *
 * @param {14 | 18} major
 * @param {(setting: Setting, streams: Streams) => Promise<void>} work
 */
async function onOwnServer(major, work) {
  const setting = new Setting();
  const streams = new Streams(setting);
  try {
    await setting.start({ major, settings: SETTINGS });
    await work(setting, streams);
  } finally {
    await streams.close();
    await setting.stop();
  }
}

for (const major of /** @type {const} */ ([14, 18])) {
  // Red when `nextChunk` in node/physical/feed.js reads on behind the end of a timeline, and when
  // `report` in native/src/physical/feedback.rs looks at `received` alone.
  test(`a promotion is followed, chunk by chunk and as bytes, on ${major}`, () =>
    onOwnServer(major, async ({ server }, streams) => {
      const wal = await streams.open({ buffer: 64 * 1024 });
      wal.report({ flushed: wal.startLsn });
      const bytesOf = await streams.open();
      assert.equal(bytesOf.startLsn, wal.startLsn);
      const events = wal[Symbol.asyncIterator]();
      await chunksTo(events, wal.startLsn, await fill(server, 500));
      const first = bytesOf.toReadable();
      /** @type {Buffer[]} */
      const old = [];
      first.on('data', (/** @type {Buffer} */ piece) => old.push(piece));
      // The server becomes a standby that replays its own log, until it is promoted.
      await writeFile(join(server.dataDir, 'standby.signal'), '');
      await server.restart();
      await server.sql('SELECT pg_promote(true)');
      const end = await fill(server, 500);
      let at = wal.status().deliveredLsn;
      let event;
      for (;;) {
        event = (await events.next()).value;
        if (event.kind === 'timeline') break;
        if (event.kind === 'wal') at = event.endLsn;
      }
      assert.deepEqual([event.endedTimeline, event.timeline, event.switchLsn], [1, 2, at]);
      const { name, content } = event.history;
      assert.equal(name, '00000002.history');
      assert.equal(content, await readFile(join(server.dataDir, 'pg_wal', name), 'utf8'));
      assert.equal(lsn.parse(event.startLsn) % BigInt(wal.segmentSize), 0n);
      // All that both timelines have can be reported, though less of the new one was received.
      assert.ok(lsn.compare(wal.status().receivedLsn, at) < 0);
      wal.report({ flushed: at });
      const reader = new WalReader();
      const chunks = await chunksTo(events, event.startLsn, end);
      for (const chunk of chunks) {
        assert.equal(chunk.timeline, 2);
        await sameAsServer(server, chunk);
        for (const record of reader.push(chunk.bytes)) assert.ok(record.recordLength > 0);
      }
      reader.free();
      await wal.close();
      // As bytes: the old timeline to its end, then what has ended it, then the new one.
      await until('the end of the old timeline', () => first.readableEnded);
      const length = Number(lsn.parse(at) - lsn.parse(bytesOf.startLsn));
      assert.equal(Buffer.concat(old).length, length);
      assert.equal(bytesOf.status().timeline, 2);
      const second = bytesOf.toReadable();
      const size = chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
      const piece = await until('the new timeline', () => second.read(size) ?? false);
      assert.ok(piece.equals(Buffer.concat(chunks.map(({ bytes }) => bytes)).subarray(0, size)));
      second.destroy();
      await bytesOf.close();
      // From the old timeline's end the new one follows at once.
      const late = await streams.open({ start: at, timeline: 1, until: end });
      const kinds = [];
      for await (const { kind } of late) if (kind !== kinds.at(-1)) kinds.push(kind);
      assert.deepEqual(kinds, ['timeline', 'wal']);
      await late.close();
    }));

  test(`a slot that has lost its log is named, on ${major}`, () =>
    onOwnServer(major, async ({ server, client }, streams) => {
      await client.createPhysicalSlot('lost', { reserveWal: true });
      const { restartLsn: start } = await client.slot('lost');
      /** @type {any[]} */
      const told = [];
      const onEvent = (/** @type {any} */ event) => told.push(event);
      const wal = await streams.open({ slot: 'lost', onEvent, slotCheckInterval: 0.05 });
      // It reads, for a server that cannot send cannot take the slot away either.
      const reading = (async () => {
        for await (const _ of wal);
      })();
      const read = reading.catch((error) => error);
      await until('it is lost', async () => {
        await fill(server, 10_000);
        await server.sql('SELECT pg_switch_wal()');
        await server.sql('CHECKPOINT');
        return (await client.slot('lost')).walStatus === 'lost';
      });
      if (major === 14) {
        // That version streams all the same, as long as it has the log: only the watch tells.
        await until('it is told', () => told.some(({ risk }) => risk === 'lost'));
        await wal.close();
      } else {
        assert.equal((await read).code, 'WALSCOPE_WAL_REMOVED');
      }
      const again = async () =>
        (await streams.open({ slot: 'lost', start })).toReadable().toArray();
      await assert.rejects(again(), (/** @type {any} */ error) => {
        assert.equal(error.code, 'WALSCOPE_WAL_REMOVED');
        assert.match(error.message, /"lost" has lost the log/);
        return true;
      });
    }));
}
