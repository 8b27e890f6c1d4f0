// A process that streams in worker threads only, one after the other: each is the first and the last
// that has the addon. Prints the rows of each.
//
//   node threads-only.js URL SLOTS

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const [url = '', slots = ''] = process.argv.slice(2);
/** @type {number[][]} */
const all = [];
for (const slot of slots.split(',')) {
  const workerData = { url, slot, until: 2 };
  const worker = new Worker(new URL('worker.js', import.meta.url), { workerData });
  /** @type {number[]} */
  const rows = [];
  worker.on('message', (message) => typeof message === 'number' && rows.push(message));
  await once(worker, 'exit');
  all.push(rows);
}
console.log(JSON.stringify(all));
