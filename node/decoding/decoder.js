/**
 * The decoder of recordings. Its binding, of the addon or of WebAssembly, is handed in: each package
 * makes its own `Decoder` and `decode` of these.
 */

import { Session } from './batch.js';
import { DecodeError, WalscopeError } from './errors.js';
import { typeFunctions } from './type-functions.js';
import { Walk } from './walk.js';

/**
 * @typedef {import('./batch.js').Batch} Batch
 * @typedef {import('./batch.js').RawBatch} RawBatch
 * @typedef {import('./values.js').ValueOptions} ValueOptions
 *
 * @typedef {object} RawDecoder
 * @property {(bytes: Uint8Array) => RawBatch} push
 * @property {() => RawBatch} end
 * @property {string | null | undefined} format
 * @property {() => void} [free]
 *
 * @typedef {{ raw: boolean, skip: boolean, maxBytes: number }} RawOptions
 * @typedef {(options: RawOptions) => RawDecoder} OpenRaw
 *
 * @typedef {object} DecoderOptions
 * @property {'auto' | 'capture' | 'pg_recvlogical'} [format]
 * @property {boolean} [raw]
 * @property {number} [maxBytes]
 * @property {'bigint' | 'number' | 'string'} [int8]
 * @property {'parse' | 'text'} [json]
 * @property {'symbol' | 'omit' | 'error'} [unchangedToast]
 * @property {'throw' | 'include'} [errors]
 * @property {Record<string, (text: string) => unknown>} [types]
 */

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** Core's offsets have 31 bits, for a piece and what was left of the pieces before it together. */
const TOO_MANY_BYTES = 2 ** 30;

/** What each option may be. The first value is the default. */
const VALUE_CHOICES = {
  int8: ['bigint', 'number', 'string'],
  json: ['parse', 'text'],
  unchangedToast: ['symbol', 'omit', 'error'],
};
const DECODER_CHOICES = {
  ...VALUE_CHOICES,
  format: ['auto', 'capture', 'pg_recvlogical'],
  errors: ['throw', 'include'],
  raw: [false, true],
};

/**
 * The options that say how values are read.
 *
 * @param {Record<string, unknown>} options
 * @returns {ValueOptions}
 */
export function valueOptions(options) {
  const chosen = choose(options, VALUE_CHOICES);
  return /** @type {ValueOptions} */ ({ ...chosen, types: typeFunctions(options['types']) });
}

/**
 * @template {Record<string, unknown[]>} T
 * @param {Record<string, unknown>} options
 * @param {T} choices
 * @returns {Record<keyof T, unknown>}
 */
function choose(options, choices) {
  const chosen = Object.entries(choices).map(([name, values]) => {
    const value = options[name] ?? values[0];
    if (values.includes(value)) return [name, value];
    throw badOption(
      `the option ${name} is ${shown(value)}`,
      `it can be ${values.map(shown).join(', ')}`,
    );
  });
  return Object.fromEntries(chosen);
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function shown(value) {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

/**
 * @param {string} message
 * @param {string} hint
 * @returns {WalscopeError}
 */
export function badOption(message, hint) {
  return new WalscopeError({ code: 'WALSCOPE_BAD_OPTION', message, hint });
}

/**
 * Refuses options that do not exist: a misspelt one would have no effect, and nobody would see it.
 *
 * @param {object} options
 * @param {string[]} names
 */
export function refuseUnknown(options, names) {
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw badOption(`there is no option ${name}`, `there are ${names.join(', ')}`);
    }
  }
}

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
    refuseUnknown(options, [...Object.keys(DECODER_CHOICES), 'maxBytes', 'types']);
    const chosen = choose({ ...options }, DECODER_CHOICES);
    const { maxBytes = DEFAULT_MAX_BYTES } = options;
    if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes >= TOO_MANY_BYTES) {
      throw badOption(`the option maxBytes is ${maxBytes}`, 'it is a number of bytes under 1 GiB');
    }
    const errors = /** @type {'throw' | 'include'} */ (chosen.errors);
    this.#expected = chosen.format;
    this.#session = new Session({ values: valueOptions({ ...options }), errors, owner: null });
    this.#raw = open({ raw: chosen.raw === true, skip: errors === 'include', maxBytes });
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
