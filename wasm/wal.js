// For browsers and bundlers: the module is a file beside this one, which both find by this URL.

import { start } from './wal-start.js';

export * from './wal-names.js';

/**
 * Loads the WebAssembly module. Everything else needs that it has.
 * @returns {Promise<void>}
 */
export function init() {
  return start(() => new URL('./pkg/walscope_wal_bg.wasm', import.meta.url));
}
