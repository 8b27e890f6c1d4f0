#!/usr/bin/env node
// Makes the tarballs that are published: `walscope`, `walscope-wasm`, and the package of the platform
// that this runs on, which has the addon and the command-line tool.
//
//   node node/pack.js [--out FOLDER]
//
// Builds addon and tool first, optimised; the wasm package is taken as `node wasm/build.js` left it.
// Only the packed copy of `walscope` names platform packages, and only those that were packed with
// it: a name that nobody owns yet would break `npm ci` here, and whoever took it would run there.

import { execFile, spawnSync } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { copyShared } from '../wasm/build/shared.js';
import { platformPackage, targetName } from './binding.js';
import { buildAddon } from './build.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
const PROGRAM = process.platform === 'win32' ? 'walscope.exe' : 'walscope';
/** Members of package.json that mean something in the repository only. */
const NOT_PUBLISHED = ['workspaces', 'scripts', 'devDependencies', 'napi'];
const EXECUTABLE = 0o755;

/**
 * @typedef {object} Packed
 * @property {string} name
 * @property {string} tarball its path
 * @property {string[]} files what is in it
 */

/**
 * Runs `npm pack`.
 * @param {string} folder of the package
 * @param {string[]} options
 * @returns {Promise<{ name: string, filename: string, files: { path: string }[] }>}
 */
async function npmPack(folder, options) {
  const args = ['pack', '--json', '--ignore-scripts', ...options];
  const { stdout } = await promisify(execFile)('npm', args, {
    cwd: folder,
    maxBuffer: 1 << 24,
    shell: process.platform === 'win32',
  });
  const packed = JSON.parse(stdout);
  // npm 11 writes an array, later ones an object by name.
  return Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
}

/**
 * @param {string} folder
 * @param {string} out
 * @returns {Promise<Packed>}
 */
async function pack(folder, out) {
  const { name, filename, files } = await npmPack(folder, ['--pack-destination', out]);
  return { name, tarball: join(out, filename), files: files.map(({ path }) => path).sort() };
}

/** @returns {Promise<any>} */
async function manifest() {
  return JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
}

/**
 * Writes the package of this platform into a folder.
 * @param {string} folder
 * @param {{ addon: string, tool: string }} parts
 */
async function writePlatformPackage(folder, { addon, tool }) {
  const { version, license, repository, engines } = await manifest();
  const target = targetName();
  const [os, cpu, libc] = target.split('-');
  const description = `The addon and the command-line tool of the package walscope, for ${target}`;
  const own = {
    name: platformPackage(target),
    version,
    description,
    license,
    repository,
    engines,
    os: [os],
    cpu: [cpu],
    ...(libc === undefined ? {} : { libc: [libc === 'gnu' ? 'glibc' : libc] }),
    main: 'walscope.node',
    files: ['walscope.node', PROGRAM],
  };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(own, null, 2)}\n`);
  await writeFile(join(folder, 'README.md'), `${description}.\n`);
  await copyFile(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  await copyFile(addon, join(folder, 'walscope.node'));
  await copyFile(tool, join(folder, PROGRAM));
  await chmod(join(folder, PROGRAM), EXECUTABLE);
}

/**
 * Writes what is published of `walscope` into a folder.
 * @param {string} folder
 */
async function writeMainPackage(folder) {
  const { files } = await npmPack(ROOT, ['--dry-run']);
  for (const { path } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(ROOT, path), join(folder, path));
  }
  const own = await manifest();
  for (const name of NOT_PUBLISHED) delete own[name];
  own.optionalDependencies = { [platformPackage(targetName())]: own.version };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(own, null, 2)}\n`);
}

/**
 * Packs the three packages.
 * @param {{ addon: string, tool: string, out: string }} parts the built files, and where to put the
 *   tarballs
 * @returns {Promise<{ main: Packed, wasm: Packed, platform: Packed }>}
 */
export async function packAll({ addon, tool, out }) {
  await mkdir(out, { recursive: true });
  const drafts = await mkdtemp(join(tmpdir(), 'walscope-pack-'));
  try {
    const [mainDraft, platformDraft] = ['main', 'platform'].map((name) => join(drafts, name));
    await Promise.all([mkdir(mainDraft), mkdir(platformDraft)]);
    await writeMainPackage(mainDraft);
    await writePlatformPackage(platformDraft, { addon, tool });
    copyShared();
    const [main, wasm, platform] = await Promise.all([
      pack(mainDraft, out),
      pack(join(ROOT, 'wasm'), out),
      pack(platformDraft, out),
    ]);
    return { main, wasm, platform };
  } finally {
    await rm(drafts, { recursive: true, force: true });
  }
}

/** @param {string} profile */
function buildTool(profile) {
  const what = ['--package', 'walscope', '--features', 'cli', '--bin', 'walscope'];
  const args = ['build', '--locked', '--profile', profile, ...what];
  const { status, error } = spawnSync('cargo', args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (error) throw new Error(`cannot run cargo: ${error.message}`);
  if (status !== 0) throw new Error(`cargo ${args.join(' ')} failed with ${status}`);
  return join(TARGET, profile, PROGRAM);
}

async function main() {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: join(TARGET, 'npm') } },
  });
  const tool = buildTool('release');
  const addon = await buildAddon('release');
  for (const { tarball } of Object.values(await packAll({ addon, tool, out: values.out }))) {
    process.stdout.write(`${tarball}\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
