// What the live tests share: a server with a table, and what its slots know.

import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, lsn } from '../../../node/index.js';
import { startServer } from '../../harness/postgres.js';

/** The row that shows that a slot has nothing older to deliver. */
const MARKER = 1_000_000;

/**
 * A server for the tests of a file, and a client of it.
 *
 * @param {import('../../harness/postgres.js').ServerOptions} [options]
 */
export function withServer(options) {
  const setting = new Setting();
  before(() => setting.start(options));
  after(() => setting.stop());
  return setting;
}

export class Setting {
  /** @type {any} */
  server;
  /** @type {any} */
  client;
  #slots = 0;

  /** @param {import('../../harness/postgres.js').ServerOptions} [options] */
  async start(options) {
    this.server = await startServer({ major: 18, ...options });
    await this.server.sql('CREATE TABLE t (id int PRIMARY KEY, body text)');
    await this.server.sql('CREATE PUBLICATION p FOR TABLE t');
    this.client = await connect(this.server.url());
  }

  async stop() {
    await this.client?.close();
    await this.server?.stop();
  }

  /** A slot that nobody else has; changes from now on are in it. */
  async slot() {
    this.#slots += 1;
    const slot = `slot_${this.#slots}`;
    await this.server.sql('TRUNCATE t');
    await this.server.sql(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    return slot;
  }

  /**
   * @param {string} slot
   * @param {object} [options]
   * @returns {Promise<any>}
   */
  stream(slot, options) {
    return this.client.stream({ slot, publications: ['p'], ...options });
  }

  /**
   * One transaction for each list of ids.
   *
   * @param {...number[]} transactions
   */
  async insert(...transactions) {
    for (const ids of transactions) {
      const rows = ids.map((id) => `(${id}, 'row ${id}')`).join(', ');
      await this.server.sql(`INSERT INTO t VALUES ${rows}`);
    }
  }

  /**
   * A stream that has received everything written so far before anybody asks for it: what is asked
   * for next comes in one batch.
   *
   * @param {string} slot
   * @param {object} [options]
   * @returns {Promise<any>}
   */
  async fullStream(slot, options) {
    const [{ lsn: end }] = await this.server.sql('SELECT pg_current_wal_lsn()::text AS lsn');
    const stream = await this.stream(slot, options);
    while (lsn.compare(stream.status().receivedLsn, end) < 0) await sleep(5);
    return stream;
  }

  /** Waits until nobody streams from the server: it notices a closed socket a little later. */
  async nobodyStreams() {
    for (let tries = 0; tries < 500; tries += 1) {
      const rows = await this.server.sql('SELECT pid FROM pg_stat_replication');
      if (rows.length === 0) return;
      await sleep(10);
    }
    throw new Error('somebody still streams');
  }

  /**
   * Waits until nobody connects any more to stream, but for so many that do: until that was so for two
   * seconds. A connection that was under way when its client gave up is seen for a moment.
   *
   * @param {number} others
   */
  async nobodyConnects(others) {
    const deadline = Date.now() + 60_000;
    let quiet = 0;
    for (let since = Date.now(); quiet < 2000; quiet = Date.now() - since) {
      const rows = await this.server.sql('SELECT pid FROM pg_stat_replication');
      if (rows.length > others) since = Date.now();
      if (Date.now() > deadline) throw new Error('somebody connects again and again');
      await sleep(10);
    }
  }

  /**
   * What the slot's consumer has confirmed, once nobody holds the slot any more.
   *
   * @param {string} slot
   * @returns {Promise<string>}
   */
  async confirmed(slot) {
    for (;;) {
      const [row] = await this.server.sql(
        `SELECT active, confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = '${slot}'`,
      );
      if (!row.active) return row.lsn;
      await sleep(10);
    }
  }

  /**
   * The ids of the rows that a new stream of a slot delivers, up to one that is inserted now.
   *
   * @param {string} slot
   * @returns {Promise<number[]>}
   */
  async again(slot) {
    await this.insert([MARKER]);
    const ids = [];
    const stream = await this.stream(slot, { acknowledge: 'manual' });
    for await (const change of stream) {
      if (change.new?.id === MARKER) break;
      if (change.kind === 'insert') ids.push(change.new.id);
    }
    return ids;
  }
}

/**
 * The next change of a kind.
 *
 * @param {AsyncIterator<any>} changes
 * @param {string} kind
 * @returns {Promise<any>}
 */
export async function nextOf(changes, kind) {
  for (;;) {
    const { done, value } = await changes.next();
    if (done) throw new Error(`the stream ended before a ${kind}`);
    if (value.kind === kind) return value;
  }
}
