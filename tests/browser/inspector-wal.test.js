// The inspector page with the log itself: real segments, against pg_walinspect and core's own reader.
//
// WALSCOPE_LOG_MEGABYTES=1024 node --test tests/browser/inspector-wal.test.js
//   reads a log of that size instead of 64 MiB, and prints how long it took and what memory.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { readWal } from '../../node/wal.js';
import { load } from '../js/wal-samples.js';
import { sample } from '../js/wal/samples.js';
import { launch, openPage } from './chromium.js';
import {
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
import { writeLog } from './wal-log.js';

const WASM = fileURLToPath(new URL('../../wasm', import.meta.url));
const MEGABYTES = Number(process.env.WALSCOPE_LOG_MEGABYTES ?? 64);
/** What the page's processes may take beside what they take without a log. */
const MOST_MEMORY = 400 * 2 ** 20;
/** Of the page without bytes and fields of a record. */
const MOST_ELEMENTS = 500;
const PICKED = 20;
/** The scroll bar comes this near to a row, if not nearer. */
const NEAR_ROWS = 100;
const HOVERED = 200;

/** @type {import('./wal-log.js').Log} */
let log;
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof openPage>>} */
let opened;
/** @type {import('playwright-core').Page} */
let page;

before(async () => {
  log = await writeLog(MEGABYTES);
  server = await serve(WASM);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  await log?.remove();
});

beforeEach(async () => {
  opened = await openPage(browser, server.url, { viewport: { width: 1500, height: 900 } });
  page = opened.page;
  await openInspector(page, server.url);
});

afterEach(async () => {
  await opened.close();
  assert.deepEqual(opened.complaints, [], 'the page is quiet and asks nobody else');
});

/** Opens the log and waits until it is read. */
async function openLog() {
  await page.setInputFiles('#file', log.paths);
  await read(page, `${log.paths.length} files`);
}

/**
 * Waits until the record of a row is taken apart.
 * @param {string} line
 */
async function detailOf(line) {
  await page.waitForFunction(
    (wanted) => document.getElementById('detail-line')?.textContent === wanted,
    line,
  );
}

/** The largest resident memory that a process of the browser has had, in bytes; null: not known here. */
function peakMemory() {
  let peak = 0;
  try {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const status = readOrEmpty(`/proc/${pid}/status`);
      if (!readOrEmpty(`/proc/${pid}/cmdline`).includes('--type=renderer')) continue;
      const kilobytes = /^VmHWM:\s+(\d+)/m.exec(status)?.[1];
      peak = Math.max(peak, Number(kilobytes ?? 0) * 1024);
    }
  } catch {
    return null;
  }
  return peak === 0 ? null : peak;
}

/** @param {string} path */
function readOrEmpty(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} text */
function numberIn(text) {
  return Number(text.replaceAll(',', ''));
}

test('a log is listed and counted as pg_walinspect has it', { timeout: 600_000 }, async (t) => {
  const before = peakMemory();
  const began = performance.now();
  await openLog();
  const milliseconds = performance.now() - began;
  const records = log.managers.reduce((sum, { count }) => sum + Number(count), 0);
  assert.deepEqual(await facts(page), [
    'log of PostgreSQL 18',
    MEGABYTES < 1024 ? `${MEGABYTES}.0 MiB` : `${(MEGABYTES / 1024).toFixed(1)} GiB`,
    `${records.toLocaleString('en')} records`,
    'no errors',
  ]);
  assert.equal(await rowCount(page), records);

  await page.click('#statistics');
  for (const [table, expected] of Object.entries({ managers: log.managers, kinds: log.kinds })) {
    await page.waitForSelector(`#statistics-${table}`);
    const rows = await page
      .locator(`#statistics-${table} tbody tr`)
      .evaluateAll((lines) =>
        lines.map((line) => [...line.querySelectorAll('td')].map((cell) => cell.textContent ?? '')),
      );
    const shown = rows.map(([name = '', count = '', , size = '', , images = '']) => [
      name,
      ...[count, size, images].map(numberIn),
    ]);
    const wanted = expected.map(({ name, count, record_size: size, fpi_size: images }) => [
      name,
      ...[count, size, images].map(Number),
    ]);
    assert.deepEqual(shown.sort(), wanted.sort());
  }
  assert.ok((await page.locator('#charts svg rect').count()) > 20);
  assert.match(
    (await page.locator('#charts svg').first().textContent()) ?? '',
    /% of .* are page images$/,
  );
  await page.click('#statistics');

  const after = peakMemory();
  if (before !== null && after !== null) {
    t.diagnostic(
      `${MEGABYTES} MiB, ${records} records: ${Math.round(milliseconds)} ms, ` +
        `peak memory ${Math.round(after / 2 ** 20)} MiB (${Math.round(before / 2 ** 20)} before)`,
    );
    assert.ok(after - before < MOST_MEMORY, `${after - before} bytes`);
  }
});

