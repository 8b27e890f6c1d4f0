// How the service of walscope/compat confirms, ends, and refuses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  LogicalReplicationService,
  PgoutputPlugin,
  TestDecodingPlugin,
} from '../../../node/compat.js';
import { lsn } from '../../../node/index.js';
import { withServer } from './setting.js';

const setting = withServer({ tls: true });

const MANUAL = { acknowledge: { auto: false } };

/**
 * @param {object} [config]
 * @param {object} [client]
 */
function serviceOf(config, client = {}) {
  return new LogicalReplicationService(
    { connectionString: setting.server.url(), ...client },
    config,
  );
}

function plugin() {
  return new PgoutputPlugin({ protoVersion: 1, publicationNames: ['p'] });
}

/** @param {() => Promise<boolean> | boolean} condition */
async function until(condition) {
  while (!(await condition())) await sleep(5);
}

// Red when handlers are not waited for at the end of a transaction: subscription.js, `event.ends`.
test('a transaction is confirmed when the promises of all its handlers are resolved', async () => {
  const slot = await setting.slot();
  await setting.insert([1, 2], [3]);
  const service = serviceOf();
  const steps = /** @type {string[]} */ ([]);
  let finish = () => {};
  service.on('data', async (_, log) => {
    if (log.tag === 'insert' && log.new.id === 1) {
      await new Promise((resolve) => (finish = () => resolve(undefined)));
      steps.push('done with 1');
    }
  });
  service.on('data', (_, log) => {
    if (log.tag === 'insert') steps.push(`row ${log.new.id}`);
  });
  service.on('acknowledge', () => steps.push('confirmed'));
  const over = service.subscribe(plugin(), slot);
  // Within a transaction rows do not wait, but the next transaction does.
  await until(() => steps.includes('row 2'));
  await sleep(50);
  assert.deepEqual(steps, ['confirmed', 'row 1', 'row 2'].slice(-steps.length));
  finish();
  await until(() => steps.includes('row 3') && steps.at(-1) === 'confirmed');
  const rest = ['row 1', 'row 2', 'done with 1', 'confirmed', 'row 3', 'confirmed'];
  assert.deepEqual(steps.slice(-rest.length), rest);
  await service.stop();
  await over;
  await setting.confirmed(slot);
  assert.deepEqual(await setting.again(slot), []);
});

// Red when `flowControl` is not looked at in subscription.js.
test('flowControl: each message waits for the handlers of the one before', async () => {
  const slot = await setting.slot();
  await setting.insert([1, 2, 3]);
  const service = serviceOf({ flowControl: { enabled: true } });
  let open = 0;
  let most = 0;
  const ids = /** @type {number[]} */ ([]);
  service.on('data', async (_, log) => {
    open += 1;
    most = Math.max(most, open);
    await sleep(1);
    if (log.tag === 'insert') ids.push(log.new.id);
    open -= 1;
  });
  const over = service.subscribe(plugin(), slot);
  await until(() => ids.length === 3);
  await service.stop();
  await over;
  assert.equal(most, 1);
});

// Red without the look at `#failure` before `#confirm` in subscription.js.
for (const [name, fail] of Object.entries({
  throws: () => {
    throw new Error('no room');
  },
  rejects: async () => {
    await sleep(1);
    throw new Error('no room');
  },
})) {
  for (const config of [{}, { flowControl: { enabled: true } }, MANUAL]) {
    test(`a handler that ${name} ends the stream, ${JSON.stringify(config)}`, async () => {
      const slot = await setting.slot();
      await setting.insert([1], [2], [3]);
      const service = serviceOf(config);
      const errors = /** @type {Error[]} */ ([]);
      service.on('error', (error) => void errors.push(error));
      service.on('data', (_, log) =>
        log.tag === 'insert' && log.new.id === 2 ? fail() : undefined,
      );
      await assert.rejects(service.subscribe(plugin(), slot), /no room/);
      assert.equal(errors.length, 1);
      assert.equal(service.isStop(), true);
      await setting.confirmed(slot);
      const expected = config === MANUAL ? [1, 2, 3] : [2, 3];
      assert.deepEqual(await setting.again(slot), expected);
    });
  }
}

