// pnpm, where a package sees only what it names as its dependency.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from '../setting.js';
import { run as runProgram } from '../program.js';

export const name = 'pnpm';

/** @param {import('../setting.js').Setting} setting */
export async function run(setting) {
  const { main, wasm, platform } = setting.packed;
  const folder = await setting.emptyProject('pnpm', {
    dependencies: { [main.name]: `file:${main.tarball}` },
  });
  await setting.place(folder, 'plain');
  // What a registry would give.
  const overrides = [wasm, platform].map(
    ({ name: own, tarball }) => `  '${own}': 'file:${tarball}'\n`,
  );
  await writeFile(join(folder, 'pnpm-workspace.yaml'), `overrides:\n${overrides.join('')}`);
  const options = [
    '--ignore-scripts',
    '--no-frozen-lockfile',
    '--store-dir',
    join(folder, '.store'),
  ];
  await runProgram(tool('pnpm'), ['install', ...options], { cwd: folder });
  await setting.check(process.execPath, ['imported.mjs'], { cwd: folder });
  await setting.check(process.execPath, ['required.cjs'], { cwd: folder });
}
