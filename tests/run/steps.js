// What `npm test` does, step by step.

import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { buildAddon } from '../../node/build.js';
import { install, MAJORS } from '../harness/install.js';
import { CHROMIUM, installDebianPackage, TOOLS } from './debian.js';
import { TEST_FILES } from './files.js';
import { installModules } from './modules.js';
import { ROOT, run, StepError } from './program.js';

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string[]} [groups] the words after `npm test --` that choose it, beside its name
 * @property {string[]} [needs] steps that must have passed before
 * @property {(say: (text: string) => void) => Promise<unknown>} run
 */

/** Two at a time: a test file may start a server of its own, and machines of two cores are common. */
const CONCURRENCY = '--test-concurrency=2';

/** For a file, in milliseconds: a failed test may leave a stream open, which keeps its process up. */
const TIMEOUT = '--test-timeout=600000';

const TSC = 'node_modules/typescript/bin/tsc';

/** @param {string} list */
async function testFiles(list) {
  const files = TEST_FILES[list] ?? [];
  if (files.length === 0) throw new StepError(`tests/run/files.js lists no file for ${list}`);
  await run(process.execPath, ['--test', CONCURRENCY, TIMEOUT, ...files]);
}

/**
 * @param {string} folder
 * @returns {Promise<string[]>}
 */
async function testFilesBelow(folder) {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'target') continue;
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await testFilesBelow(path)));
    else if (entry.name.endsWith('.test.js')) found.push(relative(ROOT, path));
  }
  return found;
}

async function checkLists() {
  const listed = new Set(Object.values(TEST_FILES).flat());
  const forgotten = (await testFilesBelow(ROOT)).filter((file) => !listed.has(file));
  if (forgotten.length === 0) return;
  throw new StepError(`tests/run/files.js does not list ${forgotten.join(', ')}`);
}

/** @type {Step[]} */
export const STEPS = [
  { name: 'packages', run: (say) => installModules(ROOT, say) },
  { name: 'test packages', run: (say) => installModules(join(ROOT, 'tests'), say) },
  { name: 'browser packages', run: (say) => installModules(join(ROOT, 'tests/browser'), say) },
  { name: 'rival packages', run: (say) => installModules(join(ROOT, 'tests/rivals'), say) },
  { name: 'packaging tools', run: (say) => installModules(join(ROOT, 'tests/packaging'), say) },
  { name: 'chromium', run: (say) => installDebianPackage(CHROMIUM, say) },
  {
    name: 'tools',
    run: async (say) => {
      for (const tool of TOOLS) await installDebianPackage(tool, say);
    },
  },
  {
    name: 'servers',
    run: async () => {
      for (const major of MAJORS) await install(major);
    },
  },
  {
    name: 'rust',
    needs: ['tools', 'servers'],
    run: (say) => {
      say('building and testing the crates (some minutes the first time)');
      return run('cargo', ['test', '--locked', '--workspace', '--all-features', '--no-fail-fast']);
    },
  },
  {
    name: 'core without features',
    groups: ['rust'],
    run: async () => {
      const core = ['--locked', '--package', 'walscope-core', '--no-default-features'];
      await run('cargo', ['build', ...core]);
      await run('cargo', ['test', ...core]);
    },
  },
  {
    name: 'addon',
    groups: ['js'],
    run: (say) => {
      say('building the addon (two minutes the first time)');
      return buildAddon('demo');
    },
  },
  {
    name: 'wasm package',
    groups: ['js'],
    run: (say) => {
      say('building the wasm package (some minutes the first time)');
      return run(process.execPath, ['wasm/build.js']);
    },
  },
  { name: 'lists of test files', groups: ['js'], run: checkLists },
  {
    name: 'js on the addon',
    groups: ['js'],
    needs: ['packages', 'test packages', 'rival packages', 'servers', 'addon'],
    run: () => testFiles('addon'),
  },
  {
    name: 'js on wasm',
    groups: ['js'],
    needs: ['packages', 'test packages', 'servers', 'addon', 'wasm package'],
    run: () => testFiles('wasm'),
  },
  {
    name: 'js in Chromium',
    groups: ['js'],
    needs: [
      'packages',
      'test packages',
      'browser packages',
      'servers',
      'chromium',
      'addon',
      'wasm package',
    ],
    run: () => testFiles('browser'),
  },
  {
    name: 'packaging',
    groups: ['js'],
    needs: [
      'packages',
      'test packages',
      'browser packages',
      'packaging tools',
      'servers',
      'chromium',
      'addon',
      'wasm package',
    ],
    run: () => testFiles('packaging'),
  },
  {
    name: 'types',
    groups: ['js'],
    needs: ['packages', 'test packages', 'wasm package'],
    run: () => run(process.execPath, [TSC, '--project', 'tests/types']),
  },
];