/**
 * Scrolls to where a row is, clicks a row there, and returns the one that is selected then: rows can
 * move away from under the mouse.
 * @param {number} row
 */
async function clickNear(row) {
  for (;;) {
    await page.locator('#list').evaluate((list, wanted) => {
      const rows = Number(list.getAttribute('aria-rowcount'));
      list.scrollTop = ((wanted - 1) / rows) * list.scrollHeight;
    }, row);
    await page.waitForFunction(
      ([wanted, most]) =>
        [...document.querySelectorAll('#list .row:not([hidden])')].some(
          (line) => Math.abs(Number(line.getAttribute('aria-rowindex')) - wanted) <= most,
        ),
      /** @type {const} */ ([row, NEAR_ROWS]),
    );
    const near = (await rowsInSight(page))[3]?.row ?? 1;
    try {
      await page.click(`#list .row[aria-rowindex="${near}"] .lsn`, { timeout: 2000 });
    } catch {
      continue;
    }
    // The list is drawn before the next frame.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    const selected = page.locator('#list .row[aria-selected="true"]:not([hidden])');
    const number = Number(await selected.getAttribute('aria-rowindex'));
    if (Math.abs(number - row) <= NEAR_ROWS) return number;
  }
}

test('any record is shown as it is, with its fields and bytes', { timeout: 600_000 }, async () => {
  await openLog();
  const count = await rowCount(page);
  const wanted = new Set([1, count]);
  for (let n = 1; n < PICKED; n += 1) wanted.add(Math.floor((n * count) / PICKED) + (n % 7));
  let number = 0;
  let compared = 0;
  for await (const batch of readWal(log.paths)) {
    for (const record of batch) {
      number += 1;
      if (!wanted.has(number)) continue;
      assert.equal(await rowCount(page), count);
      // The scroll bar comes near it; keys come to it.
      const near = await clickNear(number);
      await page.evaluate(() => document.getElementById('list')?.focus());
      const key = near < number ? 'ArrowDown' : 'ArrowUp';
      for (let row = near; row !== number; row += Math.sign(number - near)) {
        await page.keyboard.press(key);
      }
      await page.waitForSelector(`#list [aria-selected="true"][aria-rowindex="${number}"]`);
      await detailOf(record.toString());
      const cells = (await rowsInSight(page)).find(({ row }) => row === number)?.cells ?? [];
      assert.deepEqual(cells.slice(0, 4), [
        number.toLocaleString('en'),
        record.startLsn,
        record.xid === 0 ? '' : String(record.xid),
        `${record.resourceManager}/${record.recordType}`,
      ]);
      assert.equal(cells[5], record.description.slice(0, 400));
      assert.equal(cells[6], record.recordLength.toLocaleString('en'));
      compared += 1;
    }
  }
  assert.ok(compared >= PICKED, `${compared} records`);
  assert.ok((await elementCount(page)) < MOST_ELEMENTS + 6000);
});

test('fields and bytes lead to each other', { timeout: 600_000 }, async () => {
  await openLog();
  await page.fill('#filter', 'rmgr:btree fpi:no');
  await page.press('#filter', 'Enter');
  await page.waitForFunction(() =>
    /found/.test(document.getElementById('facts')?.textContent ?? ''),
  );
  await press(page, 'Home', 1);
  await page.waitForSelector('#bytes [data-byte]');
  let record = null;
  for await (const batch of readWal(log.paths)) {
    for (const one of batch) {
      if (one.resourceManager === 'Btree' && one.fpiLength === 0) record ??= one;
    }
    if (record !== null) break;
  }
  assert.ok(record !== null);
  await detailOf(record.toString());
  const hex = [...record.bytes].map((byte) => byte.toString(16).padStart(2, '0'));
  assert.deepEqual(await page.locator('#bytes [data-byte]').allTextContents(), hex);

  /** The innermost field of a byte, as core gives it. @param {any} node @param {number} byte @param {string} path */
  const fieldOf = (node, byte, path = '') => {
    let found = { start: node.start, end: node.end, path };
    for (const [place, child] of (node.children ?? []).entries()) {
      if (byte < child.start || byte >= child.end) continue;
      const name = child.name ?? place;
      found = fieldOf(child, byte, path === '' ? `${name}` : `${path}.${name}`);
    }
    return found;
  };
  const tree = record.tree();
  for (let n = 0; n < HOVERED; n += 1) {
    const byte = (n * 7919) % hex.length;
    const { start, end, path } = fieldOf(tree, byte);
    await page.dispatchEvent(`#bytes [data-byte="${byte}"]`, 'mouseover');
    assert.equal(await page.textContent('#status'), `${path}: ${end - start} bytes at ${start}`);
  }
  const { start, end } = fieldOf(tree, 20);
  await page.dispatchEvent('#bytes [data-byte="20"]', 'click');
  assert.equal(await page.textContent('#tree [aria-current] .name'), 'crc');
  assert.deepEqual(await page.locator('#bytes mark').allTextContents(), hex.slice(start, end));
  await page.click('#tree [data-field="0"]');
  assert.equal(await page.locator('#bytes mark').count(), 24, 'the header');
});

