#!/usr/bin/env node
// Builds the addon and puts it where node/binding.js looks for it.
//
//   node node/build.js [--profile release|demo]
//
// `demo` is the profile of `npm run demo` and of the tests: no link-time optimisation.

import { spawn } from 'node:child_process';
import { copyFile, rename } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { targetName } from './binding.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const CRATE = 'walscope-node';
const LIBRARY = 'walscope_node';

function addonPath() {
  return fileURLToPath(new URL(`walscope.${targetName()}.node`, import.meta.url));
}

/**
 * Runs cargo and resolves to the path of the library, which depends on the platform and on the
 * user's settings: cargo says it in its messages.
 * @param {string} profile
 * @returns {Promise<string>}
 */
async function cargoBuild(profile) {
  const args = ['build', '--locked', '--package', CRATE, '--profile', profile];
  const child = spawn('cargo', [...args, '--message-format', 'json-render-diagnostics'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => {
    child.on('error', resolve).on('close', resolve);
  });
  let library = '';
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line);
    if (message.reason !== 'compiler-artifact' || message.target.name !== LIBRARY) continue;
    library = message.filenames[0];
  }
  const code = await ended;
  if (code instanceof Error) throw new Error(`cannot run cargo: ${code.message}`);
  if (code !== 0) throw new Error(`cargo build --package ${CRATE} failed with ${code}`);
  if (!library) throw new Error(`cargo did not say where the library of ${CRATE} is`);
  return library;
}

/**
 * Builds the addon and returns its path.
 * @param {string} profile of Cargo.toml
 */
export async function buildAddon(profile) {
  const library = await cargoBuild(profile);
  const path = addonPath();
  // Renamed into place: a program that runs with the old addon keeps its file.
  await copyFile(library, `${path}.new`);
  await rename(`${path}.new`, path);
  return path;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { profile: { type: 'string', default: 'release' } } });
  buildAddon(values.profile).then(
    (path) => process.stdout.write(`${path}\n`),
    (error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    },
  );
}