// Red when subscription.js passes on WALSCOPE_ACK_AHEAD, and when it confirms less than what it has.
test('acknowledge confirms what ended before an LSN, and nothing that was not received', async () => {
  const slot = await setting.slot();
  const service = serviceOf(MANUAL);
  const commits = /** @type {any[]} */ ([]);
  service.on('data', (at, log) => {
    if (log.tag === 'commit') commits.push({ at, ...log });
  });
  const over = service.subscribe(plugin(), slot);
  await until(() => !service.isStop());
  assert.equal(await service.acknowledge('FFFFFFFF/0'), true);
  await setting.insert([1], [2], [3]);
  await until(() => commits.length === 3);
  await assert.rejects(service.acknowledge('two'), { code: 'WALSCOPE_BAD_LSN' });
  assert.equal(await service.acknowledge(commits[0].at), true);
  // The padded LSN of the commit record stands for the transaction, as in the incumbent.
  assert.equal(await service.acknowledge(commits[1].commitLsn, true), true);
  await service.stop();
  await over;
  const end = lsn.format(lsn.parse(commits[1].commitEndLsn));
  assert.equal(await setting.confirmed(slot), end);

  const again = serviceOf(MANUAL);
  let received = 0;
  again.on('data', (_, log) => {
    if (log.tag === 'commit') received += 1;
  });
  // An LSN from before what is confirmed changes nothing.
  const overAgain = again.subscribe(plugin(), slot, '0/00000000');
  await until(() => received === 1);
  // As a handler of `heartbeat` may do: it lies ahead, and stands for all that was received.
  assert.equal(await again.acknowledge('FFFFFFFF/0'), true);
  await again.destroy();
  await overAgain;
  assert.equal(again.listenerCount('data'), 0);
  await setting.confirmed(slot);
  assert.deepEqual(await setting.again(slot), []);
});

// Red when subscribe starts from `lastLsn()`, as the incumbent does.
test('stop within a handler confirms nothing of it, and subscribe begins there again', async () => {
  const slot = await setting.slot();
  await setting.insert([1], [2]);
  const service = serviceOf();
  const ids = /** @type {number[]} */ ([]);
  service.on('data', async (_, log) => {
    if (log.tag !== 'insert') return;
    ids.push(log.new.id);
    if (ids.length === 2) await service.stop();
  });
  assert.equal(await service.subscribe(plugin(), slot), service);
  assert.deepEqual(ids, [1, 2]);
  await setting.confirmed(slot);
  const over = service.subscribe(plugin(), slot);
  await until(() => ids.length === 3);
  assert.deepEqual(ids, [1, 2, 2]);
  await service.stop();
  await over;
});

test('a second subscribe ends the first', async () => {
  const [slot, other] = [await setting.slot(), await setting.slot()];
  const service = serviceOf();
  const first = service.subscribe(plugin(), slot);
  await until(() => !service.isStop());
  const second = service.subscribe(plugin(), other);
  assert.equal(await first, service);
  await until(() => !service.isStop());
  await service.stop();
  await second;
  const opening = service.subscribe(plugin(), slot);
  await service.stop();
  await opening;
  await setting.nobodyStreams();
});

test('a lost connection ends subscribe, which can be called again', async () => {
  const slot = await setting.slot();
  const service = serviceOf();
  const errors = /** @type {any[]} */ ([]);
  service.on('error', (error) => void errors.push(error));
  const over = service.subscribe(plugin(), slot);
  // It may come before the server has answered the other connection.
  const lost = assert.rejects(over);
  await until(() => !service.isStop());
  await setting.server.sql('SELECT pg_terminate_backend(pid) FROM pg_stat_replication');
  await lost;
  assert.equal(errors.length, 1);
  assert.equal(service.isStop(), true);
  await setting.nobodyStreams();
  const again = service.subscribe(plugin(), slot);
  await until(() => !service.isStop());
  await service.stop();
  await again;
});

test('what the server refuses rejects, with and without a listener', async () => {
  const service = serviceOf();
  const code = { code: 'WALSCOPE_SLOT_MISSING' };
  await assert.rejects(service.subscribe(plugin(), 'nosuch'), code);
  const errors = /** @type {any[]} */ ([]);
  service.on('error', (error) => void errors.push(error));
  await assert.rejects(service.subscribe(plugin(), 'nosuch'), code);
  assert.equal(errors.length, 1);
  const slot = await setting.slot();
  await assert.rejects(service.subscribe(new TestDecodingPlugin(), slot), /uses the plugin/);
  await assert.rejects(service.subscribe(plugin(), slot, 'FFFF/0'), /ahead of the server/);
});

