// npm run demo ends well, and leaves nothing however it ends.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DEMO = fileURLToPath(new URL('index.js', import.meta.url));

/**
 * Runs the demo; `onOutput` sees all that it has printed so far.
 * @param {number} seconds
 * @param {(output: string, child: import('node:child_process').ChildProcess) => void} [onOutput]
 */
async function runDemo(seconds, onOutput) {
  const child = spawn(process.execPath, [DEMO, '--seconds', String(seconds)]);
  let output = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    onOutput?.(output, child);
  });
  const [code] = await once(child, 'close');
  return { code, output, errors };
}

/** @param {string} output */
function assertNothingLeft(output) {
  const [, pid, folder] = /process (\d+), folder (\S+)/.exec(output) ?? [];
  assert.ok(pid && folder, `no server in:\n${output}`);
  assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' });
  assert.ok(!existsSync(folder), `${folder} is still there`);
}

test('the demo streams what it writes and leaves nothing', async () => {
  const { code, output, errors } = await runDemo(1);
  assert.equal(code, 0, errors);
  for (const kind of ['insert', 'update', 'delete']) {
    assert.match(output, new RegExp(`^[0-9A-F]+/[0-9A-F]+ +${kind} +orders  id=`, 'm'));
  }
  assert.match(output, /^ {3}rows +[1-9]\d* \(/m);
  assert.match(output, /^ {3}transactions +[1-9]/m);
  assert.match(output, /^ {3}bytes +[1-9]/m);
  assert.match(output, /^ {3}seconds +[1-9]/m);
  assert.ok(!output.includes('\x1b'), 'colours are for terminals');
  assertNothingLeft(output);
});

test('an interrupted demo leaves nothing', async () => {
  let interrupted = false;
  const { code, output } = await runDemo(60, (text, child) => {
    if (interrupted || !text.includes('insert')) return;
    interrupted = child.kill('SIGINT');
  });
  assert.equal(code, 130);
  assertNothingLeft(output);
});
