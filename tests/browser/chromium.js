// Chromium for tests, which tells of everything that a page should not do.

import { chromium } from 'playwright-core';

const FLAGS = [
  // Root has no sandbox, and the browser's own errands would be refused by a closed network.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Machines may be busy with other things. */
const PATIENCE_MS = 120_000;

/** @returns {Promise<import('playwright-core').Browser>} */
export function launch() {
  const executablePath = process.env.WALSCOPE_CHROMIUM || '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: FLAGS, timeout: PATIENCE_MS });
}

/**
 * A page that notes what went wrong on it: console errors and warnings, exceptions, requests to
 * another host, refused requests.
 * @param {import('playwright-core').Browser} browser
 * @param {string} url of the only host that it may ask
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function openPage(browser, url, options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on('console', (message) => {
    const type = message.type();
    if (type === 'error' || type === 'warning') complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  context.on('request', (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${url}/`) && !asked.startsWith(`blob:${url}/`)) {
      complaints.push(`foreign request: ${asked}`);
    }
  });
  context.on('requestfailed', (request) => complaints.push(`failed request: ${request.url()}`));
  return { page, complaints, close: () => context.close() };
}
