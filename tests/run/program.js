// Runs the programs of a step with their output on the terminal.

import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A failure that needs no stack: its message says what to do. */
export class StepError extends Error {}

/** Far longer than any program of a step takes from cold: what still runs then hangs. */
const LONGEST_MINUTES = 40;

/**
 * Runs a program to its end, and ends it where it hangs, so that the steps after it run and the
 * summary says which it was.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<void>}
 */
export function run(program, args, { cwd = ROOT, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: LONGEST_MINUTES * 60_000,
    });
    child.on('error', (cause) => {
      reject(new StepError(`cannot run ${program}: ${cause.message}`, { cause }));
    });
    child.on('exit', (code, signal) => {
      if (code === 0) return resolve();
      const shown = [program, ...args].slice(0, 6).join(' ');
      const why = child.killed
        ? `hung for ${LONGEST_MINUTES} minutes`
        : `failed with ${code ?? signal}`;
      reject(new StepError(`${shown} ${why}`));
    });
  });
}

/**
 * What a program prints, or null when it is missing or fails.
 * @param {string} program
 * @param {string[]} args
 */
export function ask(program, args) {
  const { error, status, stdout } = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return error || status !== 0 ? null : stdout.trim();
}
