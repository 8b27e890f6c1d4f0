// Runs the programs of a step with their output on the terminal.

import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A failure that needs no stack: its message says what to do. */
export class StepError extends Error {}

/**
 * Runs a program to its end.
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
    });
    child.on('error', (cause) => {
      reject(new StepError(`cannot run ${program}: ${cause.message}`, { cause }));
    });
    child.on('exit', (code, signal) => {
      if (code === 0) return resolve();
      const shown = [program, ...args].slice(0, 6).join(' ');
      reject(new StepError(`${shown} failed with ${code ?? signal}`));
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
