// The inspector page as a user sees it: what tests ask of it and do with it.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** @typedef {import('playwright-core').Page} Page */

/**
 * Opens the page and waits until its sample is read.
 * @param {Page} page
 * @param {string} url
 */
export async function openInspector(page, url) {
  await page.goto(`${url}/inspector/`);
  await read(page, 'orders.walcap');
}

/**
 * Waits until a recording is read to its end, or was cancelled.
 * @param {Page} page
 * @param {string} name
 */
export async function read(page, name) {
  await page.waitForFunction((wanted) => {
    const text = (/** @type {string} */ id) => document.getElementById(id)?.textContent;
    const idle = document.getElementById('reading')?.hidden;
    return text('name') === wanted && text('facts') !== '' && idle;
  }, name);
}

/**
 * Chooses a file and waits until it is read.
 * @param {Page} page
 * @param {string | { name: string, mimeType: string, buffer: Buffer }} file
 */
export async function choose(page, file) {
  await page.setInputFiles('#file', file);
  await read(page, typeof file === 'string' ? basename(file) : file.name);
}

/**
 * A file as `choose` takes it.
 * @param {string} name
 * @param {Buffer} buffer
 */
export function inMemory(name, buffer) {
  return { name, mimeType: 'application/octet-stream', buffer };
}

/** @param {Page} page */
export function facts(page) {
  return page.locator('#facts li').allTextContents();
}

/**
 * The rows in sight from top to bottom, when all of them are filled.
 * @param {Page} page
 * @returns {Promise<{ row: number, error: boolean, cells: string[] }[]>}
 */
export async function rowsInSight(page) {
  // What was asked for before is drawn before the next frame.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('#list .row:not([hidden])')];
    const count = Number(document.getElementById('list')?.getAttribute('aria-rowcount'));
    return (rows.length > 0 || count === 0) && rows.every((row) => !row.matches('.coming'));
  });
  const rows = await page.locator('#list .row:not([hidden])').evaluateAll((elements) =>
    elements.map((element) => ({
      row: Number(element.getAttribute('aria-rowindex')),
      error: element.classList.contains('error'),
      cells: [...element.children].map((cell) => cell.textContent ?? ''),
    })),
  );
  return rows.sort((a, b) => a.row - b.row);
}

/** @param {Page} page */
export async function rowCount(page) {
  return Number(await page.getAttribute('#list', 'aria-rowcount'));
}

/** @param {Page} page */
export function elementCount(page) {
  return page.evaluate(() => document.querySelectorAll('*').length);
}

/**
 * Presses a key on the list and waits until a row of that number is selected.
 * @param {Page} page
 * @param {string} key
 * @param {number} row from 1
 */
export async function press(page, key, row) {
  await page.locator('#list').press(key);
  await page.waitForSelector(`#list .row[aria-selected="true"][aria-rowindex="${row}"]`);
}

/**
 * What the export button saves.
 * @param {Page} page
 */
export async function exported(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#export')]);
  return {
    name: download.suggestedFilename(),
    text: await readFile(await download.path(), 'utf8'),
  };
}
