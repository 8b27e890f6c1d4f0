// How a process ends in the middle of a stream: at once, with the right code, and with nothing
// confirmed that it was not through with.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { withServer } from '../live/setting.js';
import { Consumer, runNode } from './process.js';

const setting = withServer();

const INDEX = fileURLToPath(new URL('../../../node/index.js', import.meta.url));
/** Two transactions that the consumer is through with, and one at whose end it is. */
const TRANSACTIONS = [[1], [2], [3, 4]];
const IN_HAND = 4;
/** What no process prints that ends in order. */
const CRASH = /panicked|FATAL ERROR|Assertion|core dumped|napi/i;

/**
 * A consumer that comes to the end of the third transaction, and how it ends.
 *
 * @param {object} at what it does there
 * @param {(consumer: Consumer) => unknown} [then]
 */
async function endedInHand(at, then) {
  const slot = await setting.slot();
  await setting.insert(...TRANSACTIONS);
  const consumer = await Consumer.start(setting, slot, { until: 0, at: { row: IN_HAND, ...at } });
  try {
    await consumer.reached(IN_HAND);
    // What it confirms now would be there soon.
    await sleep(50);
    await then?.(consumer);
    const ended = await consumer.ended;
    assert.doesNotMatch(ended.errors, CRASH);
    const again = await setting.again(slot);
    return { ...ended, again };
  } finally {
    await consumer.remove();
  }
}

/**
 * A process that ends without a goodbye may have it all sent again, but never less.
 *
 * @param {number[]} again
 */
function holdsWhatWasInHand(again) {
  assert.deepEqual(again, TRANSACTIONS.flat().slice(-again.length));
  assert.ok(again.length >= 2, `${again} came again`);
}

// Red when StreamIterator calls `asked()` behind what it hands over.
test('process.exit() in the loop ends with its code', async () => {
  const { code, signal, again } = await endedInHand({ act: 'exit' });
  assert.deepEqual([code, signal], [3, null]);
  holdsWhatWasInHand(again);
});

// Red when `return` of StreamEnd calls `asked()`.
test('an error in the loop ends the process, after the last confirmation', async () => {
  const { code, errors, again } = await endedInHand({ act: 'throw' });
  assert.equal(code, 1);
  assert.match(errors, /Error: the loop failed\n +at .*consumer\.js/);
  assert.deepEqual(again, [3, 4]);
});

test('an error elsewhere ends the process while the loop waits for the server', async () => {
  const { code, errors, again } = await endedInHand({ act: 'throwLater' });
  assert.equal(code, 1);
  assert.match(errors, /Error: a timer failed\n +at .*consumer\.js/);
  // The loop went on, and had the whole of it by then.
  assert.deepEqual(again, [1, 2, 3, 4].slice(4 - again.length));
});

// Red when StreamIterator calls `asked()` behind what it hands over.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGKILL'])) {
  test(`${signal} ends the process while the loop body waits`, async () => {
    const ended = await endedInHand({ act: 'sit' }, ({ child }) => child.kill(signal));
    assert.deepEqual([ended.code, ended.signal], [null, signal]);
    holdsWhatWasInHand(ended.again);
  });

  test(`${signal} ends the process while the loop waits for the server`, async () => {
    const slot = await setting.slot();
    await setting.insert(...TRANSACTIONS);
    const consumer = await Consumer.start(setting, slot, { until: 0 });
    try {
      await consumer.reached(4);
      consumer.child.kill(signal);
      const ended = await consumer.ended;
      assert.deepEqual([ended.code, ended.signal], [null, signal]);
    } finally {
      await consumer.remove();
    }
  });
}

// Red when Stream asks for events (`nextEvent`) that nobody wants to be told.
test('a program that leaves its stream open comes to its end', async () => {
  const slot = await setting.slot();
  await setting.insert(...TRANSACTIONS);
  const program = `
    import { connect } from ${JSON.stringify(INDEX)};
    const client = await connect(${JSON.stringify(setting.server.url())});
    const stream = await client.stream({ slot: '${slot}', publications: ['p'] });
    const { value } = await stream[Symbol.asyncIterator]().next();
    console.log(value.kind);`;
  const ended = await runNode(['--input-type=module', '-e', program]).ended;
  assert.deepEqual([ended.code, ended.output, ended.errors], [0, 'begin\n', '']);
  assert.deepEqual(await setting.again(slot), [1, 2, 3, 4]);
});
