// TypeScript under every module mode, strictly, the packages' own declarations included; what it
// emits then runs.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HERE, ROOT } from '../setting.js';
import { run as runProgram } from '../program.js';

export const name = 'TypeScript 7: node16, nodenext, bundler, commonjs';

const TYPESCRIPT_7 = join(ROOT, 'node_modules/typescript/bin/tsc');
const TYPESCRIPT_5 = join(HERE, 'node_modules/typescript5/bin/tsc');

const STRICT = [
  ...['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'],
  ...['--skipLibCheck', 'false', '--target', 'es2022'],
  ...['--lib', 'es2023,esnext.disposable,dom,dom.iterable,dom.asynciterable'],
  ...['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')],
];

const ENTRIES = { walscope: 'walscope', compat: 'walscope/compat' };

const ES_MODULES = { files: ['imported.mts', 'plain.ts'], emitted: ['imported.mjs'] };
const COMMON_JS = { files: ['plain.ts'], emitted: ['plain.js'] };
const BOTH = {
  files: ['imported.mts', 'required.cts', 'names.cts'],
  emitted: ['imported.mjs', 'required.cjs'],
};

/**
 * The module modes of a version of TypeScript.
 * @param {string} resolution that commonjs is used with
 */
function modes(resolution) {
  return {
    node16: { options: ['--module', 'node16'], ...BOTH },
    nodenext: { options: ['--module', 'nodenext'], ...BOTH },
    bundler: { options: ['--module', 'esnext', '--moduleResolution', 'bundler'], ...ES_MODULES },
    commonjs: {
      options: ['--module', 'commonjs', '--moduleResolution', resolution],
      ...COMMON_JS,
    },
  };
}

/** @param {import('../setting.js').Setting} setting */
export function run(setting) {
  return check(setting, TYPESCRIPT_7, 'bundler');
}

/** The last version in JavaScript, which knows the resolution of before there were `exports`. */
export const older = {
  name: 'TypeScript 5: node16, nodenext, bundler, commonjs',
  slow: true,
  /** @param {import('../setting.js').Setting} setting */
  run: (setting) => check(setting, TYPESCRIPT_5, 'node10'),
};

/**
 * @param {import('../setting.js').Setting} setting
 * @param {string} tsc
 * @param {string} resolution that commonjs is used with
 */
async function check(setting, tsc, resolution) {
  const folder = await setting.project(`typescript-${resolution}`, 'typescript');
  await writeNames(folder);
  for (const [mode, { options, files, emitted }] of Object.entries(modes(resolution))) {
    const out = join(folder, mode);
    await mkdir(out);
    const args = [tsc, ...STRICT, ...options, '--outDir', out, ...files];
    await runProgram(process.execPath, args, { cwd: folder });
    for (const file of emitted) {
      const program = [join(out, file), setting.capture];
      const printed = await runProgram(process.execPath, program, { cwd: folder });
      assert.deepEqual(printed.trimEnd().split('\n'), setting.expected.decoded, `${mode}: ${file}`);
    }
  }
}

/**
 * Writes a program that mentions every value that the package exports: the declarations for
 * `require` name each one by hand.
 * @param {string} folder
 */
async function writeNames(folder) {
  let text = '';
  for (const [variable, entry] of Object.entries(ENTRIES)) {
    const program = `import('${entry}').then((all) => console.log(Object.keys(all).join()))`;
    const args = ['--input-type=module', '--eval', program];
    const names = (await runProgram(process.execPath, args, { cwd: folder })).trim().split(',');
    const uses = names.map((own) => `void ${variable}.${own};\n`).join('');
    text += `import ${variable} = require('${entry}');\n${uses}`;
  }
  await writeFile(join(folder, 'names.cts'), text);
}
