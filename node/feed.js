/**
 * What the iterators of a stream share: batches on demand, confirmation, and the ways to end.
 *
 * Nothing is asked of the native part before the consumer wants it, so an idle consumer stops the
 * reading, and with it the server.
 */

import { Session } from './decoding/batch.js';
import { concurrentNext } from './decoding/errors.js';
import { PluginSession } from './plugin-messages.js';
import { fromBinding } from './rejection.js';

/**
 * @typedef {import('./binding.js').RawStream} RawStream
 * @typedef {import('./decoding/batch.js').Batch} Batch
 * @typedef {import('./decoding/values.js').ValueOptions} ValueOptions
 */

/** How long the last confirmation may take when the consumer wants to be gone. */
const ABORT_TIMEOUT_MS = 2000;

export class Feed {
  #raw;
  #session;
  #automatic;
  #signal;
  #onAbort;
  #busy = false;
  #confirmed = 0;
  /** @type {Promise<void> | null} */
  #closing = null;
  /** What the next `next()` has to reject with. @type {{ reason: unknown } | null} */
  #rejection = null;

  /**
   * @param {RawStream} raw
   * @param {{
   *   values: ValueOptions,
   *   automatic: boolean,
   *   plugin: 'text' | 'bytes' | null,
   *   signal: AbortSignal | undefined,
   * }} options
   */
  constructor(raw, { values, automatic, plugin, signal }) {
    this.#raw = raw;
    this.#session =
      plugin === null
        ? new Session({ values, errors: 'throw', owner: this })
        : new PluginSession(this, plugin === 'text');
    this.#automatic = automatic;
    this.#signal = signal;
    /** Items of the stream that the consumer has been given. */
    this.delivered = 0;
    this.#onAbort = () => this.#abort();
    signal?.addEventListener('abort', this.#onAbort);
  }

  /** Whether more may come. */
  get open() {
    return this.#closing === null;
  }

  /** Whether asking confirms. */
  get automatic() {
    return this.#automatic;
  }

  get raw() {
    return this.#raw;
  }

  /**
   * The consumer asks for the item after those that it was given: with automatic acknowledgement
   * this, and nothing earlier, confirms them.
   */
  asked() {
    if (!this.#automatic || !this.open || this.delivered === this.#confirmed) return;
    this.#confirmed = this.delivered;
    this.#raw.confirm(this.delivered);
  }

  /**
   * Runs one `next()`. A second one while it is pending is an error, for the two would share what
   * has been delivered and what has not.
   *
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async exclusive(work) {
    if (this.#busy) throw concurrentNext();
    this.#busy = true;
    try {
      return await work();
    } catch (error) {
      // A stream that failed has ended; what was confirmed before is still told to the server.
      await this.#hurry();
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  get busy() {
    return this.#busy;
  }

  /**
   * The next batch; null when the stream has ended.
   *
   * @returns {Promise<Batch | null>}
   */
  async next() {
    const failed = this.#session.failed;
    if (this.open && failed !== null) throw failed;
    if (!this.open) return this.#ended();
    let raw;
    try {
      raw = await this.#raw.next();
    } catch (error) {
      if (!this.open) return this.#ended();
      throw fromBinding(error);
    }
    if (!this.open) return this.#ended();
    if (raw === null) {
      await this.close();
      return null;
    }
    // Iterators take nothing of a batch that one of another plugin has not as well.
    return /** @type {Batch} */ (this.#session.batch(raw));
  }

  /** @returns {null} */
  #ended() {
    const rejection = this.#rejection;
    this.#rejection = null;
    if (rejection !== null) throw rejection.reason;
    return null;
  }

  /** Ends the stream. What was confirmed is told to the server; nothing more is confirmed. */
  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    // Why a stream had ended before was told by `next()`, or nobody asked.
    await this.#raw.close().catch(() => {});
  }

  #abort() {
    this.fail(this.#signal?.reason);
  }

  /**
   * Ends the stream: the pending or next `next()` rejects with the reason.
   *
   * @param {unknown} reason
   */
  fail(reason) {
    if (!this.open) return;
    this.#rejection = { reason };
    void this.close();
  }

  /** Closes, but waits no longer than the last confirmation may take. */
  async #hurry() {
    let timer;
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, ABORT_TIMEOUT_MS);
    });
    await Promise.race([this.close(), timeout]);
    clearTimeout(timer);
  }
}
