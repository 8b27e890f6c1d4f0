// The suites of the decoder and of the log's reader in a page: suite.test.js asks for their cases one
// by one.

import * as host from '../../wasm/index.js';
import * as walHost from '../../wasm/wal.js';
import { CASES } from '../js/decoder/index.js';
import { CASES as WAL_CASES } from '../js/wal/index.js';
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
 * @param {string} path
 * @returns {Promise<Uint8Array>}
 */
async function loadWal(path) {
  const response = await fetch(`/core/tests/wal/samples/${path}`);
  if (!response.ok) throw new Error(`no sample ${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** @type {{ name: string, run: () => Promise<void> | void }[]} */
const ALL = [
  ...CASES.map(({ name, run }) => ({
    name,
    run: () => run({ host: /** @type {any} */ (host), assert, load }),
  })),
  ...WAL_CASES.map(({ name, run }) => ({
    name,
    run: () => run({ host: /** @type {any} */ (walHost), assert, load: loadWal }),
  })),
];

/**
 * Runs a case and says what is wrong, or null.
 * @param {string} name
 * @returns {Promise<string | null>}
 */
async function runCase(name) {
  const found = ALL.find((candidate) => candidate.name === name);
  if (!found) return 'this page does not have the case';
  try {
    await found.run();
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
try {
  new walHost.WalReader();
} catch (error) {
  codes.walBeforeInit = /** @type {{ code?: string }} */ (error).code;
}
await Promise.all([host.init(), walHost.init()]);

Object.assign(globalThis, {
  suite: { names: ALL.map(({ name }) => name), runCase, codes },
});
