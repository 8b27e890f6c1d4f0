// A worker thread that streams: it tells its parent each row, and when it has begun to wait.

import { parentPort, workerData } from 'node:worker_threads';
import { connect } from '../../../node/index.js';

/** @typedef {{ url: string, slot: string, until?: number, options?: object, events?: boolean }} Task */

const { url, slot, until, options, events } = /** @type {Task} */ (workerData);
const tell = (/** @type {unknown} */ message) => parentPort?.postMessage(message);
const client = await connect(url);
tell('connected');
const onEvent = events ? () => {} : undefined;
const stream = await client.stream({ slot, publications: ['p'], onEvent, ...options });
tell('streams');
for await (const change of stream) {
  if (change.kind !== 'insert') continue;
  tell(change.new.id);
  if (change.new.id === until) break;
}
await client.close();
