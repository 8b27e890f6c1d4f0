/**
 * The outbox pattern: a message is written in the transaction that it belongs to, and goes to a queue
 * once that is committed. Never without it, never instead of it.
 *
 *   node outbox-to-queue.js postgres://localhost/app http://localhost:8080/queue
 *
 * Messages are rows of a table (which may be deleted at once, for the log keeps them):
 *
 *   CREATE TABLE outbox (id bigserial PRIMARY KEY, topic text NOT NULL, payload jsonb NOT NULL);
 *   CREATE PUBLICATION outbox_pub FOR TABLE outbox WITH (publish = 'insert');
 *   INSERT INTO outbox (topic, payload) VALUES ('orders', '{"id": 1}');
 *
 * or they stand in the log alone, and need no table:
 *
 *   SELECT pg_logical_emit_message(true, 'outbox.orders', '{"id": 1}');
 *
 * The queue gets each at least once, in the order of commits, with a key that is the same whenever it
 * is sent again: so it can leave out what it has.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'walscope';

const PREFIX = 'outbox.';
const LONGEST_DELAY_MS = 10_000;

const [database = 'postgres://localhost/app', queue = 'http://localhost:8080/queue'] =
  process.argv.slice(2);

const stopping = new AbortController();
const { signal } = stopping;
const stop = () => stopping.abort();
process.once('SIGINT', stop).once('SIGTERM', stop);

/** @param {import('walscope').Change} change */
function messageOf(change) {
  if (change.kind === 'insert' && change.table === 'outbox') {
    const { topic, payload } = change.new;
    return { key: change.position, topic, body: payload };
  }
  // The other kind of message may belong to a transaction that is rolled back.
  if (change.kind === 'message' && change.transactional && change.prefix.startsWith(PREFIX)) {
    // Messages are not counted in their transaction, but each has a place of its own in the log.
    return { key: change.lsn, topic: change.prefix.slice(PREFIX.length), body: change.content };
  }
  return null;
}

/**
 * Tries until the queue has the message. Meanwhile the connection to PostgreSQL stays alive by
 * itself, and nothing is confirmed.
 *
 * @param {any} message
 */
async function publish({ key, topic, body }) {
  for (let delay = 50; ; delay = Math.min(2 * delay, LONGEST_DELAY_MS)) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    try {
      const answer = await fetch(`${queue}/${topic}`, { method: 'POST', headers, body, signal });
      if (answer.ok) return;
      console.error(`the queue answers ${answer.status} to ${key}`);
    } catch (error) {
      signal.throwIfAborted();
      console.error(`the queue does not answer to ${key}: ${error}`);
    }
    await sleep(delay, undefined, { signal });
  }
}

const client = await connect(database);
const stream = await client.stream({
  slot: 'outbox',
  publications: ['outbox_pub'],
  createSlot: true,
  messages: true,
  // The payload goes on as it is.
  json: 'text',
  signal,
});
console.error(`sending what is committed after ${stream.startLsn}`);

try {
  // A transaction is confirmed when the change after it is asked for: the queue has all of it by then.
  for await (const change of stream) {
    const message = messageOf(change);
    if (message !== null) await publish(message);
  }
} catch (error) {
  if (!signal.aborted) throw error;
}
await stream.close();
await client.close();
