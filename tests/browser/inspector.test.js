// The inspector page in Chromium.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { SAMPLE, capturePath, frameStarts, longCapture } from './captures.js';
import { launch, openPage } from './chromium.js';
import {
  choose,
  elementCount,
  facts,
  inMemory,
  openInspector,
  press,
  read,
  rowCount,
  rowsInSight,
} from './inspector.js';
import { serve } from './serve.js';

const WASM = fileURLToPath(new URL('../../wasm', import.meta.url));
const MANY = 1_000_000;
const MOST_ELEMENTS = 500;
const CUTS = 20;

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof openPage>>} */
let opened;
/** @type {import('playwright-core').Page} */
let page;
const folder = mkdtempSync(join(tmpdir(), 'walscope-inspector-'));

before(async () => {
  server = await serve(WASM);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  opened = await openPage(browser, server.url);
  page = opened.page;
  await openInspector(page, server.url);
});

afterEach(async () => {
  await opened.close();
  assert.deepEqual(opened.complaints, [], 'the page is quiet and asks nobody else');
});

test('a sample is open at once', async () => {
  const messages = frameStarts(readFileSync(SAMPLE)).length - 1;
  const found = await facts(page);
  assert.equal(found[0], 'walscope capture');
  assert.equal(found[2], `${messages} messages`);
  assert.equal(found.at(-1), 'no errors');
  assert.equal(await rowCount(page), messages);
  const [begin, relation, insert] = await rowsInSight(page);
  assert.equal(begin?.cells[3], 'begin');
  assert.match(begin?.cells[5] ?? '', /^7 messages {2}commit 0\/[0-9A-F]+ {2}at 20\d\d-/);
  assert.deepEqual(relation?.cells.slice(3, 5), ['relation', 'public.customers']);
  assert.equal(
    relation?.cells[5],
    'id int4 key  name text  email text  tags text[]  identity default',
  );
  assert.deepEqual(insert?.cells.slice(3, 6), [
    'insert',
    'public.customers',
    'id 1  name Ada Lovelace  email ada@example.org  tags {early,math}',
  ]);
});

test('values show as text, whatever they are', async () => {
  const images = await page.locator('img').count();
  // High enough for all rows at once.
  await page.setViewportSize({ width: 1600, height: 6000 });
  await page.waitForSelector(`#list .row:not([hidden])[aria-rowindex="${await rowCount(page)}"]`);
  const all = (await rowsInSight(page)).map(({ cells }) => cells[5]).join('\n');
  assert.match(all, /name <img src=x onerror=alert\(1\)> /);
  assert.equal(await page.locator('img').count(), images);
  assert.match(all, /name \u2068ليلى العلمي\u2069 /, 'its direction ends where it ends');
  assert.match(all, /name \u2068Zoë 🦀 Crăciun\u2069 /);
  assert.match(all, /name \u2068reversed \\u202eeman\u2069 /, 'what nobody sees is written out');
  assert.match(all, /body line one␊line two␉tabbed/);
  assert.match(all, /email NULL/);
  assert.match(all, /id 2 {2}body ''/);
  assert.match(all, /id 1 → 10 {2}body unchanged/);
  assert.match(all, /customer 5 {2}sku SKU-4 {2}count 0 → 1/);
});