test('functions for types make values, on top of those of node-postgres', async () => {
  const slot = await setting.slot();
  await setting.insert([7]);
  const service = serviceOf({ types: { int4: BigInt } });
  const seen = new Promise((resolve) => {
    service.on('data', (_, log) => {
      if (log.tag === 'insert') resolve(log.new);
    });
  });
  const over = service.subscribe(plugin(), slot);
  assert.deepEqual(await seen, { id: 7n, body: 'row 7' });
  await service.stop();
  await over;
});

test("node-postgres' settings are honoured", async () => {
  const { host, port } = setting.server;
  const url = setting.server.url();
  const login = { host, port, user: 'postgres', database: 'postgres', password: () => 'secret' };
  const others = {
    application_name: 'shop',
    connectionTimeoutMillis: 9500,
    enableChannelBinding: false,
    keepAlive: true,
    keepAliveInitialDelayMillis: 1,
    replication: 'database',
  };
  const unverified = { ssl: { rejectUnauthorized: false } };
  for (const [client, tls, name] of /** @type {[any, boolean, string][]} */ ([
    [{ ...login, ...others, ...unverified }, true, 'shop'],
    [{ connectionString: url, ...others, ssl: false }, false, 'shop'],
    [
      { connectionString: `${url}?sslmode=disable&application_name=own`, ...others, ...unverified },
      false,
      'own',
    ],
  ])) {
    const slot = await setting.slot();
    const service = new LogicalReplicationService(client);
    const over = service.subscribe(plugin(), slot);
    over.catch(() => {});
    await Promise.race([over, until(() => !service.isStop())]);
    const rows = await setting.server.sql(
      `SELECT application_name AS name, ssl FROM pg_stat_replication JOIN pg_stat_ssl USING (pid)`,
    );
    assert.deepEqual(rows, [{ name, ssl: tls }]);
    await service.stop();
    await over;
    await setting.nobodyStreams();
  }
  // The test server's certificate is none that the system knows.
  const verified = new LogicalReplicationService({ ...login, ssl: true });
  await assert.rejects(verified.subscribe(plugin(), await setting.slot()), {
    code: 'WALSCOPE_TLS_NOT_TRUSTED',
  });
});

test('what cannot be honoured is refused by name', async () => {
  const code = 'WALSCOPE_BAD_OPTION';
  for (const [name, client] of /** @type {[string, any][]} */ ([
    ['statement_timeout', { statement_timeout: 1 }],
    ['types', { types: { getTypeParser: () => String } }],
    ['stream', { stream: () => {} }],
    ['ssl.ca', { ssl: { ca: 'PEM' } }],
    ['replication', { replication: 'true' }],
  ])) {
    const message = new RegExp(`setting ${name} cannot be honoured`);
    assert.throws(() => new LogicalReplicationService(client), { code, message });
  }
  for (const config of [
    { acknowlege: {} },
    { acknowledge: { timeout: 1 } },
    { flowControl: { paused: true } },
  ]) {
    assert.throws(() => new LogicalReplicationService({}, /** @type {any} */ (config)), { code });
  }
  const both = serviceOf({}, { host: 'elsewhere' });
  await assert.rejects(both.subscribe(plugin(), 's'), { code, hint: /host/ });
  const options = { protoVersion: 1, publicationNames: ['p'] };
  assert.throws(() => new PgoutputPlugin(/** @type {any} */ ({ ...options, binary: true })), {
    code,
  });
  const none = new PgoutputPlugin(/** @type {any} */ ({ ...options, publicationNames: 'p' }));
  await assert.rejects(serviceOf().subscribe(none, 's'), { code });
  await assert.rejects(serviceOf().subscribe(/** @type {any} */ ({ name: 'pgoutput' }), 's'), {
    code,
  });
});

test('a slot for two-phase commit is refused when it sends a prepared transaction', async () => {
  const { slot } = await setting.client.createSlot('prepared', { twoPhase: true });
  await setting.server.sql('TRUNCATE t');
  await setting.server.sql("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'one'");
  await setting.server.sql("COMMIT PREPARED 'one'");
  await assert.rejects(serviceOf().subscribe(plugin(), slot), {
    code: 'WALSCOPE_UNSUPPORTED',
    message: /beginPrepare/,
  });
});
