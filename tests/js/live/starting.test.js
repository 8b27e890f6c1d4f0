// What connect and stream check before anything is streamed, and the errors that they give.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect, ConnectionError, ServerError, WalscopeError } from '../../../node/index.js';
import { MAJORS, PASSWORD } from '../../harness/postgres.js';
import { rejection } from '../decoder/helpers.js';
import { nextOf, Setting, withServer } from './setting.js';

const setting = withServer({ settings: { logical_decoding_work_mem: '64kB' } });

test('every server version streams', async () => {
  for (const major of MAJORS) {
    const place = new Setting();
    await place.start({ major });
    try {
      const stream = await place.stream('made', { createSlot: true });
      assert.match(stream.remarks.join(), /created slot "made"/);
      assert.match(stream.startLsn, /^[0-9A-F]+\/[0-9A-F]+$/);
      await place.insert([1]);
      const changes = stream[Symbol.asyncIterator]();
      const insert = await nextOf(changes, 'insert');
      assert.deepEqual(insert.new, { id: 1, body: 'row 1' }, `PostgreSQL ${major}`);
      assert.equal((await nextOf(changes, 'commit')).xid, insert.xid);
      assert.ok(stream.status().messages > 0);
      await changes.return();
    } finally {
      await place.stop();
    }
  }
});

test('settings come as an object, and the password from a function', async () => {
  const { host, port } = setting.server;
  const server = { host, port, user: 'scram_user', database: 'postgres' };
  let asked = 0;
  const client = await connect({
    ...server,
    application_name: `it's a \\ name`,
    async password() {
      asked += 1;
      return PASSWORD;
    },
  });
  const slot = await setting.slot();
  const stream = await client.stream({ slot, publications: ['p'] });
  assert.equal(asked, 2);
  const [row] = await setting.server.sql(
    'SELECT application_name AS name FROM pg_stat_replication',
  );
  assert.equal(row.name, `it's a \\ name`);
  await stream.close();
  await client.close();
  const connectionString = setting.server.url({ user: 'scram_user', password: '' });
  await (await connect({ connectionString, password: PASSWORD })).close();
  const wrong = connect({ ...server, password: () => 'wrong' });
  await assert.rejects(wrong, (error) => {
    assert.ok(error instanceof ServerError && error instanceof WalscopeError);
    assert.deepEqual([error.code, error.severity], ['28P01', 'FATAL']);
    assert.ok(error.cause instanceof Error);
    return true;
  });
});

test('settings that make no sense are refused', async () => {
  const url = setting.server.url();
  for (const [target, words] of /** @type {[any, RegExp][]} */ ([
    [undefined, /no server/],
    [{ host: ['a'] }, /option host/],
    [{ connectionString: url, host: 'a' }, /connectionString/],
    [{ host: 'localhost', password: 5 }, /option password/],
    [{ host: 'localhost', password: () => 5 }, /password/],
  ])) {
    await assert.rejects(connect(target), (/** @type {any} */ error) => {
      assert.equal(error.code, 'WALSCOPE_BAD_OPTION');
      assert.match(error.message, words);
      return true;
    });
  }
  await assert.rejects(connect(/** @type {any} */ ({ hosst: 'localhost' })), {
    code: 'WALSCOPE_CONFIG',
  });
  await assert.rejects(connect(url, /** @type {any} */ ({ sginal: 1 })), /sginal/);
});

test('a server that is not there is a ConnectionError with a stack of the caller', async () => {
  async function caller() {
    await connect('postgres://postgres@127.0.0.1:1/postgres');
  }
  const error = await rejection(caller());
  assert.ok(error instanceof ConnectionError);
  assert.ok(error.hint);
  assert.match(String(error.stack?.split('\n')[1]), /caller .*starting\.test\.js/);
});

// Red without the filter in the constructor of WalscopeError.
test('what is refused has a stack that begins with the caller', async () => {
  async function caller() {
    await connect(/** @type {any} */ (5));
  }
  async function streamer() {
    await setting.client.stream({});
  }
  for (const act of [caller, streamer]) {
    const { stack } = await rejection(act());
    assert.match(String(stack).split('\n')[1] ?? '', new RegExp(`${act.name} .*starting`));
  }
  const lines = String((await rejection(caller())).stack).split('\n');
  assert.match(lines[0] ?? '', /^WalscopeError: connect was given no server|^Error: connect/);
});

