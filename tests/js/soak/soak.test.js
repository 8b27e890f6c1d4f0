// Some seconds of what `index.js` beside this file does for minutes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './soak.js';

// Red, for the rows, when `asked()` in feed.js confirms one item more than was delivered, or when
// `return` of an iterator confirms; for files, when a stream's `close` does not close its socket.
test('rounds of streams under load lose no row and leave no file', async () => {
  const { rounds, rows, samples } = await soak({ seconds: 5, interval: 1 });
  assert.ok(rounds > 4 && rows > 100, `${rounds} rounds, ${rows} rows`);
  const files = samples.map((sample) => sample.files);
  const threads = samples.map((sample) => sample.threads);
  assert.ok(Math.max(...files) <= Number(files[0]), `files: ${files}`);
  assert.ok(Math.max(...threads) <= Number(threads[0]) + 1, `threads: ${threads}`);
});
