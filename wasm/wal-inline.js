// For single files and odd bundlers: the module is text in a script, a third larger.

import text from './pkg/walscope_wal_inline.js';

import { start } from './wal-start.js';

export * from './wal-names.js';

/**
 * Loads the WebAssembly module. Everything else needs that it has.
 * @returns {Promise<void>}
 */
export function init() {
  return start(() => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
}
