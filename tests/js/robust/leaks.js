// What is left of connections and streams that have come to their end, in whatever way: open files,
// threads, what keeps the event loop, and memory. A program of its own, so that nothing else counts.
//
//   node --expose-gc leaks.js URL SLOTS ROUNDS
//
// It prints, of each way, what was there after some rounds and after many more, as JSON.

import { readdirSync } from 'node:fs';
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../../node/index.js';

const [url = '', slotList = '', rounds = '40'] = process.argv.slice(2);
/** In turn: the server needs a moment to let one go. All have the same rows. */
const slots = slotList.split(',');
/** Rounds before anything is counted: pools fill, code is compiled. */
const FIRST_ROUNDS = 4;
const SOME_ROWS = 600;
/** How long the files of what has ended may stay. */
const FILES_STAY_MS = 5000;
/** The same for threads: an idle one of the runtime ends after ten seconds. */
const THREADS_STAY_MS = 15_000;

/** One signal for many, as that of a program which is told to end. */
const { signal } = new AbortController();

let streams = 0;

/** Nothing is confirmed, so that there are rows every time. */
function options() {
  streams += 1;
  const slot = slots[streams % slots.length];
  return { slot, publications: ['p'], acknowledge: /** @type {const} */ ('manual') };
}

/**
 * Reads far enough for batches to be as large as they get.
 *
 * @param {AsyncIterable<any>} changes
 */
async function someRows(changes) {
  for await (const change of changes) if (change.new?.id === SOME_ROWS) return;
}

/**
 * A stream on a client of its own, both closed in the end.
 *
 * @param {(stream: any) => Promise<unknown>} use
 * @param {object} [more] options
 */
async function withStream(use, more) {
  const client = await connect(url, { signal });
  try {
    const stream = await client.stream({ ...options(), signal, ...more });
    await use(stream);
    await stream.close();
  } finally {
    await client.close();
  }
}

/** @param {Promise<unknown>} promise */
async function refused(promise) {
  await promise.then(
    () => {
      throw new Error('it was not refused');
    },
    () => {},
  );
}

async function forgotten() {
  const client = await connect(url);
  const stream = await client.stream(options());
  await stream.batches().next();
}

/** @type {Record<string, () => Promise<unknown>>} */
const WAYS = {
  'connect, close': async () => (await connect(url)).close(),
  break: () => withStream(someRows),
  'close with a next pending': () =>
    withStream(async (stream) => {
      const batches = stream.batches();
      await batches.next();
      const pending = batches.next();
      await stream.close();
      await pending;
    }),
  'close with events': () => withStream(someRows, { onEvent: () => {} }),
  transactions: () =>
    withStream(async (stream) => {
      for await (const transaction of stream.transactions()) {
        for await (const change of transaction) if (change.kind === 'insert') return;
      }
    }),
  'a readable stream, destroyed': () =>
    withStream(async (stream) => {
      for await (const change of stream.toReadable()) if (change.kind === 'insert') break;
    }),
  'abort before': () => refused(withStream(someRows, { signal: AbortSignal.abort() })),
  'abort in the loop': async () => {
    const controller = new AbortController();
    const loop = async (/** @type {any} */ stream) => {
      for await (const change of stream) if (change.kind === 'insert') controller.abort();
    };
    await refused(withStream(loop, { signal: controller.signal }));
  },
  'abort while it opens': async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 5);
    await withStream(someRows, { signal: controller.signal }).catch(() => {});
  },
  'a wrong password': async () => {
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await refused(connect(wrong.href));
  },
  'nobody there': () => refused(connect('postgres://postgres:x@127.0.0.1:1/postgres')),
  'no such slot': () => refused(withStream(someRows, { slot: 'nobody' })),
  'dropped without a close': async () => {
    await forgotten();
    // Until then it has its slot.
    await collected();
  },
};

/** What cannot be given back now. */
async function collected() {
  for (let times = 0; times < 4; times += 1) {
    global.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function counted() {
  await collected();
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    files: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    resources: process.getActiveResourcesInfo().sort().join(' '),
    listeners: getEventListeners(signal, 'abort').length,
    held: heapUsed + external,
    rss,
  };
}

/**
 * What is there once as few files are open and threads run as there did, or when it takes too long.
 *
 * @param {{ files: number, threads?: number }} before
 */
async function settled({ files, threads = Infinity }) {
  const began = Date.now();
  for (;;) {
    const now = await counted();
    if (now.files <= files && now.threads <= threads) return now;
    const patience = now.files > files ? FILES_STAY_MS : THREADS_STAY_MS;
    if (Date.now() - began > patience) return now;
    await sleep(20);
  }
}

/**
 * @param {() => Promise<unknown>} round
 * @param {number} times
 */
async function repeat(round, times) {
  for (let time = 0; time < times; time += 1) await round();
}

// The runtime's files and threads are there from the first connection on.
await repeat(/** @type {any} */ (WAYS['connect, close']), 1);
const { files } = await counted();
/** @type {Record<string, { before: object, after: object }>} */
const report = {};
for (const [name, round] of Object.entries(WAYS)) {
  await repeat(round, FIRST_ROUNDS);
  const before = await settled({ files });
  await repeat(round, Number(rounds));
  report[name] = { before, after: await settled(before) };
}
console.log(JSON.stringify(report));
