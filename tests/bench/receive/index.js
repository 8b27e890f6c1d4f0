#!/usr/bin/env node
// Receiving the write-ahead log, beside Debian's pg_receivewal 15:
//
//   cargo build --release --bin walscope --features cli
//   node tests/bench/receive/index.js [--megabytes 1024] [--rounds 5] [-- MORE OPTIONS]
//
// A server of version 15 writes the log; then both receive it from the same segment to the same end,
// into directories of their own, in turns, with options that both have (such as `-Z gzip:1`). What they
// received is compared. Printed is the median of user and system time, of wall time, and of the most
// memory, with minimum and maximum.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServer } from '../../harness/postgres.js';
import { spread } from '../node/spread.js';

const PROGRAMS = {
  'pg_receivewal 15': ['/usr/lib/postgresql/15/bin/pg_receivewal'],
  'walscope receive': [
    fileURLToPath(new URL('../../../target/release/walscope', import.meta.url)),
    'receive',
  ],
};
/** How often the memory is looked at, in milliseconds. */
const LOOK = 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    megabytes: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '5' },
  },
});
const segments = Math.ceil(Number(values.megabytes) / 16);

/** @typedef {Awaited<ReturnType<typeof startServer>>} Server */

/**
 * Writes the log, and returns the segment before it and an end position in its last one.
 *
 * @param {Server} server
 */
async function write(server) {
  const first = (await server.sql('SELECT pg_walfile_name(pg_switch_wal()) AS name'))[0].name;
  await server.sql('CREATE TABLE t (id int, v text)');
  const here = async () =>
    (await server.sql(`SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS at`))[0].at;
  const start = Number(await here());
  while (Number(await here()) < start + segments * 2 ** 24) {
    await server.sql('INSERT INTO t SELECT n, md5(n::text) FROM generate_series(1, 50000) n');
  }
  const end = (await server.sql('SELECT (pg_current_wal_flush_lsn() - 1)::text AS lsn'))[0].lsn;
  return { first, end };
}

/**
 * Runs a command, and returns its times in seconds and its memory in MiB.
 *
 * @param {string[]} command
 */
async function measure(command) {
  const start = process.hrtime.bigint();
  const script = '"$@" 1>&2 & echo $!; wait $! && times';
  const child = spawn('/bin/bash', ['-c', script, 'bash', ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  let memory = 0;
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  const look = setInterval(async () => {
    const pid = said.split('\n')[0];
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    memory = Math.max(memory, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  }, LOOK);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(look);
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  assert.equal(code, 0, command.join(' '));
  // The line after the shell's own times is of its children: `0m1.234s 0m0.567s`.
  const cpu = (said.trim().split('\n')[2] ?? '')
    .split(' ')
    .map((part) => /^(\d+)m([\d.]+)s$/.exec(part))
    .reduce((all, match) => all + Number(match?.[1]) * 60 + Number(match?.[2]), 0);
  return { cpu, wall, memory };
}

/**
 * A hash of every whole, uncompressed segment.
 *
 * @param {string} folder
 */
async function sums(folder) {
  const names = (await readdir(folder)).filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
  const all = names.map(async (name) => {
    const bytes = await readFile(join(folder, name));
    return `${name} ${createHash('sha256').update(bytes).digest('hex')}`;
  });
  return (await Promise.all(all)).join('\n');
}

/** @param {number[]} figures */
function show(figures) {
  const { median, least, most } = spread(figures);
  return `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
}

const settings = { wal_keep_size: '16GB', max_wal_size: '16GB', fsync: 'off' };
const server = await startServer({ major: 15, settings });
const folder = await mkdtemp(join(tmpdir(), 'walscope-receive-'));
try {
  const { first, end } = await write(server);
  /** @type {Map<string, { cpu: number, wall: number, memory: number }[]>} */
  const results = new Map(Object.keys(PROGRAMS).map((name) => [name, []]));
  const received = new Set();
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [name, program] of Object.entries(PROGRAMS)) {
      const archive = join(folder, 'archive');
      await mkdir(archive);
      // Both go on behind the last segment that they find.
      await cp(join(server.dataDir, 'pg_wal', first), join(archive, first));
      const words = ['-D', archive, '-n', '-E', end, ...positionals, '-d', server.url()];
      results.get(name)?.push(await measure([...program, ...words]));
      received.add(await sums(archive));
      await rm(archive, { recursive: true });
    }
  }
  assert.equal(received.size, 1, 'both receive the same');
  console.log(`${segments} segments of 16 MiB ${positionals.join(' ')}\n`);
  console.log('| program | CPU s | wall s | memory MiB |\n|---|--:|--:|--:|');
  for (const [name, all] of results) {
    const figures = [all.map(({ cpu }) => cpu), all.map(({ wall }) => wall)];
    const memory = all.map((result) => result.memory);
    console.log(`| ${name} | ${[...figures, memory].map(show).join(' | ')} |`);
  }
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
