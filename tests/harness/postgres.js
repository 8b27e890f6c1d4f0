// PostgreSQL servers for tests: started from a template in a moment, gone without a trace.
//
//   const server = await startServer({ major: 15 });
//   await server.sql('CREATE TABLE t (id int PRIMARY KEY)');
//   … server.url() …
//   await server.stop();
//
// Where the machine has a server of its own, WALSCOPE_TEST_URL points `startServer()` there, if
// nothing is asked that only a server of the test's own can give: see external.js.

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { capture, quoteTail } from './command.js';
import { configure } from './configuration.js';
import { ExternalServer } from './external.js';
import { install, MAJORS, PASSWORD } from './install.js';
import { serverEnvironment } from './owner.js';
import { openClient } from './sql.js';

export { MAJORS, PASSWORD };

/** The server of a test that does not say which. */
const NEWEST = 18;
/** How often another port is tried when somebody took the one that was free. */
const PORT_TRIES = 5;
const START_TIMEOUT_MS = 180_000;
/** How long connections may take to end before they are cut. */
const FAST_STOP_MS = 5_000;
const POLL_MS = 10;
const GUARD = fileURLToPath(new URL('guard.sh', import.meta.url));

/**
 * @typedef {object} ServerOptions
 * @property {import('./install.js').Major} [major] 18 when left out
 * @property {import('./configuration.js').Settings} [settings] of postgresql.conf
 * @property {string[]} [hba] lines of pg_hba.conf before the harness's own
 * @property {boolean | { names: string[] }} [tls] a certificate for localhost and 127.0.0.1, or
 *   for other names
 * @property {(dataDir: string) => Promise<unknown>} [make] makes the data directory instead of the
 *   template: a backup. What it makes beside it is the server's too
 */

/**
 * @typedef {object} UrlParts
 * @property {string} [user]
 * @property {string} [password]
 * @property {string} [host]
 * @property {string} [database]
 * @property {Record<string, string>} [parameters] such as sslmode
 */

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}

/** A server of the test's own. */
export class Server {
  host = '127.0.0.1';
  port = 0;
  /** @type {{ caFile: string, otherCaFile: string } | null} */
  tls = null;
  /** @type {import('node:child_process').ChildProcess | null} */
  #process = null;
  /** @type {Promise<void>} */
  #exited = Promise.resolve();
  /** @type {import('node:child_process').ChildProcess} */
  #guard;
  /** @type {Promise<import('pg').Client> | null} */
  #client = null;
  #installed;

