// What `onEvent` is told: breaks, returns, the server's remarks, and a slot that is about to be lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../../node/index.js';
import { nextOf, withServer } from './setting.js';

/** Of which there must be something to lose. */
const SETTINGS = { max_slot_wal_keep_size: '8MB', wal_keep_size: '0' };

/**
 * Waits for an event.
 *
 * @param {any[]} events
 * @param {(event: any) => boolean} wanted
 * @returns {Promise<any>}
 */
async function eventually(events, wanted) {
  for (let tries = 0; tries < 1000; tries += 1) {
    const found = events.find(wanted);
    if (found !== undefined) return found;
    await sleep(10);
  }
  throw new Error(`no such event among ${JSON.stringify(events)}`);
}

for (const major of /** @type {const} */ ([14, 18])) {
  const setting = withServer({ major, settings: SETTINGS });

  test(`a break is told with its tries and its end, on ${major}`, async () => {
    const slot = await setting.slot();
    await setting.insert([1]);
    /** @type {any[]} */
    const events = [];
    const stream = await setting.stream(slot, {
      onEvent: (/** @type {any} */ event) => events.push(event),
      slotCheckInterval: 0,
    });
    const changes = stream[Symbol.asyncIterator]();
    const { endLsn } = await nextOf(changes, 'commit');
    const next = nextOf(changes, 'insert');
    await sleep(100);
    for (let breaks = 1; breaks <= 2; breaks += 1) {
      await setting.server.sql(
        'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active',
      );
      await eventually(events, () => stream.status().reconnects === breaks);
      await eventually(
        events,
        () => events.filter(({ type }) => type === 'resumed').length === breaks,
      );
    }
    await setting.insert([2]);
    assert.equal((await next).new.id, 2);
    await changes.return();
    const types = events.map(({ type }) => type);
    const once = ['disconnected', 'reconnecting', 'resumed'];
    assert.deepEqual(
      types.filter((type, index) => type !== types[index - 1]),
      [...once, ...once],
    );
    assert.ok(events.every((event) => event.slot === slot));
    const [disconnected, reconnecting] = events;
    assert.match(disconnected.error, /57P01|closed/);
    assert.ok(reconnecting.tries === 1 && reconnecting.delay > 0 && reconnecting.delay <= 0.25);
    assert.equal(events.at(-1).lsn, endLsn);
  });

  test(`a slot is told of before it is lost, and when it is, on ${major}`, async () => {
    const slot = await setting.slot();
    /** @type {any[]} */
    const events = [];
    const client = await connect(setting.server.url(), {
      onEvent: (event) => events.push(event),
    });
    const stream = await client.stream({
      slot,
      publications: ['p'],
      slotCheckInterval: 0.05,
      idleAdvance: false,
      reconnect: false,
    });
    await setting.server.sql('CHECKPOINT');
    await setting.server.sql('SELECT pg_switch_wal()');
    const fill = async () => {
      await setting.server.sql(`SELECT pg_logical_emit_message(false, 'x', repeat('x', 8000000))`);
      await setting.server.sql('SELECT pg_switch_wal()');
      await sleep(200);
    };
    const risky = (/** @type {any} */ event) =>
      event.type === 'slotWarning' && ['low', 'unreserved'].includes(event.risk);
    for (let tries = 0; tries < 6 && !events.some(risky); tries += 1) await fill();
    const warning = await eventually(events, risky);
    assert.deepEqual([warning.slot, warning.info.slot], [slot, slot]);
    await setting.server.sql('CHECKPOINT');
    const lost = await eventually(events, ({ risk }) => risk === 'lost');
    assert.match(lost.info.lost, /removed|invalidated/);
    // Told once, as long as it is the same.
    await sleep(300);
    assert.equal(events.filter(({ risk }) => risk === 'lost').length, 1);
    await stream.close();
    await client.close();
    await setting.client.dropSlot(slot, { wait: true });
  });
}

const setting = withServer();