test('slot and publications are looked for before anything is streamed', async () => {
  const slot = await setting.slot();
  const missing = setting.stream('nobody_made_me');
  await assert.rejects(missing, { code: 'WALSCOPE_SLOT_MISSING' });
  const unpublished = setting.stream(slot, { publications: ['p', 'nobody'] });
  await assert.rejects(unpublished, (/** @type {any} */ error) => {
    assert.equal(error.code, 'WALSCOPE_PUBLICATION_MISSING');
    assert.match(error.message, /nobody/);
    return true;
  });
  const holder = await setting.stream(slot);
  const second = setting.stream(slot, { reconnect: false });
  await assert.rejects(second, (/** @type {any} */ error) => {
    assert.equal(error.code, '55006');
    assert.match(error.message, /active for PID \d+/);
    assert.match(error.hint, /pg_terminate_backend\(\d+\)/);
    return true;
  });
  await holder.close();
});

// Red without the loop in `opening::open`.
test('a slot that is in use is waited for: a dead consumer may have it', async () => {
  const slot = await setting.slot();
  const holder = await setting.stream(slot);
  /** @type {any[]} */
  const events = [];
  const waiting = setting.stream(slot, {
    onEvent: (/** @type {any} */ event) => events.push(event),
  });
  assert.equal(await Promise.race([waiting, sleep(700, 'it waits')]), 'it waits');
  assert.ok(events.length > 0);
  for (const [index, event] of events.entries()) {
    assert.match(event.error, /is active for PID/);
    const { type, tries } = event;
    assert.deepEqual(
      { type, tries, slot: event.slot },
      { type: 'slotInUse', tries: index + 1, slot },
    );
  }
  await holder.close();
  const stream = await waiting;
  await stream.close();
});

// Red without `cancel()` in waiting.js: it waits on, and then streams.
test('an event function that throws while a slot is waited for ends the wait with its error', async () => {
  const slot = await setting.slot();
  const holder = await setting.stream(slot);
  const onEvent = () => {
    throw new RangeError('mine');
  };
  await assert.rejects(setting.stream(slot, { onEvent }), RangeError);
  await holder.close();
});

// Red without `cancel?.()` in client.js: it goes on trying.
test('an aborted signal ends the wait for a slot', async () => {
  const slot = await setting.slot();
  const holder = await setting.stream(slot);
  const controller = new AbortController();
  /** @type {Promise<any> | undefined} */
  let waiting;
  await new Promise((onEvent) => {
    const reconnect = { longestDelay: 0.25 };
    waiting = setting.stream(slot, { signal: controller.signal, reconnect, onEvent });
  });
  controller.abort();
  await assert.rejects(/** @type {Promise<any>} */ (waiting), { name: 'AbortError' });
  await setting.nobodyConnects(1);
  await holder.close();
  await setting.nobodyStreams();
});

test('options that make no sense are refused before anything is opened', async () => {
  for (const options of [
    {},
    { slot: '' },
    { slot: 5, publications: ['p'] },
    { slot: 's' },
    { slot: 's', publications: [] },
    { slot: 's', publications: 'p' },
    { slot: 's', publications: ['p'], acknowledge: 'never' },
    { slot: 's', publications: ['p'], signal: {} },
    { slot: 's', publications: ['p'], publication: 'q' },
    { slot: 's', publications: ['p'], int8: 'text' },
    { slot: 's', publications: ['p'], memory: -1 },
  ]) {
    await assert.rejects(setting.client.stream(options), { code: 'WALSCOPE_BAD_OPTION' });
  }
  const start = setting.client.stream({ slot: 's', publications: ['p'], start: 'soon' });
  await assert.rejects(start, { code: 'WALSCOPE_BAD_LSN' });
});

test('values are read as the options say', async () => {
  const slot = await setting.slot();
  await setting.server.sql('CREATE TABLE IF NOT EXISTS wide (id int8 PRIMARY KEY, j json)');
  await setting.server.sql('ALTER PUBLICATION p SET TABLE t, wide');
  await setting.server.sql(`INSERT INTO wide VALUES (1, '{"a": 1}')`);
  const stream = await setting.stream(slot, { int8: 'string', json: 'text' });
  const changes = stream[Symbol.asyncIterator]();
  assert.deepEqual((await nextOf(changes, 'insert')).new, { id: '1', j: '{"a": 1}' });
  await changes.return();
});

