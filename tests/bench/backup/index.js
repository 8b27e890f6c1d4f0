#!/usr/bin/env node
// Backing up and verifying, beside Debian's pg_basebackup and pg_verifybackup 15:
//
//   cargo build --release --bin walscope --features cli
//   node tests/bench/backup/index.js [--megabytes 1024] [--rounds 5] [--folder /tmp]
//
// A server of version 15 has a cluster of that size, at rest. Both back it up into new directories of the
// folder, flushed to disk, and take turns; then both verify the last plain backup, whose files are in the
// system's cache. Printed is the median of the client's user and system time, of wall time, with minimum
// and maximum, and the most memory that the client had.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServer } from '../../harness/postgres.js';
import { spread } from '../node/spread.js';

const TOOLS = process.env.WALSCOPE_PG_TOOLS ?? '/usr/lib/postgresql/15/bin';
const WALSCOPE =
  process.env.WALSCOPE_BIN ??
  fileURLToPath(new URL('../../../target/release/walscope', import.meta.url));
const WAYS = {
  plain: ['-X', 'fetch'],
  'plain, log streamed': ['-X', 'stream'],
  tar: ['-X', 'fetch', '-Ft'],
  'tar, zstd': ['-X', 'fetch', '-Ft', '-Z', 'client-zstd'],
  'tar, lz4': ['-X', 'fetch', '-Ft', '-Z', 'client-lz4'],
};
/** How often the memory is looked at, in milliseconds. */
const SAMPLE = 10;
/** The bytes of a row, with what it costs beside its text. */
const ROW = 240;

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '5' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const rounds = Number(values.rounds);

/**
 * Runs a command, which must work.
 *
 * @param {string[]} command
 * @returns {Promise<{ wall: number, cpu: number, memory: number }>} seconds and MiB
 */
async function measure(command) {
  const start = process.hrtime.bigint();
  const script = '"$@" > /dev/null & echo $!; wait $!; code=$?; times; exit $code';
  const shell = spawn('/bin/bash', ['-c', script, 'bash', ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  shell.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  let memory = 0;
  const timer = setInterval(() => {
    readFile(`/proc/${said.split('\n')[0]}/status`, 'utf8').then(
      (status) => {
        memory = Math.max(memory, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
      },
      () => undefined,
    );
  }, SAMPLE);
  const [code] = await once(shell, 'close');
  clearInterval(timer);
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  assert.equal(code, 0, command.join(' '));
  // The last line is of children: `0m1.234s 0m0.567s`.
  const cpu = (said.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map((part) => /^(\d+)m([\d.]+)s$/.exec(part))
    .reduce((all, match) => all + Number(match?.[1]) * 60 + Number(match?.[2]), 0);
  return { wall, cpu, memory };
}

/** @param {number[]} figures */
function show(figures) {
  const { median, least, most } = spread(figures);
  return `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
}

/**
 * Lets programs take turns, and prints a table.
 *
 * @param {string} way
 * @param {Record<string, () => Promise<string[]>>} programs which make their command for each round
 */
async function compare(way, programs) {
  /** @type {Map<string, { wall: number, cpu: number, memory: number }[]>} */
  const results = new Map(Object.keys(programs).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, command] of Object.entries(programs)) {
      results.get(name)?.push(await measure(await command()));
    }
  }
  console.log(`### ${way}\n\n| program | CPU s | wall s | MiB |\n|---|--:|--:|--:|`);
  for (const [name, all] of results) {
    const memory = Math.max(...all.map((one) => one.memory)).toFixed(0);
    const [cpu, wall] = [all.map((one) => one.cpu), all.map((one) => one.wall)].map(show);
    console.log(`| ${name} | ${cpu} | ${wall} | ${memory} |`);
  }
  console.log();
}

const folder = await mkdtemp(join(values.folder, 'walscope-backup-'));
const server = await startServer({ major: 15, settings: { max_wal_size: '8GB' } });
try {
  const rows = Math.round((Number(values.megabytes) * 1024 * 1024) / ROW);
  await server.sql(`CREATE TABLE t AS SELECT n, md5(n::text) || md5((n / 7)::text) || repeat('v', 64)
    || md5((n % 1000)::text) AS text FROM generate_series(1, ${rows}) n`);
  await server.sql('CHECKPOINT');
  const url = `postgres://trust_user@127.0.0.1:${server.port}/postgres`;
  const target = join(folder, 'backup');
  for (const [way, options] of Object.entries(WAYS)) {
    /** @param {string[]} program */
    const into = (program) => async () => {
      await rm(target, { recursive: true, force: true });
      return [...program, '-d', url, '-c', 'fast', '-D', target, ...options];
    };
    await compare(way, {
      'pg_basebackup 15': into([join(TOOLS, 'pg_basebackup')]),
      'walscope basebackup': into([WALSCOPE, 'basebackup']),
    });
  }
  await rm(target, { recursive: true, force: true });
  await measure([WALSCOPE, 'basebackup', '-d', url, '-c', 'fast', '-D', target, '-X', 'fetch']);
  await compare('verifying the plain backup', {
    'pg_verifybackup 15': async () => [join(TOOLS, 'pg_verifybackup'), target],
    'walscope verifybackup': async () => [WALSCOPE, 'verifybackup', target],
  });
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
