// A consumer in a process of its own, which a test watches from outside: it can be blocked, ended and
// killed. `process.js` beside this file starts it.
//
//   node consumer.js SETTINGS
//
// What it has done is in a journal: `row ID`, `end LSN` of each transaction that it is through with,
// written before it asks for more, `memory …`, and at its end `reconnects N`.

import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../../node/index.js';

/**
 * @typedef {object} Settings
 * @property {string} url
 * @property {string} slot
 * @property {string} journal a file
 * @property {number} until the row that ends it
 * @property {object} [options] of the stream
 * @property {{ row: number, act: keyof typeof ACTS, seconds?: number }} [at] what happens at the end of
 *   the transaction that has a row
 * @property {{ rows: number, milliseconds: number }} [pause] how slow it is
 */

/** How many rows there are between two looks at the memory, of a slow one. */
const ROWS_BETWEEN_LOOKS = 500;

/** @type {Settings} */
const settings = JSON.parse(process.argv[2] ?? '');
const { at, pause, until } = settings;
const journal = openSync(settings.journal, 'a');

const ACTS = {
  /** Nothing of this program runs: no timer, no callback. */
  block: () => {
    const forever = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(forever, 0, 0, 1000 * (at?.seconds ?? 0));
  },
  exit: () => process.exit(3),
  throw: () => {
    throw new Error('the loop failed');
  },
  /** Fails while the loop waits for the server. */
  throwLater: () => {
    setTimeout(() => {
      throw new Error('a timer failed');
    }, 200);
  },
  sit: () => sleep(60_000),
};

/** @param {string} line */
function note(line) {
  writeSync(journal, `${line}\n`);
}

/** @param {any} stream */
function noteMemory(stream) {
  global.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  note(`memory ${rss} ${heapUsed + external} ${stream.status().bufferedBytes}`);
}

const client = await connect(settings.url);
const stream = await client.stream({
  slot: settings.slot,
  publications: ['p'],
  // What is confirmed is then the end of a transaction, and nothing else.
  idleAdvance: false,
  ...settings.options,
});
let rows = 0;
let id = 0;
for await (const change of stream) {
  if (change.kind === 'commit') {
    if (id === at?.row) await ACTS[at.act]();
    note(`end ${change.endLsn}`);
  }
  if (change.kind !== 'insert') continue;
  id = Number(change.new.id);
  note(`row ${id}`);
  rows += 1;
  if (id === until) break;
  if (pause === undefined) continue;
  if (rows % pause.rows === 0) await sleep(pause.milliseconds);
  if (rows % ROWS_BETWEEN_LOOKS === 0) noteMemory(stream);
}
note(`reconnects ${stream.status().reconnects}`);
await client.close();
