/** What other plugins than pgoutput write: messages that nobody here takes apart. */

import { DecodeError } from './decoding/errors.js';
import { lsnText } from './decoding/lsn.js';

/**
 * @typedef {import('./decoding/batch.js').RawBatch} RawBatch
 */

/** The table that the native part makes of a batch: node/src/undecoded.rs. */
const HEADER_WORDS = 2;
const ROW = Object.freeze({ OFFSET: 0, SIZE: 1, LSN_HIGH: 2, LSN_LOW: 3, WORDS: 4 });

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One message of the plugin, undecoded. */
export class PluginMessage {
  #owner;
  #items;

  /**
   * @param {object} owner the feed that delivers it
   * @param {number} items the stream's items up to this one
   * @param {string | null} lsn
   * @param {string | Uint8Array} data
   */
  constructor(owner, items, lsn, data) {
    this.#owner = owner;
    this.#items = items;
    this.kind = 'data';
    this.lsn = lsn;
    this.data = data;
  }

  /**
   * @param {PluginMessage} message
   * @returns {{ owner: object, items: number }}
   */
  static delivery(message) {
    return { owner: message.#owner, items: message.#items };
  }

  /** The command line's object. */
  toJSON() {
    const { kind, lsn, data } = this;
    const place = lsn === null ? {} : { lsn };
    if (typeof data === 'string') return { kind, ...place, data };
    return { kind, ...place, data: { $bytes: Buffer.from(data).toString('hex') } };
  }
}

/** Messages that came together. */
export class PluginBatch {
  #words;
  #asText;
  #before;

  /**
   * @param {RawBatch} raw
   * @param {object} owner
   * @param {boolean} asText
   */
  constructor({ bytes, index }, owner, asText) {
    this.bytes = bytes;
    this.owner = owner;
    this.#words = new Uint32Array(index.buffer, index.byteOffset, index.length);
    this.#asText = asText;
    this.#before = this.#word(0) + this.#word(1) * 2 ** 32;
  }

  get length() {
    return (this.#words.length - HEADER_WORDS) / ROW.WORDS;
  }

  /** Items of the stream up to the end of this batch. */
  get items() {
    return this.#before + this.length;
  }

  [Symbol.iterator]() {
    return new PluginIterator(this);
  }

  changes() {
    return new PluginIterator(this);
  }

  /**
   * @param {number} number from 0
   * @returns {PluginMessage}
   */
  at(number) {
    const row = HEADER_WORDS + number * ROW.WORDS;
    const offset = this.#word(row + ROW.OFFSET);
    const bytes = this.bytes.subarray(offset, offset + this.#word(row + ROW.SIZE));
    const [low, high] = [this.#word(row + ROW.LSN_LOW), this.#word(row + ROW.LSN_HIGH)];
    const lsn = low === 0 && high === 0 ? null : lsnText(low, high);
    // A copy, for a kept message must not keep its batch.
    const data = this.#asText ? textOf(bytes, lsn) : bytes.slice();
    return new PluginMessage(this.owner, this.#before + number + 1, lsn, data);
  }

  /** @param {number} at */
  #word(at) {
    return /** @type {number} */ (this.#words[at]);
  }
}

/** The messages of a batch, one after the other. */
class PluginIterator {
  #batch;
  #next = 0;

  /** @param {PluginBatch} batch */
  constructor(batch) {
    this.#batch = batch;
    /** As of the changes of pgoutput: how many items there are up to the last message. */
    this.walk = { items: batch.items - batch.length };
  }

  /** @returns {PluginMessage | undefined} */
  step() {
    if (this.#next >= this.#batch.length) return undefined;
    const message = this.#batch.at(this.#next);
    this.#next += 1;
    this.walk.items += 1;
    return message;
  }

  /** @returns {IteratorResult<PluginMessage, undefined>} */
  next() {
    const value = this.step();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  [Symbol.iterator]() {
    return this;
  }
}

/** Makes batches of what the native part hands over. */
export class PluginSession {
  failed = null;
  #owner;
  #asText;

  /**
   * @param {object} owner
   * @param {boolean} asText
   */
  constructor(owner, asText) {
    this.#owner = owner;
    this.#asText = asText;
  }

  /** @param {RawBatch} raw */
  batch(raw) {
    return new PluginBatch(raw, this.#owner, this.#asText);
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {string | null} lsn
 * @returns {string}
 */
function textOf(bytes, lsn) {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new DecodeError({
      code: 'WALSCOPE_BAD_UTF8',
      message: `the plugin's message at ${lsn ?? 'no LSN'} is not UTF-8`,
      hint: "take it as bytes: pluginOutput: 'bytes'",
      lsn,
      bytes: bytes.slice(),
      cause,
    });
  }
}
