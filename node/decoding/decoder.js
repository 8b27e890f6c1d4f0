/**
 * The decoder of recordings. Its binding, of the addon or of WebAssembly, is handed in: each package
 * makes its own `Decoder` and `decode` of these.
 */

import { Session } from './batch.js';
import { DecodeError, WalscopeError } from './errors.js';
import { badOption, choose, refuseUnknown, VALUE_OPTIONS, valueOptions } from './options.js';
import { Walk } from './walk.js';

/**
 * @typedef {import('./batch.js').Batch} Batch
 * @typedef {import('./batch.js').RawBatch} RawBatch
 *
 * @typedef {object} RawDecoder
 * @property {(bytes: Uint8Array) => RawBatch} push
 * @property {() => RawBatch} end
 * @property {string | null | undefined} format
 * @property {() => void} [free]
 *
 * @typedef {object} RawOptions
 * @property {boolean} raw
 * @property {boolean} skip
 * @property {number} maxBytes
 * @property {import('./type-table.js').TypeTable | null} typeTable
 *
 * @typedef {(options: RawOptions) => RawDecoder} OpenRaw
 *
 * @typedef {object} DecoderOptions
 * @property {'auto' | 'capture' | 'pg_recvlogical'} [format]
 * @property {boolean} [raw]
 * @property {number} [maxBytes]
 * @property {'lossless' | 'node-postgres'} [preset]
 * @property {'bigint' | 'number' | 'string'} [int8]
 * @property {'parse' | 'text'} [json]
 * @property {'symbol' | 'omit' | 'error'} [unchangedToast]
 * @property {'throw' | 'include'} [errors]
 * @property {string} [encoding]
 * @property {Record<string, (text: string) => unknown>} [types]
 * @property {unknown} [typeTable]
 */

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** Core's offsets have 31 bits, for a piece and what was left of the pieces before it together. */
const TOO_MANY_BYTES = 2 ** 30;

const DECODER_CHOICES = {
  format: ['auto', 'capture', 'pg_recvlogical'],
  errors: ['throw', 'include'],
  raw: [false, true],
};

/** Decodes a recording that comes in pieces. */
export class DecoderBase {
  #raw;
  #session;
  #expected;
  /** @type {string | null} */
  #found = null;
  #ended = false;

  /**
   * @param {OpenRaw} open
   * @param {DecoderOptions} [options]
   */
  constructor(open, options = {}) {
    refuseUnknown(options, [...VALUE_OPTIONS, ...Object.keys(DECODER_CHOICES), 'maxBytes']);
    const chosen = choose({ ...options }, DECODER_CHOICES);
    const { maxBytes = DEFAULT_MAX_BYTES } = options;
    if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes >= TOO_MANY_BYTES) {
      throw badOption(`the option maxBytes is ${maxBytes}`, 'it is a number of bytes under 1 GiB');
    }
    const errors = /** @type {'throw' | 'include'} */ (chosen.errors);
    this.#expected = chosen.format;
    const values = valueOptions({ ...options });
    const { typeTable } = values;
    this.#session = new Session({ values, errors, owner: null });
    this.#raw = open({ raw: chosen.raw === true, skip: errors === 'include', maxBytes, typeTable });
  }

  /** What the recording is, as soon as that is known: `capture` or `pg_recvlogical`. */
  get format() {
    return this.#found;
  }

  /**
   * Takes the next piece, cut anywhere, and gives what is whole by now. The piece is copied.
   *
   * @param {Uint8Array} piece
   * @returns {Batch}
   */
  push(piece) {
    if (!(piece instanceof Uint8Array)) {
      throw badOption('a piece of a recording is not a Uint8Array', 'pass the bytes as they are');
    }
    if (piece.length >= TOO_MANY_BYTES) {
      throw badOption(
        `a piece of a recording has ${piece.length} bytes, which is not under 1 GiB`,
        'push smaller pieces, or give the whole to decode(), which cuts it',
      );
    }
    this.#refuseEnded();
    const batch = this.#session.batch(this.#raw.push(piece));
    this.#checkFormat();
    return batch;
  }

  /**
   * The recording is complete. Throws when it ends within a message.
   *
   * @returns {Batch}
   */
  end() {
    this.#refuseEnded();
    this.#ended = true;
    const batch = this.#session.batch(this.#raw.end());
    this.#checkFormat();
    // There is nothing behind the end but its error, so it need not wait for the iteration.
    new Walk(batch).advance();
    return batch;
  }

  /** Gives the memory back now instead of when the decoder is collected. */
  free() {
    this.#ended = true;
    this.#raw.free?.();
  }

  #refuseEnded() {
    if (!this.#ended) return;
    throw new WalscopeError({
      code: 'WALSCOPE_CLOSED',
      message: 'this decoder has ended',
      hint: 'make a new Decoder for another recording',
    });
  }

  #checkFormat() {
    const found = this.#raw.format ?? null;
    this.#found = found;
    if (this.#expected === 'auto' || found === null || found === this.#expected) return;
    throw new DecodeError({
      code: 'WALSCOPE_DECODE',
      message: `the recording is of format ${found}, not ${this.#expected}`,
      hint: "leave the option format at 'auto'",
      offset: 0,
    });
  }
}
