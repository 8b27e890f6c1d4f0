// Runs a program to its end and hands back what it printed.

import { spawn } from 'node:child_process';

/** How much of a failed program's output an error quotes. */
const QUOTED_LINES = 20;

/**
 * The last lines of a text, indented, to be quoted in an error.
 * @param {string} text
 */
export function quoteTail(text) {
  const lines = text.trimEnd().split('\n').slice(-QUOTED_LINES);
  return lines.map((line) => `    ${line}`).join('\n');
}

/**
 * Runs a program and resolves to its output, standard output and standard error together.
 * @param {string} program
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions & { input?: string }} [options]
 * @returns {Promise<string>}
 */
export function capture(program, args, { input, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));
    // A program that ends without reading its input is judged by its exit code, not by the pipe.
    child.stdin?.on('error', () => {}).end(input ?? '');
    child.on('error', (cause) => {
      reject(new Error(`cannot run ${program}: ${cause.message}`, { cause }));
    });
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const how = signal ? `was ended by ${signal}` : `exited with ${code}`;
      reject(new Error(`${program} ${how}:\n${quoteTail(output)}`));
    });
  });
}
