// For Node, Bun and Deno: the module is read from the disk, since `fetch` takes no file URLs.

import { readFile } from 'node:fs/promises';

import { start } from './start.js';

export * from './names.js';

/**
 * Loads the WebAssembly module. Everything else needs that it has.
 * @returns {Promise<void>}
 */
export function init() {
  return start(async () =>
    WebAssembly.compile(await readFile(new URL('./pkg/walscope_bg.wasm', import.meta.url))),
  );
}
