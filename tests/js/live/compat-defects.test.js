// Four things that pg-logical-replication does wrong (tests/rivals/defects.js shows each), and that
// neither the adapter nor walscope's own streams do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogicalReplicationService, PgoutputPlugin } from '../../../node/compat.js';
import { lsn } from '../../../node/index.js';
import { nextOf, withServer } from './setting.js';

const QUEUED = 300;
const LARGE = 20_000;

/**
 * @param {any} setting
 * @param {string} slot
 * @param {object} config
 * @param {(lsn: string, log: any) => Promise<void> | void} onData
 * @param {object} [options] of the plugin
 */
async function follow(setting, slot, config, onData, options) {
  const service = new LogicalReplicationService({ connectionString: setting.server.url() }, config);
  service.on('data', onData);
  const started = new Promise((resolve) => service.on('start', () => resolve(undefined)));
  const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['p'], ...options });
  const over = service.subscribe(plugin, slot);
  await Promise.race([started, over]);
  return { service, over };
}

/** @param {() => Promise<boolean> | boolean} condition */
async function until(condition) {
  while (!(await condition())) await sleep(5);
}

for (const major of /** @type {const} */ ([14, 18])) {
  const setting = withServer({
    major,
    settings: { wal_sender_timeout: '2s', logical_decoding_work_mem: '64kB' },
  });

  /**
   * Waits until the server was told something by everybody who streams, three times from now on.
   */
  const toldThrice = async () => {
    const told = async () => {
      const [row] = await setting.server.sql(
        'SELECT min(reply_time)::text AS at FROM pg_stat_replication',
      );
      return row.at;
    };
    for (let times = 0; times < 3; times += 1) {
      const before = await told();
      await until(async () => (await told()) !== before);
    }
  };

  /** Who streams: a connection that was replaced has another process on the server. */
  const senders = async () => {
    const rows = await setting.server.sql('SELECT pid FROM pg_stat_replication ORDER BY pid');
    return rows.map((/** @type {any} */ { pid }) => pid);
  };

  const serverNow = async () => {
    const [{ now }] = await setting.server.sql(
      'SELECT extract(epoch FROM clock_timestamp())::float8 AS now',
    );
    return now;
  };

  // Red when subscription.js opens its stream without `acknowledge: 'manual'`.
  test(`1. rows that nobody acknowledged come again, on ${major}`, async () => {
    const slot = await setting.slot();
    const ids = /** @type {number[]} */ ([]);
    const config = { acknowledge: { auto: false, timeoutSeconds: 1 } };
    const { service, over } = await follow(setting, slot, config, (_, log) => {
      if (log.tag === 'insert') ids.push(log.new.id);
    });
    await setting.insert([1], [2], [3], [4], [5]);
    await until(() => ids.length === 5);
    await toldThrice();
    await service.stop();
    await over;
    await setting.confirmed(slot);
    assert.deepEqual(await setting.again(slot), ids);
  });

  // Red without the call of `settled()` in subscription.js.
  test(`1. rows whose handler is not done come again, on ${major}`, async () => {
    for (const enabled of [true, false]) {
      const slot = await setting.slot();
      for (let id = 1; id <= QUEUED; id += 1) await setting.insert([id]);
      let handled = 0;
      const config = { acknowledge: { auto: true, timeoutSeconds: 1 }, flowControl: { enabled } };
      const { service, over } = await follow(setting, slot, config, () => {
        handled += 1;
        // Of the first transaction none is ever done.
        return new Promise(() => {});
      });
      await until(() => handled > 0);
      await toldThrice();
      await service.stop();
      await over;
      await setting.confirmed(slot);
      assert.equal((await setting.again(slot)).length, QUEUED);
    }
  });

  test(`1. walscope's own stream: what is not confirmed comes again, on ${major}`, async () => {
    const slot = await setting.slot();
    await setting.insert([1], [2], [3]);
    const stream = await setting.fullStream(slot, { acknowledge: 'manual' });
    const changes = stream[Symbol.asyncIterator]();
    for (let count = 0; count < 3; count += 1) await nextOf(changes, 'commit');
    await toldThrice();
    await stream.close();
    await setting.confirmed(slot);
    assert.deepEqual(await setting.again(slot), [1, 2, 3]);
  });

  // Red with the incumbent in the adapter's place: part 2 of defects.js.
  test(`2. an idle connection stays, on ${major}`, async () => {
    const [slot, other] = [await setting.slot(), await setting.slot()];
    const config = { acknowledge: { auto: false, timeoutSeconds: 0 } };
    const { service, over } = await follow(setting, slot, config, () => {});
    const stream = await setting.stream(other, { acknowledge: 'manual' });
    const pending = stream[Symbol.asyncIterator]().next();
    const before = await senders();
    assert.equal(before.length, 2);
    const start = await serverNow();
    // Three times what the server waits for a sign of life.
    await until(async () => (await serverNow()) > start + 6);
    assert.deepEqual(await senders(), before);
    assert.equal(service.isStop(), false);
    await service.stop();
    await over;
    await stream.close();
    await pending;
  });

  // Red with the incumbent in the adapter's place: part 3 of defects.js.
  test(`3. what is confirmed is the end of a transaction, and the next one comes, on ${major}`, async () => {
    const slot = await setting.slot();
    const ends = /** @type {string[]} */ ([]);
    const acknowledged = /** @type {string[]} */ ([]);
    const { service, over } = await follow(setting, slot, {}, (_, log) => {
      if (log.tag === 'commit') ends.push(lsn.format(lsn.parse(log.commitEndLsn)));
    });
    service.on('acknowledge', (at) => void acknowledged.push(at));
    await commitTogether(async () => {
      await until(() => acknowledged.length > 0 && ends.length === acknowledged.length);
      await service.stop();
      await over;
    });
    assert.deepEqual(acknowledged, ends);
    await checkNotAhead(slot);
    assert.deepEqual(await setting.again(slot), [2]);

    const other = await setting.slot();
    const stream = await setting.stream(other, { acknowledge: 'manual' });
    await commitTogether(async () => {
      const commit = await nextOf(stream[Symbol.asyncIterator](), 'commit');
      // A keepalive may have said meanwhile that there is nothing up to a later position.
      const confirmed = stream.acknowledge(commit);
      assert.ok(lsn.compare(confirmed, commit.endLsn) >= 0, `${confirmed} < ${commit.endLsn}`);
      await stream.close();
    });
    await checkNotAhead(other);
    assert.deepEqual(await setting.again(other), [2]);
  });

  /**
   * Two transactions at once: the commit of the second follows that of the first in the log.
   *
   * @param {() => Promise<void>} between
   */
  const commitTogether = async (between) => {
    const writer = await setting.server.client();
    try {
      await writer.query(`BEGIN; INSERT INTO t VALUES (2, 'row 2')`);
      await setting.insert([1]);
      await between();
      await writer.query('COMMIT');
    } finally {
      await writer.end();
    }
  };

  /** @param {string} slot */
  const checkNotAhead = async (slot) => {
    const confirmed = await setting.confirmed(slot);
    const [{ at }] = await setting.server.sql('SELECT pg_current_wal_lsn()::text AS at');
    assert.ok(lsn.compare(confirmed, at) <= 0, `${confirmed} is ahead of ${at}`);
  };

  // Red without `streaming: 'on'` in pgoutput.js.
  test(`4. a large transaction comes in pieces before it ends, on ${major}`, async () => {
    const [slot, other] = [await setting.slot(), await setting.slot()];
    let rows = 0;
    let commits = 0;
    const options = { protoVersion: 2, streaming: true };
    const count = (/** @type {string} */ _, /** @type {any} */ log) => {
      if (log.tag === 'insert') rows += 1;
      if (log.tag === 'commit' && rows > 0) commits += 1;
    };
    const { service, over } = await follow(setting, slot, {}, count, options);
    const stream = await setting.stream(other, { streaming: 'on' });
    const changes = stream[Symbol.asyncIterator]();
    const first = nextOf(changes, 'insert');
    const writer = await setting.server.client();
    await writer.query('BEGIN');
    await writer.query(`INSERT INTO t SELECT i, 'row' FROM generate_series(1, ${LARGE}) AS i`);
    const streamed = async () => {
      const [row] = await setting.server.sql(
        `SELECT count(*)::int AS slots FROM pg_stat_replication_slots
         WHERE stream_txns > 0 AND slot_name IN ('${slot}', '${other}')`,
      );
      return row.slots;
    };
    await until(async () => (await streamed()) === 2);
    assert.equal(rows, 0);
    await writer.query('COMMIT');
    await writer.end();
    await until(() => commits === 1);
    assert.equal(rows, LARGE);
    await service.stop();
    await over;
    assert.equal((await first).new.id, 1);
    await stream.close();
  });
}
