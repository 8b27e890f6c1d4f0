/** A stream of changes as the streams of Node and of the web, which read ahead of their consumers. */

import { Readable } from 'node:stream';

/**
 * @typedef {import('./iteration.js').StreamIterator} Changes
 */

/** Changes that are read ahead. */
const READ_AHEAD = 16;

/**
 * Destroying it ends the stream, and confirms nothing.
 *
 * @param {Changes} changes
 * @param {number} [highWaterMark]
 * @returns {Readable}
 */
export function readableOf(changes, highWaterMark = READ_AHEAD) {
  return new Readable({
    objectMode: true,
    highWaterMark,
    read() {
      changes.next().then(
        ({ done, value }) => {
          if (!this.destroyed) this.push(done ? null : value);
        },
        (error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      changes.return().then(() => callback(error), callback);
    },
  });
}

/**
 * Cancelling it ends the stream, and confirms nothing.
 *
 * @param {Changes} changes
 * @param {number} [highWaterMark]
 * @returns {ReadableStream}
 */
export function readableStreamOf(changes, highWaterMark = READ_AHEAD) {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await changes.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await changes.return();
      },
    },
    { highWaterMark },
  );
}
