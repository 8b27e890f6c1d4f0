// walscope/compat beside pg-logical-replication itself: the same events for the same changes.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as compat from '../../../node/compat.js';
import { startServer } from '../../harness/postgres.js';
import * as incumbent from '../../rivals/incumbent.js';
import { change, TABLES } from './compat-workload.js';

/** What the incumbent's heartbeats are early by: it takes 24 December 1999 for the epoch. */
const WEEK_MS = 7 * 24 * 3600 * 1000;
const HOUR_MS = 3600 * 1000;

/**
 * Log messages as plain data: rows of the incumbent have no prototype, and its columns have a parser.
 *
 * @param {any} value
 * @returns {any}
 */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).filter(([, part]) => typeof part !== 'function');
  return Object.fromEntries(entries.map(([name, part]) => [name, plain(part)]));
}

/**
 * Everything that a service emits until the row of the table `done`.
 *
 * @param {any} Service
 * @param {any} plugin
 * @param {object} what
 * @param {string} what.url
 * @param {string} what.slot
 * @param {(log: any) => boolean} what.last
 * @param {number} [what.beats] how many heartbeats there have to be
 */
async function collect(Service, plugin, { url, slot, last, beats = 1 }) {
  const service = new Service({ connectionString: url });
  const data = /** @type {[string, any][]} */ ([]);
  const heartbeats = /** @type {any[][]} */ ([]);
  const events = /** @type {string[]} */ ([]);
  let ended = false;
  const over = new Promise((resolve, reject) => {
    service.on('error', reject);
    service.on('start', () => events.push(`start, stopped: ${service.isStop()}`));
    service.on('heartbeat', (/** @type {any[]} */ ...args) => {
      heartbeats.push(args);
      if (ended && heartbeats.length >= beats) resolve(undefined);
    });
    service.on('data', (/** @type {string} */ lsn, /** @type {any} */ log) => {
      // The incumbent's bytes lie in memory that it uses again: they are right at this moment only.
      const isView = log.tag === 'message' && Service === incumbent.LogicalReplicationService;
      if (isView) log.content = Buffer.from(log.content);
      data.push([lsn, plain(log)]);
      ended ||= last(log);
      if (ended && heartbeats.length >= beats) resolve(undefined);
    });
  });
  const subscribed = service.subscribe(plugin, slot);
  await Promise.race([over, subscribed]);
  assert.equal(service.isStop(), false);
  assert.equal(await service.stop(), service);
  await subscribed;
  assert.equal(service.isStop(), true);
  assert.equal(await service.acknowledge('0/1'), false);
  return { data, heartbeats, events, lastLsn: service.lastLsn() };
}

/**
 * @param {any[][]} ours
 * @param {any[][]} theirs
 */
function checkHeartbeats(ours, theirs) {
  for (const heartbeats of [ours, theirs]) {
    assert.ok(heartbeats.length > 0);
    for (const [lsn, time, shouldRespond, ...others] of heartbeats) {
      assert.match(lsn, /^[0-9A-F]+\/[0-9A-F]+$/);
      assert.equal(typeof time, 'number');
      assert.equal(typeof shouldRespond, 'boolean');
      assert.equal(others.length, 0);
    }
  }
  const [[, time]] = /** @type {[any[]]} */ (ours);
  const [[, early]] = /** @type {[any[]]} */ (theirs);
  assert.ok(Math.abs(time - early - WEEK_MS) < HOUR_MS);
}

/**
 * What messages say without what streaming in pieces leaves out: types, origins, descriptions.
 *
 * @param {[string, any][]} data
 */
function changesOf(data) {
  return data.flatMap(([, log]) => {
    if (['relation', 'type', 'origin'].includes(log.tag)) return [];
    const { relation, relations, ...rest } = log;
    return [{ ...rest, of: [relation, ...(relations ?? [])].map((table) => table?.name) }];
  });
}

