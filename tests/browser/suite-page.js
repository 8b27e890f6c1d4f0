// The decoder's suite in a page: suite.test.js asks for its cases one by one.

import * as host from '../../wasm/index.js';
import { CASES } from '../js/decoder/index.js';
import * as assert from './page-assert.js';

/**
 * @param {string} name
 * @returns {Promise<Uint8Array>}
 */
async function load(name) {
  const response = await fetch(`/tests/js/fixtures/captures/${name}.walcap`);
  if (!response.ok) throw new Error(`no capture ${name}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Runs a case and says what is wrong, or null.
 * @param {string} name
 * @returns {Promise<string | null>}
 */
async function runCase(name) {
  const found = CASES.find((candidate) => candidate.name === name);
  if (!found) return 'this page does not have the case';
  try {
    await found.run({ host: /** @type {any} */ (host), assert, load });
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** @type {Record<string, string | undefined>} */
const codes = {};
try {
  new host.Decoder();
} catch (error) {
  codes.beforeInit = /** @type {{ code?: string }} */ (error).code;
}
await host.init();

Object.assign(globalThis, {
  suite: { names: CASES.map(({ name }) => name), runCase, codes },
});
