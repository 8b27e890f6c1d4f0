#!/usr/bin/env node
// Reading the log, beside Debian's pg_waldump 15:
//
//   cargo build --release --bin walscope --features cli
//   node tests/bench/waldump/index.js [--megabytes 256] [--rounds 5]
//
// A server of version 15 writes the log: inserts, updates, deletes, indexes, COPY-like loads. Both read
// the same segments and write to /dev/null; they take turns. Before that, the outputs are compared.
// Printed is the median of user and system time, and of wall time, with minimum and maximum; then the
// most memory that is held, for half of the log and for all of it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spread } from '../node/spread.js';
import { measure } from './measure.js';
import { writeSegments } from './workload.js';

const target = process.env.CARGO_TARGET_DIR ?? '../../../target';
const ours = fileURLToPath(new URL(`${target}/release/walscope`, import.meta.url));
const PROGRAMS = {
  'pg_waldump 15': ['/usr/lib/postgresql/15/bin/pg_waldump'],
  'walscope waldump --jobs=1': [ours, 'waldump', '--jobs=1'],
  [`walscope waldump, ${availableParallelism()} cores`]: [ours, 'waldump'],
};
const WAYS = { text: [], '--stats': ['--stats'], '--stats=record': ['--stats=record'] };

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '5' },
  },
});
const segments = Number(values.megabytes) / 16;

/**
 * Runs a program to its end. Both end with an error at the last segment's end, which says nothing.
 *
 * @param {string[]} command
 * @param {number} output
 */
function run(command, output) {
  const [program = '', ...words] = command;
  spawnSync(program, words, { stdio: ['ignore', output, 'ignore'] });
}

/** @param {string} file */
function sum(file) {
  const hash = createHash('sha256');
  const input = openSync(file, 'r');
  const buffer = Buffer.alloc(1 << 20);
  for (let read = 1; read > 0;) {
    read = readSync(input, buffer);
    hash.update(buffer.subarray(0, read));
  }
  closeSync(input);
  return hash.digest('hex');
}

/**
 * The most memory that a command holds, in MiB: what the system says of it time and again.
 *
 * @param {string[]} command
 * @returns {Promise<number>}
 */
async function memory(command) {
  const [program = '', ...words] = command;
  const child = spawn(program, words, { stdio: 'ignore' });
  let most = 0;
  const timer = setInterval(() => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
  }, 2);
  await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(timer);
  return most / 1024;
}

/** @param {number[]} figures */
function show(figures) {
  const { median, least, most } = spread(figures);
  return `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
}

const folder = await mkdtemp(join(tmpdir(), 'walscope-waldump-'));
try {
  const range = await writeSegments(folder, segments);
  const words = ['-p', folder, ...range];
  console.log(`${segments} segments of 16 MiB\n`);
  for (const [way, options] of Object.entries(WAYS)) {
    const sums = Object.values(PROGRAMS).map((program) => {
      const file = join(folder, 'output');
      const output = openSync(file, 'w');
      run([...program, ...words, ...options], output);
      closeSync(output);
      return sum(file);
    });
    assert.equal(new Set(sums).size, 1, `${way}: the outputs differ`);
    /** @type {Map<string, { wall: number, cpu: number }[]>} */
    const results = new Map(Object.keys(PROGRAMS).map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const [name, program] of Object.entries(PROGRAMS)) {
        results.get(name)?.push(measure([...program, ...words, ...options]));
      }
    }
    console.log(`### ${way}\n\n| program | CPU s | wall s |\n|---|--:|--:|`);
    for (const [name, all] of results) {
      console.log(
        `| ${name} | ${show(all.map(({ cpu }) => cpu))} | ${show(all.map(({ wall }) => wall))} |`,
      );
    }
    console.log();
  }
  const [first = '', last = ''] = range;
  const number = parseInt(first.slice(16), 16) + Math.ceil(segments / 2) - 1;
  const middle = first.slice(0, 16) + number.toString(16).toUpperCase().padStart(8, '0');
  console.log('### memory\n\n| program | half, MiB | all, MiB |\n|---|--:|--:|');
  for (const [way, options] of Object.entries(WAYS)) {
    for (const [name, program] of Object.entries(PROGRAMS)) {
      const half = await memory([...program, '-p', folder, ...options, first, middle]);
      const all = await memory([...program, '-p', folder, ...options, first, last]);
      console.log(`| ${name} ${way} | ${half.toFixed(1)} | ${all.toFixed(1)} |`);
    }
  }
} finally {
  await rm(folder, { recursive: true });
}