test('raw gives every message as it came', async () => {
  const slot = await setting.slot();
  await setting.insert([1]);
  const stream = await setting.stream(slot, { raw: true });
  assert.throws(() => stream.transactions(), { code: 'WALSCOPE_BAD_OPTION' });
  const kinds = [];
  for await (const change of stream) {
    if (change.kind !== 'keepalive') kinds.push(change.kind);
    if (change.kind === 'commit') break;
  }
  assert.deepEqual(kinds, ['begin', 'relation', 'insert', 'commit']);
});

// The rows that were rolled back are sent, for the server streams long before it knows; they come out
// neither at the end nor in raw form without being taken back.
for (const streaming of ['on', 'parallel']) {
  test(`transactions come whole with streaming ${streaming}`, async () => {
    const slot = await setting.slot();
    await setting.server.sql(`
      BEGIN;
      INSERT INTO t SELECT n FROM generate_series(1, 5000) n;
      SAVEPOINT a;
      INSERT INTO t SELECT n FROM generate_series(5001, 10000) n;
      ROLLBACK TO a;
      INSERT INTO t SELECT n FROM generate_series(10001, 10500) n;
      COMMIT`);
    const raw = await setting.stream(slot, { streaming, raw: true });
    let pieces = 0;
    for await (const change of raw) {
      if (change.kind === 'streamStart') pieces += 1;
      if (change.kind === 'streamCommit') break;
    }
    assert.ok(pieces > 1, `${pieces} pieces`);
    await setting.confirmed(slot);
    const stream = await setting.stream(slot, { streaming, memory: 10_000 });
    const ids = [];
    for await (const tx of stream.transactions()) {
      let seq = 0;
      for await (const change of tx) {
        if (change.kind !== 'insert') continue;
        assert.equal(change.seq, seq);
        ids.push(change.new.id);
        seq += 1;
      }
      break;
    }
    const expected = Array.from({ length: 10500 }, (_, index) => index + 1);
    assert.deepEqual(ids, [...expected.slice(0, 5000), ...expected.slice(10000)]);
    await setting.confirmed(slot);
    await setting.server.sql('TRUNCATE t');
  });
}

test('status tells what the server has remarked', async () => {
  const slot = await setting.slot();
  await setting.server.sql('CREATE PUBLICATION dropped FOR TABLE t');
  const stream = await setting.stream(slot, { publications: ['p', 'dropped'] });
  assert.deepEqual(stream.status().notices, []);
  const changes = stream[Symbol.asyncIterator]();
  await setting.server.sql('DROP PUBLICATION dropped');
  await setting.insert([1]);
  await setting.server.sql('CREATE TABLE elsewhere (id int)');
  await nextOf(changes, 'commit');
  const until = Date.now() + 60_000;
  while (stream.status().notices.length === 0 && Date.now() < until) await sleep(50);
  const { notices } = stream.status();
  assert.match(notices.join('\n'), /WARNING: .*publication "dropped"/);
  // Asking takes nothing away.
  assert.deepEqual(stream.status().notices.slice(0, notices.length), notices);
  await changes.return();
});

test('without the native part, importing works and using it says what to install', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'walscope-'));
  try {
    const source = fileURLToPath(new URL('../../../node/', import.meta.url));
    await cp(source, folder, {
      recursive: true,
      filter: (path) => !path.endsWith('.node') && !path.endsWith('/src'),
    });
    const program = `
      import { connect, decode, lsn } from ${JSON.stringify(join(folder, 'index.js'))};
      console.log(lsn.format(1n));
      for (const use of [() => connect('host=localhost'), async () => [...decode(new Uint8Array(1))]]) {
        await use().catch((error) => console.log(error.code, error.message, error.hint));
      }`;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
    const [number, ...errors] = stdout.trim().split('\n');
    assert.equal(number, '0/1');
    assert.equal(errors.length, 2);
    for (const line of errors) {
      assert.match(line, /^WALSCOPE_NO_BINDING/);
      assert.match(line, /Cannot find module '@walscope\/binding-/);
      assert.match(line, /npm run build/);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
