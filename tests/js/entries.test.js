// Every way into walscope-wasm that Node can go, each in a process of its own: the module starts
// once per process.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const CAPTURE = new URL('./fixtures/captures/prepared.walcap', import.meta.url).href;
const MODULE = new URL('../../wasm/pkg/walscope_bg.wasm', import.meta.url).href;
const BROWSER_ENTRY = new URL('../../wasm/index.js', import.meta.url).href;
const MANIFEST = new URL('../../wasm/package.json', import.meta.url);

const KINDS = ['begin', 'relation', 'insert', 'prepare'];

/**
 * What a program prints that starts the module in some way and then decodes a capture.
 * @param {string} specifier
 * @param {string} start
 */
function kinds(specifier, start) {
  const program = `
    import * as walscope from '${specifier}';
    import { readFileSync } from 'node:fs';
    ${start}
    const changes = walscope.decode(new Uint8Array(readFileSync(new URL('${CAPTURE}'))));
    console.log(JSON.stringify([...changes].map((change) => change.kind)));`;
  const args = ['--input-type=module', '--eval', program];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout).slice(0, KINDS.length);
}

test("Node's entry reads the module from the disk", () => {
  assert.deepEqual(kinds('walscope-wasm', 'await walscope.init();'), KINDS);
});

test('init may be called again and at once', () => {
  const start = 'await Promise.all([walscope.init(), walscope.init()]); await walscope.init();';
  assert.deepEqual(kinds('walscope-wasm', start), KINDS);
});

test('the inline entry has the module in it', () => {
  assert.deepEqual(kinds('walscope-wasm/inline', 'await walscope.init();'), KINDS);
});

test('initSync takes bytes or a compiled module', () => {
  const bytes = `readFileSync(new URL('${MODULE}'))`;
  assert.deepEqual(kinds(BROWSER_ENTRY, `walscope.initSync(${bytes});`), KINDS);
  const compiled = `walscope.initSync(new WebAssembly.Module(${bytes}));`;
  assert.deepEqual(kinds(BROWSER_ENTRY, compiled), KINDS);
});

test('hosts find their entry before the general ones', () => {
  const { exports } = JSON.parse(readFileSync(MANIFEST, 'utf8'));
  const order = ['types', 'workerd', 'edge-light', 'node', 'browser', 'default'];
  assert.deepEqual(Object.keys(exports['.']), order);
  assert.ok(exports['./inline']);
});
