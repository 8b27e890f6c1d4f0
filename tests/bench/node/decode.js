#!/usr/bin/env node
// Decoding in memory, from the bytes of messages to JavaScript's values, beside pg-logical-replication:
//
//   node tests/bench/node/decode.js [--rounds 3] [--corpus wide]
//
// Each contender has a process of its own, as in a program that uses it; they take turns. Printed is the
// median of all passes, with minimum and maximum, in nanoseconds a row, and how much faster that is.
// pg-logical-replication is given each message by itself; walscope the bytes as they are received, of
// which it has to find the messages first. `npm run build` makes the addon that is published,
// `node wasm/build.js` the module; `npm ci --ignore-scripts` in tests/rivals brings the other package.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Decoder } from '../../../node/index.js';
import { startServer } from '../../harness/postgres.js';
import { PgoutputPlugin } from '../../rivals/incumbent.js';
import { CORPORA, messagesOf, namesOf, TWO_OF_WIDE } from './corpus.js';
import { asReceived } from './pieces.js';
import { spread } from './spread.js';

const PASSES = fileURLToPath(new URL('passes.js', import.meta.url));
const ROWS = { narrow: 20_000, wide: 5_000 };
const INCUMBENT = 'pg-logical-replication';
/** Names, and what passes.js is told: the way to read, and whether values are like node-postgres'. */
const CONTENDERS = {
  [INCUMBENT]: ['incumbent'],
  'walscope, batches()': ['addon-cursor'],
  "walscope, batches(), preset 'node-postgres'": ['addon-cursor', '--like-pg'],
  'walscope, changes': ['addon-changes'],
  "walscope, changes, preset 'node-postgres'": ['addon-changes', '--like-pg'],
  'wasm, batches()': ['wasm-cursor'],
  'wasm, changes': ['wasm-changes'],
};
const TWO_COLUMNS = 'walscope, batches(), 2 columns of 20';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, corpus: { type: 'string' } },
});

/**
 * With the preset both give the same values, but for the incumbent's rows having no prototype.
 *
 * @param {Buffer[]} messages
 */
function compare(messages) {
  const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['p'] });
  const theirs = messages
    .map((message) => plugin.parse(message))
    .flatMap((change) => (change.tag === 'insert' ? [{ ...change.new }] : []));
  const decoder = new Decoder({ preset: 'node-postgres' });
  const ours = asReceived(messages)
    .flatMap((piece) => [...decoder.push(piece).changes()])
    .flatMap((change) => (change.kind === 'insert' ? [change.new] : []));
  assert.deepStrictEqual(ours, theirs);
}

const folder = await mkdtemp(join(tmpdir(), 'walscope-decode-'));
const server = await startServer({ major: 18 });
try {
  for (const corpus of CORPORA.filter(({ table }) => table === (options.corpus ?? table))) {
    const wide = corpus.table === 'wide';
    const rows = wide ? ROWS.wide : ROWS.narrow;
    const messages = await messagesOf(server, corpus, rows);
    compare(messages);
    const file = join(folder, 'messages.json');
    await writeFile(file, JSON.stringify(messages.map((message) => message.toString('base64'))));
    const names = namesOf(corpus.columns);
    const contenders = Object.entries(CONTENDERS);
    if (wide) contenders.push([TWO_COLUMNS, ['addon-cursor']]);
    /** @type {Map<string, number[]>} */
    const times = new Map(contenders.map(([name]) => [name, []]));
    for (let round = 0; round < Number(options.rounds); round += 1) {
      for (const [name, words] of contenders) {
        const columns = name === TWO_COLUMNS ? TWO_OF_WIDE : names;
        const command = [PASSES, ...words, file, String(rows), ...columns];
        times
          .get(name)
          ?.push(...JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8' })));
      }
    }
    console.log(`### ${corpus.name}\n\n| contender | ns a row | times as fast |\n|---|--:|--:|`);
    const base = spread(times.get(INCUMBENT) ?? []);
    for (const [name, each] of times) {
      const { median, least, most } = spread(each);
      const range = `${median.toFixed(0)} (${least.toFixed(0)}–${most.toFixed(0)})`;
      console.log(`| ${name} | ${range} | ${(base.median / median).toFixed(1)} |`);
    }
    console.log();
  }
} finally {
  await server.stop();
  await rm(folder, { recursive: true });
}