test('a file is chosen, dropped, pasted as hex', async () => {
  await choose(page, capturePath('prepared'));
  assert.deepEqual((await facts(page)).slice(2), ['9 messages', '2 transactions', 'no errors']);

  const transfer = await page.evaluateHandle(
    (bytes) => {
      const files = new DataTransfer();
      files.items.add(new File([new Uint8Array(bytes)], 'dropped.walcap'));
      return files;
    },
    [...readFileSync(capturePath('values'))],
  );
  await page.dispatchEvent('#list', 'dragover', { dataTransfer: transfer });
  assert.equal(await page.isVisible('#drop'), true);
  await page.dispatchEvent('#list', 'drop', { dataTransfer: transfer });
  await read(page, 'dropped.walcap');
  assert.equal(await page.isVisible('#drop'), false);
  assert.equal((await facts(page)).at(-1), 'no errors');

  await page.click('#paste');
  await page.fill('#hex-text', '42 0000 xy');
  await page.click('#hex-read');
  assert.equal(await page.textContent('#hex-problem'), '“x” is no hex digit.');
  await page.fill('#hex-text', String.raw`\x42 00000000 015287A8 0002F95B7D123456 000002E6`);
  await page.click('#hex-read');
  await read(page, 'pasted hex');
  assert.equal((await facts(page))[0], 'pg_recvlogical file');
  assert.deepEqual((await rowsInSight(page))[0]?.cells.slice(1, 4), ['', '742', 'begin']);
});

test('a table that is altered says what changed', async () => {
  await choose(page, capturePath('changes'));
  await page.setViewportSize({ width: 1600, height: 6000 });
  await page.waitForSelector(`#list .row:not([hidden])[aria-rowindex="${await rowCount(page)}"]`);
  const rows = (await rowsInSight(page)).map(({ cells }) => cells.slice(3, 6).join(' | '));
  // After that the server only repeats itself.
  assert.deepEqual(rows.filter((row) => row.startsWith('relation | public.keyless')).slice(0, 3), [
    'relation | public.keyless | a int4  b text  identity default',
    'relation | public.keyless | added c  a int4  b text  c int8  identity default',
    'relation | public.keyless | a int4  b text  c int8  identity default',
  ]);
});

test('transactions fold by key and by mouse', async () => {
  const messages = await rowCount(page);
  await press(page, 'Home', 1);
  await press(page, 'ArrowDown', 2);
  await press(page, 'ArrowLeft', 1);
  assert.equal(await rowCount(page), messages - 7, 'folding a change folds its transaction');
  await page.waitForSelector('#list [aria-rowindex="1"][aria-expanded="false"]');
  assert.equal((await rowsInSight(page))[1]?.cells[0], '9', 'the next one has moved up');
  await page.locator('#list').press('ArrowRight');
  await page.waitForSelector('#list [aria-rowindex="1"][aria-expanded="true"]');
  assert.equal(await rowCount(page), messages);
  await page.click('#list [aria-rowindex="1"] .kind');
  await page.waitForSelector('#list [aria-rowindex="1"][aria-expanded="false"]');
  await page.click('#fold');
  await page.waitForFunction(
    () => document.querySelectorAll('#list .insert:not([hidden])').length === 0,
  );
  const kinds = (await rowsInSight(page)).map(({ cells }) => cells[3]);
  assert.deepEqual([...new Set(kinds)].sort(), ['begin', 'message']);
});

test('a million messages scroll', async () => {
  const { bytes, messages } = longCapture(MANY);
  const file = join(folder, 'million.walcap');
  writeFileSync(file, bytes);
  await choose(page, file);
  assert.equal(await rowCount(page), messages);
  assert.equal((await facts(page)).at(-1), 'no errors');

  /** @param {number} row */
  const shows = async (row) => {
    const rows = await rowsInSight(page);
    const numbers = rows.map((found) => found.row);
    assert.ok(numbers.includes(row), `${row} is among ${numbers[0]} to ${numbers.at(-1)}`);
    assert.deepEqual(
      rows.map(({ cells }) => cells[0]),
      numbers.map((number) => number.toLocaleString('en')),
    );
    assert.ok((await elementCount(page)) < MOST_ELEMENTS);
    return rows;
  };
  await press(page, 'End', messages);
  const last = (await shows(messages)).at(-1);
  assert.equal(last?.row, messages);
  assert.equal(last?.cells[3], 'commit');
  await press(page, 'ArrowUp', messages - 1);
  await press(page, 'Home', 1);
  await shows(1);

  await page.locator('#list').hover();
  await page.mouse.wheel(0, 260);
  await page.waitForSelector('#list .row:not([hidden])[aria-rowindex="11"]');
  await shows(11);
  const far = await page.locator('#list').evaluate((list) => {
    list.scrollTop = (list.scrollHeight - list.clientHeight) / 2;
    return Math.round(Number(list.getAttribute('aria-rowcount')) / 2);
  });
  await page.waitForSelector(`#list .row:not([hidden])[aria-rowindex="${far}"]`);
  await shows(far);
});

