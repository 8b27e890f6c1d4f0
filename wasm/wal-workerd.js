// For Cloudflare Workers and their like: the module is an import, since bytes may not be compiled
// there.

import module from './pkg/walscope_wal_bg.wasm';

import { initSync } from './wal-start.js';

export * from './wal-names.js';

/**
 * Starts the WebAssembly module. Everything else needs that it has.
 * @returns {Promise<void>}
 */
export async function init() {
  initSync(module);
}
