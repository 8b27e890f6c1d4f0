// What the packaging tests share: the tarballs, a project that has them installed, a server with
// changes, and what the command-line tool built by cargo makes of these.

import assert from 'node:assert/strict';
import { cp, link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { targetName } from '../../node/binding.js';
import { packAll } from '../../node/pack.js';
import { buildCommand } from '../browser/command.js';
import { startServer } from '../harness/postgres.js';
import { run } from './program.js';

export const HERE = fileURLToPath(new URL('.', import.meta.url));
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CAPTURE = join(ROOT, 'tests/js/fixtures/captures/values.walcap');

/** The slot that all hosts read and none confirms. */
const SLOT = 'packaging';
/** One with the same changes, for a test that confirms. */
export const CONFIRMED_SLOT = 'confirmed';
export const PUBLICATION = 'packaging';
const TRANSACTIONS = [
  "INSERT INTO users VALUES (1, 'a@b', 9007199254740993), (2, NULL, -1)",
  "UPDATE users SET email = 'Grüße, 👋' WHERE id = 2",
  'DELETE FROM users WHERE id = 1',
];

/**
 * The program of a tool of tests/packaging.
 * @param {string} name
 */
export function tool(name) {
  return join(HERE, 'node_modules/.bin', name);
}

export class Setting {
  capture = CAPTURE;
  /** What each host has to find, as the cargo-built tool prints it. */
  expected = { decoded: [''], streamed: [''] };
  /** The command-line tool that cargo built. */
  command = '';
  /** @type {Awaited<ReturnType<typeof packAll>>} */
  packed = /** @type {any} */ (null);
  /** @type {any} */
  server;
  #folder = '';

  async start() {
    // Outside the tree, where nobody finds what the tree has installed.
    this.#folder = await mkdtemp(join(tmpdir(), 'walscope-packaging-'));
    // An optimised one, say, where somebody has it.
    this.command = process.env.WALSCOPE_COMMAND ?? buildCommand();
    const addon = join(ROOT, `node/walscope.${targetName()}.node`);
    const out = join(this.#folder, 'tarballs');
    this.packed = await packAll({ addon, tool: this.command, out });
    await this.#install();
    await this.#startServer();
    const decoded = await this.#lines(['decode', this.capture]);
    const streamed = await this.#lines(
      ['stream', this.server.url(), '--slot', SLOT, '--publication', PUBLICATION].concat([
        '--until',
        'now',
        '--ack',
        'none',
      ]),
    );
    this.expected = { decoded, streamed };
  }

  async stop() {
    await this.server?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** @param {string[]} args */
  async #lines(args) {
    return (await run(this.command, args, { cwd: this.#folder })).trimEnd().split('\n');
  }

  /** The three tarballs, as a project's dependencies. */
  get dependencies() {
    const all = Object.values(this.packed);
    return Object.fromEntries(all.map(({ name, tarball }) => [name, `file:${tarball}`]));
  }

  async #install() {
    const folder = await this.emptyProject('installed', { dependencies: this.dependencies });
    await npmInstall(folder);
  }

  async #startServer() {
    this.server = await startServer({ major: 18 });
    await this.server.sql('CREATE TABLE users (id int PRIMARY KEY, email text, score bigint)');
    await this.server.sql(`CREATE PUBLICATION ${PUBLICATION} FOR TABLE users`);
    for (const slot of [SLOT, CONFIRMED_SLOT]) {
      await this.server.sql(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    }
    for (const sql of TRANSACTIONS) await this.server.sql(sql);
  }

  /**
   * A project in a folder of its own, with nothing installed.
   * @param {string} name
   * @param {object} manifest
   */
  async emptyProject(name, manifest) {
    const folder = join(this.#folder, name);
    await mkdir(folder);
    const own = { name: `${name}-project`, version: '1.0.0', private: true, ...manifest };
    await writeFile(join(folder, 'package.json'), JSON.stringify(own));
    await cp(join(HERE, 'consumer.mjs'), join(folder, 'consumer.mjs'));
    return folder;
  }

  /**
   * A project that has the packages installed by npm, and the files of a host's folder `app`.
   * @param {string} name
   * @param {string} [host]
   */
  async project(name, host) {
    const folder = await this.emptyProject(name, { dependencies: this.dependencies });
    await this.#copyModules(join(folder, 'node_modules'));
    if (host !== undefined) await this.place(folder, host);
    return folder;
  }

  /**
   * Copies what is installed; the platform's large files are links to one and the same.
   * @param {string} folder
   */
  async #copyModules(folder) {
    const modules = join(this.#folder, 'installed/node_modules');
    const platform = this.packed.platform.name;
    await cp(modules, folder, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith(platform),
    });
    await mkdir(join(folder, platform));
    for (const file of await readdir(join(modules, platform))) {
      await link(join(modules, platform, file), join(folder, platform, file));
    }
  }

  /**
   * @param {string} folder
   * @param {string} host whose folder `app` is copied there
   */
  async place(folder, host) {
    await cp(join(HERE, host, 'app'), folder, { recursive: true });
  }

  /** What consumer.mjs is told, as environment variables. */
  get task() {
    const source = { url: this.server.url(), slot: SLOT, publication: PUBLICATION };
    const transactions = TRANSACTIONS.length;
    const task = { capture: this.capture, source: { ...source, transactions } };
    return { WALSCOPE_TASK: JSON.stringify(task) };
  }

  /** @returns {Promise<Buffer>} */
  captureBytes() {
    return readFile(this.capture);
  }

  /**
   * Runs a program that ends with `report()`, and compares what it found.
   * @param {string} program
   * @param {string[]} args
   * @param {import('./program.js').Options} options
   * @returns {Promise<any>} all that it reported
   */
  async check(program, args, { cwd, env = {} }) {
    const printed = await run(program, args, { cwd, env: { ...this.task, ...env } });
    const found = JSON.parse(printed.trim().split('\n').at(-1) ?? '');
    assert.deepEqual(found.decoded, this.expected.decoded);
    assert.deepEqual(found.streamed, this.expected.streamed);
    return found;
  }
}

/** @param {string} folder */
export async function npmInstall(folder) {
  const quiet = ['--no-audit', '--no-fund', '--loglevel', 'error'];
  await run('npm', ['install', '--ignore-scripts', '--prefer-offline', ...quiet], { cwd: folder });
}