test('reading can be cancelled, and what was read stays', async () => {
  const { bytes, messages } = longCapture(MANY);
  const file = join(folder, 'cancelled.walcap');
  writeFileSync(file, bytes);
  await page.setInputFiles('#file', file);
  await page.click('#cancel');
  await read(page, 'cancelled.walcap');
  assert.match((await facts(page)).at(-1) ?? '', /^cancelled at /);
  const count = await rowCount(page);
  assert.ok(count < messages);
  await press(page, 'End', count);
  assert.equal((await rowsInSight(page)).at(-1)?.row, count);
});

test('a cut file shows what is before the cut, and one red row', async () => {
  const whole = readFileSync(SAMPLE);
  const starts = frameStarts(whole);
  for (let cut = 1; cut <= CUTS; cut += 1) {
    const frame = Math.floor((cut * (starts.length - 1)) / (CUTS + 1)) + 1;
    const start = starts[frame] ?? 0;
    await choose(page, inMemory(`cut-${cut}`, whole.subarray(0, start + cut)));
    assert.equal((await facts(page)).at(-1), '1 error');
    // The first frame is the head, which is no message.
    assert.equal(await rowCount(page), frame - 1 + 1);
    await press(page, 'End', frame);
    const rows = await rowsInSight(page);
    assert.deepEqual(
      rows.map(({ error }) => error),
      rows.map(({ row }) => row === frame),
    );
    const red = rows.at(-1)?.cells ?? [];
    assert.equal(red[4], `byte ${start.toLocaleString('en')}`);
    assert.match(red[5] ?? '', new RegExp(`cut inside the frame that begins at byte ${start} `));
  }
});

test('what cannot be decoded is red, and what follows is shown', async () => {
  const whole = readFileSync(SAMPLE);
  const starts = frameStarts(whole);
  const [, begin = 0, relation = 0, insert = 0] = starts;
  // The first table is never described: its five rows cannot be read.
  const parts = [whole.subarray(begin, relation), whole.subarray(insert)];
  await choose(page, inMemory('headless.walcap', Buffer.concat(parts)));
  assert.equal((await facts(page)).at(-1), '5 errors');
  const rows = await rowsInSight(page);
  assert.deepEqual(
    rows.slice(0, 8).map(({ cells }) => cells[3]),
    ['begin', ...Array(5).fill('error'), 'commit', 'begin'],
  );
  assert.match(rows[1]?.cells[5] ?? '', /relation \d+ was never described/);
  for (const row of [2, 3, 4, 5, 6, 2]) {
    await page.click('#facts button');
    await page.waitForSelector(`#list .error[aria-selected="true"][aria-rowindex="${row}"]`);
  }
  await page.click('#fold');
  await page.waitForFunction(
    () => document.querySelectorAll('#list .insert:not([hidden])').length === 0,
  );
  const shown = (await rowsInSight(page)).filter(({ error }) => error);
  assert.equal(shown.length, 5, 'errors are never folded away');
});

test('what is no recording is one red row', async () => {
  await choose(page, inMemory('picture.png', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')));
  assert.deepEqual((await facts(page)).slice(0, 3), ['no known format', '8 bytes', '0 messages']);
  assert.equal((await facts(page)).at(-1), '1 error');
  const [row] = await rowsInSight(page);
  assert.equal(row?.error, true);
  assert.match((await page.textContent('#place')) ?? '', /^#1 error: /);
});
