// The example outbox-to-queue.js, killed again and again, with a queue that fails.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, withExample } from './program.js';
import { Queue } from './queue.js';

const ROUNDS = 4;
const TRANSACTIONS = 15;
/** What test_decoding says of both kinds of messages: where the number stands. */
const TOLD =
  /^(?:table public\.outbox: INSERT|message: transactional: 1 prefix: outbox\.).*"n": (\d+)/;

const setting = withExample(
  'outbox-to-queue.js',
  `CREATE TABLE outbox (id bigserial PRIMARY KEY, topic text NOT NULL, payload jsonb NOT NULL);
   CREATE PUBLICATION outbox_pub FOR TABLE outbox WITH (publish = 'insert')`,
  "SELECT pg_create_logical_replication_slot('oracle', 'test_decoding')",
);
const queue = new Queue();
/** @type {string} */
let url;

before(async () => {
  url = await queue.listen();
});
after(() => queue.close());

async function start() {
  const program = setting.run(url);
  await program.prints(/sending/, 'errors');
  return program;
}

let written = 0;
const payload = () => `{"n": ${(written += 1)}}`;
const row = () => `INSERT INTO outbox (topic, payload) VALUES ('orders', '${payload()}');`;
const message = () => `SELECT pg_logical_emit_message(true, 'outbox.mail', '${payload()}');`;

/** Messages of both kinds in one transaction, beside what is none. */
async function write() {
  for (let i = 0; i < TRANSACTIONS; i += 1) {
    const end = i % 5 === 4 ? 'ROLLBACK' : 'COMMIT';
    await setting.server.sql(`BEGIN; ${row()} ${message()} ${row()} DELETE FROM outbox; ${end}`);
    await setting.server.sql(
      `SELECT pg_logical_emit_message(true, 'other', '{"n": 0}'),
         pg_logical_emit_message(false, 'outbox.mail', '{"n": 0}')`,
    );
  }
}

/** The numbers of all messages that were committed, in the order of commits, as PostgreSQL has them. */
async function committed() {
  const told = await setting.server.sql(
    "SELECT data FROM pg_logical_slot_peek_changes('oracle', NULL, NULL)",
  );
  return told.flatMap(({ data }) => TOLD.exec(data)?.slice(1).map(Number) ?? []);
}

// Red without `await` before publish(), without the retry, with another key than one that stays the
// same, and when messages that are not transactional are taken.
test('each committed message arrives, in order, under a key of its own', async () => {
  let program = await start();
  for (let round = 0; round < ROUNDS; round += 1) {
    const writing = write();
    await sleep(Math.random() * 500);
    await program.kill();
    await writing;
    program = await start();
  }
  const expected = await committed();
  await until('every message arrives', () => queue.messages.length >= expected.length);
  await program.interrupt();
  const { messages, taken } = queue;
  assert.deepEqual(
    messages.map(({ body }) => JSON.parse(body).n),
    expected,
  );
  assert.deepEqual(new Set(messages.map(({ topic }) => topic)), new Set(['orders', 'mail']));
  // What was sent again is what it was.
  const bodies = new Map(messages.map(({ key, body }) => [key, body]));
  for (const { key, body } of taken) assert.equal(body, bodies.get(key));
  assert.ok(taken.length > messages.length, 'nothing was sent twice: the queue did not fail');
});

// Red without `await` before publish().
test('what the queue has not taken is not confirmed', async () => {
  const { server } = setting;
  const program = await start();
  queue.down = true;
  const [{ lsn: before }] = await server.sql('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  await server.sql(row());
  await program.prints(/answers 503[^]*answers 503/, 'errors');
  await program.interrupt();
  await setting.idle('outbox');
  const [{ held }] = await server.sql(
    `SELECT confirmed_flush_lsn <= '${before}' AS held FROM pg_replication_slots
       WHERE slot_name = 'outbox'`,
  );
  assert.ok(held, 'it was confirmed');
  queue.down = false;
  const next = await start();
  const arrived = () => queue.messages.at(-1)?.body === `{"n": ${written}}`;
  await until('the message arrives', arrived);
  await next.interrupt();
});