test(
  'a filter finds what it says, and says what it does not know',
  { timeout: 600_000 },
  async () => {
    await openLog();
    const all = await rowCount(page);
    /** @param {string} text */
    const found = async (text) => {
      await page.fill('#filter', text);
      await page.evaluate(() => document.getElementById('facts')?.replaceChildren());
      await page.press('#filter', 'Enter');
      await page.waitForFunction(() => {
        const idle = document.getElementById('reading')?.hidden;
        return idle && document.getElementById('facts')?.textContent !== '';
      });
      return rowCount(page);
    };
    const kind = log.kinds.find(({ name }) => name === 'Heap/INSERT+INIT');
    assert.equal(await found('rmgr:heap type:insert+init'), Number(kind?.count));
    const rows = await rowsInSight(page);
    assert.deepEqual([...new Set(rows.map(({ cells }) => cells[3]))], ['Heap/INSERT+INIT']);
    const commits = log.kinds.find(({ name }) => name === 'Transaction/COMMIT');
    assert.equal(await found('type:commit rmgr:transaction'), Number(commits?.count));
    assert.equal(await found(''), all);
    assert.equal(await found('payload mark'), 1);
    await found('size:3');
    assert.match((await page.textContent('#filter-problem')) ?? '', /^There is no “size:”/);
    await found('xid:x');
    assert.equal(await page.textContent('#filter-problem'), '“x” is no number of a transaction.');
  },
);

test('what is wrong with a log is a red row, and what lies behind it is shown', async () => {
  const found = await sample(load, '18/promote_tli2');
  const files = found.segments.map(({ name, bytes }) => inMemory(name, Buffer.from(bytes)));
  const damaged = Buffer.from(found.segments[0]?.bytes ?? []);
  damaged[3 * 8192 + 600] = (damaged[3 * 8192 + 600] ?? 0) ^ 1;
  await page.setInputFiles('#file', [...files.slice(1), inMemory(files[0]?.name ?? '', damaged)]);
  await read(page, `${files.length} files`);
  const [format, , records] = await facts(page);
  assert.equal(format, 'log of PostgreSQL 18');
  const lines = found.dump.split('\n').length - 1;
  assert.ok(numberIn(records?.split(' ')[0] ?? '') > lines - 20);
  await page.click('#facts button');
  await page.waitForSelector('#list .error[aria-selected="true"]');
  const red = (await rowsInSight(page)).find(({ error }) => error);
  assert.match(red?.cells[5] ?? '', /^error in WAL record at 0\/[0-9A-F]+: /);
  assert.equal(await page.isVisible('#detail'), false);

  // Without the segment in the middle, the list says what is missing.
  await page.setInputFiles(
    '#file',
    [files[0], files[2]].filter((file) => file !== undefined),
  );
  await read(page, '2 files');
  await page.click('#facts button');
  await page.waitForSelector('#list .error[aria-selected="true"]');
  const gap = (await rowsInSight(page)).find(({ error }) => error);
  assert.match(
    gap?.cells[5] ?? '',
    /^the log from 0\/[0-9A-F]+ to 0\/[0-9A-F]+ is in none of the files$/,
  );
});

test('a capture behind a log is a capture again', async () => {
  const found = await sample(load, '14/promote_tli2');
  const [first] = found.segments;
  await page.setInputFiles('#file', inMemory(first?.name ?? '', Buffer.from(first?.bytes ?? [])));
  await read(page, first?.name ?? '');
  assert.equal((await facts(page))[0], 'log of PostgreSQL 14');
  await page.click('#sample');
  await read(page, 'orders.walcap');
  assert.equal((await facts(page))[0], 'walscope capture');
  assert.equal(await page.isVisible('#filter'), false);
  assert.equal(await page.isVisible('#export'), true);
});
