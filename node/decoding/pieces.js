/** Streams of bytes, of whatever kind, as their pieces. */

/** @typedef {AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>} ByteStream */

/**
 * The pieces of a stream. Not every browser's ReadableStream can be iterated.
 *
 * @param {ByteStream} input
 * @returns {AsyncGenerator<Uint8Array, void>}
 */
export async function* pieces(input) {
  if (Symbol.asyncIterator in input) {
    yield* input;
    return;
  }
  const reader = /** @type {ReadableStream<Uint8Array>} */ (input).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Tells the source that nobody reads on; an error of its own was thrown by `read` already.
    await reader.cancel().catch(() => {});
  }
}