for (const major of /** @type {const} */ ([14, 18])) {
  /** @type {import('../../harness/postgres.js').Server} */
  let server;
  before(async () => {
    server = await startServer({
      major,
      settings: { logical_decoding_work_mem: '64kB', wal_sender_timeout: '2s' },
    });
  });
  after(() => server.stop());

  test(`pgoutput: every event is the incumbent's, on ${major}`, async () => {
    await server.sql(TABLES);
    for (const slot of ['theirs', 'ours', 'pieces']) {
      await server.sql(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    }
    await change(server);
    /** @type {import('../../../node/compat.js').Pgoutput.Options} */
    const options = { protoVersion: 1, publicationNames: ['P', '"Odd"'], messages: true };
    const url = server.url();
    const last = (/** @type {any} */ log) => log.relation?.name === 'done';
    const theirs = await collect(
      incumbent.LogicalReplicationService,
      new incumbent.PgoutputPlugin(options),
      { url, slot: 'theirs', last },
    );
    const ours = await collect(
      compat.LogicalReplicationService,
      new compat.PgoutputPlugin(options),
      { url, slot: 'ours', last },
    );
    const tags = new Set(theirs.data.map(([, { tag }]) => tag));
    assert.equal(tags.size, 10, [...tags].join());
    assert.ok(theirs.data.length > 5000);
    const common = Math.min(ours.data.length, theirs.data.length);
    for (let at = 0; at < common; at += 1) assert.deepStrictEqual(ours.data[at], theirs.data[at]);
    assert.ok(common >= theirs.data.findIndex(([, log]) => last(log)));
    assert.deepEqual(ours.events, theirs.events);
    checkHeartbeats(ours.heartbeats, theirs.heartbeats);
    assert.match(ours.lastLsn, /^[0-9A-F]+\/[0-9A-F]+$/);

    const pieces = await collect(
      compat.LogicalReplicationService,
      new compat.PgoutputPlugin({ ...options, protoVersion: 2, streaming: true }),
      { url, slot: 'pieces', last, beats: 0 },
    );
    const [{ streamed }] = await server.sql(
      `SELECT stream_txns::int AS streamed FROM pg_stat_replication_slots WHERE slot_name = 'pieces'`,
    );
    assert.ok(streamed > 0);
    assert.deepStrictEqual(changesOf(pieces.data), changesOf(ours.data));
  });
  test(`test_decoding: every event is the incumbent's, on ${major}`, async () => {
    await server.sql('CREATE SCHEMA "Own"; CREATE TABLE "Own"."T" (id int, "B c" text, n numeric)');
    await server.sql('CREATE TABLE keyed (id int PRIMARY KEY, b bool)');
    for (const slot of ['their_texts', 'our_texts']) {
      await server.sql(`SELECT pg_create_logical_replication_slot('${slot}', 'test_decoding')`);
    }
    await server.sql(`INSERT INTO "Own"."T" VALUES (1, 'a b', 1.5), (2, NULL, NULL), (3, '', 0)`);
    await server.sql('INSERT INTO keyed VALUES (1, true); UPDATE keyed SET b = false');
    await server.sql('UPDATE keyed SET id = 2; DELETE FROM keyed; DELETE FROM "Own"."T"');
    await server.sql('INSERT INTO done VALUES (1)');
    const url = server.url();
    const options = { includeXids: true, includeTimestamp: true, skipEmptyXacts: true };
    const last = (/** @type {any} */ log) => log.table === 'done';
    const theirs = await collect(
      incumbent.LogicalReplicationService,
      new incumbent.TestDecodingPlugin(options),
      { url, slot: 'their_texts', last },
    );
    const ours = await collect(
      compat.LogicalReplicationService,
      new compat.TestDecodingPlugin(options),
      { url, slot: 'our_texts', last, beats: 0 },
    );
    const common = Math.min(ours.data.length, theirs.data.length);
    assert.deepStrictEqual(ours.data.slice(0, common), theirs.data.slice(0, common));
    assert.ok(common > theirs.data.findIndex(([, log]) => last(log)));
  });
}

// Red without `\[\]` in the column's type in test-decoding.js, and without TRUNCATE.
test('what test_decoding writes that the incumbent cannot read comes whole', async () => {
  const server = await startServer();
  try {
    await server.sql('CREATE TABLE t (a int[], b text)');
    const slot = 'texts';
    await server.sql(`SELECT pg_create_logical_replication_slot('${slot}', 'test_decoding')`);
    await server.sql(`INSERT INTO t VALUES ('{1,2}', 'it''s')`);
    await server.sql('TRUNCATE t');
    const texts = await server.sql(
      `SELECT data FROM pg_logical_slot_peek_changes('${slot}', NULL, NULL)`,
    );
    const their = new incumbent.TestDecodingPlugin();
    const failed = texts.filter(({ data }) => {
      try {
        their.parse(Buffer.from(data));
        return false;
      } catch {
        return true;
      }
    });
    assert.deepEqual(
      failed.map(({ data }) => data.split(':')[1]),
      [' INSERT', ' TRUNCATE'],
    );
    const { data } = await collect(
      compat.LogicalReplicationService,
      new compat.TestDecodingPlugin(),
      {
        url: server.url(),
        slot,
        last: (/** @type {any} */ log) => log.action === 'TRUNCATE',
        beats: 0,
      },
    );
    const of = { schema: 'public', table: 't' };
    const columns = [
      { name: 'a', type: 'integer[]', value: '{1,2}' },
      { name: 'b', type: 'text', value: "it's" },
    ];
    const remark = { type: 'null', name: 'message', value: 'no-flags' };
    assert.deepEqual(
      data.map(([, log]) => log).filter((log) => log.action !== undefined),
      [
        { ...of, action: 'INSERT', data: columns },
        { ...of, action: 'TRUNCATE', data: remark },
      ],
    );
  } finally {
    await server.stop();
  }
});

test('wal2json and test_decoding are given the options that the incumbent gives them', async () => {
  const all = {
    includeXids: true,
    includeTypmod: false,
    filterTables: 'public.a,public.b',
    formatVersion: '2',
    writeInChunks: true,
  };
  const decoding = { includeXids: true, skipEmptyXacts: true, streamChanges: false };
  const pairs = /** @type {[any, any][]} */ ([
    [new incumbent.Wal2JsonPlugin(all), new compat.Wal2JsonPlugin(all)],
    [new incumbent.Wal2JsonPlugin(), new compat.Wal2JsonPlugin()],
    [new incumbent.TestDecodingPlugin(decoding), new compat.TestDecodingPlugin(decoding)],
    [new incumbent.TestDecodingPlugin(), new compat.TestDecodingPlugin()],
  ]);
  for (const [theirs, ours] of pairs) {
    assert.equal(ours.name, theirs.name);
    const command = await theirs.start({ query: (/** @type {string} */ sql) => sql }, 's', '0/0');
    const options = [...command.matchAll(/"([a-z-]+)" '([^']*)'/g)].map(([, name, value]) => {
      return [name, value];
    });
    const { plugin, pluginOptions } = ours.streamOptions();
    assert.equal(plugin, theirs.name);
    assert.deepEqual(Object.entries(pluginOptions), options);
  }
});
