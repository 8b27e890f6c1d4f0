#!/usr/bin/env node
// Builds the npm package's generated half: wasm/pkg (the modules and their glue), wasm/decoding and
// wasm/wal (the JavaScript that this package shares with the addon).
//
//   node wasm/build.js [--toolchain rustup|debian]
//   node wasm/build.js --core-only [--toolchain rustup|debian]
//
// `--core-only` builds the probe of tests/core-only for wasm32 with `core` alone as its standard
// library instead, and prints the path of the module on standard output.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { packageModule } from './build/module.js';
import { BuildError, run, say } from './build/run.js';
import { copyShared } from './build/shared.js';
import { TARGET, findToolchain, needStdSource } from './build/toolchain.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const PROBE = join(ROOT, 'tests/core-only/Cargo.toml');
// A directory of its own: cargo locks a target directory while it builds, and the addon's build may
// run at the same time.
const TARGET_DIR = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'wasm');

/**
 * Functions that are larger than this stay apart, even those that are called in one place only: what an
 * engine compiles first decides how soon it is fast, and most of it is never called.
 */
const LARGEST_INLINED = 1000;

/** The npm package's modules. */
const MODULES = [
  { name: 'walscope', feature: 'pgoutput', profile: 'wasm', optimize: ['-Oz'] },
  {
    name: 'walscope_wal',
    feature: 'wal',
    profile: 'wasm-wal',
    optimize: ['-O3', `--one-caller-inline-max-function-size=${LARGEST_INLINED}`],
  },
];

/**
 * Runs cargo for wasm32 and returns the path of the module.
 * @param {import('./build/toolchain.js').Toolchain} toolchain
 * @param {string[]} what
 * @param {string} std the crates to build as the standard library; empty takes the ready one
 * @param {string} name
 * @param {string} profile of Cargo.toml
 */
function cargoBuild(toolchain, what, std, name, profile) {
  const env = { ...toolchain.env };
  const where = ['--target', TARGET, '--target-dir', TARGET_DIR];
  const args = ['build', '--locked', '--profile', profile, ...where];
  if (std) {
    // A stable compiler takes -Z options only under this name.
    env.RUSTC_BOOTSTRAP = '1';
    args.push('-Z', `build-std=${std}`);
  }
  run(toolchain.cargo, [...args, ...what], { cwd: ROOT, env });
  return join(TARGET_DIR, TARGET, profile, `${name}.wasm`);
}

async function main() {
  const { values } = parseArgs({
    options: { 'core-only': { type: 'boolean' }, toolchain: { type: 'string' } },
  });
  const toolchain = findToolchain(values.toolchain);
  say(`building with ${toolchain.name}`);
  if (values['core-only']) {
    needStdSource(toolchain);
    const what = ['--manifest-path', PROBE];
    process.stdout.write(`${cargoBuild(toolchain, what, 'core', 'core_only_probe', 'wasm')}\n`);
    return;
  }
  const std = toolchain.buildsStd ? 'std,panic_abort' : '';
  for (const { feature, profile, ...module } of MODULES) {
    const what = ['--package', 'walscope-wasm', '--no-default-features', '--features', feature];
    await packageModule(cargoBuild(toolchain, what, std, 'walscope_wasm', profile), module);
  }
  copyShared();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
