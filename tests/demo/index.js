#!/usr/bin/env node
// npm run demo: a PostgreSQL of its own, something that writes to it, and walscope that shows every
// change as it comes. Needs rust, node and npm; leaves no process and no folder behind.
//
//   npm run demo -- --seconds 10

import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { buildAddon } from '../../node/build.js';
import { startServer } from '../harness/postgres.js';
import { installModules } from '../run/modules.js';
import { ROOT, StepError } from '../run/program.js';
import { printChange, printSummary, say } from './printer.js';
import { noCounts, SCHEMA, Workload } from './workload.js';

const SLOT = 'walscope_demo';
/** How long the last change may take to arrive after it was written. */
const GRACE_MS = 15_000;
/** What a shell says of a program that an interrupt ended. */
const INTERRUPTED = 130;

class Interrupted extends Error {}

/** Aborted by an interrupt, which the demo answers by cleaning up. */
function interruption() {
  const controller = new AbortController();
  const interrupt = () => {
    // A second interrupt ends the process at once; the harness's guard then cleans up.
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    controller.abort(new Interrupted('interrupted'));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return controller;
}

/**
 * Streams until the workload's last transaction has come.
 * @param {AsyncIterable<any>} stream
 * @param {Workload} workload
 */
async function follow(stream, workload) {
  const streamed = noCounts();
  /** The table as the stream tells it. @type {Map<number, object>} */
  const mirror = new Map();
  for await (const change of stream) {
    printChange(change, mirror);
    if (change.kind === 'commit') {
      streamed.transactions++;
      if (workload.isLast && streamed.transactions === workload.written.transactions) break;
    }
    if (change.kind === 'insert' || change.kind === 'update') mirror.set(change.new.id, change.new);
    if (change.kind === 'delete') mirror.delete(change.key.id);
    if (change.kind in streamed) streamed[/** @type {'insert'} */ (change.kind)]++;
  }
  return { streamed, mirror };
}

/**
 * @param {import('../harness/postgres.js').Server} server
 * @param {number} milliseconds
 * @param {AbortController} controller
 */
async function show(server, milliseconds, controller) {
  const { signal } = controller;
  const { connect } = await import('../../node/index.js');
  await server.sql(SCHEMA);
  const client = await connect(server.url());
  const writer = await server.client();
  try {
    const stream = await client.stream({
      slot: SLOT,
      publications: ['walscope_demo'],
      createSlot: true,
      signal,
    });
    const start = performance.now();
    const workload = new Workload(writer);
    const late = () => controller.abort(new StepError('the last change did not arrive'));
    const writing = workload.run(milliseconds, signal).then(
      () => setTimeout(late, GRACE_MS).unref(),
      (error) => controller.abort(error),
    );
    const { streamed, mirror } = await follow(stream, workload);
    await writing;
    const seconds = (performance.now() - start) / 1000;
    printSummary({ streamed, bytes: stream.status().bytes, seconds });
    assert.deepEqual(streamed, workload.written, 'what was streamed is not what was written');
    const rows = await server.sql('SELECT * FROM orders ORDER BY id');
    const mirrored = [...mirror.entries()].sort(([a], [b]) => a - b).map(([, row]) => row);
    assert.deepEqual(mirrored, rows, 'the table is not what the stream told');
    say(`everything written was streamed, and its ${rows.length} rows that remain are the table's`);
  } finally {
    await client.close();
    await writer.end();
  }
}

async function main() {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '4' } } });
  await installModules(ROOT, say);
  say('building the addon (about two minutes the first time)');
  await buildAddon('demo');
  say('starting PostgreSQL 18 (installed the first time: 60 MB)');
  const controller = interruption();
  const server = await startServer({ major: 18 });
  try {
    controller.signal.throwIfAborted();
    say(`it listens on port ${server.port}: process ${server.pid}, folder ${server.folder}`);
    await show(server, Number(values.seconds) * 1000, controller);
  } finally {
    await server.stop();
  }
}

main().then(
  // Nothing is left to wait for, and the grace timer need not run out.
  () => process.exit(0),
  (error) => {
    const known = error instanceof StepError || error instanceof Interrupted;
    process.stderr.write(`${known ? error.message : error.stack}\n`);
    process.exit(error instanceof Interrupted ? INTERRUPTED : 1);
  },
);
