/** The ways through a stream's changes and batches. */

import { concurrentNext } from './decoding/errors.js';

/**
 * @typedef {import('./decoding/batch.js').Batch} Batch
 * @typedef {import('./decoding/changes.js').Change} Change
 * @typedef {import('./decoding/iterators.js').ChangeIterator} Changes
 * @typedef {import('./feed.js').Feed} Feed
 */

/**
 * What all iterators of a stream do when the loop is left early.
 *
 * @template {{ close(): Promise<void> }} F
 */
export class StreamEnd {
  /** @param {F} feed */
  constructor(feed) {
    this.feed = feed;
  }

  /**
   * The loop was left. Nothing is confirmed by that, for `break`, `return` and `throw` look alike.
   *
   * @template T
   * @param {T} [value]
   * @returns {Promise<IteratorReturnResult<T | undefined>>}
   */
  async return(value) {
    await this.feed.close();
    return { done: true, value };
  }

  /**
   * @param {unknown} [error]
   * @returns {Promise<never>}
   */
  async throw(error) {
    await this.feed.close();
    throw error;
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

/**
 * The changes of a stream. Written by hand: a generator would cost as much again per change.
 *
 * @extends {StreamEnd<Feed>}
 */
export class StreamIterator extends StreamEnd {
  /** @type {Changes | null} */
  #changes = null;

  /** @returns {Promise<IteratorResult<Change, undefined>>} */
  next() {
    const { feed } = this;
    if (feed.busy) return Promise.reject(concurrentNext());
    feed.asked();
    const changes = this.#changes;
    if (changes === null || !feed.open) return feed.exclusive(() => this.#pull());
    try {
      const value = changes.step();
      if (value === undefined) return feed.exclusive(() => this.#pull());
      feed.delivered = changes.walk.items;
      return Promise.resolve({ done: false, value });
    } catch (error) {
      return feed.exclusive(() => Promise.reject(error));
    }
  }

  /** @returns {Promise<IteratorResult<Change, undefined>>} */
  async #pull() {
    for (;;) {
      const batch = await this.feed.next();
      if (batch === null) return { done: true, value: undefined };
      const changes = batch.changes();
      this.#changes = changes;
      const value = changes.step();
      if (value !== undefined) {
        this.feed.delivered = changes.walk.items;
        return { done: false, value };
      }
    }
  }
}

/**
 * The batches of a stream.
 *
 * @extends {StreamEnd<Feed>}
 */
export class BatchIterator extends StreamEnd {
  /** @returns {Promise<IteratorResult<Batch, undefined>>} */
  next() {
    const { feed } = this;
    return feed.exclusive(async () => {
      feed.asked();
      const value = await feed.next();
      if (value === null) return { done: true, value: undefined };
      feed.delivered = value.items;
      return { done: false, value };
    });
  }
}
