// The code of the guides to the log, run as it stands but for names of packages and folders.

import assert from 'node:assert/strict';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { capture } from '../harness/command.js';
import { load } from './wal-samples.js';
import { sample } from './wal/samples.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** @type {string} */
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walscope-wal-docs-'));
  const found = await sample(load, '18/consistency');
  const archive = join(folder, 'archive');
  await mkdir(archive);
  for (const { name, bytes } of found.segments) await writeFile(join(archive, name), bytes);
  const [first] = found.segments;
  await writeFile(join(folder, 'first.gz'), gzipSync(first?.bytes ?? new Uint8Array()));
});

after(() => rm(folder, { recursive: true }));

/**
 * The snippets of a guide, with what stands for its packages and folders.
 * @param {string} guide
 */
async function snippets(guide) {
  const text = await readFile(join(ROOT, guide), 'utf8');
  const url = (/** @type {string} */ file) => pathToFileURL(join(ROOT, file)).href;
  return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = '']) =>
    code
      .replace("'walscope/wal'", `'${url('node/wal.js')}'`)
      .replace("'walscope-wasm/wal'", `'${url('wasm/wal-node.js')}'`)
      .replace(/'\/archive\/\w+\.gz'/, `'${join(folder, 'first.gz')}'`)
      .replace(/'\/(archive|var\/[^']*)'/, `'${join(folder, 'archive')}'`),
  );
}

/**
 * What a program prints.
 * @param {string} code
 */
async function output(code) {
  const script = join(folder, 'snippet.mjs');
  await writeFile(script, code);
  return capture(process.execPath, [script]);
}

test('the guide for Node', async () => {
  const [records = '', errors = '', statistics = '', pushed = '', ...more] = await snippets(
    'node/docs/reading-the-log.md',
  );
  assert.deepEqual(more, []);
  const found = await sample(load, '18/consistency');
  const heap = found.dump.split('\n').filter((line) => line.startsWith('rmgr: Heap '));
  assert.equal((await output(records)).trimEnd().split('\n').length, heap.length);
  assert.equal(await output(errors), '');
  const counted = await output(statistics);
  assert.match(counted, /^\d+ bytes of page images in \d+ records\nXLOG\/\S+ \d+\n/);
  assert.ok(counted.includes(found.statsByRecord));
  const lines = (await output(pushed)).trimEnd().split('\n');
  assert.deepEqual(lines.slice(0, -1), found.dump.split('\n').slice(0, lines.length - 1));
  assert.match(lines.at(-1) ?? '', /^18 1048576 1 (0\/[0-9A-F]+|null)$/);
});

test('the guide for browsers', async () => {
  const [code = '', ...more] = await snippets('wasm/docs/reading-the-log.md');
  assert.deepEqual(more, []);
  const found = await sample(load, '18/consistency');
  const use = `
    import { readFileSync } from 'node:fs';
    const file = new Blob([readFileSync('${join(folder, 'archive', found.segments[0]?.name ?? '')}')]);
    console.log((await transactions(file)).length, (await kinds(file)).total.records);`;
  const [transactions = '', records = ''] = (await output(code + use)).trim().split(' ');
  assert.ok(Number(transactions) > 0);
  assert.ok(Number(records) > Number(transactions));
});
