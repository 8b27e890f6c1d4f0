#!/usr/bin/env node
// Four things that pg-logical-replication does wrong, each shown on a real PostgreSQL 18:
//
//   node tests/rivals/defects.js
//
// tests/js/live/compat-defects.test.js shows that walscope does none of them.

import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lsn } from '../../node/index.js';
import { startServer } from '../harness/postgres.js';
import { installModules } from '../run/modules.js';

/** How long a defect may take to show itself. */
const PATIENCE_MS = 120_000;
const BUSY_MS = 500;
const QUEUED = 300;
const LARGE = 20_000;

await installModules(fileURLToPath(new URL('.', import.meta.url)), (text) =>
  process.stderr.write(`${text}\n`),
);
const { LogicalReplicationService, PgoutputPlugin } = await import('./incumbent.js');

const server = await startServer({
  major: 18,
  settings: { wal_sender_timeout: '3s', logical_decoding_work_mem: '64kB' },
});

/** @param {string} text */
function print(text) {
  process.stdout.write(`${text}\n`);
}

/** @param {() => Promise<boolean> | boolean} condition */
async function until(condition) {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    if (await condition()) return true;
    await sleep(20);
  }
  return false;
}

/**
 * A slot, and a service that counts the rows that it brings.
 *
 * @param {string} slot
 * @param {object} config
 * @param {(log: any) => Promise<void> | void} [handler]
 */
function follow(slot, config, handler = () => {}) {
  const service = new LogicalReplicationService({ connectionString: server.url() }, config);
  const followed = { service, rows: 0, ended: '', over: Promise.resolve() };
  service.on('error', () => {});
  service.on('data', (_, log) => {
    if (log.tag === 'insert') followed.rows += 1;
    return handler(log);
  });
  const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['p'] });
  followed.over = service.subscribe(plugin, slot).then(
    () => {},
    (error) => {
      followed.ended = String(error.message);
    },
  );
  return followed;
}

