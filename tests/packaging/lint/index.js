// publint and attw: what they find wrong with the packages' manifests and declarations.

import { HERE, tool } from '../setting.js';
import { run as runProgram } from '../program.js';

export const name = 'publint and attw';

// `walscope-wasm` has no CommonJS half: every Node that walscope supports can `require` it all the
// same, which attw does not know.
const WASM_RULES = ['--ignore-rules', 'cjs-resolves-to-esm'];

/** @param {import('../setting.js').Setting} setting */
export async function run({ packed }) {
  const { main, wasm, platform } = packed;
  for (const { tarball } of [main, wasm, platform]) {
    await runProgram(tool('publint'), ['--strict', tarball], { cwd: HERE });
  }
  await runProgram(tool('attw'), [main.tarball], { cwd: HERE });
  await runProgram(tool('attw'), [wasm.tarball, ...WASM_RULES], { cwd: HERE });
}
