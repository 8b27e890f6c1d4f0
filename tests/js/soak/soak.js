// Connects, streams, acknowledges and closes, over and over, while a server writes: no row may be
// missing or come again after it was confirmed, and nothing may grow.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { connect } from '../../../node/index.js';
import { Setting } from '../live/setting.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** Transactions of a round, at most. */
const LONGEST_ROUND = 30;

/**
 * Writes until there is a table `stop`: transactions of 1 to 40 rows without a gap in their ids, and
 * what is old is deleted. It waits for a reader that is far behind: a server that starts to stream
 * reads its log again from before that, and rounds would get slower and slower.
 */
const WRITER = `DO $$
DECLARE
  last int := 0;
  rows int;
BEGIN
  WHILE to_regclass('stop') IS NULL LOOP
    rows := 1 + floor(random() * 40);
    INSERT INTO t SELECT n, repeat('é', n % 500) FROM generate_series(last + 1, last + rows) n;
    last := last + rows;
    IF last % 7 = 0 THEN DELETE FROM t WHERE id <= last - 200; END IF;
    COMMIT;
    PERFORM pg_sleep(0.001);
    WHILE (SELECT pg_current_wal_lsn() - confirmed_flush_lsn FROM pg_replication_slots) > 2000000
      AND to_regclass('stop') IS NULL LOOP
      COMMIT;
      PERFORM pg_sleep(0.01);
    END LOOP;
  END LOOP;
END $$`;

/**
 * @typedef {object} Sample
 * @property {number} seconds since the start
 * @property {number} rounds
 * @property {number} heap bytes of JavaScript's objects after a collection
 * @property {number} external bytes of buffers
 * @property {number} rss
 * @property {number} files
 * @property {number} threads
 *
 * @typedef {object} Result
 * @property {number} rounds
 * @property {number} rows that were confirmed
 * @property {Sample[]} samples
 */

/** What was confirmed, and what may come next. */
class Ledger {
  /** The last row of the last transaction that was confirmed. */
  confirmed = 0;
  #next = 1;
  #last = 0;

  /** A stream begins: behind what is confirmed. */
  begin() {
    this.#next = this.confirmed + 1;
    this.#last = this.confirmed;
  }

  /** @param {number} id */
  insert(id) {
    assert.equal(id, this.#next, `row ${id} came where ${this.#next} was next`);
    this.#next += 1;
    this.#last = id;
  }

  /** Everything up to here has been told to the server. */
  confirm() {
    this.confirmed = this.#last;
  }
}

/**
 * Ways to read so many transactions of a stream and to end it.
 *
 * @type {Record<string, (stream: any, transactions: number, ledger: Ledger, end: AbortController) => Promise<void>>}
 */
const ROUNDS = {
  async break(stream, transactions, ledger) {
    let commits = 0;
    for await (const change of stream) {
      // Asking for this has confirmed what ended before it.
      if (change.kind === 'begin') ledger.confirm();
      if (change.kind === 'insert') ledger.insert(change.new.id);
      if (change.kind === 'commit' && ++commits === transactions) break;
    }
  },
  async transactions(stream, transactions, ledger) {
    let seen = 0;
    for await (const transaction of stream.transactions()) {
      ledger.confirm();
      for await (const change of transaction)
        if (change.kind === 'insert') ledger.insert(change.new.id);
      if (++seen === transactions) break;
    }
  },
  async acknowledge(stream, transactions, ledger) {
    let seen = 0;
    for await (const change of stream) {
      if (change.kind === 'insert') ledger.insert(change.new.id);
      if (change.kind !== 'commit') continue;
      stream.acknowledge(change);
      ledger.confirm();
      if (++seen === transactions) await stream.close();
    }
  },
  async abort(stream, transactions, ledger, end) {
    let seen = 0;
    const loop = async () => {
      for await (const batch of stream.batches()) {
        let whole = true;
        for (const row of batch) {
          if (row.kind === 'insert') ledger.insert(row.get('id'));
          whole = row.kind === 'commit';
          if (row.kind === 'commit') {
            stream.acknowledge(row.facts.endLsn);
            ledger.confirm();
            seen += 1;
          }
        }
        if (seen >= transactions || (whole && seen > transactions / 2)) end.abort();
      }
    };
    await assert.rejects(loop(), { name: 'AbortError' });
  },
};

/**
 * @param {{ seconds: number, interval: number, told?: (sample: Sample) => void }} options
 *   `interval`: seconds between two samples
 * @returns {Promise<Result>}
 */
export async function soak({ seconds, interval, told = () => {} }) {
  const setting = new Setting();
  await setting.start();
  try {
    const slot = await setting.slot();
    const writer = await setting.server.client();
    const written = writer.query(WRITER);
    // When a round fails the server is stopped under it.
    written.catch(() => {});
    const url = setting.server.url();
    const ledger = new Ledger();
    /** @type {Sample[]} */
    const samples = [];
    const began = performance.now();
    const elapsed = () => (performance.now() - began) / 1000;
    let rounds = 0;
    while (elapsed() < seconds || rounds <= Object.keys(ROUNDS).length) {
      await round(url, slot, rounds, ledger);
      rounds += 1;
      if (elapsed() < (samples.length + 1) * interval) continue;
      const sample = await sampled(elapsed(), rounds);
      samples.push(sample);
      told(sample);
    }
    await setting.server.sql('CREATE TABLE stop ()');
    await written;
    await writer.end();
    await readToTheEnd(setting, slot, ledger);
    return { rounds, rows: ledger.confirmed, samples };
  } finally {
    await setting.stop();
  }
}

/**
 * @param {string} url
 * @param {string} slot
 * @param {number} number
 * @param {Ledger} ledger
 */
async function round(url, slot, number, ledger) {
  const names = Object.keys(ROUNDS);
  const name = String(names[number % names.length]);
  const end = new AbortController();
  const client = await connect(url);
  const stream = await client.stream({
    slot,
    publications: ['p'],
    signal: end.signal,
    acknowledge: name === 'acknowledge' || name === 'abort' ? 'manual' : 'auto',
  });
  ledger.begin();
  const transactions = 1 + Math.floor(Math.random() * LONGEST_ROUND);
  await ROUNDS[name]?.(stream, transactions, ledger, end);
  await client.close();
}

/**
 * What was written and not confirmed yet comes now, and is all that comes.
 *
 * @param {Setting} setting
 * @param {string} slot
 * @param {Ledger} ledger
 */
async function readToTheEnd(setting, slot, ledger) {
  const [{ last }] = await setting.server.sql('SELECT max(id) AS last FROM t');
  const stream = await setting.stream(slot, { acknowledge: 'manual' });
  ledger.begin();
  if (ledger.confirmed < last) {
    for await (const change of stream) {
      if (change.kind === 'insert') ledger.insert(change.new.id);
      if (change.kind !== 'commit') continue;
      stream.acknowledge(change);
      ledger.confirm();
      if (ledger.confirmed >= last) break;
    }
  }
  await stream.close();
  assert.equal(ledger.confirmed, last);
}

/**
 * @param {number} seconds
 * @param {number} rounds
 * @returns {Promise<Sample>}
 */
async function sampled(seconds, rounds) {
  for (let times = 0; times < 4; times += 1) {
    collect();
    await sleep(1);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const files = readdirSync('/proc/self/fd').length;
  const threads = readdirSync('/proc/self/task').length;
  return { seconds, rounds, heap: heapUsed, external, rss, files, threads };
}
