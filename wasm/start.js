// The module for logical replication, whichever entry started it.

import initialize, { initSync as initializeSync, RawDecoder } from './pkg/walscope.js';
import { Instance } from './instance.js';

const instance = new Instance({ initialize, initializeSync });

/**
 * Starts the module once; a failed start can be tried again.
 * @param {import('./instance.js').Source} source
 * @returns {Promise<void>}
 */
export function start(source) {
  return instance.start(source);
}

/**
 * Starts the module from what the caller has: for hosts that neither fetch nor read files.
 * @param {BufferSource | WebAssembly.Module} module
 */
export function initSync(module) {
  instance.startSync(module);
}

/**
 * Makes core's decoder.
 * @param {import('./decoding/decoder.js').RawOptions} options
 * @returns {import('./decoding/decoder.js').RawDecoder}
 */
export function open(options) {
  instance.check();
  return new RawDecoder({ ...options, types: options.typeTable?.types ?? [] });
}
