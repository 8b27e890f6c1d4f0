/** The decoder where no native part can be loaded: the same one, as WebAssembly. */

import { createRequire } from 'node:module';
import { noBinding } from './binding.js';

/** @typedef {import('./decoding/decoder.js').OpenRaw} OpenRaw */

const require = createRequire(import.meta.url);

/** @type {OpenRaw | null} */
let loaded = null;

/** @type {OpenRaw} */
export function openWithoutAddon(options) {
  loaded ??= load();
  return loaded(options);
}

/** @returns {OpenRaw} */
function load() {
  try {
    // Not an import: where there is a native part, nobody waits for this.
    return require('walscope-wasm/raw').open;
  } catch (error) {
    throw noBinding(error);
  }
}
