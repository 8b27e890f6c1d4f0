// Vite, serving and building, in Chromium.

import assert from 'node:assert/strict';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launch, openPage } from '../../browser/chromium.js';
import { serve } from '../../browser/serve.js';
import { freePort, run as runProgram, startTool } from '../program.js';
import { tool } from '../setting.js';

/** @typedef {Awaited<ReturnType<typeof launch>>} Browser */

export const name = 'Vite, serving and building, in Chromium';

/** @param {import('../setting.js').Setting} setting */
export async function run(setting) {
  const folder = await setting.project('vite', 'vite');
  await mkdir(join(folder, 'public'));
  await copyFile(setting.capture, join(folder, 'public/changes.walcap'));
  const browser = await launch();
  try {
    await development(setting, browser, folder);
    await built(setting, browser, folder);
  } finally {
    await browser.close();
  }
}

/**
 * @param {import('../setting.js').Setting} setting
 * @param {Browser} browser
 * @param {string} folder
 */
async function development(setting, browser, folder) {
  const port = await freePort();
  const args = ['--host', '127.0.0.1', '--port', String(port), '--strictPort'];
  const vite = await startTool(tool('vite'), args, { cwd: folder, ready: /ready in/ });
  try {
    await check(setting, browser, `http://127.0.0.1:${port}`);
  } finally {
    await vite.stop();
  }
}

/**
 * @param {import('../setting.js').Setting} setting
 * @param {Browser} browser
 * @param {string} folder
 */
async function built(setting, browser, folder) {
  await runProgram(tool('vite'), ['build'], { cwd: folder });
  const server = await serve(join(folder, 'dist'));
  try {
    await check(setting, browser, server.url);
  } finally {
    await server.close();
  }
}

/**
 * @param {import('../setting.js').Setting} setting
 * @param {Browser} browser
 * @param {string} url
 */
async function check(setting, browser, url) {
  const { page, complaints, close } = await openPage(browser, url);
  await page.goto(`${url}/`);
  await page.waitForFunction('window.found !== undefined').catch((error) => {
    throw new Error(`the page found nothing: ${complaints.join('; ')}`, { cause: error });
  });
  const found = /** @type {any} */ (await page.evaluate('window.found'));
  assert.equal(found.error, undefined);
  assert.deepEqual(found.decoded, setting.expected.decoded);
  assert.equal(found.refusal, 'WALSCOPE_NO_SOCKETS');
  assert.deepEqual(complaints, []);
  await close();
}
