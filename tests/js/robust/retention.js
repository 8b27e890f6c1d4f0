// A million rows drained from a server, of which every thousandth is kept: what that holds, for each
// way to read. `tests/js/retention.test.js` bounds the same over a capture.
//
//   node tests/js/robust/retention.js

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Setting } from '../live/setting.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const ROWS = 1_000_000;
const MIB = 1024 * 1024;
/** As in the test over a capture. */
const BOUNDS = { rows: 32, changes: 64, 'rows of transactions': 32, 'values of batches': 32 };

/** @type {Record<keyof typeof BOUNDS, (stream: any, take: (id: number, thing: any) => void) => Promise<void>>} */
const READERS = {
  async rows(stream, take) {
    for await (const change of stream) {
      if (change.kind === 'insert') take(change.new.id, change.new);
      if (change.new?.id === ROWS) return;
    }
  },
  async changes(stream, take) {
    for await (const change of stream) {
      if (change.kind === 'insert') take(change.new.id, change);
      if (change.new?.id === ROWS) return;
    }
  },
  async 'rows of transactions'(stream, take) {
    for await (const transaction of stream.transactions()) {
      for await (const change of transaction) {
        if (change.kind === 'insert') take(change.new.id, change.new);
        if (change.new?.id === ROWS) return;
      }
    }
  },
  async 'values of batches'(stream, take) {
    for await (const batch of stream.batches()) {
      for (const row of batch) {
        if (row.kind !== 'insert') continue;
        const id = row.get('id');
        take(id, row.get('body'));
        if (id === ROWS) return;
      }
    }
  },
};

async function held() {
  for (let times = 0; times < 3; times += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * @param {any} stream
 * @param {typeof READERS[keyof typeof READERS]} read
 */
async function keepSome(stream, read) {
  const before = await held();
  const kept = /** @type {unknown[]} */ ([]);
  let rows = 0;
  await read(stream, (id, thing) => {
    if (id % 1000 === 0) kept.push(thing);
    rows += 1;
  });
  const grown = ((await held()) - before) / MIB;
  return { rows, kept: kept.length, grown };
}

const setting = new Setting();
await setting.start();
try {
  const slots = new Map();
  for (const name of Object.keys(READERS)) slots.set(name, await setting.slot());
  await setting.server.sql(
    `INSERT INTO t SELECT n, 'user' || n || '@example.com ' || md5(n::text) FROM generate_series(1, ${ROWS}) n`,
  );
  for (const [name, bound] of Object.entries(BOUNDS)) {
    const read = READERS[/** @type {keyof typeof BOUNDS} */ (name)];
    const stream = await setting.stream(slots.get(name));
    const { rows, kept, grown } = await keepSome(stream, read);
    const verdict = rows === ROWS && grown < bound ? 'ok' : 'TOO MUCH';
    console.log(
      `${name}: ${kept} of ${rows} hold ${grown.toFixed(1)} MiB (at most ${bound}) ${verdict}`,
    );
    if (verdict !== 'ok') process.exitCode = 1;
    await setting.confirmed(slots.get(name));
  }
} finally {
  await setting.stop();
}
