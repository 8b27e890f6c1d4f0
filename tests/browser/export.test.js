// What the inspector page exports is what `walscope decode` prints, byte for byte.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as addon from '../../node/index.js';
import * as wasm from '../../wasm/node.js';
import { startServer } from '../harness/postgres.js';
import { SAMPLE, capturePaths } from './captures.js';
import { launch, openPage } from './chromium.js';
import { buildCommand, decodeFile, runCommand } from './command.js';
import { choose, exported, inMemory, openInspector } from './inspector.js';
import { serve } from './serve.js';

const TESTS = fileURLToPath(new URL('..', import.meta.url));
const WASM = fileURLToPath(new URL('../../wasm', import.meta.url));

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof openPage>>} */
let opened;
/** @type {string} */
let command;

before(async () => {
  command = buildCommand();
  server = await serve(WASM);
  browser = await launch();
  opened = await openPage(browser, server.url);
  await openInspector(opened.page, server.url);
});

after(async () => {
  await browser?.close();
  await server?.close();
});

for (const file of capturePaths()) {
  test(`the export of ${relative(TESTS, file)} is what walscope decode prints`, async () => {
    const { lines, failed, problem } = decodeFile(command, file);
    await choose(opened.page, file);
    const { name, text } = await exported(opened.page);
    assert.equal(name, basename(file).replace(/\.(walcap|recvlogical)$/, '.jsonl'));
    assert.equal(text, lines);
    const said = (await opened.page.textContent('#status')) ?? '';
    assert.equal(said.includes('It stops there'), failed, `${said} / ${problem}`);
  });
}

test('the export of a cut file has what is before the cut, and the page says so', async () => {
  const whole = readFileSync(SAMPLE);
  await choose(opened.page, inMemory('whole.walcap', whole));
  const all = (await exported(opened.page)).text;
  await choose(opened.page, inMemory('cut.walcap', whole.subarray(0, whole.length / 2)));
  const { text } = await exported(opened.page);
  assert.ok(text.length > 0 && text.length < all.length);
  assert.ok(all.startsWith(text));
  assert.match(
    (await opened.page.textContent('#status')) ?? '',
    /^Exported \d+ changes\. It stops there: .*cut inside the frame/,
  );
});

test('the page was quiet', () => {
  assert.deepEqual(opened.complaints, []);
});

test('what --capture has written gives the same lines in every host', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'walscope-export-'));
  const postgres = await startServer({ major: 18 });
  try {
    await postgres.sql('CREATE TABLE t (id int PRIMARY KEY, v text)');
    await postgres.sql('CREATE PUBLICATION p FOR TABLE t');
    const file = join(folder, 'live.walcap');
    const options = ['--slot', 's', '--publication', 'p', '--create-slot'];
    const ready = runCommand(command, ['stream', postgres.url(), ...options, '--until', 'now']);
    assert.equal(ready.status, 0, ready.stderr);
    await postgres.sql("INSERT INTO t SELECT n, 'row é ' || n FROM generate_series(1, 3000) n");
    await postgres.sql("UPDATE t SET v = 'x' WHERE id < 10");
    await postgres.sql('DELETE FROM t WHERE id > 2990');
    const more = [...options, '--until', 'now', '--capture', file];
    const { status, stdout, stderr } = runCommand(command, ['stream', postgres.url(), ...more]);
    assert.equal(status, 0, stderr);
    assert.equal(stdout.split('\n').length, 1 + 3 * 2 + 1 + 3000 + 9 + 10);

    assert.equal(decodeFile(command, file).lines, stdout);
    const bytes = new Uint8Array(readFileSync(file));
    await wasm.init();
    /** @type {any[]} */
    const hosts = [addon, wasm];
    for (const host of hosts) {
      const lines = [...host.decode(bytes)].map((change) => `${host.stringify(change)}\n`);
      assert.equal(lines.join(''), stdout);
    }
    await choose(opened.page, file);
    assert.equal((await exported(opened.page)).text, stdout);
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true });
  }
});
