// Bun, whose program npm ships in a package for each platform.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { HERE } from '../setting.js';

export const name = 'Bun';

const require = createRequire(join(HERE, 'package.json'));

function program() {
  // The package `bun` puts it in place by an install script; the platform's package has it at once.
  const own = require(`@oven/bun-${process.platform}-${process.arch}/package.json`);
  return require.resolve(`${own.name}/bin/bun`);
}

/** @param {import('../setting.js').Setting} setting */
export async function run(setting) {
  const folder = await setting.project('bun', 'plain');
  await setting.check(program(), ['imported.mjs'], { cwd: folder });
  await setting.check(program(), ['required.cjs'], { cwd: folder });
}
