#!/usr/bin/env node
/**
 * The command-line tool `walscope`, as npm installs it: runs the program that the platform's package
 * carries, as if it had been called itself.
 */

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { platformPackage, targetName } from './binding.js';

const require = createRequire(import.meta.url);

/** What asks the tool to end. It does so in order, after it has confirmed what it printed. */
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

const PROGRAM = process.platform === 'win32' ? 'walscope.exe' : 'walscope';

/** The exit code of the tool itself when it cannot do what it was asked. */
const FAILED = 1;

/** @param {string} packageName */
function findProgram(packageName) {
  return join(dirname(require.resolve(`${packageName}/package.json`)), PROGRAM);
}

/**
 * @param {string} packageName
 * @param {unknown} error
 */
function giveUp(packageName, error) {
  const reason = String(/** @type {any} */ (error)?.message ?? error).split('\n', 1)[0];
  process.stderr.write(
    `walscope: the command-line tool cannot be run; the package ${packageName} brings it (${reason})\n` +
      `walscope: install walscope again without --omit=optional, so that npm brings ${packageName}; ` +
      'or build it in a checkout of the repository: cargo install --path native --features cli\n',
  );
  process.exitCode = FAILED;
}

/** @param {string} program */
function start(program) {
  const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
  for (const signal of SIGNALS) {
    // Without a listener the signal would end this process and leave the tool behind. A Ctrl-C that
    // a terminal has sent to both reaches the tool twice, which is once to it.
    process.on(signal, () => child.kill(signal));
  }
  return child;
}

/** @param {NodeJS.Signals} signal */
function endBy(signal) {
  for (const name of SIGNALS) process.removeAllListeners(name);
  process.kill(process.pid, signal);
}

function main() {
  const packageName = platformPackage(targetName());
  try {
    const child = start(findProgram(packageName));
    child.on('error', (error) => giveUp(packageName, error));
    child.on('exit', (code, signal) => {
      if (signal !== null) endBy(signal);
      else process.exitCode = code ?? FAILED;
    });
  } catch (error) {
    giveUp(packageName, error);
  }
}

main();
