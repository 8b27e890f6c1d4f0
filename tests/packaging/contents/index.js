// The tarballs themselves: which files are in each, that all versions are equal and exact, and that
// nothing of the repository alone is published.
//
// After a file was added or removed on purpose: node tests/packaging/index.js --update-lists

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HERE } from '../setting.js';

export const name = 'contents of the tarballs';

/** @param {import('../setting.js').Setting} setting */
export async function run(setting) {
  for (const { name: own, files } of Object.values(setting.packed)) {
    const list = `${files.join('\n')}\n`;
    const path = join(HERE, 'contents', `${own.split('/').at(-1)}.txt`);
    if (process.env.WALSCOPE_UPDATE_LISTS) await writeFile(path, list);
    assert.equal(list, await readFile(path, 'utf8'), `${own} has other files than ${path} lists`);
  }
  await checkManifests(setting);
}

/** @param {import('../setting.js').Setting} setting */
async function checkManifests(setting) {
  const { main, wasm, platform } = setting.packed;
  const folder = await setting.project('contents');
  const [published, ...others] = await Promise.all(
    [main, wasm, platform].map(({ name: own }) => manifest(join(folder, 'node_modules', own))),
  );
  for (const { name: own, version } of others) assert.equal(version, published.version, own);
  assert.deepEqual(published.dependencies, { [wasm.name]: published.version });
  assert.deepEqual(published.optionalDependencies, { [platform.name]: published.version });
  for (const { name: own, scripts = {} } of [published, ...others]) {
    const hooks = Object.keys(scripts).filter((script) => /install|prepare/.test(script));
    assert.deepEqual(hooks, [], `${own} runs nothing when it is installed`);
  }
  const inTree = await manifest(join(HERE, '../..'));
  assert.equal(inTree.optionalDependencies, undefined, 'no platform package is named in the tree');
}

/** @param {string} folder */
async function manifest(folder) {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
}
