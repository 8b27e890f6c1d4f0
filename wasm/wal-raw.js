// The log's half alone, started at once from the disk: what `walscope/wal` works with where it has no
// addon. Not for anybody else.

import { readFileSync } from 'node:fs';

import { binding, initSync } from './wal-start.js';

initSync(readFileSync(new URL('./pkg/walscope_wal_bg.wasm', import.meta.url)));

export { binding };
