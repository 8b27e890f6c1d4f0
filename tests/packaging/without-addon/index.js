// Where the addon has no build: the decoder works all the same, and `connect` says what is missing.

import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outcomeOf } from '../program.js';

export const name = 'Node, without the addon';

const PROGRAM = `
  import { readFileSync } from 'node:fs';
  import * as walscope from 'walscope';
  import { linesOf } from './consumer.mjs';

  const { code, message, hint, constructor } =
    await walscope.connect('postgres://localhost').catch((error) => error);
  const isOwn = constructor === walscope.WalscopeError;
  const decoded = linesOf(walscope, readFileSync(process.argv[1]));
  const cut = new walscope.Decoder();
  let broken;
  try {
    cut.push(readFileSync(process.argv[1]).subarray(0, -1));
    cut.end();
  } catch (error) {
    broken = error instanceof walscope.DecodeError;
  }
  console.log(JSON.stringify({ code, message, hint, isOwn, decoded, broken }));`;

/** @param {import('../setting.js').Setting} setting */
export async function run(setting) {
  const platform = setting.packed.platform.name;
  const folder = await setting.project('without-addon');
  const addon = join(folder, 'node_modules', platform, 'walscope.node');
  await rm(addon);
  await check(setting, folder, /Cannot find module/);
  await writeFile(addon, 'no library at all, but some text that is longer than a header is');
  await check(setting, folder, /invalid ELF header|file too short|not a mach-o file|not a valid/);
  await rm(join(folder, 'node_modules', platform), { recursive: true });
  await check(setting, folder, /Cannot find module/);
}

/**
 * @param {import('../setting.js').Setting} setting
 * @param {string} folder
 * @param {RegExp} loader what the loader says
 */
async function check(setting, folder, loader) {
  const args = ['--input-type=module', '--eval', PROGRAM, setting.capture];
  const { status, stdout, stderr } = await outcomeOf(process.execPath, args, { cwd: folder });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '', 'nothing is said that nobody asked for');
  const { code, message, hint, isOwn, decoded, broken } = JSON.parse(stdout);
  assert.deepEqual(decoded, setting.expected.decoded);
  assert.equal(broken, true, 'a cut capture is a DecodeError');
  assert.equal(code, 'WALSCOPE_NO_BINDING');
  assert.equal(isOwn, true);
  assert.match(message, loader);
  for (const text of [message, hint]) assert.ok(text.includes(setting.packed.platform.name), text);
  assert.match(hint, /install walscope again/);
}
