// The decoder alone, started at once from the disk: what the package `walscope` works with where it
// has no addon. Not for anybody else.

import { readFileSync } from 'node:fs';

import { initSync, open } from './start.js';

initSync(readFileSync(new URL('./pkg/walscope_bg.wasm', import.meta.url)));

export { open };
