/** What reads the log: the addon, or where there is none WebAssembly. */

import { createRequire } from 'node:module';
import { bindingIfAny, noBinding } from './binding.js';

/** @typedef {import('./wal/binding.js').WalBinding} WalBinding */

const require = createRequire(import.meta.url);

/** @type {WalBinding | null} */
let loaded = null;

/** @returns {WalBinding} */
export function walBinding() {
  loaded ??= bindingIfAny() ?? load();
  return loaded;
}

/** @returns {WalBinding} */
function load() {
  try {
    // Not an import: where there is a native part, nobody waits for this.
    return require('walscope-wasm/wal/raw').binding();
  } catch (error) {
    throw noBinding(error);
  }
}
