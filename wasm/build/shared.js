// Copies what this package shares with the addon: the same files, so the same objects and values.

import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDERS = ['decoding', 'wal'];

const LICENSE = fileURLToPath(new URL('../../LICENSE', import.meta.url));
const LICENSE_COPY = fileURLToPath(new URL('../LICENSE', import.meta.url));

export function copyShared() {
  // A package carries its own; npm packs no links.
  cpSync(LICENSE, LICENSE_COPY);
  for (const folder of FOLDERS) {
    const source = fileURLToPath(new URL(`../../node/${folder}`, import.meta.url));
    const copy = fileURLToPath(new URL(`../${folder}`, import.meta.url));
    rmSync(copy, { recursive: true, force: true });
    cpSync(source, copy, { recursive: true });
  }
}
