// An example as a user has it: a file in a folder of its own, beside the packages that it names, run
// by node as a process.

import { spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startServer } from '../../harness/postgres.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Where the packages are that examples name. */
const PACKAGES = {
  walscope: ROOT,
  pg: join(ROOT, 'node_modules/pg'),
  libsql: join(ROOT, 'tests/node_modules/libsql'),
  minisearch: join(ROOT, 'tests/node_modules/minisearch'),
};
/** How long something may take that a test waits for. */
const PATIENCE_MS = 120_000;
const POLL_MS = 20;

/**
 * A server with what the example needs, and a folder for it; both are there while the tests of a file
 * run.
 * @param {string} name of the example
 * @param {string[]} statements SQL, each in a transaction of its own
 */
export function withExample(name, ...statements) {
  const setting = new Setting(name);
  before(() => setting.start(statements));
  after(() => setting.stop());
  return setting;
}

class Setting {
  /** @type {import('../../harness/postgres.js').Server} */
  server = /** @type {any} */ (null);
  folder = '';
  /** Where an example listens that does; 0: wherever it is free. */
  port = 0;
  #name;
  /** @type {Program[]} */
  #programs = [];

  /** @param {string} name */
  constructor(name) {
    this.#name = name;
  }

  /** @param {string[]} statements */
  async start(statements) {
    this.server = await startServer({ major: 18 });
    for (const statement of statements) await this.server.sql(statement);
    this.folder = await mkdtemp(join(tmpdir(), 'walscope-example-'));
    await writeFile(join(this.folder, 'package.json'), '{ "type": "module" }');
    await copyFile(join(ROOT, 'node/examples', this.#name), join(this.folder, this.#name));
    await mkdir(join(this.folder, 'node_modules'));
    for (const [name, path] of Object.entries(PACKAGES)) {
      await symlink(path, join(this.folder, 'node_modules', name));
    }
  }

  async stop() {
    for (const program of this.#programs) await program.kill();
    await this.server?.stop();
    if (this.folder) await rm(this.folder, { recursive: true });
  }

  /**
   * Starts the example on the server.
   * @param {...string} more arguments after the connection string
   */
  run(...more) {
    const path = join(this.folder, this.#name);
    const args = [path, this.server.url(), ...more];
    const program = new Program(args, { cwd: this.folder, port: this.port });
    this.#programs.push(program);
    return program;
  }

  /**
   * Waits until nobody reads from a slot: the server notices a closed socket a little later.
   * @param {string} slot
   */
  async idle(slot) {
    const query = `SELECT 1 FROM pg_replication_slots WHERE slot_name = '${slot}' AND active`;
    await until(`nobody reads from ${slot}`, async () => !(await this.server.sql(query)).length);
  }
}

/** A process of node. */
export class Program {
  /** What it has printed. */
  output = '';
  errors = '';
  #child;
  /** @type {Promise<number | null>} */
  #ended;
  #running = true;

  /**
   * @param {string[]} args
   * @param {{ cwd: string, port: number }} where
   */
  constructor(args, { cwd, port }) {
    this.#child = spawn(process.execPath, args, {
      cwd,
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text) => (this.output += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text) => (this.errors += text));
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        this.#running = false;
        resolve(code);
      });
    });
  }

  /**
   * Waits until the output has something.
   * @param {RegExp} pattern
   * @param {'output' | 'errors'} [stream]
   * @returns {Promise<RegExpMatchArray>}
   */
  async prints(pattern, stream = 'output') {
    return until(`${pattern} in the ${stream}`, () => {
      const found = this[stream].match(pattern);
      if (found === null && !this.#running) throw new Error(`it ended: ${this.#said()}`);
      return found;
    });
  }

  /** Interrupts it as Ctrl-C does; it has to end in order. */
  async interrupt() {
    this.#child.kill('SIGINT');
    const code = await this.#ended;
    if (code !== 0) throw new Error(`it ended with ${code}: ${this.#said()}`);
  }

  /** Kills it; it cannot do anything about that. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Waits for its end, which it comes to by itself. */
  async end() {
    await until('its end', () => !this.#running);
    return { code: await this.#ended, errors: this.errors };
  }

  #said() {
    return `\n${this.output}\n${this.errors}`;
  }
}

/**
 * Waits until something is there.
 * @template T
 * @param {string} what
 * @param {() => Promise<T> | T} look null or false: not yet
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, look) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not in ${PATIENCE_MS / 1000} s: ${what}`);
    await sleep(POLL_MS);
  }
}
