// walscope-core without any feature, built for wasm32 with `core` alone as its standard library,
// decodes.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('../../wasm/build.js', import.meta.url));

const BEGIN = bytes('42 0000000001 5287A8 0002F95B7D123456 000002E6');
// Relation 16384, new tuple of three columns: text "42", NULL, text "Ada".
const INSERT = bytes('49 00004000 4E 0003 74 00000002 3432 6E 74 00000003 416461');

/** @param {string} hex */
function bytes(hex) {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

async function buildProbe() {
  const built = spawnSync(process.execPath, [BUILD, '--core-only'], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  const module = await WebAssembly.compile(readFileSync(built.stdout.trim()));
  assert.deepEqual(WebAssembly.Module.imports(module), [], 'it needs nothing of its host');
  const { exports } = await WebAssembly.instantiate(module);
  return /** @type {any} */ (exports);
}

test('core without std or alloc decodes on wasm32', async () => {
  const probe = await buildProbe();
  /** @param {Uint8Array} message */
  const put = (message) => {
    new Uint8Array(probe.memory.buffer, probe.input()).set(message);
    return message.length;
  };
  assert.equal(probe.begin_commit_lsn(put(BEGIN)), 0x15287a8n);
  assert.equal(probe.begin_commit_lsn(put(BEGIN.subarray(0, 20))), 0n, 'a cut Begin is none');
  assert.equal(probe.insert_text_bytes(put(INSERT)), 5);
  assert.equal(probe.insert_text_bytes(put(INSERT.subarray(0, -1))), -1, 'a cut Insert is none');
});
