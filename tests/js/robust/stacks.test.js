// Errors are for people: their class, code and hint, a stack that begins in the program, and a cause
// that can be read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { connect, ConnectionError, ServerError, WalscopeError } from '../../../node/index.js';
import { rejection } from '../decoder/helpers.js';
import { withServer } from '../live/setting.js';

const setting = withServer();

/** A stream of which the next thing that is asked fails. */
async function failing() {
  const slot = await setting.slot();
  const stream = await setting.stream(slot, { reconnect: false });
  return { slot, stream, fail: () => terminate(slot) };
}

/** @param {string} slot */
async function terminate(slot) {
  await setting.server.sql(
    `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${slot}'`,
  );
}

/**
 * The first frame of an error's stack is of the function that waited.
 *
 * @param {any} error
 * @param {string} name
 */
function beginsIn(error, name) {
  const [first, second] = String(error.stack).split('\n    at ');
  assert.match(String(first), new RegExp(`^(${error.name}|Error): `), error.stack);
  assert.match(String(second), new RegExp(`${name} \\(.*stacks\\.test\\.js:\\d+`), error.stack);
}

/** @type {Record<string, (stream: any) => Promise<unknown>>} */
const READERS = {
  async changes(stream) {
    for await (const change of stream) assert.ok(change);
  },
  async batches(stream) {
    for await (const batch of stream.batches()) assert.ok(batch);
  },
  async transactions(stream) {
    for await (const transaction of stream.transactions()) assert.ok(transaction);
  },
  async next(stream) {
    await stream[Symbol.asyncIterator]().next();
  },
};

for (const [name, read] of Object.entries(READERS)) {
  // Red when `fromBinding` is called where nobody awaits (`Feed.next`), in a `catch` callback.
  test(`a connection that breaks: ${name}`, async () => {
    const { stream, fail } = await failing();
    const reading = rejection(read(stream));
    await fail();
    const error = await reading;
    assert.ok(error instanceof ServerError && error instanceof WalscopeError);
    assert.ok(error instanceof Error);
    assert.deepEqual([error.code, error.name], ['57P01', 'ServerError']);
    assert.match(error.message, /terminating connection/);
    beginsIn(error, name);
    readable(error);
  });
}

/**
 * Nothing of how an error came here from the native part is seen.
 *
 * @param {any} error
 */
function readable(error) {
  assert.ok(error.cause instanceof Error);
  assert.equal(error.cause.message, error.message);
  assert.doesNotMatch(inspect(error), /\{"/, inspect(error));
}

// Red when `fromBinding` leaves the message of the cause as it was: the JSON in which the native part
// wrapped it.
test('a cause can be read', async () => {
  async function caller() {
    await connect('postgres://postgres@127.0.0.1:1/postgres');
  }
  async function unknown() {
    await setting.client.dropSlot('nobody');
  }
  async function streamer() {
    await setting.client.stream({ slot: 'nobody', publications: ['p'] });
  }
  for (const [act, Class] of /** @type {[() => Promise<void>, any][]} */ ([
    [caller, ConnectionError],
    [unknown, ServerError],
    [streamer, WalscopeError],
  ])) {
    const error = await rejection(act());
    assert.ok(error instanceof Class, inspect(error));
    assert.deepEqual([typeof error.code, typeof error.hint], ['string', 'string'], inspect(error));
    beginsIn(error, act.name);
    readable(error);
  }
});

test('the error of a function for the password is the one that is given', async () => {
  const problem = new Error('no token');
  const { host, port } = setting.server;
  const password = () => Promise.reject(problem);
  const target = { host, port, user: 'postgres', database: 'postgres', password };
  assert.equal(await rejection(connect(target)), problem);
});
