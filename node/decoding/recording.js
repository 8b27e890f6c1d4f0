/** Whole recordings as iterables of their changes. */

import { DecoderBase } from './decoder.js';
import { concurrentNext } from './errors.js';
import { badOption } from './options.js';
import { pieces } from './pieces.js';

/**
 * @typedef {import('./batch.js').Batch} Batch
 * @typedef {import('./changes.js').Change} Change
 * @typedef {import('./decoder.js').DecoderOptions} DecoderOptions
 * @typedef {import('./decoder.js').OpenRaw} OpenRaw
 * @typedef {import('./iterators.js').ChangeIterator} ChangeIterator
 *
 * @typedef {Uint8Array | ArrayBuffer} Bytes
 * @typedef {AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>} ByteStream
 */

/** How much of a recording in memory is decoded at a time. */
const PIECE_BYTES = 1024 * 1024;

/**
 * The changes of a whole recording: iterable for bytes, async iterable for a stream of them.
 *
 * @param {OpenRaw} open
 * @param {Bytes | ByteStream} input
 * @param {DecoderOptions} [options]
 * @returns {Iterable<Change> | AsyncIterable<Change>}
 */
export function decodeWith(open, input, options) {
  if (input instanceof ArrayBuffer) return new Recording(open, new Uint8Array(input), options);
  if (input instanceof Uint8Array) return new Recording(open, input, options);
  const isObject = typeof input === 'object' && input !== null;
  if (isObject && (Symbol.asyncIterator in input || 'getReader' in input)) {
    return new StreamedRecording(open, input, options);
  }
  throw badOption(
    'decode was given neither bytes nor a stream of them',
    'pass a Uint8Array, an ArrayBuffer, a ReadableStream or an async iterable of Uint8Array',
  );
}

/** A recording in memory. Each iteration decodes it anew. */
class Recording {
  #open;
  #bytes;
  #options;

  /**
   * @param {OpenRaw} open
   * @param {Uint8Array} bytes
   * @param {DecoderOptions} [options]
   */
  constructor(open, bytes, options) {
    this.#open = open;
    this.#bytes = bytes;
    this.#options = options;
  }

  /** @returns {Generator<Batch, void, undefined>} */
  *batches() {
    const decoder = new DecoderBase(this.#open, this.#options);
    try {
      for (let at = 0; at < this.#bytes.length; at += PIECE_BYTES) {
        yield decoder.push(this.#bytes.subarray(at, at + PIECE_BYTES));
      }
      yield decoder.end();
    } finally {
      decoder.free();
    }
  }

  [Symbol.iterator]() {
    return new RecordingIterator(this.batches());
  }
}

/**
 * Written by hand, for a generator would cost more per change than making it.
 *
 * @implements {IterableIterator<Change>}
 */
class RecordingIterator {
  #batches;
  /** @type {ChangeIterator | null} */
  #changes = null;

  /** @param {Generator<Batch, void, undefined>} batches */
  constructor(batches) {
    this.#batches = batches;
  }

  /** @returns {IteratorResult<Change, undefined>} */
  next() {
    try {
      for (;;) {
        const value = this.#changes?.step();
        if (value !== undefined) return { done: false, value };
        const batch = this.#batches.next();
        if (batch.done) return { done: true, value: undefined };
        this.#changes = batch.value.changes();
      }
    } catch (error) {
      this.return();
      throw error;
    }
  }

  /** @returns {IteratorReturnResult<undefined>} */
  return() {
    this.#changes = null;
    this.#batches.return();
    return { done: true, value: undefined };
  }

  [Symbol.iterator]() {
    return this;
  }
}

/** A recording that comes as a stream, which can be read once. */
class StreamedRecording {
  #open;
  #input;
  #options;

  /**
   * @param {OpenRaw} open
   * @param {ByteStream} input
   * @param {DecoderOptions} [options]
   */
  constructor(open, input, options) {
    this.#open = open;
    this.#input = input;
    this.#options = options;
  }

  /** @returns {AsyncGenerator<Batch, void, undefined>} */
  async *batches() {
    const decoder = new DecoderBase(this.#open, this.#options);
    try {
      for await (const piece of pieces(this.#input)) yield decoder.push(piece);
      yield decoder.end();
    } finally {
      decoder.free();
    }
  }

  [Symbol.asyncIterator]() {
    return new StreamedIterator(this.batches());
  }
}

/** @implements {AsyncIterableIterator<Change>} */
class StreamedIterator {
  #batches;
  /** @type {ChangeIterator | null} */
  #changes = null;
  #busy = false;

  /** @param {AsyncGenerator<Batch, void, undefined>} batches */
  constructor(batches) {
    this.#batches = batches;
  }

  /** @returns {Promise<IteratorResult<Change, undefined>>} */
  next() {
    if (this.#busy) return Promise.reject(concurrentNext());
    try {
      const value = this.#changes?.step();
      if (value !== undefined) return Promise.resolve({ done: false, value });
    } catch (error) {
      return this.#fail(error);
    }
    return this.#pull();
  }

  /** @returns {Promise<IteratorResult<Change, undefined>>} */
  async #pull() {
    this.#busy = true;
    try {
      for (;;) {
        const batch = await this.#batches.next();
        if (batch.done) return { done: true, value: undefined };
        this.#changes = batch.value.changes();
        const value = this.#changes.step();
        if (value !== undefined) return { done: false, value };
      }
    } catch (error) {
      return await this.#fail(error);
    } finally {
      this.#busy = false;
    }
  }

  /**
   * @param {unknown} error
   * @returns {Promise<never>}
   */
  async #fail(error) {
    await this.return();
    throw error;
  }

  /** @returns {Promise<IteratorReturnResult<undefined>>} */
  async return() {
    this.#changes = null;
    await this.#batches.return();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}
