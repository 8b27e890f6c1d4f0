// The examples that have a page, in Chromium.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withExample } from '../js/examples/program.js';
import { inMemory } from './inspector.js';
import { launch, openPage } from './chromium.js';
import { serve } from './serve.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURE = new URL('../fixtures/pg18/kinds', import.meta.url);

/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const livePage = withExample(
  'live-page.js',
  `CREATE TABLE orders (id int PRIMARY KEY, item text, state text);
   CREATE PUBLICATION orders_pub FOR TABLE orders`,
);

/** How many changes of each kind test_decoding tells of in a recording. */
function told() {
  const counts = { insert: 0, update: 0, delete: 0, truncate: 0 };
  for (const line of readFileSync(`${fileURLToPath(FIXTURE)}.expected.txt`, 'utf8').split('\n')) {
    const kind = /: (INSERT|UPDATE|DELETE|TRUNCATE):/.exec(line)?.[1]?.toLowerCase();
    if (kind !== undefined) counts[/** @type {keyof typeof counts} */ (kind)] += 1;
  }
  return counts;
}

/** @param {import('playwright-core').Page} page */
async function counts(page) {
  const text = await page.textContent('#counts');
  const pairs = [...(text ?? '').matchAll(/(\d+) (\w+)/g)];
  return Object.fromEntries(pairs.map(([, count, kind]) => [kind, Number(count)]));
}

test('Chromium: browser-decoding.html shows a capture, and one that is cut', async () => {
  const server = await serve(ROOT);
  try {
    const { page, complaints, close } = await openPage(browser, server.url);
    await page.goto(`${server.url}/node/examples/browser-decoding.html`);
    const capture = readFileSync(`${fileURLToPath(FIXTURE)}.walcap`);
    await page.setInputFiles('#file:enabled', inMemory('kinds.walcap', capture));
    await page.waitForFunction(() => document.getElementById('counts')?.textContent);
    assert.equal(await page.textContent('#state'), 'read kinds.walcap');
    const whole = await counts(page);
    assert.deepEqual({ ...whole, ...told() }, whole);
    const lines = await page.locator('#changes li').allTextContents();
    const rows = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'insert');
    assert.deepEqual(rows[0].new.name, 'one');

    await page.setInputFiles('#file', inMemory('cut.walcap', capture.subarray(0, -5)));
    await page.waitForFunction(() =>
      /cut|end/.test(document.querySelector('#state')?.textContent ?? ''),
    );
    const shown = await page.locator('#changes li').allTextContents();
    assert.deepEqual(shown, lines.slice(0, shown.length));
    assert.ok(shown.length > 0);
    assert.deepEqual(complaints, []);
    await close();
  } finally {
    await server.close();
  }
});

test('Chromium: live-page.js shows changes as they come', async () => {
  const program = livePage.run();
  const [url] = await program.prints(/http:\S+/);
  const { page, complaints, close } = await openPage(browser, url);
  const [answer] = await Promise.all([page.waitForResponse(`${url}/changes`), page.goto(url)]);
  assert.equal(answer.status(), 200);
  await livePage.server.sql("INSERT INTO orders VALUES (1, '<img src=x onerror=alert(1)>', 'new')");
  const lines = page.locator('#changes li');
  await lines.first().waitFor();
  await livePage.server.sql("UPDATE orders SET state = 'sent'");
  await livePage.server.sql('DELETE FROM orders');
  await lines.nth(2).waitFor();
  assert.deepEqual(await lines.allTextContents(), [
    'delete {"id":1}',
    'update {"id":1,"item":"<img src=x onerror=alert(1)>","state":"sent"}',
    'insert {"id":1,"item":"<img src=x onerror=alert(1)>","state":"new"}',
  ]);
  assert.deepEqual(complaints, []);
  await close();
  await program.interrupt();
});

// Red without the event `reset`, and without the page's answer to it.
test('Chromium: live-page.js starts again, and its page too', async () => {
  const first = livePage.run();
  const [url] = await first.prints(/http:\S+/);
  const { page, close } = await openPage(browser, url);
  await Promise.all([page.waitForResponse(`${url}/changes`), page.goto(url)]);
  const lines = page.locator('#changes li');
  await livePage.server.sql("INSERT INTO orders VALUES (2, 'tea', 'new')");
  await lines.first().waitFor();
  const reloaded = page.waitForEvent('domcontentloaded');
  await first.kill();
  livePage.port = Number(new URL(url).port);
  const second = livePage.run();
  await reloaded;
  await page.waitForResponse(`${url}/changes`);
  await livePage.server.sql("INSERT INTO orders VALUES (3, 'tea', 'new')");
  await lines.first().waitFor();
  assert.deepEqual(await lines.allTextContents(), ['insert {"id":3,"item":"tea","state":"new"}']);
  await close();
  await second.interrupt();
});
