// The example live-page.js, asked by fetch: every browser gets every change, also after a break.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { lsn } from '../../../node/index.js';
import { until, withExample } from './program.js';

/** More than the example keeps. */
const MANY = 1500;
/** Rows of a megabyte: more than the example, and the buffers of two sockets, hold back. */
const LARGE_ROWS = 60;

const setting = withExample(
  'live-page.js',
  `CREATE TABLE orders (id int PRIMARY KEY, item text, state text);
   CREATE PUBLICATION orders_pub FOR TABLE orders`,
);

async function start() {
  const program = setting.run();
  const [url] = await program.prints(/http:\S+/);
  return { program, url };
}

/** Reads server-sent events as a browser does. */
class Listener {
  /** @type {{ event: string, data: any }[]} */
  events = [];
  /** The id that the browser would send. @type {string | undefined} */
  lastId;
  #controller = new AbortController();
  /** @type {Promise<void>} */
  #reading = Promise.resolve();

  /**
   * @param {string} url
   * @param {string} [lastId]
   */
  static async open(url, lastId) {
    const listener = new Listener();
    const { signal } = listener.#controller;
    /** @type {Record<string, string>} */
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId };
    const { body } = await fetch(`${url}/changes`, { headers, signal });
    listener.#reading = listener.#read(/** @type {ReadableStream<Uint8Array>} */ (body));
    await until('the connection says where it is', () => listener.lastId !== undefined);
    return listener;
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async #read(body) {
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const bytes of body) {
        const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
        rest = blocks.pop() ?? '';
        blocks.forEach((block) => this.#take(block));
      }
    } catch (error) {
      if (!this.#controller.signal.aborted) throw error;
    }
  }

  /** @param {string} block */
  #take(block) {
    /** @type {Record<string, string>} */
    const fields = {};
    for (const line of block.split('\n')) {
      const [name = '', value = ''] = line.split(/: (.*)/);
      fields[name] = value;
    }
    if (fields.id !== undefined) this.lastId = fields.id;
    if (fields.data === undefined) return;
    const data = fields.data === '' ? null : JSON.parse(fields.data);
    this.events.push({ event: fields.event ?? 'message', data });
  }

  /** The ids of the rows that were inserted. */
  get inserted() {
    return this.events.map(({ data }) => data?.new?.id);
  }

  /** @param {number} count */
  async has(count) {
    await until(`${count} events`, () => this.events.length >= count);
    return this.inserted;
  }

  async close() {
    this.#controller.abort();
    await this.#reading;
  }
}

/** @param {number[]} ids */
async function insert(...ids) {
  const rows = ids.map((id) => `(${id}, 'tea', 'new')`).join(', ');
  await setting.server.sql(`INSERT INTO orders VALUES ${rows}`);
}

// Red without the loop over `recent`, with another place to start it, and without the id of a browser
// that has seen no change.
test('who comes back gets what it missed, once', async () => {
  const { program, url } = await start();
  const always = await Listener.open(url);
  const early = await Listener.open(url);
  await early.close();
  await insert(1);
  const first = await Listener.open(url, early.lastId);
  assert.deepEqual(await first.has(1), [1]);
  await first.close();
  await insert(2, 3);
  await insert(4);
  assert.deepEqual(await always.has(4), [1, 2, 3, 4]);
  const second = await Listener.open(url, first.lastId);
  assert.deepEqual(await second.has(3), [2, 3, 4]);
  // Who is new is told of what comes from now on.
  const late = await Listener.open(url);
  await setting.server.sql("UPDATE orders SET state = 'sent' WHERE id = 2");
  await setting.server.sql('DELETE FROM orders WHERE id = 3');
  for (const listener of [always, second, late]) {
    await until('both changes', () => listener.events.at(-1)?.data.kind === 'delete');
    const [update, deletion] = listener.events.slice(-2);
    assert.deepEqual(update?.data.new, { id: 2, item: 'tea', state: 'sent' });
    assert.deepEqual(deletion?.data.key, { id: 3 });
    await listener.close();
  }
  assert.equal(late.events.length, 2);
  await program.interrupt();
  const slots = () => setting.server.sql('SELECT 1 FROM pg_replication_slots');
  await until('the slot is gone', async () => (await slots()).length === 0);
});

// Red without the event `reset`.
test('who missed too much, or comes from another process, is told so', async () => {
  const { program, url } = await start();
  const listener = await Listener.open(url);
  await listener.close();
  const always = await Listener.open(url);
  await setting.server.sql(
    `INSERT INTO orders SELECT n, 'tea', 'new' FROM generate_series(100, ${99 + MANY}) n`,
  );
  await always.has(MANY);
  for (const id of [listener.lastId, '0000000000000001/0000000000']) {
    const back = await Listener.open(url, id);
    assert.deepEqual(back.events, [{ event: 'reset', data: null }]);
    assert.equal(back.lastId, always.lastId);
    await back.close();
  }
  await always.close();
  await program.interrupt();
});

// Red without `destroy()`.
test('who does not read is let go', async () => {
  const { program, url } = await start();
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setNoDelay();
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.pause().write('GET /changes HTTP/1.1\r\nHost: localhost\r\n\r\n');
  socket.on('error', () => {});
  // The server has its request when it answers a later one.
  await (await fetch(url)).text();
  await setting.server.sql(
    `INSERT INTO orders SELECT -n, repeat('x', 1000000), 'new' FROM generate_series(1, ${LARGE_ROWS}) n`,
  );
  const [{ end }] = await setting.server.sql('SELECT pg_current_wal_insert_lsn()::text AS end');
  await insert(5000);
  await until('the example has sent everything', async () => {
    const listener = await Listener.open(url);
    await listener.close();
    const [commit = ''] = /^[0-9A-F]{16}/.exec(listener.lastId ?? '') ?? [];
    return commit !== '' && BigInt(`0x${commit}`) >= lsn.parse(end);
  });
  let read = 0;
  socket.on('data', (bytes) => (read += bytes.length)).resume();
  await until('the end of the connection', () => socket.destroyed);
  assert.ok(read < LARGE_ROWS * 1_000_000, `it got ${read} bytes`);
  await program.interrupt();
});
