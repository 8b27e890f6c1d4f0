// The captures of the decoder's suite, in Node.

import { readFile } from 'node:fs/promises';

/**
 * @param {string} name
 * @returns {Promise<Uint8Array>}
 */
export async function load(name) {
  const bytes = await readFile(new URL(`fixtures/captures/${name}.walcap`, import.meta.url));
  // A plain Uint8Array, as browsers have.
  return new Uint8Array(bytes);
}
