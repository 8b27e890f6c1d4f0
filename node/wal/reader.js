/**
 * The reader of the log. Its binding, of the addon or of WebAssembly, is handed in: each package makes
 * its own `WalReader` of it.
 */

import { WalscopeError } from '../decoding/errors.js';
import { badOption } from '../decoding/options.js';
import { lsnAt, wordAt } from '../decoding/words.js';
import { WalBatch } from './batch.js';
import { HEADER, LAYOUT_VERSION } from './layout.js';
import { Names } from './names.js';
import { walOptions } from './options.js';
import { cutError } from './problem.js';

/**
 * @typedef {import('./binding.js').WalBinding} WalBinding
 * @typedef {import('./options.js').WalOptions} WalOptions
 */

/** A table has up to three times the bytes of its chunk, and offsets have 31 bits. */
const MOST_BYTES = 2 ** 28;

/** The names that core was asked for, by the binding. @type {WeakMap<WalBinding, Names>} */
const NAMES = new WeakMap();

/** Reads the log from chunks that are cut anywhere. */
export class WalReaderBase {
  #raw;
  /** @type {import('./batch.js').BatchSource} */
  #source;
  /** The last table's header. */
  #header = new Int32Array(HEADER.LENGTH);
  #ended = false;

  /**
   * @param {WalBinding} binding
   * @param {WalOptions} [options]
   */
  constructor(binding, options = {}) {
    const { raw, errors, endOfLog } = walOptions(options);
    let names = NAMES.get(binding);
    if (names === undefined) NAMES.set(binding, (names = new Names(binding)));
    this.#source = { binding, names, errors, endOfLog, firstLsn: raw.input ?? null };
    this.#raw = new binding.RawWalReader(raw);
  }

  /** The major version that wrote the log; null while no page has said it. */
  get version() {
    return wordAt(this.#header, HEADER.VERSION) || null;
  }

  /** The size of segments in bytes; null while no page has come. */
  get segmentSize() {
    return this.version === null ? null : wordAt(this.#header, HEADER.SEGMENT_SIZE);
  }

  /** The timeline of the last page; null while none has come. */
  get timeline() {
    return wordAt(this.#header, HEADER.TIMELINE) >>> 0 || null;
  }

  /** Where the next byte belongs; null while that is not known. */
  get position() {
    return lsnAt(this.#header, HEADER.END);
  }

  /** The record whose beginning has come but not its end. */
  get pending() {
    return lsnAt(this.#header, HEADER.PENDING);
  }

  /** The last record that was given up because the log says that its rest was never written. */
  get overwritten() {
    return lsnAt(this.#header, HEADER.OVERWRITTEN);
  }

  /** Whether nothing that may follow will be looked at: `end` is reached, or an error. */
  get done() {
    return wordAt(this.#header, HEADER.DONE) !== 0;
  }

  /**
   * Takes the next chunk, cut anywhere, and gives the records that end in it. The chunk is copied.
   *
   * @param {Uint8Array} chunk
   * @returns {WalBatch}
   */
  push(chunk) {
    if (!(chunk instanceof Uint8Array)) {
      throw badOption('a chunk of the log is not a Uint8Array', 'pass the bytes as they are');
    }
    if (chunk.length > MOST_BYTES) {
      const size = `a chunk of the log has ${chunk.length} bytes, which is more than 256 MiB`;
      throw badOption(size, 'push smaller chunks: 1 MiB is a good size');
    }
    this.#refuseEnded();
    const { side, index } = this.#raw.push(chunk);
    if (index[HEADER.LAYOUT] !== LAYOUT_VERSION) {
      throw new WalscopeError({
        code: 'WALSCOPE_NO_BINDING',
        message: `the native part has version ${index[HEADER.LAYOUT]} of the log's tables, the JavaScript part ${LAYOUT_VERSION}`,
        hint: 'install both parts of walscope in the same version',
      });
    }
    const bytes = new Uint8Array(chunk.length + side.length);
    bytes.set(chunk);
    bytes.set(side, chunk.length);
    this.#header = index.slice(0, HEADER.LENGTH);
    this.#source.firstLsn ??= lsnAt(index, HEADER.START);
    return new WalBatch(bytes, index, this.#source);
  }

  /**
   * The log is complete. Throws when it ends within a page, for whole pages are what is written. A
   * record that goes on in a segment that was not given is no error: `pending` has it.
   */
  end() {
    this.#refuseEnded();
    this.#ended = true;
    const partial = wordAt(this.#header, HEADER.PARTIAL_PAGE);
    if (partial === 0 || this.done) return;
    throw cutError(partial, this.position);
  }

  /** Gives the memory back now instead of when the reader is collected. */
  free() {
    this.#ended = true;
    this.#raw.free?.();
  }

  #refuseEnded() {
    if (!this.#ended) return;
    throw new WalscopeError({
      code: 'WALSCOPE_CLOSED',
      message: 'this reader of the log has ended',
      hint: 'make a new WalReader for another part of the log',
    });
  }
}
