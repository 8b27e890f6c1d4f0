// The `walscope` command, built as `cargo test` of the workspace builds it, so that nothing is
// compiled twice.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = ['build', '--locked', '--workspace', '--all-features', '--bin', 'walscope'];
const OUTPUT_LIMIT = 1 << 28;

/**
 * Runs a program to its end.
 * @param {string} program
 * @param {string[]} args
 */
export function runCommand(program, args) {
  const result = spawnSync(program, args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: OUTPUT_LIMIT,
  });
  if (result.error) throw result.error;
  return result;
}

/**
 * Builds the command.
 * @param {string[]} [options] of cargo
 * @returns {string} its path
 */
export function buildCommand(options = []) {
  const args = [...BUILD, ...options, '--message-format', 'json'];
  const { status, stdout, stderr } = runCommand('cargo', args);
  if (status !== 0) throw new Error(`cargo ${BUILD.join(' ')} failed: ${stderr}`);
  for (const line of stdout.trim().split('\n')) {
    const { executable } = JSON.parse(line);
    if (executable) return executable;
  }
  throw new Error('cargo did not say where it put walscope');
}

/**
 * What `walscope decode FILE` prints.
 * @param {string} command
 * @param {string} file
 * @param {string[]} [options]
 */
export function decodeFile(command, file, options = []) {
  const { status, stdout, stderr } = runCommand(command, ['decode', file, ...options]);
  return { failed: status !== 0, lines: stdout, problem: stderr };
}
