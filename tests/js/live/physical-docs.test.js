// The code of the guide to receiving the log, run as it stands but for names of packages, server, folder.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { capture } from '../../harness/command.js';
import { fill } from './log.js';
import { withServer } from './setting.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const setting = withServer();

test('the guide to receiving the log', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'walscope-receiving-'));
  try {
    await fill(setting.server, 100);
    const text = await readFile(join(ROOT, 'node/docs/receiving-the-log.md'), 'utf8');
    const url = (/** @type {string} */ file) => pathToFileURL(join(ROOT, file)).href;
    const outputs = [];
    for (const [, code = ''] of text.matchAll(/^```js\n(.*?)^```$/gms)) {
      const script = join(folder, 'snippet.mjs');
      await writeFile(
        script,
        code
          .replaceAll("'walscope'", `'${url('node/index.js')}'`)
          .replaceAll("'walscope/wal'", `'${url('node/wal.js')}'`)
          .replaceAll('postgres://localhost/postgres', setting.server.url())
          .replaceAll('/archive/log', join(folder, 'log')),
      );
      outputs.push(await capture(process.execPath, [script]));
    }
    const [kinds = '', copied, ...more] = outputs;
    assert.match(kinds, /'Heap\/INSERT' => \d\d\d/);
    assert.equal(copied, 'true\n');
    assert.deepEqual(more, []);
    assert.ok((await readFile(join(folder, 'log'))).length > 100_000);
  } finally {
    await rm(folder, { recursive: true });
  }
});
