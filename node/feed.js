/** What the iterators of a stream of changes share: batches on demand, and confirmation. */

import { Session } from './decoding/batch.js';
import { NativeFeed } from './native-feed.js';
import { PluginSession } from './plugin-messages.js';

/**
 * @typedef {import('./binding.js').RawStream} RawStream
 * @typedef {import('./decoding/batch.js').Batch} Batch
 * @typedef {import('./decoding/values.js').ValueOptions} ValueOptions
 */

/** @extends {NativeFeed<RawStream>} */
export class Feed extends NativeFeed {
  #session;
  #automatic;
  #confirmed = 0;

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
    super(raw, signal);
    this.#session =
      plugin === null
        ? new Session({ values, errors: 'throw', owner: this })
        : new PluginSession(this, plugin === 'text');
    this.#automatic = automatic;
    /** Items of the stream that the consumer has been given. */
    this.delivered = 0;
  }

  /** Whether asking confirms. */
  get automatic() {
    return this.#automatic;
  }

  /**
   * The consumer asks for the item after those that it was given: with automatic acknowledgement
   * this, and nothing earlier, confirms them.
   */
  asked() {
    if (!this.#automatic || !this.open || this.delivered === this.#confirmed) return;
    this.#confirmed = this.delivered;
    this.raw.confirm(this.delivered);
  }

  /**
   * The next batch; null when the stream has ended.
   *
   * @returns {Promise<Batch | null>}
   */
  async next() {
    const failed = this.#session.failed;
    if (this.open && failed !== null) throw failed;
    const raw = await this.pull();
    // Iterators take nothing of a batch that one of another plugin has not as well.
    return raw === null ? null : /** @type {Batch} */ (this.#session.batch(raw));
  }
}
