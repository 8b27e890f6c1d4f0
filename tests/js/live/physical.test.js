// The log itself: the server's own bytes, what the server is told, breaks, and the ways to end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionError, lsn, ServerError, WalscopeError } from '../../../node/index.js';
import { WalReader } from '../../../node/wal.js';
import {
  chunksTo,
  endOfLog,
  fill,
  replication,
  sameAsServer,
  shutDown,
  until,
  opener,
} from './log.js';
import { withServer } from './setting.js';

/** Short, so that a connection that is not kept alive breaks soon. */
const TIMEOUT = '2s';
const BLOCKED_MS = 5000;

for (const major of /** @type {const} */ ([14, 18])) {
  const setting = withServer({ major, settings: { wal_sender_timeout: TIMEOUT } });
  const open = opener(setting);
  let slots = 0;

  /** A slot that holds the log back from now on. */
  const newSlot = async () => {
    slots += 1;
    const slot = `physical_${slots}`;
    await setting.client.createPhysicalSlot(slot, { reserveWal: true });
    return slot;
  };
  const drop = (/** @type {string} */ slot) => setting.client.dropSlot(slot, { wait: true });

  // Red when `cut` in node/src/physical.rs does not look at the segment's end, or at `until`.
  test(`the bytes are those of the server's segments, on ${major}`, async () => {
    const { server, client } = setting;
    const wal = await open({ slot: 'new', createSlot: true });
    const { systemId } = await client.identifySystem();
    assert.deepEqual([wal.systemId, wal.timeline, wal.slotCreated], [systemId, 1, true]);
    assert.equal(wal.segmentSize, 16 * 1024 * 1024);
    assert.equal(lsn.parse(wal.startLsn) % BigInt(wal.segmentSize), 0n);
    await fill(server, 10_000);
    await server.sql('SELECT pg_switch_wal()');
    const end = await fill(server, 3000);
    const chunks = await chunksTo(wal[Symbol.asyncIterator](), wal.startLsn, end);
    const segments = new Set(chunks.map(({ segment }) => segment));
    assert.ok(segments.size >= 2);
    for (const chunk of chunks) {
      assert.ok(chunk.segmentOffset + chunk.bytes.length <= wal.segmentSize);
      assert.ok(chunk.bytes.length <= 256 * 1024);
      assert.match(chunk.serverTime, /^20\d\d-\d\d-\d\dT/);
      assert.ok(lsn.compare(chunk.serverEndLsn, chunk.endLsn) >= 0);
      await sameAsServer(server, chunk);
    }
    await wal.close();
    // Exactly up to a position, from a position, and once more with the slot that is there.
    const [second] = chunks.slice(1);
    const again = await open({
      ...{ slot: 'new', createSlot: true, timeline: 1 },
      ...{ start: second.startLsn, until: lsn.format(lsn.parse(end) - 5n) },
    });
    assert.equal(again.slotCreated, false);
    let at = again.startLsn;
    for await (const event of again) {
      assert.equal(event.startLsn, at);
      await sameAsServer(server, event);
      at = event.endLsn;
    }
    assert.equal(lsn.parse(end) - lsn.parse(at), 5n);
    // The loop is done, the stream is not: what was read can still be reported.
    again.report({ flushed: at });
    await until('the slot follows', async () => (await client.slot('new')).restartLsn === at);
    await again.close();
    await drop('new');
  });

  // Red when `asked` in node/physical/feed.js reports as flushed, or when `report` does not compare
  // with `delivered`: the stream has received more than it has given.
  test(`the server is told what was reported, and nothing else, on ${major}`, async () => {
    const { server, client } = setting;
    const slot = await newSlot();
    const { restartLsn } = await client.slot(slot);
    const wal = await open({ slot });
    const end = await fill(server, 2000);
    const events = wal[Symbol.asyncIterator]();
    const chunks = await chunksTo(events, wal.startLsn, end);
    const [first, second] = chunks;
    const last = chunks.at(-1);
    // What more was asked for after counts as written, no more.
    await until('the server knows what is written', async () => {
      const { write } = await replication(server);
      return write === last.startLsn;
    });
    const { write: written, flush, replay } = await replication(server);
    assert.deepEqual([written, flush, replay], [last.startLsn, null, null]);
    assert.equal((await client.slot(slot)).restartLsn, restartLsn);
    assert.deepEqual([wal.status().flushedLsn, wal.status().appliedLsn], [null, null]);

    const later = await fill(server, 1000);
    await until('more is received', () => lsn.compare(wal.status().receivedLsn, later) >= 0);
    assert.ok(wal.status().lagBytes > 0 && wal.status().bufferedBytes > 0);
    for (const beyond of [later, lsn.format(lsn.parse(last.endLsn) + 1n)]) {
      assert.throws(() => wal.report({ flushed: beyond }), { code: 'WALSCOPE_ACK_AHEAD' });
    }
    assert.throws(() => wal.report({ flushed: 'x' }), { code: 'WALSCOPE_BAD_LSN' });
    assert.throws(() => wal.report({ flush: end }), { code: 'WALSCOPE_BAD_OPTION' });
    assert.equal((await replication(server)).flush, null);

    wal.report({ written: last.endLsn, flushed: second.endLsn, applied: first.endLsn });
    const told = { write: last.endLsn, flush: second.endLsn, replay: first.endLsn };
    await until('the server knows all three', async () => {
      const { write, flush: flushed, replay: applied } = await replication(server);
      return write === told.write && flushed === told.flush && applied === told.replay;
    });
    assert.equal((await client.slot(slot)).restartLsn, second.endLsn);
    // One of them alone leaves the others. From here on nothing is reported by itself.
    wal.report({ flushed: last.endLsn });
    await chunksTo(events, last.endLsn, later);
    await until('flushed moves', async () => (await replication(server)).flush === last.endLsn);
    const { writtenLsn, flushedLsn, appliedLsn, deliveredLsn } = wal.status();
    assert.deepEqual(
      [writtenLsn, flushedLsn, appliedLsn],
      [last.endLsn, last.endLsn, first.endLsn],
    );
    assert.ok(lsn.compare(deliveredLsn, later) >= 0);
    // The last report is told, also when the loop is left at once.
    wal.report({ flushed: deliveredLsn });
    await events.return();
    assert.equal((await client.slot(slot)).restartLsn, deliveredLsn);
    assert.throws(() => wal.report({ flushed: deliveredLsn }), { code: 'WALSCOPE_CLOSED' });
    await drop(slot);
  });

  // Red without `report` in the loop below: the commit would wait for ever.
  test(`a synchronous commit returns when it is reported as flushed, on ${major}`, async () => {
    const { server } = setting;
    const wal = await open();
    const session = await server.client();
    try {
      await server.sql("ALTER SYSTEM SET synchronous_standby_names = 'walscope'");
      await server.sql('SELECT pg_reload_conf()');
      wal.report({ flushed: wal.startLsn });
      await until('it is the synchronous standby', async () => {
        return (await replication(server)).sync_state === 'sync';
      });
      let committed = true;
      let commit = Promise.resolve();
      await until('a commit waits', async () => {
        // None does before the checkpointer, too, has taken the setting in.
        if (committed) {
          committed = false;
          commit = session.query("SELECT pg_logical_emit_message(true, 'm', 'x')").then(() => {
            committed = true;
          });
        }
        const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
        return (await server.sql(waiting)).length > 0;
      });
      const end = await endOfLog(server);
      await chunksTo(wal[Symbol.asyncIterator](), wal.startLsn, end);
      assert.equal(committed, false);
      wal.report({ flushed: end });
      await commit;
    } finally {
      await wal.close();
      await server.sql('ALTER SYSTEM RESET synchronous_standby_names');
      await server.sql('SELECT pg_reload_conf()');
      await session.end();
    }
  });

  // Red when `keep_time` in native/src/physical/driver.rs does not queue the feedback.
  test(`a standby's queries keep their rows, on ${major}`, async () => {
    const { client } = setting;
    const slot = await newSlot();
    const wal = await open({ slot });
    const seen = async () => {
      const { xmin, catalogXmin } = await client.slot(slot);
      return [xmin, catalogXmin];
    };
    const [{ xid }] = await setting.server.sql('SELECT pg_current_xact_id()::text AS xid');
    const xmin = BigInt(xid);
    wal.hotStandbyFeedback({ xmin, catalogXmin: xmin - 1n });
    await until('the slot has both', async () => {
      const [rows, catalogs] = await seen();
      return rows === Number(xmin) && catalogs === Number(xmin - 1n);
    });
    wal.hotStandbyFeedback(null);
    await until('they are taken back', async () => (await seen()).every((one) => one === null));
    for (const bad of [5, -1n, 2n ** 64n]) {
      assert.throws(() => wal.hotStandbyFeedback({ xmin: bad }), { code: 'WALSCOPE_BAD_OPTION' });
    }
    await wal.close();
    assert.throws(() => wal.hotStandbyFeedback(null), { code: 'WALSCOPE_CLOSED' });
    await drop(slot);
  });

  // Red when `keep_time` in native/src/physical/driver.rs does nothing while the buffer is full.
  test(`a blocked event loop keeps its connection, on ${major}`, async () => {
    const { server } = setting;
    const wal = await open({ buffer: 1024 * 1024 });
    const end = await fill(server, 5000);
    await until('the buffer is full', () => wal.status().bufferedBytes >= 1024 * 1024);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_MS);
    await chunksTo(wal[Symbol.asyncIterator](), wal.startLsn, end);
    assert.equal(wal.status().reconnects, 0);
    assert.doesNotMatch(await server.log(), /replication timeout/);
    await wal.close();
  });

  // Red when `asked` in node/physical/feed.js reports nothing: the server would wait for ever.
  test(`a server that is shut down does not wait for who watches, on ${major}`, async () => {
    const { server } = setting;
    /** @type {any[]} */
    const told = [];
    const onEvent = (/** @type {any} */ event) => told.push(event);
    const wal = await open({ onEvent });
    const reader = new WalReader();
    let records = 0;
    const watching = (async () => {
      for await (const event of wal) {
        if (event.kind === 'wal') records += reader.push(event.bytes).length;
      }
    })();
    const end = await fill(server, 1000);
    await until('all is read', () => lsn.compare(wal.status().deliveredLsn, end) >= 0);
    await shutDown(server);
    const { deliveredLsn } = wal.status();
    await server.restart();
    await until('it is back', () => told.some(({ type }) => type === 'resumed'));
    const more = await fill(server, 1000);
    await until('the rest is read', () => lsn.compare(wal.status().deliveredLsn, more) >= 0);
    await wal.close();
    await watching;
    assert.ok(records > 2000);
    assert.equal(reader.position, wal.status().deliveredLsn);
    reader.free();
    const types = told.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
    assert.deepEqual(types, ['disconnected', 'reconnecting', 'resumed']);
    assert.deepEqual([told[0].slot, told.at(-1).lsn], [null, deliveredLsn]);
    assert.equal(wal.status().reconnects, 1);
  });

  // Red without `FlushWanted` in `next` of node/src/physical.rs: nobody would know, and all would wait.
  test(`a server that is shut down waits for what it asks to flush, on ${major}`, async () => {
    const { server } = setting;
    const slot = await newSlot();
    const wal = await open({ slot, reconnect: false });
    wal.report({ flushed: wal.startLsn });
    await fill(server, 1000);
    const down = shutDown(server);
    const reader = new WalReader();
    /** @type {string[]} */
    const types = [];
    let flushed = wal.startLsn;
    for await (const event of wal) {
      if (event.kind === 'wal') {
        flushed = event.endLsn;
        types.push(...[...reader.push(event.bytes)].map(({ recordType }) => recordType));
      }
      if (event.kind !== 'flushWanted') continue;
      assert.notEqual(server.pid, undefined);
      wal.report({ flushed });
      if (types.at(-1) === 'CHECKPOINT_SHUTDOWN' && wal.status().lagBytes === 0) break;
    }
    reader.free();
    await down;
    await server.restart();
    await drop(slot);
  });

  test(`a stream ends by close, by signal, by leaving its loop, on ${major}`, async () => {
    const { server } = setting;
    const closed = await open();
    const pending = closed[Symbol.asyncIterator]();
    // What is there may come first.
    const reading = (async () => {
      while (!(await pending.next()).done);
    })();
    await Promise.all([closed.close(), closed.close()]);
    await reading;
    const reason = new Error('enough');
    const controller = new AbortController();
    const aborted = await open({ signal: controller.signal });
    const events = aborted[Symbol.asyncIterator]();
    controller.abort(reason);
    await assert.rejects(events.next(), (error) => error === reason);
    assert.deepEqual(await events.next(), { done: true, value: undefined });
    await assert.rejects(open({ signal: controller.signal }), /enough/);
    const left = await open();
    await fill(server, 10);
    for await (const event of left) {
      assert.equal(event.kind, 'wal');
      break;
    }
    await (await open())[Symbol.asyncDispose]();
    await setting.nobodyStreams();
    const final = await open({ reconnect: false });
    // It may come before the server has answered the other connection, and what the server says of it may
    // be lost with this one.
    const broken = assert.rejects(final.toReadable().toArray(), (/** @type {any} */ error) => {
      return error.code === '57P01' || error instanceof ConnectionError;
    });
    await server.sql('SELECT pg_terminate_backend(pid) FROM pg_stat_replication');
    await broken;
    const thrown = new Error('the function failed');
    const failing = await open({
      onEvent: () => {
        throw thrown;
      },
    });
    const loop = async () => {
      for await (const _ of failing);
    };
    const failed = assert.rejects(loop(), (error) => error === thrown);
    await server.sql('SELECT pg_terminate_backend(pid) FROM pg_stat_replication');
    await failed;
    await setting.nobodyStreams();
  });

  test(`one consumer, one next at a time, on ${major}`, async () => {
    const wal = await open({ start: await endOfLog(setting.server) });
    const events = wal[Symbol.asyncIterator]();
    for (const take of [() => wal[Symbol.asyncIterator](), () => wal.toReadable()]) {
      assert.throws(take, { code: 'WALSCOPE_BUSY' });
    }
    for (const highWaterMark of [-1, 0.5, Infinity]) {
      assert.throws(() => wal.toReadable({ highWaterMark }), { code: 'WALSCOPE_BAD_OPTION' });
    }
    const pending = events.next();
    await assert.rejects(events.next(), { code: 'WALSCOPE_CONCURRENT_NEXT' });
    await wal.close();
    await pending;
  });

  test(`what cannot be is refused with its reason, on ${major}`, async () => {
    const { client, server } = setting;
    const start = await endOfLog(server);
    for (const bad of [
      { slut: 'x' },
      { slot: '' },
      { createSlot: true },
      { timeline: 1 },
      { start, timeline: 0 },
      { buffer: 0.5 },
      { signal: 5 },
      { onEvent: 5 },
    ]) {
      await assert.rejects(open(bad), { code: 'WALSCOPE_BAD_OPTION' });
    }
    await assert.rejects(open({ start: 'x' }), { code: 'WALSCOPE_BAD_LSN' });
    await assert.rejects(open({ statusInterval: -1 }), { code: 'WALSCOPE_CONFIG' });
    await assert.rejects(open({ start, timeline: 7 }), (/** @type {any} */ error) => {
      assert.ok(error instanceof WalscopeError);
      assert.match(error.message, /timeline 7 is not present/);
      assert.match(String(error.hint), /promoted/);
      return true;
    });
    const missing = { code: major === 14 ? '42704' : 'WALSCOPE_SLOT_MISSING' };
    await assert.rejects(open({ slot: 'nobody' }), missing);
    const logical = await setting.slot();
    await assert.rejects(open({ slot: logical, start }), ServerError);
    const ahead = lsn.format(lsn.parse(start) + 0x1_0000_0000n);
    const early = await open({ start: ahead, reconnect: false });
    const nothing = early[Symbol.asyncIterator]().next();
    await assert.rejects(
      nothing,
      (error) => error instanceof ServerError && /ahead/.test(error.message),
    );
    const slot = await newSlot();
    const holder = await open({ slot });
    await assert.rejects(open({ slot }), { code: '55006' });
    await holder.close();
    await drop(slot);
    await client.dropSlot(logical);
    // Nothing holds back the first segment any more.
    for (let n = 0; n < 3; n += 1) {
      await fill(server, 1);
      await server.sql('SELECT pg_switch_wal()');
      await server.sql('CHECKPOINT');
    }
    const gone = (await open({ start: '0/1000000' }))[Symbol.asyncIterator]();
    await assert.rejects(gone.next(), { code: 'WALSCOPE_WAL_REMOVED' });
    assert.deepEqual(await gone.next(), { done: true, value: undefined });
  });
}