  /**
   * @param {import('./install.js').Installed} installed
   * @param {string} folder
   */
  constructor(installed, folder) {
    this.#installed = installed;
    this.major = installed.major;
    /** Everything of this server, its socket too; gone after `stop()`. */
    this.folder = folder;
    this.dataDir = join(folder, 'data');
    this.logFile = join(folder, 'log');
    this.#guard = spawn('/bin/sh', [GUARD, folder], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#guard.unref();
    const input = /** @type {import('node:net').Socket} */ (this.#guard.stdin);
    input.on('error', () => {}).unref();
  }

  /** The process id of the server that runs; undefined when it is stopped. */
  get pid() {
    return this.#process?.pid;
  }

  /** @param {ServerOptions} options */
  async prepare({ settings, hba, tls = false, make }) {
    const { template, owner } = this.#installed;
    if (owner) await chown(this.folder, owner.uid, owner.gid);
    await chmod(this.folder, 0o755);
    if (make) await make(this.dataDir);
    else await capture('cp', ['-R', template, this.dataDir], { cwd: '/', ...owner });
    const names = tls === true ? ['localhost', '127.0.0.1'] : tls ? tls.names : null;
    const { folder, dataDir } = this;
    this.tls = await configure({ folder, dataDir, owner, settings, hba, tlsNames: names });
    if (make && owner) await capture('chown', ['-R', `${owner.uid}:${owner.gid}`, folder]);
  }

  /** Starts the server on a free port. */
  async start() {
    for (let tries = 1; ; tries++) {
      this.port = await freePort();
      if (await this.#startOnPort()) return;
      if (tries === PORT_TRIES) throw new Error(`no free port in ${tries} tries`);
    }
  }

  /** @returns {Promise<boolean>} false when somebody has the port */
  async #startOnPort() {
    const before = await this.log();
    this.#spawn();
    const ready = await this.#waitUntilReady();
    if (ready) return true;
    const said = (await this.log()).slice(before.length);
    if (said.includes('Address already in use')) return false;
    throw new Error(`PostgreSQL ${this.major} did not start:\n${quoteTail(said)}`);
  }

  #spawn() {
    const { bin, owner } = this.#installed;
    const log = openSync(this.logFile, 'a');
    const args = ['-D', this.dataDir, '-p', String(this.port)];
    const child = spawn(join(bin, 'postgres'), args, {
      cwd: this.folder,
      env: serverEnvironment(),
      // An interrupt at the terminal is for the test, which then stops its server in order.
      detached: true,
      stdio: ['ignore', log, log],
      ...owner,
    });
    closeSync(log);
    // A test that forgot to stop its server ends all the same; the guard stops it then.
    child.unref();
    this.#process = child;
    this.#exited = new Promise((resolve) => {
      const ended = () => {
        this.#process = null;
        this.#tellGuard('none');
        resolve();
      };
      child.on('exit', ended).on('error', ended);
    });
    if (child.pid) this.#tellGuard(String(child.pid));
  }

  /** The server says in its lock file when it takes connections, so nobody has to try. */
  async #waitUntilReady() {
    const lockFile = join(this.dataDir, 'postmaster.pid');
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (this.#process) {
      const lines = (await readFile(lockFile, 'utf8').catch(() => '')).split('\n');
      if (Number(lines[0]) === this.pid && lines[7]?.trim() === 'ready') return true;
      if (Date.now() > deadline) await this.kill();
      await sleep(POLL_MS);
    }
    return false;
  }

  /** @param {string} word */
  #tellGuard(word) {
    this.#guard.stdin?.write(`${word}\n`);
  }

  /** @param {NodeJS.Signals} signal */
  async #end(signal) {
    const child = this.#process;
    if (!child) return;
    child.ref();
    child.kill(signal);
    const cut = setTimeout(() => child.kill('SIGQUIT'), FAST_STOP_MS);
    await this.#exited;
    clearTimeout(cut);
  }

  /** What the server has written to its log. */
  async log() {
    return readFile(this.logFile, 'utf8').catch(() => '');
  }

  /**
   * A connection string. Roles: postgres and scram_user (SCRAM), md5_user, password_user (the
   * password in the clear), trust_user.
   * @param {UrlParts} [parts]
   */
  url({ user = 'postgres', password = PASSWORD, host = this.host, ...rest } = {}) {
    const { database = 'postgres', parameters = {} } = rest;
    const query = new URLSearchParams(parameters).toString();
    const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
    const path = encodeURIComponent(database);
    return `postgres://${login}@${host}:${this.port}/${path}${query ? `?${query}` : ''}`;
  }

  /**
   * A new connection of node-postgres, over the socket; whoever asks for it ends it.
   * @param {string} [database]
   * @returns {Promise<import('pg').Client>}
   */
  client(database = 'postgres') {
    return openClient({ host: this.folder, port: this.port, user: 'postgres', database });
  }

  /**
   * Runs SQL as superuser in the database `postgres`, on a connection that the server keeps.
   * @param {string} text
   * @param {unknown[]} [values]
   * @returns {Promise<any[]>} the rows, of the last statement when there are several
   */
  async sql(text, values) {
    this.#client ??= this.client();
    const result = await (await this.#client).query(text, values);
    return (Array.isArray(result) ? result[result.length - 1] : result).rows;
  }

  async #closeClient() {
    const client = this.#client;
    this.#client = null;
    // A connection that the server has cut is closed already.
    await client?.then((open) => open.end()).catch(() => {});
  }

  /** Stops the server in order and starts it again on the same port. */
  async restart() {
    await this.#closeClient();
    await this.#end('SIGINT');
    if (!(await this.#startOnPort())) throw new Error(`port ${this.port} was taken meanwhile`);
  }

  /** Stops the server as a crash would; `restart()` then recovers it. */
  async kill() {
    await this.#end('SIGQUIT');
    await this.#closeClient();
  }

  /** Stops the server and removes all it had. */
  async stop() {
    await this.#closeClient();
    await this.#end('SIGINT');
    await rm(this.folder, { recursive: true, force: true });
    this.#tellGuard('done');
    this.#guard.stdin?.end();
  }
}

/**
 * Starts a server.
 * @param {ServerOptions} [options]
 * @returns {Promise<Server>}
 */
export async function startServer(options = {}) {
  const external = process.env.WALSCOPE_TEST_URL;
  if (external && Object.keys(options).length === 0) {
    return /** @type {Promise<any>} */ (ExternalServer.open(external));
  }
  const installed = await install(options.major ?? NEWEST);
  const folder = await mkdtemp(join(installed.parent, 'walscope-'));
  const server = new Server(installed, folder);
  try {
    await server.prepare(options);
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}