test('what the server remarks is an event, and in status() too', async () => {
  const slot = await setting.slot();
  await setting.server.sql('CREATE PUBLICATION dropped FOR TABLE t');
  /** @type {any[]} */
  const events = [];
  const stream = await setting.stream(slot, {
    publications: ['p', 'dropped'],
    onEvent: (/** @type {any} */ event) => events.push(event),
  });
  const changes = stream[Symbol.asyncIterator]();
  await setting.server.sql('DROP PUBLICATION dropped');
  await setting.insert([1]);
  await setting.server.sql('CREATE TABLE elsewhere (id int)');
  await nextOf(changes, 'commit');
  const notice = await eventually(events, ({ type }) => type === 'notice');
  assert.match(notice.message, /publication "dropped"/);
  assert.deepEqual([notice.severity, typeof notice.code], ['WARNING', 'string']);
  assert.match(stream.status().notices.join('\n'), /WARNING: .*publication "dropped"/);
  await changes.return();
});

// Red when `connect` in client.js gives the native part nobody to ask: the password of the start is refused.
test('a stream that comes back asks for its password again, and bears that it fails', async () => {
  const { server } = setting;
  const slot = await setting.slot();
  await server.sql("CREATE ROLE fleeting LOGIN REPLICATION PASSWORD 'first'");
  let password = 'first';
  let asked = 0;
  /** @type {any[]} */
  const events = [];
  const client = await connect({
    ...{ host: server.host, port: server.port, user: 'fleeting', database: 'postgres' },
    password: async () => {
      asked += 1;
      if (asked === 3) throw new Error('no token just now');
      return password;
    },
  });
  const stream = await client.stream({
    slot,
    publications: ['p'],
    slotCheckInterval: 0,
    onEvent: (event) => events.push(event),
  });
  assert.equal(asked, 2);
  password = 'second';
  await server.sql("ALTER ROLE fleeting PASSWORD 'second'");
  const next = nextOf(stream[Symbol.asyncIterator](), 'insert');
  await server.sql(
    'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active',
  );
  await eventually(events, ({ type }) => type === 'resumed');
  assert.equal(asked, 4);
  assert.ok(events.some(({ error }) => /password cannot be had: .*no token just now/.test(error)));
  await setting.insert([7]);
  assert.equal(/** @type {any} */ (await next).new.id, 7);
  await stream.close();
  await client.close();
});

// Red without the `try` in `Events.tell`: the process would end.
test('a function for events that throws ends the stream with its error', async () => {
  const slot = await setting.slot();
  const problem = new Error('the function failed');
  const stream = await setting.stream(slot, {
    slotCheckInterval: 0,
    onEvent: () => {
      throw problem;
    },
  });
  const next = stream[Symbol.asyncIterator]().next();
  // It may come before the server has answered the other connection.
  const failed = assert.rejects(next, (error) => error === problem);
  await setting.server.sql(
    'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active',
  );
  await failed;
  await setting.nobodyStreams();
});

test('a slot that is gone, and one that cannot be looked at, are told', async () => {
  const slot = await setting.slot();
  /** @type {any[]} */
  const events = [];
  const client = await connect(setting.server.url());
  const stream = await client.stream({
    slot: 'fleeting',
    createSlot: true,
    temporary: true,
    publications: ['p'],
    slotCheckInterval: 0.02,
    onEvent: (event) => events.push(event),
  });
  await client.close();
  const failed = await eventually(events, ({ type }) => type === 'slotCheckFailed');
  assert.equal(failed.error.code, 'WALSCOPE_CLOSED');
  await stream.close();
  await setting.client.dropSlot(slot);
  await assert.rejects(setting.stream(slot, { onEvent: 5 }), { code: 'WALSCOPE_BAD_OPTION' });
  await assert.rejects(setting.stream(slot, { slotCheckInterval: -1 }), {
    code: 'WALSCOPE_BAD_OPTION',
  });
});
