// The log's samples in Node.

import { readFile } from 'node:fs/promises';

/**
 * A file below core/tests/wal/samples; null: there is none.
 *
 * @param {string} path
 * @returns {Promise<Uint8Array | null>}
 */
export async function load(path) {
  try {
    return new Uint8Array(
      await readFile(new URL(`../../core/tests/wal/samples/${path}`, import.meta.url)),
    );
  } catch {
    return null;
  }
}
