// The module for the log itself, whichever entry started it.

import * as glue from './pkg/walscope_wal.js';
import { Instance } from './instance.js';

const instance = new Instance({ initialize: glue.default, initializeSync: glue.initSync });

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

/** @returns {import('./wal/binding.js').WalBinding} */
export function binding() {
  instance.check();
  return /** @type {any} */ (glue);
}
