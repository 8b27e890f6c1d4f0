/** Bytes as the streams of Node and of the web. */

import { Readable } from 'node:stream';

/**
 * @typedef {import('./content.js').ContentIterator} ContentIterator
 */

/** Bytes that are read ahead: about one piece. */
const READ_AHEAD = 256 * 1024;

/**
 * Destroying it leaves the content.
 *
 * @param {ContentIterator} content
 * @param {number} [highWaterMark]
 * @returns {Readable}
 */
export function byteReadable(content, highWaterMark = READ_AHEAD) {
  return new Readable({
    highWaterMark,
    read() {
      content.next().then(
        ({ done, value }) => {
          if (!this.destroyed) this.push(done ? null : value);
        },
        (error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      content.leave(error).then(() => callback(error), callback);
    },
  });
}

/**
 * Cancelling it leaves the content.
 *
 * @param {ContentIterator} content
 * @returns {ReadableStream<Uint8Array>}
 */
export function byteReadableStream(content) {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await content.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await content.leave(reason);
    },
  });
}
