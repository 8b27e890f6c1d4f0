// Cloudflare's runtime for Workers, which compiles no module at run time: bundled as Cloudflare's own
// tool does it (by esbuild, wasm left as a module of its own), run by npm's workerd.

import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, run as runProgram, startTool } from '../program.js';
import { tool } from '../setting.js';

export const name = 'Workers, in workerd';

/** The conditions by which Cloudflare's tool resolves packages. */
const CONDITIONS = 'workerd,worker,browser';
const WASM = 'pkg/walscope_bg.wasm';
const READY_TRIES = 3000;

/** @param {import('../setting.js').Setting} setting */
export async function run(setting) {
  const folder = await setting.project('workers', 'workers');
  const bundle = ['worker.js', '--bundle', '--format=esm', '--outfile=bundle.js'];
  const how = [`--conditions=${CONDITIONS}`, '--external:*.wasm', '--external:node:*'];
  await runProgram(tool('esbuild'), [...bundle, ...how], { cwd: folder });
  await copyFile(join(folder, 'node_modules/walscope-wasm', WASM), join(folder, 'module.wasm'));
  const port = await freePort();
  await writeFile(join(folder, 'config.capnp'), configuration(port));
  const workerd = await startTool(tool('workerd'), ['serve', '--verbose', 'config.capnp'], {
    cwd: folder,
    ready: null,
  });
  try {
    await check(setting, `http://127.0.0.1:${port}/`, workerd.said);
  } finally {
    await workerd.stop();
  }
}

/** @param {number} port */
function configuration(port) {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [
    (name = "bundle.js", esModule = embed "bundle.js"),
    (name = "${WASM}", wasm = embed "module.wasm")
  ],
  compatibilityDate = "2026-06-01"
);
`;
}

/**
 * @param {import('../setting.js').Setting} setting
 * @param {string} url
 * @param {() => string} said what workerd has printed
 */
async function check(setting, url, said) {
  const body = new Uint8Array(await setting.captureBytes());
  /** @type {Response | undefined} */
  let response;
  for (let tries = 0; response === undefined; tries += 1) {
    if (tries === READY_TRIES) throw new Error(`workerd does not answer: ${said()}`);
    await sleep(20);
    response = await fetch(url, { method: 'POST', body }).catch(() => undefined);
  }
  const text = await response.text();
  assert.equal(response.status, 200, `${text}\n${said()}`);
  const found = JSON.parse(text);
  assert.deepEqual(found.decoded, setting.expected.decoded);
  assert.equal(found.refusal, 'WALSCOPE_NO_SOCKETS');
  assert.equal(found.sameModule, true);
}
