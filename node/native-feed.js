/**
 * What all streams of the native part share: one `next()` at a time, and the ways to end.
 *
 * Nothing is asked of the native part before the consumer wants it, so an idle consumer stops the
 * reading, and with it the server.
 */

import { concurrentNext } from './decoding/errors.js';
import { fromBinding } from './rejection.js';

/**
 * @typedef {object} RawSource
 * @property {() => Promise<any>} next null when the stream has ended in order
 * @property {() => Promise<void>} close
 */

/** How long the last confirmation may take when the consumer wants to be gone. */
const ABORT_TIMEOUT_MS = 2000;

/** @template {RawSource} Raw */
export class NativeFeed {
  #raw;
  #signal;
  #onAbort;
  #busy = false;
  /** @type {Promise<void> | null} */
  #closing = null;
  /** What the next `next()` has to reject with. @type {{ reason: unknown } | null} */
  #rejection = null;

  /**
   * @param {Raw} raw
   * @param {AbortSignal | undefined} signal
   */
  constructor(raw, signal) {
    this.#raw = raw;
    this.#signal = signal;
    this.#onAbort = () => this.#abort();
    signal?.addEventListener('abort', this.#onAbort);
  }

  /** Whether more may come. */
  get open() {
    return this.#closing === null;
  }

  get raw() {
    return this.#raw;
  }

  get busy() {
    return this.#busy;
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

  /**
   * What the native part gives next; null when the stream has ended.
   *
   * @returns {Promise<Awaited<ReturnType<Raw['next']>>>}
   */
  async pull() {
    if (!this.open) return this.#ended();
    let given;
    try {
      given = await this.#raw.next();
    } catch (error) {
      if (!this.open) return this.#ended();
      throw fromBinding(error);
    }
    if (!this.open) return this.#ended();
    if (given === null) await this.close();
    return given;
  }

  /** @returns {any} null */
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