/** @param {string} slot */
async function makeSlot(slot) {
  await server.sql(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
}

/** @param {string} slot */
async function confirmed(slot) {
  const [row] = await server.sql(
    `SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = '${slot}'`,
  );
  return row.lsn;
}

/** @returns {Promise<string>} */
async function endOfLog() {
  const [row] = await server.sql('SELECT pg_current_wal_lsn()::text AS lsn');
  return row.lsn;
}

/** @param {string} slot */
async function isFree(slot) {
  const [row] = await server.sql(
    `SELECT active FROM pg_replication_slots WHERE slot_name = '${slot}'`,
  );
  return !row.active;
}

/**
 * How many rows come when the slot is streamed again, and the marker behind them.
 *
 * @param {string} slot
 */
async function again(slot) {
  await until(() => isFree(slot));
  await server.sql('INSERT INTO t VALUES (0)');
  let marked = false;
  const followed = follow(slot, {}, (log) => {
    marked ||= log.tag === 'insert' && log.new.id === 0;
  });
  await until(() => marked);
  await followed.service.stop();
  return followed.rows - 1;
}

async function unprocessed() {
  await makeSlot('manual');
  const manual = follow('manual', { acknowledge: { auto: false, timeoutSeconds: 1 } });
  await until(() => !manual.service.isStop());
  for (let id = 1; id <= 5; id += 1) await server.sql(`INSERT INTO t VALUES (${id})`);
  const end = await endOfLog();
  await until(async () => lsn.compare(await confirmed('manual'), end) >= 0);
  await manual.service.stop();
  print(`manual acknowledgement: ${manual.rows} rows received, none acknowledged`);
  print(`  after a restart come ${await again('manual')} of ${manual.rows}`);

  await makeSlot('waiting');
  const config = { acknowledge: { auto: true, timeoutSeconds: 1 }, flowControl: { enabled: true } };
  await server.sql('INSERT INTO t VALUES (1)');
  const first = await endOfLog();
  for (let id = 2; id <= QUEUED; id += 1) await server.sql(`INSERT INTO t VALUES (${id})`);
  let handled = 0;
  // The first handler does not finish.
  const waiting = follow('waiting', config, () => {
    handled += 1;
    return new Promise(() => {});
  });
  // A program that is busy for a moment: then more than one message has arrived.
  waiting.service.on('start', () => {
    const end = Date.now() + BUSY_MS;
    while (Date.now() < end);
  });
  await until(async () => handled > 0 && lsn.compare(await confirmed('waiting'), first) > 0);
  await waiting.service.stop();
  print(`flowControl: ${QUEUED} rows queued, the first message's handler has not finished`);
  print(`  after a restart come ${await again('waiting')} of ${QUEUED}`);
}

async function idle() {
  await makeSlot('idle');
  const { service, over } = follow('idle', { acknowledge: { auto: false, timeoutSeconds: 0 } });
  const errors = /** @type {string[]} */ ([]);
  service.on('error', (error) => void errors.push(error.message));
  await until(() => !service.isStop());
  await Promise.race([over, sleep(PATIENCE_MS)]);
  print('manual acknowledgement, timeoutSeconds 0, nothing to stream, wal_sender_timeout 3s');
  print(`  the connection ends with: ${errors[0]}`);
  print(`  isStop() says ${service.isStop()}`);
  await service.stop();
}

async function onePast() {
  // Unless the server writes something of its own between the two commits, which it seldom does.
  let tries = 0;
  while (!(await commitsInARow(`past_${(tries += 1)}`)));
}

/**
 * Two transactions at once, so that the commit of one follows that of the other in the log.
 *
 * @param {string} slot
 * @returns {Promise<boolean>} false when something else was written between them
 */
async function commitsInARow(slot) {
  await makeSlot(slot);
  let end = '';
  const { service } = follow(slot, {}, (log) => {
    if (log.tag === 'commit') end = lsn.format(lsn.parse(log.commitEndLsn));
  });
  await until(() => !service.isStop());
  const writer = await server.client();
  await writer.query('BEGIN; INSERT INTO t VALUES (2)');
  await server.sql('INSERT INTO t VALUES (1)');
  await until(async () => end !== '' && lsn.compare(await confirmed(slot), end) > 0);
  const position = await confirmed(slot);
  await service.stop();
  const [{ next }] = await server.sql('SELECT pg_current_wal_insert_lsn()::text AS next');
  await writer.query('COMMIT');
  await writer.end();
  if (next !== end) return false;
  const distance = lsn.parse(position) - lsn.parse(end);
  print(`a transaction ends at ${end}; confirmed is ${position}, ${distance} past it`);
  print(`  of the one that ends next come ${await again(slot)} of 1 rows after a restart`);
  return true;
}

async function inPieces() {
  const rows = `INSERT INTO t SELECT 1 FROM generate_series(1, ${LARGE})`;
  await makeSlot('large');
  const spilled = async () => {
    const [row] = await server.sql(
      "SELECT spill_txns::int AS spilled, stream_txns::int AS streamed FROM pg_stat_replication_slots WHERE slot_name = 'large'",
    );
    return row ?? { spilled: 0, streamed: 0 };
  };
  let commits = 0;
  const service = new LogicalReplicationService({ connectionString: server.url() });
  service.on('error', () => {});
  service.on('data', (_, log) => {
    if (log.tag === 'commit') commits += 1;
  });
  const version2 = new PgoutputPlugin({ protoVersion: 2, publicationNames: ['p'] });
  const over = service.subscribe(version2, 'large').catch(() => {});
  await until(() => !service.isStop());
  await server.sql(rows);
  await until(async () => commits > 0 && (await spilled()).spilled > 0);
  const { spilled: files, streamed } = await spilled();
  await service.stop();
  await over;
  print(`protoVersion 2, a transaction of ${LARGE} rows`);
  print(`  written to the server's disk first: ${files}, sent in pieces: ${streamed}`);

  // What the plugin has no option for, asked of the server all the same.
  class Streaming extends PgoutputPlugin {
    /** @override @param {any} client @param {string} slot @param {string} start */
    start(client, slot, start) {
      const options = "proto_version '2', publication_names 'p', streaming 'on'";
      return client.query(`START_REPLICATION SLOT "${slot}" LOGICAL ${start} (${options})`);
    }
  }
  await until(() => isFree('large'));
  let thrown = '';
  // One for each piece.
  process.on('uncaughtException', (error) => {
    thrown = error.message;
  });
  const streaming = new Streaming({ protoVersion: 2, publicationNames: ['p'] });
  const pieces = service.subscribe(streaming, 'large').catch(() => {});
  await until(() => !service.isStop());
  await server.sql(rows);
  await until(() => thrown !== '');
  print(`  asked for pieces it throws, where nobody can catch it: ${thrown}`);
  await service.stop();
  await pieces;
}

try {
  await server.sql('CREATE TABLE t (id int)');
  await server.sql('CREATE PUBLICATION p FOR TABLE t');
  const parts = { unprocessed, idle, onePast, inPieces };
  const titles = [
    'It acknowledges rows that nobody processed.',
    'It drops the connection when nothing happens.',
    'It acknowledges one byte past the end.',
    'It cannot take large transactions in pieces.',
  ];
  for (const [at, part] of Object.values(parts).entries()) {
    print(`${at + 1}. ${titles[at]}`);
    await part();
  }
} finally {
  await server.stop();
}
process.exit();
