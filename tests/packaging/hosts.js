// Every way of using the packages that is proven. A host that is slow is run by `--all` alone.

import * as bun from './bun/index.js';
import * as command from './command/index.js';
import * as contents from './contents/index.js';
import * as deno from './deno/index.js';
import * as lint from './lint/index.js';
import * as next from './next/index.js';
import * as plain from './plain/index.js';
import * as pnpm from './pnpm/index.js';
import * as typescript from './typescript/index.js';
import * as vite from './vite/index.js';
import * as withoutAddon from './without-addon/index.js';
import * as workers from './workers/index.js';

/**
 * @typedef {object} Host
 * @property {string} name
 * @property {boolean} [slow]
 * @property {(setting: import('./setting.js').Setting) => Promise<void>} run
 */

/** @type {Host[]} */
export const HOSTS = [
  contents,
  plain,
  withoutAddon,
  command,
  typescript,
  typescript.older,
  lint,
  pnpm,
  bun,
  deno,
  vite,
  workers,
  next,
];
