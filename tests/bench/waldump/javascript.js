#!/usr/bin/env node
// Statistics of the log in JavaScript, beside the command-line tool on one core:
//
//   cargo build --release --bin walscope --features cli && npm run build && node wasm/build.js
//   node tests/bench/waldump/javascript.js [--megabytes 256] [--rounds 7] [--walscope PATH]
//
// A server of version 15 writes the log. All count the same files by `--stats=record`, in turns; the tables
// are compared first. Printed are seconds of CPU, user and system: the least, and the median. Node's start
// is in the figures, and is printed alone too.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spread } from '../node/spread.js';
import { measure } from './measure.js';
import { writeSegments } from './workload.js';

const ROOT = new URL('../../../', import.meta.url);

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '7' },
    walscope: { type: 'string', default: fileURLToPath(new URL('target/release/walscope', ROOT)) },
  },
});

/**
 * A program in JavaScript that prints the table of files.
 * @param {string} entry
 * @param {string} input what `files` are to walStats
 */
function program(entry, input) {
  return `import { init, walStats } from '${new URL(entry, ROOT).href}';
    import { closeSync, openSync, readSync } from 'node:fs';
    const files = process.argv.slice(1);
    // Where the memory begins matters: see PAST_HEADER in node/wal-files.js.
    const memory = new Uint8Array(48 + 256 * 1024).subarray(48);
    async function* bytes() {
      for (const file of files) {
        const fd = openSync(file);
        for (let read; (read = readSync(fd, memory)) > 0; ) yield memory.subarray(0, read);
        closeSync(fd);
      }
    }
    await init();
    const { table } = await walStats(${input}, { by: 'record', endOfLog: 'stop' });
    process.stdout.write(table);`;
}

const node = (/** @type {string} */ code) => [process.execPath, '--input-type=module', '-e', code];

const folder = await mkdtemp(join(tmpdir(), 'walscope-waldump-'));
try {
  const range = await writeSegments(folder, Number(values.megabytes) / 16);
  const files = (await readdir(folder)).sort().map((name) => join(folder, name));
  /** @type {Record<string, string[]>} */
  const contenders = {
    'walscope waldump': [values.walscope, 'waldump', '--stats=record', '-p', folder, ...range],
    'addon in Node, files': [...node(program('node/wal.js', 'files')), ...files],
    'addon in Node, bytes': [...node(program('node/wal.js', 'bytes()')), ...files],
    'wasm in Node, bytes': [...node(program('wasm/wal-node.js', 'bytes()')), ...files],
  };
  const tables = Object.entries(contenders).map(([name, [command = '', ...words]]) => {
    const { stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8' });
    if (error) throw error;
    assert.ok(stdout.length > 100, `${name}: ${stderr}`);
    return stdout;
  });
  assert.deepEqual(
    tables,
    tables.map(() => tables[0]),
  );
  contenders['Node, which does nothing'] = node('0');
  /** @type {Map<string, number[]>} */
  const seconds = new Map(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [name, command] of Object.entries(contenders)) {
      seconds.get(name)?.push(measure(command).cpu);
    }
  }
  const [nativeMedian = NaN] = [...seconds.values()].map((figures) => spread(figures).median);
  console.log(`${values.megabytes} MiB, --stats=record, seconds of CPU: least (median)\n`);
  for (const [name, figures] of seconds) {
    const { least, median } = spread(figures);
    const time = `${least.toFixed(2)} (${median.toFixed(2)})`;
    const share = (nativeMedian / median).toFixed(2);
    console.log(`${name.padEnd(24)} ${time}  ${share} of native speed`);
  }
} finally {
  await rm(folder, { recursive: true });
}
