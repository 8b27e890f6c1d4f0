/** The bytes of the log as the streams of Node and of the web, which read ahead of their consumers. */

import { Readable } from 'node:stream';

/**
 * @typedef {object} Chunks
 * @property {() => Promise<Uint8Array | null>} next
 * @property {(ahead: () => number) => void} readAhead is told how many bytes wait for the consumer
 * @property {() => void} passed the bytes of the last `next()` are handed over now
 * @property {() => Promise<void>} close
 */

/** Bytes that are read ahead. */
const READ_AHEAD = 256 * 1024;

/**
 * Destroying it before its end ends the stream.
 *
 * @param {Chunks} chunks
 * @param {number} [highWaterMark]
 * @returns {Readable}
 */
export function readableOf(chunks, highWaterMark = READ_AHEAD) {
  let ended = false;
  const readable = new Readable({
    highWaterMark,
    read() {
      chunks.next().then(
        (bytes) => {
          ended = bytes === null;
          if (this.destroyed) return;
          // Before, for the consumer may have them when `push` returns.
          chunks.passed();
          this.push(bytes);
        },
        (error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      if (ended) return callback(error);
      chunks.close().then(() => callback(error), callback);
    },
  });
  chunks.readAhead(() => readable.readableLength);
  return readable;
}

/**
 * Cancelling it before its end ends the stream.
 *
 * @param {Chunks} chunks
 * @param {number} [highWaterMark]
 * @returns {ReadableStream<Uint8Array>}
 */
export function readableStreamOf(chunks, highWaterMark = READ_AHEAD) {
  /** @type {ReadableStreamDefaultController<Uint8Array>} */
  let controller;
  const stream = new ReadableStream(
    {
      start(given) {
        controller = given;
      },
      async pull() {
        const bytes = await chunks.next();
        if (bytes === null) return controller.close();
        chunks.passed();
        controller.enqueue(bytes);
      },
      async cancel() {
        await chunks.close();
      },
    },
    { highWaterMark, size: ({ byteLength }) => byteLength },
  );
  // A stream that has ended or failed gives nothing any more.
  chunks.readAhead(() => highWaterMark - (controller.desiredSize ?? highWaterMark));
  return stream;
}
