// Copies what this package shares with the addon: the same files, so the same objects and values.

import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../node/decoding', import.meta.url));
const COPY = fileURLToPath(new URL('../decoding', import.meta.url));

export function copyShared() {
  rmSync(COPY, { recursive: true, force: true });
  cpSync(SOURCE, COPY, { recursive: true });
}
