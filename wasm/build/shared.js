// Copies what this package shares with the addon: the same files, so the same objects and values.

import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../node/decoding', import.meta.url));
const COPY = fileURLToPath(new URL('../decoding', import.meta.url));

const LICENSE = fileURLToPath(new URL('../../LICENSE', import.meta.url));
const LICENSE_COPY = fileURLToPath(new URL('../LICENSE', import.meta.url));

export function copyShared() {
  // A package carries its own; npm packs no links.
  cpSync(LICENSE, LICENSE_COPY);
  rmSync(COPY, { recursive: true, force: true });
  cpSync(SOURCE, COPY, { recursive: true });
}
