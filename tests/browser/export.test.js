// What the inspector page exports is what `walscope decode` prints, byte for byte.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { SAMPLE, capturePaths } from './captures.js';
import { launch, openPage } from './chromium.js';
import { buildCommand, decodeFile } from './command.js';
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
