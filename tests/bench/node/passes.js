#!/usr/bin/env node
// Reads the same messages again and again in one way: `passes.js WAY [--like-pg] FILE ROWS COLUMN...`.
// Prints the nanoseconds a row of each pass as JSON. All values are read; the last one is kept, so that
// no engine can leave the reading out. It is warm before anything counts, as a stream that runs is: by time,
// for so many passes are fewer moments to compile in for whoever is faster.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { asReceived } from './pieces.js';

const WARM_UP_MS = 1000;
const PASSES = 15;

const words = process.argv.slice(2);
const likePg = words[1] === '--like-pg';
const [way = '', file = '', rows = '', ...wanted] = words.filter((word) => word !== '--like-pg');
/** @type {string[]} */
const encoded = JSON.parse(readFileSync(file, 'utf8'));
const messages = encoded.map((message) => Buffer.from(message, 'base64'));
const pieces = asReceived(messages);
// As a program's literals would be: `process.argv` has them in another form.
const columns = Object.keys(Object.fromEntries(wanted.map((name) => [name, null])));
const values = likePg ? /** @type {const} */ ({ preset: 'node-postgres' }) : {};

export let last = /** @type {unknown} */ (null);

/** @param {typeof import('../../../node/index.js').Decoder} Decoder */
function cursor(Decoder) {
  const decoder = new Decoder(values);
  let seen = 0;
  for (const piece of pieces) {
    for (const row of decoder.push(piece)) {
      if (row.kind !== 'insert') continue;
      for (const column of columns) last = row.get(column);
      seen += 1;
    }
  }
  decoder.free();
  return seen;
}

/** @param {typeof import('../../../node/index.js').Decoder} Decoder */
function changes(Decoder) {
  const decoder = new Decoder(values);
  let seen = 0;
  for (const piece of pieces) {
    for (const change of decoder.push(piece).changes()) {
      if (change.kind !== 'insert') continue;
      last = change.new;
      seen += 1;
    }
  }
  decoder.free();
  return seen;
}

/** @param {typeof import('../../rivals/incumbent.js').PgoutputPlugin} PgoutputPlugin */
function incumbent(PgoutputPlugin) {
  const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['p'] });
  let seen = 0;
  for (const message of messages) {
    const change = plugin.parse(message);
    if (change.tag !== 'insert') continue;
    last = change.new;
    seen += 1;
  }
  return seen;
}

/** @returns {Promise<() => number>} one pass */
async function chosen() {
  if (way === 'incumbent') {
    const { PgoutputPlugin } = await import('../../rivals/incumbent.js');
    return () => incumbent(PgoutputPlugin);
  }
  const [host, road] = way.split('-');
  const read = road === 'cursor' ? cursor : changes;
  if (host === 'addon') {
    const { Decoder } = await import('../../../node/index.js');
    return () => read(Decoder);
  }
  const wasm = await import('../../../wasm/node.js');
  await wasm.init();
  return () => read(/** @type {any} */ (wasm.Decoder));
}

const pass = await chosen();
const warm = performance.now() + WARM_UP_MS;
while (performance.now() < warm) pass();
const times = [];
for (let round = 0; round < PASSES; round += 1) {
  const start = process.hrtime.bigint();
  const seen = pass();
  const time = Number(process.hrtime.bigint() - start) / seen;
  assert.equal(seen, Number(rows));
  times.push(time);
}
process.stdout.write(JSON.stringify(times));
