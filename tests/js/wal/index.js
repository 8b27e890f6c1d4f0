// The suite of the log's reader. Every host runs this list: the addon and wasm in Node, wasm in
// Chromium. It uses nothing of any host but what a `Tools` has.

import { CHUNKS } from './chunks.js';
import { ERRORS } from './errors.js';
import { RECORDS } from './records.js';
import { STATISTICS } from './statistics.js';

/**
 * @typedef {import('../decoder/index.js').Assert} Assert
 *
 * @typedef {object} Tools
 * @property {typeof import('../../../node/wal.js')} host the package under test
 * @property {Assert} assert
 * @property {(path: string) => Promise<Uint8Array | null>} load a file below core/tests/wal/samples
 *
 * @typedef {object} Case
 * @property {string} name
 * @property {(tools: Tools) => Promise<void> | void} run
 */

/** @type {Case[]} */
export const CASES = [...RECORDS, ...CHUNKS, ...ERRORS, ...STATISTICS];
