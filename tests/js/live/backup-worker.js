// A thread that reads a base backup, and waits for more of it.

import { parentPort, workerData } from 'node:worker_threads';
import { connect } from '../../../node/index.js';

const client = await connect(workerData);
// So slowly that it is in the middle of it for hours.
const backup = await client.baseBackup({ checkpoint: 'fast', maxRate: 32 });
for await (const archive of backup) {
  for await (const piece of archive) parentPort?.postMessage(piece.length);
}
