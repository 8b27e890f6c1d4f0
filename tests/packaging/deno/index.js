// Deno, whose program npm ships in a package for each platform.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { HERE } from '../setting.js';

export const name = 'Deno';

const require = createRequire(join(HERE, 'package.json'));
const PACKAGE = `@deno/${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}`;

/** @param {import('../setting.js').Setting} setting */
export async function run(setting) {
  const folder = await setting.project('deno', 'plain');
  const program = require.resolve(`${PACKAGE}/deno`);
  const env = { DENO_DIR: join(folder, '.deno'), DENO_NO_UPDATE_CHECK: '1' };
  for (const file of ['imported.mjs', 'required.cjs']) {
    await setting.check(program, ['run', '--allow-all', file], { cwd: folder, env });
  }
}
