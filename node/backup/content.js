/** Bytes of a backup that come piece by piece and can be read once: an archive's, or a file's in it. */

import { concurrentNext, WalscopeError } from '../decoding/errors.js';
import { byteReadable, byteReadableStream } from './readable.js';

/** What `bytes()` takes unless it is told otherwise. */
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/**
 * @typedef {object} Origin where the bytes come from
 * @property {() => Promise<Uint8Array | null>} next null: that was all
 * @property {(error: unknown) => Promise<void>} leave they are left before their end
 */

/** The base of archives and files. */
export class Content {
  #origin;
  /** @type {'untouched' | 'reading' | 'over'} */
  #state = 'untouched';
  /** @type {Promise<unknown> | null} */
  #pending = null;

  /**
   * @param {string} name
   * @param {Origin} origin
   */
  constructor(name, origin) {
    this.name = name;
    this.#origin = origin;
  }

  /** The bytes, in pieces. */
  [Symbol.asyncIterator]() {
    return new ContentIterator(this.#claim('for await'));
  }

  /**
   * All bytes at once.
   *
   * @param {{ maxBytes?: number }} [options]
   * @returns {Promise<Uint8Array>}
   */
  async bytes({ maxBytes = DEFAULT_MAX_BYTES } = {}) {
    const iterator = new ContentIterator(this.#claim('bytes()'));
    const pieces = [];
    let size = 0;
    for await (const piece of iterator) {
      size += piece.length;
      if (size > maxBytes) {
        const error = tooLarge(this.name, maxBytes);
        await iterator.leave(error);
        throw error;
      }
      pieces.push(piece);
    }
    return pieces.length === 1 ? /** @type {Uint8Array} */ (pieces[0]) : concat(pieces, size);
  }

  /**
   * The bytes as a stream of Node.
   *
   * @param {{ highWaterMark?: number }} [options]
   */
  toReadable({ highWaterMark } = {}) {
    return byteReadable(new ContentIterator(this.#claim('toReadable()')), highWaterMark);
  }

  /** The bytes as a stream of the web. */
  toReadableStream() {
    return byteReadableStream(new ContentIterator(this.#claim('toReadableStream()')));
  }

  /**
   * Takes the content for one reader.
   *
   * @param {string} name of the way to read
   * @returns {Reading}
   */
  #claim(name) {
    if (this.#state === 'over') throw tooLate(this.name);
    if (this.#state === 'reading') {
      throw new WalscopeError({
        code: 'WALSCOPE_BUSY',
        message: `${name} on ${this.name}, which is being read already`,
        hint: 'what comes from the server comes once: read it in one way',
      });
    }
    this.#state = 'reading';
    return {
      next: () => this.#next(),
      leave: (error) => this.#leave(error),
    };
  }

  /** @returns {Promise<Uint8Array | null>} */
  async #next() {
    if (this.#state === 'over') return null;
    if (this.#pending !== null) throw concurrentNext();
    const pending = this.#origin.next();
    this.#pending = pending;
    try {
      const piece = await pending;
      if (piece === null) this.#state = 'over';
      return piece;
    } finally {
      this.#pending = null;
    }
  }

  /** @param {unknown} error */
  async #leave(error) {
    if (this.#state === 'over') return;
    this.#state = 'over';
    await this.#origin.leave(error);
    // What is under way takes its piece along.
    await this.#pending?.catch(() => {});
  }

  /**
   * Takes the content for a reader that has a way of its own.
   *
   * @param {Content} content
   * @param {string} name of the way
   */
  static take(content, name) {
    content.#claim(name);
    content.#state = 'over';
  }

  /**
   * Whether a reader of it has not come to its end.
   *
   * @param {Content} content
   */
  static isBeingRead(content) {
    return content.#state === 'reading';
  }

  /**
   * It can be read no more; resolves when nobody is in the middle of that.
   *
   * @param {Content} content
   */
  static async pass(content) {
    content.#state = 'over';
    await content.#pending?.catch(() => {});
  }
}

/** @typedef {Origin} Reading what an iterator is given */

/** The pieces of a content. */
export class ContentIterator {
  #reading;

  /** @param {Reading} reading */
  constructor(reading) {
    this.#reading = reading;
  }

  /** @returns {Promise<IteratorResult<Uint8Array, undefined>>} */
  async next() {
    const value = await this.#reading.next();
    return value === null ? { done: true, value: undefined } : { done: false, value };
  }

  /** @param {unknown} error why it is read no more; null: nobody wants more */
  leave(error) {
    return this.#reading.leave(error);
  }

  /** @returns {Promise<IteratorReturnResult<undefined>>} */
  async return() {
    await this.leave(null);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

/**
 * @param {Uint8Array[]} pieces
 * @param {number} size
 */
function concat(pieces, size) {
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/**
 * @param {string} name
 * @param {number} maxBytes
 */
function tooLarge(name, maxBytes) {
  return new WalscopeError({
    code: 'WALSCOPE_VALUE_TOO_LARGE',
    message: `${name} has more than ${maxBytes} bytes`,
    hint: 'iterate it, or give bytes() a larger maxBytes',
  });
}

/** @param {string} name */
function tooLate(name) {
  return new WalscopeError({
    code: 'WALSCOPE_CONTENT_OVER',
    message: `${name} is over: it was read, or what follows it was asked for`,
    hint: 'what comes from the server comes once: read it before asking for the next one',
  });
}
