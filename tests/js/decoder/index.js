// The decoder's suite. Every host runs this list: the addon and wasm in Node, wasm in Chromium. It
// uses nothing of any host but what a `Tools` has.

import { BATCHES } from './batches.js';
import { CHANGES } from './changes.js';
import { ERRORS } from './errors.js';
import { LINES } from './lines.js';
import { PLAIN } from './plain.js';
import { TEXTS } from './texts.js';
import { BAD_VALUES, USER_TYPES } from './types.js';
import { VALUES } from './values.js';

/**
 * @typedef {object} Assert the part of `node:assert/strict` that the suite needs
 * @property {(value: unknown, message?: string) => void} ok
 * @property {(actual: unknown, expected: unknown, message?: string) => void} equal
 * @property {(actual: unknown, expected: unknown, message?: string) => void} deepEqual
 * @property {(actual: string, expected: RegExp, message?: string) => void} match
 *
 * @typedef {object} Tools
 * @property {typeof import('../../../node/index.js')} host the package under test
 * @property {Assert} assert
 * @property {(name: string) => Promise<Uint8Array>} load a capture of tests/js/fixtures/captures
 *
 * @typedef {object} Case
 * @property {string} name
 * @property {(tools: Tools) => Promise<void> | void} run
 */

/** @type {Case[]} */
export const CASES = [
  ...PLAIN,
  ...CHANGES,
  ...VALUES,
  ...USER_TYPES,
  ...BAD_VALUES,
  ...TEXTS,
  ...BATCHES,
  ...ERRORS,
  ...LINES,
];
