// A record as JSON is its line of `walscope waldump --format json`, byte for byte, for real logs of
// every major.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as addon from '../../node/wal.js';
import * as wasm from '../../wasm/wal-node.js';
import { buildCommand, runCommand } from '../browser/command.js';
import { load } from './wal-samples.js';
import { SAMPLES, sample } from './wal/samples.js';

// The command has times in the zone of its environment.
process.env.TZ = 'UTC';
const command = buildCommand();
await wasm.init();

for (const name of SAMPLES) {
  test(name, async () => {
    const { segments } = await sample(load, name);
    const expected = await printed(segments);
    assert.ok(expected.length > 1, `${expected.length} lines`);
    for (const host of [addon, wasm]) {
      const made = linesOf(host, segments);
      assert.equal(made.length, expected.length);
      for (const [number, line] of expected.entries()) assert.equal(made[number], line);
    }
  });
}

/** @typedef {{ name: string, bytes: Uint8Array }} Segment */

/**
 * The lines that the command prints.
 * @param {Segment[]} segments
 */
async function printed(segments) {
  const folder = await mkdtemp(join(tmpdir(), 'walscope-wal-lines-'));
  try {
    for (const { name, bytes } of segments) await writeFile(join(folder, name), bytes);
    const ends = [segments.at(0), segments.at(-1)].map((segment) => segment?.name ?? '');
    const args = ['waldump', '--format', 'json', '-p', folder, ...ends];
    return runCommand(command, args).stdout.trimEnd().split('\n');
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * The lines that a host makes.
 * @param {any} host
 * @param {Segment[]} segments
 */
function linesOf(host, segments) {
  const reader = new host.WalReader({ endOfLog: 'stop' });
  const lines = [];
  for (const { bytes } of segments) {
    for (const record of reader.push(bytes)) lines.push(JSON.stringify(record));
  }
  return lines;
}
