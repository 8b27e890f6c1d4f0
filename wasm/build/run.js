// Runs one program of the build and says what failed when it does.

import { spawnSync } from 'node:child_process';

/** A failure that the user can act on: it is printed without a stack. */
export class BuildError extends Error {}

/**
 * Prints one line about what the build does now.
 * @param {string} text
 */
export function say(text) {
  process.stderr.write(`wasm: ${text}\n`);
}

/**
 * Runs a program with its output on the terminal.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 */
export function run(program, args, { cwd, env } = {}) {
  const result = spawnSync(program, args, {
    cwd,
    env: { ...process.env, ...env },
    // Standard output belongs to the caller of the build: programs report on standard error.
    stdio: ['ignore', 2, 2],
  });
  if (result.error) throw new BuildError(`cannot run ${program}: ${result.error.message}`);
  if (result.status !== 0) {
    throw new BuildError(
      `${program} ${args.join(' ')} failed with ${result.status ?? result.signal}`,
    );
  }
}

/**
 * Runs a program and returns what it wrote, or null when it is missing or failed.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, timeout?: number }} [options]
 * @returns {string | null}
 */
export function ask(program, args, { cwd, env, timeout } = {}) {
  const result = spawnSync(program, args, {
    cwd,
    env: { ...process.env, ...env },
    timeout,
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
  return result.error || result.status !== 0 ? null : result.stdout.trim();
}
