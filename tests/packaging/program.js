// Runs programs of the packaging tests: to their end, or until they serve.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** How much of what a tool said an error quotes. */
const QUOTED = 4000;
const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 5_000;

/**
 * @typedef {object} Outcome
 * @property {number | null} status
 * @property {NodeJS.Signals | null} signal
 * @property {string} stdout
 * @property {string} stderr
 *
 * @typedef {object} Options
 * @property {string} cwd
 * @property {Record<string, string | undefined>} [env]
 */

/** What a developer's own settings must not change. */
const QUIET = {
  CI: '1',
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
  NODE_OPTIONS: undefined,
  NODE_TEST_CONTEXT: undefined,
};

/**
 * Runs a program to its end, whatever that is.
 * @param {string} program
 * @param {string[]} args
 * @param {Options} options
 * @returns {Promise<Outcome>}
 */
export async function outcomeOf(program, args, { cwd, env = {} }) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...QUIET, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const [status, signal] = await once(child, 'close');
  return { status, signal, stdout, stderr };
}

/**
 * What a program prints that has to succeed.
 * @param {string} program
 * @param {string[]} args
 * @param {Options} options
 * @returns {Promise<string>}
 */
export async function run(program, args, options) {
  const { status, signal, stdout, stderr } = await outcomeOf(program, args, options);
  if (status === 0) return stdout;
  const said = `${stdout}\n${stderr}`.trim().slice(-QUOTED);
  throw new Error(`${program} ${args.join(' ')} ended with ${signal ?? status}:\n${said}`);
}

/** @returns {Promise<number>} */
export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  probe.close();
  return port;
}

/**
 * Starts a tool that serves, and waits until it says so; null waits for nothing.
 * @param {string} program
 * @param {string[]} args
 * @param {Options & { ready: RegExp | null }} options
 * @returns {Promise<{ said: () => string, stop: () => Promise<void> }>}
 */
export async function startTool(program, args, { cwd, env = {}, ready }) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...QUIET, ...env },
    // A process group of its own: such tools start others, and all of them have to end.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const exited = once(child, 'exit').catch(() => {});
  const stop = () => stopGroup(child, exited);
  const serving = new Promise((resolve, reject) => {
    const listen = (/** @type {string} */ text) => {
      said += text;
      if (ready?.test(said)) resolve(null);
    };
    child.stdout.setEncoding('utf8').on('data', listen);
    child.stderr.setEncoding('utf8').on('data', listen);
    const fail = (/** @type {string} */ how) =>
      reject(new Error(`${program} ${args.join(' ')} ${how}:\n${said.slice(-QUOTED)}`));
    child.on('error', (error) => fail(error.message));
    child.on('exit', (code) => fail(`ended with ${code}`));
    if (ready === null) resolve(null);
    setTimeout(fail, READY_TIMEOUT_MS, 'did not get ready').unref();
  });
  try {
    await serving;
  } catch (error) {
    await stop();
    throw error;
  }
  return { said: () => said, stop };
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {Promise<unknown>} exited
 */
async function stopGroup(child, exited) {
  const end = (/** @type {NodeJS.Signals} */ signal) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has ended by itself.
    }
  };
  end('SIGTERM');
  const late = setTimeout(end, STOP_TIMEOUT_MS, 'SIGKILL');
  await exited;
  clearTimeout(late);
  end('SIGKILL');
}
