// Next.js: a route handler that streams, with walscope as an external package, built and started.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, run as runProgram, startTool } from '../program.js';
import { HERE, npmInstall } from '../setting.js';

export const name = 'Next.js, with walscope as an external package';
export const slow = true;

/** @param {import('../setting.js').Setting} setting */
export async function run(setting) {
  const { devDependencies } = JSON.parse(await readFile(join(HERE, 'package.json'), 'utf8'));
  const { next, react, 'react-dom': dom } = devDependencies;
  // Installed anew: Next.js follows no links that lead out of its folder.
  const folder = await setting.emptyProject('next', {
    dependencies: { ...setting.dependencies, next, react, 'react-dom': dom },
  });
  await setting.place(folder, 'next');
  await npmInstall(folder);
  const program = join(folder, 'node_modules/.bin/next');
  const env = { NEXT_TELEMETRY_DISABLED: '1' };
  await runProgram(program, ['build'], { cwd: folder, env });
  const port = await freePort();
  const server = await startTool(program, ['start', '-H', '127.0.0.1', '-p', String(port)], {
    cwd: folder,
    env: { ...env, ...setting.task },
    ready: /Ready in/,
  });
  try {
    const response = await fetch(`http://127.0.0.1:${port}/lines`);
    const text = await response.text();
    assert.equal(response.status, 200, `${text}\n${server.said()}`);
    const found = JSON.parse(text);
    assert.deepEqual(found.decoded, setting.expected.decoded);
    assert.deepEqual(found.streamed, setting.expected.streamed);
  } finally {
    await server.stop();
  }
}
