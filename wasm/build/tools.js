// The two programs that turn cargo's output into the package, built or fetched once and cached.

import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cacheRoot, keepOnce } from '../../tests/harness/cache.js';
import { BuildError, run, say } from './run.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NPM_TOOLS = fileURLToPath(new URL('../tools/', import.meta.url));

/**
 * wasm-bindgen's command-line tool, of the very version of the crate: another one cannot read what
 * the crate wrote.
 * @returns {Promise<{ version: string, program: string }>}
 */
export async function wasmBindgen() {
  const version = lockedVersion('wasm-bindgen');
  const entry = join(cacheRoot(), `wasm-bindgen-cli-${version}`);
  const directory = await keepOnce(entry, async (draft) => {
    say(`building wasm-bindgen-cli ${version} (two minutes, once)`);
    const target = join(draft, 'target');
    // Not `--locked`: the versions in its lock file are newer than what some registries mirror.
    const source = ['wasm-bindgen-cli', '--version', version];
    run('cargo', ['install', ...source, '--root', draft, '--target-dir', target], { cwd: draft });
    rmSync(target, { recursive: true });
  });
  return { version, program: join(directory, 'bin', 'wasm-bindgen') };
}

/**
 * The version of a crate in Cargo.lock.
 * @param {string} crate
 */
function lockedVersion(crate) {
  const lock = readFileSync(join(ROOT, 'Cargo.lock'), 'utf8');
  const version = new RegExp(`name = "${crate}"\nversion = "([^"]+)"`).exec(lock)?.[1];
  if (!version) throw new BuildError(`Cargo.lock names no version of ${crate}`);
  return version;
}

/**
 * binaryen's optimizer, from npm.
 * @returns {Promise<{ version: string, script: string }>}
 */
export async function wasmOpt() {
  const manifest = JSON.parse(readFileSync(join(NPM_TOOLS, 'package.json'), 'utf8'));
  const version = manifest.devDependencies.binaryen;
  const directory = await keepOnce(join(cacheRoot(), `binaryen-${version}`), async (draft) => {
    say(`fetching binaryen ${version} from npm`);
    for (const file of ['package.json', 'package-lock.json']) {
      copyFileSync(join(NPM_TOOLS, file), join(draft, file));
    }
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: draft });
  });
  return { version, script: join(directory, 'node_modules/binaryen/bin/wasm-opt') };
}
